// Drives a fuzz target where there is no libFuzzer: every seed as it is, then mutations of seeds by a
// fixed generator, so that two runs do the same. Holds each run to the promises: no crash, at most a
// second, live heap at most 4 x the input + 64 MB, and nothing left behind.
//   fuzz_replay_NAME ITERATIONS FOLDER...
//   fuzz_replay_NAME 0 FILE          one input, as after a failure
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" size_t __attribute__((weak)) LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed);

// ---- the heap, counted: all of it, since even the C library's own calls come through here ----

namespace {
std::atomic<int64_t> live{0}, highest{0};

void* note(void* memory) {
    if (memory) {
        const int64_t now = live += static_cast<int64_t>(malloc_usable_size(memory));
        int64_t seen = highest;
        while (now > seen && !highest.compare_exchange_weak(seen, now)) {
        }
    }
    return memory;
}
void forget(void* memory) {
    if (memory) live -= static_cast<int64_t>(malloc_usable_size(memory));
}
}  // namespace

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
void __libc_free(void*);
void* malloc(size_t size) { return note(__libc_malloc(size)); }
void* calloc(size_t count, size_t size) { return note(__libc_calloc(count, size)); }
void* realloc(void* memory, size_t size) {
    forget(memory);
    return note(__libc_realloc(memory, size));
}
void* aligned_alloc(size_t alignment, size_t size) { return note(__libc_memalign(alignment, size)); }
void* memalign(size_t alignment, size_t size) { return note(__libc_memalign(alignment, size)); }
int posix_memalign(void** out, size_t alignment, size_t size) {
    *out = note(__libc_memalign(alignment, size));
    return *out ? 0 : 12;
}
void free(void* memory) {
    forget(memory);
    __libc_free(memory);
}
}
#endif

// ---- mutation ----

namespace {
std::minstd_rand random_bits(1);
size_t below(size_t n) { return n ? random_bits() % n : 0; }
}  // namespace

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size) {
    static const uint64_t values[] = {0, 1, 2, 7, 8, 63, 64, 127, 128, 255, 256, 32767, 65535, 65536, 0x7fffffff, 0x80000000, 0xffffffff, 1ull << 40, 1ull << 62, 1ull << 63, ~0ull, ~1ull};
    for (size_t i = below(4) + 1; i-- > 0;) {
        if (size == 0) return 0;
        const size_t at = below(size), length = std::min(size - at, below(64) + 1);
        switch (below(7)) {
            case 0: data[at] ^= static_cast<uint8_t>(1 << below(8)); break;
            case 1: data[at] = static_cast<uint8_t>(random_bits()); break;
            case 2: {
                const uint64_t value = values[below(std::size(values))];
                std::memcpy(data + at, &value, std::min<size_t>(size - at, size_t(1) << below(4)));
                break;
            }
            case 3: size = below(8) == 0 ? at : size; break;
            case 4:
                std::memmove(data + at, data + at + length, size - at - length);
                size -= length;
                break;
            case 5: std::memmove(data + below(size - length + 1), data + at, length); break;
            default:
                if (size + length > max_size) break;
                std::memmove(data + at + length, data + at, size - at);
                size += length;
        }
    }
    return size;
}

namespace {

double seconds() {
    timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);   // what others do on this machine does not count
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

struct Figures {
    double slowest = 0;
    int64_t largest = 0;   // live heap beyond 4 x the input
};

[[noreturn]] void fail(const std::vector<uint8_t>& input, const char* why) {
    const char* path = "fuzz-failure.bin";
    std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(input.data()), static_cast<std::streamsize>(input.size()));
    std::fprintf(stderr, "%s; the input is in %s\n", why, path);
    std::exit(1);
}

void run(const std::vector<uint8_t>& input, Figures& figures) {
    const int64_t before = live;
    highest = before;
    const double start = seconds();
    try {
        LLVMFuzzerTestOneInput(input.data(), input.size());
    } catch (const std::exception& e) {
        fail(input, e.what());
    }
    const double took = seconds() - start;
    const int64_t over = highest - before - 4 * static_cast<int64_t>(input.size());
    figures.slowest = std::max(figures.slowest, took);
    figures.largest = std::max(figures.largest, over);
    if (took > 1) fail(input, "took more than a second");
    if (over > 64 << 20) fail(input, "took more heap than 4 x the input + 64 MB");
}

std::vector<uint8_t> current;   // for what ends the process at once
void on_terminate() { fail(current, "terminated"); }

// The stack may be what ran out, so the handler brings its own and asks the heap for nothing.
void on_signal(int number) {
    const int file = ::open("fuzz-failure.bin", O_WRONLY | O_CREAT | O_TRUNC, 0666);
    (void)!::write(file, current.data(), current.size());
    ::signal(number, SIG_DFL);
    ::raise(number);
}

void catch_signals() {
    static char stack[1 << 16];
    const stack_t other{stack, 0, sizeof stack};
    ::sigaltstack(&other, nullptr);
    struct sigaction action = {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_ONSTACK;
    for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGILL}) ::sigaction(number, &action, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: %s ITERATIONS FOLDER...\n", argv[0]);
        return 2;
    }
    std::set_terminate(on_terminate);
    catch_signals();
    const long iterations = std::atol(argv[1]);
    std::vector<std::filesystem::path> files;
    for (int i = 2; i < argc; ++i) {
        if (std::filesystem::is_regular_file(argv[i])) files.emplace_back(argv[i]);
        else
            for (const auto& item : std::filesystem::directory_iterator(argv[i])) files.push_back(item.path());
    }
    std::sort(files.begin(), files.end());
    std::vector<std::vector<uint8_t>> seeds;
    for (const auto& file : files) {
        std::ifstream in(file, std::ios::binary);
        seeds.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
    if (seeds.empty()) {
        std::fprintf(stderr, "no seeds\n");
        return 2;
    }
    Figures figures;
    const int64_t before = live;
    for (const auto& seed : seeds) run(current = seed, figures);
    const int64_t warm = live;
    for (const auto& seed : seeds) run(current = seed, figures);
    if (live - warm > 64 << 10) fail(current, "the second pass over the seeds left memory behind");
    for (long i = 0; i < iterations; ++i) {
        std::vector<uint8_t> input = seeds[below(seeds.size())];
        const size_t size = input.size();
        input.resize(size + 4096);
        const size_t now = LLVMFuzzerCustomMutator ? LLVMFuzzerCustomMutator(input.data(), size, input.size(), random_bits()) : LLVMFuzzerMutate(input.data(), size, input.size());
        input.resize(now);
        run(current = std::move(input), figures);
    }
    std::printf("%zu seeds, %ld mutations: slowest %.3f s, live heap at most 4 x the input + %.1f MB, %ld bytes more live than before\n", seeds.size(), iterations, figures.slowest,
                static_cast<double>(std::max<int64_t>(figures.largest, 0)) / (1 << 20), static_cast<long>(live - before));
    return 0;
}
