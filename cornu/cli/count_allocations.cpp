// Every allocation of this program goes through here, so that `bench` can count those of a warm step.
#include <cstdlib>
#include <new>

#include "cornu/base/allocations.h"

void* operator new(std::size_t bytes) {
    cornu::note_allocation();
    if (void* memory = std::malloc(bytes ? bytes : 1)) return memory;
    throw std::bad_alloc();
}
void* operator new[](std::size_t bytes) { return operator new(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
