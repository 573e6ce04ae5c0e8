#include "cornu/tensor/safe_mode.h"

#include <utility>

#include "cornu/tensor/context.h"

namespace cornu {

namespace {
struct UnsafeDeserialization {
    bool enabled = false;
};
thread_local bool safe_here = true;
}  // namespace

SafeMode::SafeMode(bool on) : outer_(std::exchange(safe_here, on)) {}
SafeMode::~SafeMode() { safe_here = outer_; }
bool SafeMode::on() { return safe_here && !Context::current().state<UnsafeDeserialization>().enabled; }

namespace config {
void enable_unsafe_deserialization() { Context::current().state<UnsafeDeserialization>().enabled = true; }
}  // namespace config

}  // namespace cornu
