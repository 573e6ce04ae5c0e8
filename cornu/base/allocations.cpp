#include "cornu/base/allocations.h"

#include <atomic>

namespace cornu {

namespace {
std::atomic<int64_t> own{0}, library{0};
// Of all threads: a library's own worker threads allocate too.
std::atomic<int> library_calls{0};
}  // namespace

AllocationCounts allocation_counts() noexcept { return {own.load(std::memory_order_relaxed), library.load(std::memory_order_relaxed)}; }
void note_allocation() noexcept { (library_calls.load(std::memory_order_relaxed) ? library : own).fetch_add(1, std::memory_order_relaxed); }
LibraryCall::LibraryCall() noexcept { library_calls.fetch_add(1, std::memory_order_relaxed); }
LibraryCall::~LibraryCall() { library_calls.fetch_sub(1, std::memory_order_relaxed); }

}  // namespace cornu
