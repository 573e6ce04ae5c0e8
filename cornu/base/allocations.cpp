#include "cornu/base/allocations.h"

#include <atomic>

namespace cornu {

namespace {
std::atomic<int64_t> own{0}, library{0};
thread_local int library_depth = 0;
}  // namespace

AllocationCounts allocation_counts() noexcept { return {own.load(std::memory_order_relaxed), library.load(std::memory_order_relaxed)}; }
void note_allocation() noexcept { (library_depth ? library : own).fetch_add(1, std::memory_order_relaxed); }
LibraryCall::LibraryCall() noexcept { ++library_depth; }
LibraryCall::~LibraryCall() { --library_depth; }

}  // namespace cornu
