#include "cornu/base/parallel.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "cornu/base/error.h"

using namespace cornu;

namespace {

using Parts = std::vector<std::pair<int64_t, int64_t>>;

struct Threads {
    explicit Threads(int count) { set_threads(count); }
    ~Threads() { set_threads(0); }
};

Parts parts_of(int64_t count, int64_t grain) {
    Parts parts;
    std::mutex mutex;
    parallel_for(count, grain, [&](int64_t begin, int64_t end) {
        const std::lock_guard lock(mutex);
        parts.emplace_back(begin, end);
    });
    std::sort(parts.begin(), parts.end());
    return parts;
}

}  // namespace

TEST_CASE("every index is covered once by parts that are multiples of the grain") {
    for (const int count_of_threads : {1, 2, 3, 8}) {
        const Threads threads(count_of_threads);
        for (const int64_t count : {0, 1, 2, 7, 64, 1000, 4097}) {
            for (const int64_t grain : {1, 3, 64, 5000}) {
                CAPTURE(count);
                CAPTURE(grain);
                const Parts parts = parts_of(count, grain);
                int64_t next = 0;
                for (const auto& [begin, end] : parts) {
                    CHECK(begin == next);
                    CHECK(end > begin);
                    CHECK((begin % grain == 0 && (end % grain == 0 || end == count)));
                    next = end;
                }
                CHECK(next == count);
                CHECK(parts.size() <= 4u * static_cast<unsigned>(count_of_threads));
                CHECK(parts == parts_of(count, grain));
            }
        }
    }
}

TEST_CASE("the largest count does not wrap") {
    const Threads threads(3);
    const Parts parts = parts_of(INT64_MAX, INT64_MAX / 3);
    CHECK(parts.size() == 4);
    CHECK(parts.back().second == INT64_MAX);
}

TEST_CASE("several threads take part") {
    const Threads threads(4);
    // Each of four bodies waits for the others, so the loop ends only if four threads run it.
    std::atomic<int> arrived{0};
    std::mutex mutex;
    std::set<std::thread::id> ids;
    parallel_for(4, 1, [&](int64_t, int64_t) {
        {
            const std::lock_guard lock(mutex);
            ids.insert(std::this_thread::get_id());
        }
        ++arrived;
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (arrived < 4 && std::chrono::steady_clock::now() < deadline)
            std::this_thread::yield();
    });
    CHECK(ids.size() == 4);
}

TEST_CASE("what bodies write is there when the loop returns, hot or after sleep") {
    const Threads threads(3);
    std::vector<int64_t> values(300);  // not atomic: the loop itself must order the accesses
    for (int round = 0; round < 2000; ++round) {
        parallel_for(300, 1, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) values[static_cast<size_t>(i)] += i;
        });
        if (round % 500 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    for (int64_t i = 0; i < 300; ++i) CHECK(values[static_cast<size_t>(i)] == 2000 * i);
}

TEST_CASE("a caller waits for a slow helper") {
    const Threads threads(2);
    std::atomic<int> done{0};
    for (int round = 0; round < 5; ++round) {
        parallel_for(2, 1, [&](int64_t begin, int64_t) {
            if (begin == round % 2) std::this_thread::sleep_for(std::chrono::milliseconds(2));
            ++done;
        });
        CHECK(done == 2 * (round + 1));
    }
}

TEST_CASE("a nested loop runs inline, in the same parts") {
    const Threads threads(3);
    const Parts expected = parts_of(100, 1);
    std::atomic<int> wrong{0};
    parallel_for(12, 1, [&](int64_t, int64_t) {
        const auto self = std::this_thread::get_id();
        Parts parts;
        parallel_for(100, 1, [&](int64_t begin, int64_t end) {
            if (std::this_thread::get_id() != self) ++wrong;
            parts.emplace_back(begin, end);
        });
        if (parts != expected) ++wrong;
    });
    CHECK(wrong == 0);
}

TEST_CASE("an exception reaches the caller and the pool goes on") {
    const Threads threads(3);
    for (int64_t bad = 0; bad < 12; ++bad) {
        CHECK_THROWS_WITH_AS(parallel_for(12, 1,
                                          [&](int64_t begin, int64_t) {
                                              if (begin == bad)
                                                  throw std::runtime_error("in a body");
                                          }),
                             "in a body", std::runtime_error);
    }
    CHECK_THROWS_AS(parallel_for(12, 1, [](int64_t, int64_t) { throw 1; }), int);
    CHECK(parts_of(12, 1).size() == 12);
}

TEST_CASE("several callers and a resize at once") {
    std::atomic<int64_t> sum{0};
    std::vector<std::thread> callers;
    for (int caller = 0; caller < 4; ++caller) {
        callers.emplace_back([&] {
            for (int round = 0; round < 200; ++round) {
                parallel_for(50, 1, [&](int64_t begin, int64_t end) {
                    for (int64_t i = begin; i < end; ++i) sum += i;
                });
            }
        });
    }
    for (int i = 0; i < 20; ++i) set_threads(1 + i % 4);
    for (std::thread& caller : callers) caller.join();
    set_threads(0);
    CHECK(sum == 4 * 200 * 1225);
}

TEST_CASE("arguments out of their rule") {
    CHECK_THROWS_WITH_AS(
        parallel_for(-1, 1, [](int64_t, int64_t) {}),
        "parallel_for: count must be >= 0 and grain >= 1. Received: count=-1, grain=1", ValueError);
    CHECK_THROWS_AS(parallel_for(1, 0, [](int64_t, int64_t) {}), ValueError);
    CHECK_THROWS_AS(set_threads(-1), ValueError);
    CHECK_THROWS_AS(set_threads(max_threads + 1), ValueError);
    const Threads two(2);
    CHECK(threads() == 2);
    CHECK_THROWS_AS(parallel_for(2, 1, [](int64_t, int64_t) { set_threads(3); }), ValueError);
}

namespace {
int twice(int x) { return 2 * x; }
}  // namespace

TEST_CASE("function_ref calls lambdas, functions and const objects, and keeps state") {
    int calls = 0;
    auto count = [&calls](int x) { return calls += x; };
    const function_ref<int(int)> by_lambda = count;
    CHECK(by_lambda(2) == 2);
    CHECK(by_lambda(3) == 5);
    CHECK(function_ref<int(int)>(twice)(4) == 8);
    const auto constant = [](int) { return 7; };
    CHECK(function_ref<long(int)>(constant)(0) == 7);
}
