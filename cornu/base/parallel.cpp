#include "cornu/base/parallel.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "cornu/base/error.h"
#include "cornu/base/log.h"

namespace cornu {

namespace {

// Long enough to bridge the gap between two ops of a step, short enough not to heat an idle
// machine.
constexpr std::chrono::microseconds spin_time(30);
constexpr int64_t parts_per_thread = 4;

void pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// Spins until `ready()`; false when that took too long.
template <class Ready>
bool spin_until(Ready&& ready) {
    const auto deadline = std::chrono::steady_clock::now() + spin_time;
    do {
        for (int i = 0; i < 32; ++i) {
            if (ready()) return true;
            pause();
        }
    } while (std::chrono::steady_clock::now() < deadline);
    return false;
}

// How [0, count) is cut; a pure function of its arguments.
struct Split {
    Split(int64_t count, int64_t grain, int threads)
        : count(count),
          grain(grain),
          units(count == 0 ? 0 : (count - 1) / grain + 1),
          parts(threads == 1 ? std::min<int64_t>(units, 1)
                             : std::min(units, parts_per_thread * threads)) {}

    int64_t begin(int64_t part) const {
        return (units / parts * part + std::min(part, units % parts)) * grain;
    }
    int64_t end(int64_t part) const { return part + 1 == parts ? count : begin(part + 1); }

    int64_t count, grain, units, parts;
};

using Body = function_ref<void(int64_t, int64_t)>;

thread_local bool inside_loop = false;

struct InsideLoop {
    InsideLoop() { inside_loop = true; }
    ~InsideLoop() { inside_loop = false; }
};

void run_inline(const Split& split, Body body) {
    for (int64_t part = 0; part < split.parts; ++part) body(split.begin(part), split.end(part));
}

struct Loop {
    Loop(const Split& split, Body body) : split(split), body(body) {}

    void work() {
        for (;;) {
            const int64_t part = next.fetch_add(1, std::memory_order_relaxed);
            if (part >= split.parts) return;
            try {
                body(split.begin(part), split.end(part));
            } catch (...) {
                next.store(split.parts, std::memory_order_relaxed);
                if (!failed.exchange(true, std::memory_order_relaxed))
                    error = std::current_exception();
            }
        }
    }

    const Split split;
    const Body body;
    alignas(64) std::atomic<int64_t> next{0};
    std::atomic<bool> failed{false};
    std::exception_ptr error;
};

// A loop is offered through one atomic word, the gate: its number, how many helpers may still come,
// how many are inside, and whether the caller sleeps until they left. A helper enters by taking a
// place and raising the count in one step, so the caller, once it has closed the gate and the count
// is zero, owns the loop alone; no helper can touch a loop that has ended.
class Pool {
public:
    Pool() : wanted_(default_threads()) {}
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    int threads() const { return wanted_.load(std::memory_order_relaxed); }

    void resize(int count) {
        const std::lock_guard lock(callers_);
        const int wanted = count == 0 ? default_threads() : count;
        if (wanted == threads()) return;
        stop();
        wanted_.store(wanted, std::memory_order_relaxed);
    }

    void stop() {
        if (helpers_.empty()) return;
        // In the child of a fork the helpers don't exist, and one of them can't wait for itself;
        // then their handles are given up.
        if (::getpid() != owner_ || inside_loop) {
            new std::vector<std::thread>(std::move(helpers_));
        } else {
            stopping_.store(true);
            wake(helpers_.size());
            for (std::thread& helper : helpers_) helper.join();
        }
        helpers_.clear();
    }

    void run(const Split& split, Body body) {
        std::unique_lock caller(callers_, std::try_to_lock);
        if (!caller) return run_inline(split, body);
        if (const ThreadTeam team = team_.load(std::memory_order_relaxed)) return run_by(team, split, body);
        if (helpers_.empty()) start();

        Loop loop(split, body);
        loop_ = &loop;
        const uint64_t places =
            std::min<uint64_t>(helpers_.size(), static_cast<uint64_t>(split.parts) - 1);
        const uint64_t number = (gate_.load(std::memory_order_relaxed) & number_mask) + number_one;
        // Sequentially consistent, as is the helper's side: one of the two sees the other.
        gate_.store(number | places * place_one);
        if (sleepers_.load() > 0) wake(places);
        {
            const InsideLoop inside;
            loop.work();
        }
        close();
        if (loop.error) std::rethrow_exception(loop.error);
    }

    void use(ThreadTeam team) {
        const std::lock_guard lock(callers_);
        if (team == team_.load()) return;
        stop();
        team_.store(team);
    }

private:
    void run_by(ThreadTeam team, const Split& split, Body body) {
        Loop loop(split, body);
        const int threads = static_cast<int>(std::min<int64_t>(this->threads(), split.parts));
        team(threads, [](void* loop) {
            const InsideLoop inside;
            static_cast<Loop*>(loop)->work();
        }, &loop);
        if (loop.error) std::rethrow_exception(loop.error);
    }

    // The gate: helpers inside in bits 0-15, places left in 16-30, sleeping caller 31, number
    // above.
    static constexpr uint64_t inside_mask = 0xffff;
    static constexpr uint64_t place_one = uint64_t(1) << 16;
    static constexpr uint64_t place_mask = uint64_t(0x7fff) << 16;
    static constexpr uint64_t caller_sleeps = uint64_t(1) << 31;
    static constexpr uint64_t number_one = uint64_t(1) << 32;
    static constexpr uint64_t number_mask = ~(number_one - 1);

