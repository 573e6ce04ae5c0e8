// Counting allocations, for those who promise few. A program that replaces operator new and calls
// note_allocation() from it (the `cornu` command does) sees what a warm step asks for.
#pragma once

#include <cstdint>

#include "cornu/base/api.h"

namespace cornu {

struct AllocationCounts {
    int64_t own = 0;      // by Cornu's code
    int64_t library = 0;  // inside a call of a library, such as oneDNN
};
CORNU_API AllocationCounts allocation_counts() noexcept;  // of all threads, since the start
CORNU_API void note_allocation() noexcept;

// What is allocated while it lives, on any thread, is the library's doing: libraries have threads of
// their own.
class CORNU_API LibraryCall {
public:
    LibraryCall() noexcept;
    ~LibraryCall();
    LibraryCall(const LibraryCall&) = delete;
    LibraryCall& operator=(const LibraryCall&) = delete;
};

}  // namespace cornu
