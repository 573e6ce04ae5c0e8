// Loops over all cores by one pool of threads, which the whole process shares.
#pragma once

#include <cstdint>

#include "cornu/base/api.h"
#include "cornu/base/function_ref.h"

namespace cornu {

// Calls `body(begin, end)` until [0, count) is covered, on several threads. The parts are whole
// multiples of `grain` (the last may be shorter), about four a thread, and follow from count, grain
// and threads() alone: a result that depends on the split is the same each time. Inside a body, or
// while another thread has the pool, the same parts run one after another on the caller. Nothing is
// allocated. If a body throws, parts not yet begun are dropped and the caller gets one of the
// errors. Throws ValueError unless count >= 0 and grain >= 1.
CORNU_API void parallel_for(int64_t count, int64_t grain,
                            function_ref<void(int64_t, int64_t)> body);

inline constexpr int max_threads = 1024;

// The threads that share a loop, the caller included: the cores this process may use, unless
// CORNU_THREADS or set_threads says otherwise.
CORNU_API int threads();
// 0 restores the default. Waits for a loop in progress; throws ValueError for what is not in
// [0, max_threads], and from inside a loop.
CORNU_API void set_threads(int count);

// Has loops run by somebody else's threads: `team(threads, work, loop)` calls work(loop) on up to that
// many threads at once, the caller among them, and returns when all are done. For an engine whose
// library keeps its threads spinning: two pools on the same cores take turns instead of sharing.
using ThreadTeam = void (*)(int threads, void (*work)(void* loop), void* loop);
CORNU_API void use_thread_team(ThreadTeam team);

}  // namespace cornu