    static int default_threads() {
        const int cores =
            std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, max_threads);
        const char* text = std::getenv("CORNU_THREADS");
        if (!text || !*text) return cores;
        const std::string_view view = text;
        int count = 0;
        const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), count);
        if (error == std::errc() && end == view.data() + view.size() && count >= 1 &&
            count <= max_threads) {
            return count;
        }
        log_message(LogLevel::warning, str("CORNU_THREADS must be an integer in [1, ", max_threads,
                                           "]. Received: ", view));
        return cores;
    }

    void start() {
        const int helpers = threads() - 1;
        if (helpers == 0) return;
        owner_ = ::getpid();
        stopping_.store(false, std::memory_order_relaxed);
        const uint64_t seen = gate_.load(std::memory_order_relaxed) & number_mask;
        helpers_.reserve(static_cast<size_t>(helpers));
        try {
            while (helpers_.size() < static_cast<size_t>(helpers)) {
                helpers_.emplace_back([this, seen] { help(seen); });
            }
        } catch (const std::system_error& error) {
            // The callers' share grows; the loops still cover everything.
            log_once("parallel.start", LogLevel::warning,
                     str("only ", helpers_.size() + 1, " of ", helpers + 1,
                         " threads could start: ", error.what()));
        }
    }

    void wake(uint64_t count) {
        // Taking the lock once means that no helper is between its last look and its sleep.
        { const std::lock_guard lock(sleep_); }
        if (count >= helpers_.size()) return called_.notify_all();
        for (; count > 0; --count) called_.notify_one();
    }

    void close() {
        uint64_t gate = gate_.fetch_and(~place_mask, std::memory_order_acq_rel);
        const auto all_left = [&] {
            gate = gate_.load(std::memory_order_acquire);
            return (gate & inside_mask) == 0;
        };
        if ((gate & inside_mask) == 0 || spin_until(all_left)) return;
        gate_.fetch_or(caller_sleeps, std::memory_order_relaxed);
        std::unique_lock lock(sleep_);
        left_.wait(lock, all_left);
    }

    void help(uint64_t seen) {
        const InsideLoop inside;  // so that a body's own loops run inline
        uint64_t gate = 0;
        const auto called = [&] {
            gate = gate_.load();
            return (gate & number_mask) != seen || stopping_.load();
        };
        for (;;) {
            if (!spin_until(called)) {
                sleepers_.fetch_add(1);
                std::unique_lock lock(sleep_);
                called_.wait(lock, called);
                sleepers_.fetch_sub(1);
            }
            if (stopping_.load()) return;
            seen = gate & number_mask;
            if (!enter(gate, seen)) continue;
            loop_->work();
            const uint64_t before = gate_.fetch_sub(1, std::memory_order_acq_rel);
            if ((before & caller_sleeps) != 0 && (before & inside_mask) == 1) {
                { const std::lock_guard lock(sleep_); }
                left_.notify_one();
            }
        }
    }

    // Takes a place in the loop of this number, if one is left.
    bool enter(uint64_t gate, uint64_t number) {
        while ((gate & number_mask) == number && (gate & place_mask) != 0) {
            if (gate_.compare_exchange_weak(gate, gate - place_one + 1, std::memory_order_acq_rel,
                                            std::memory_order_relaxed)) {
                return true;
            }
        }
        return false;
    }

    std::mutex callers_;  // held by the caller whose loop has the helpers
    std::vector<std::thread> helpers_;
    std::atomic<int> wanted_;
    std::atomic<ThreadTeam> team_{nullptr};
    ::pid_t owner_ = 0;
    Loop* loop_ = nullptr;
    std::mutex sleep_;
    std::condition_variable called_, left_;
    std::atomic<bool> stopping_{false};
    std::atomic<uint64_t> sleepers_{0};
    alignas(64) std::atomic<uint64_t> gate_{0};
};

// The helpers end with the process or when the library is unloaded; the pool itself is never
// destroyed, because in a forked child its condition variables have waiters that don't exist.
Pool& pool() {
    static Pool& pool = *new Pool;
    static const struct Ending {
        ~Ending() { pool.stop(); }
    } ending;
    return pool;
}

}  // namespace

void parallel_for(int64_t count, int64_t grain, Body body) {
    if (count < 0 || grain < 1) {
        throw ValueError(str("parallel_for: count must be >= 0 and grain >= 1. Received: count=",
                             count, ", grain=", grain));
    }
    const Split split(count, grain, threads());
    if (split.parts <= 1 || inside_loop) return run_inline(split, body);
    pool().run(split, body);
}

int threads() { return pool().threads(); }

void use_thread_team(ThreadTeam team) {
    if (!inside_loop) pool().use(team);
}

void set_threads(int count) {
    if (count < 0 || count > max_threads) {
        throw ValueError(
            str("set_threads: count must be in [0, ", max_threads, "]. Received: count=", count));
    }
    if (inside_loop) throw ValueError("set_threads: not from inside parallel_for");
    pool().resize(count);
}

}  // namespace cornu
