#include <algorithm>
#include <cmath>
#include <complex>

#include "cornu/backends/native/kernels/numeric.h"
#include "cornu/backends/native/kernels/reduce.h"
#include "cornu/base/error.h"
#include "cornu/base/parallel.h"

namespace cornu::native {

namespace {

template <ScanOp op, class T>
struct Total {
    static constexpr bool extreme = op == ScanOp::max || op == ScanOp::min;
    using Acc = std::conditional_t<extreme, Compute<T>, Accumulate<T>>;

    static Acc start() { return Acc(op == ScanOp::prod ? 1 : 0); }
    static void add(Acc& acc, Compute<T> v, bool first) {
        if constexpr (op == ScanOp::sum)
            acc = wrap_add(acc, Acc(v));
        else if constexpr (op == ScanOp::prod)
            acc = wrap_mul(acc, Acc(v));
        else if constexpr (op == ScanOp::logsumexp) {
            const Acc w = static_cast<Acc>(v), high = std::max(acc, w), low = std::min(acc, w);
            if (first)
                acc = w;
            else if (w != w || acc != acc)
                acc = acc + w;
            else if (std::isfinite(high))
                acc = high + std::log1p(std::exp(low - high));
            else
                acc = high;
        } else {
            if (first)
                acc = v;
            else if (!native::is_nan(acc) &&
                     (native::is_nan(v) || (op == ScanOp::max ? less(acc, v) : less(v, acc))))
                acc = v;
        }
    }
};

constexpr int64_t strip = 64;  // neighbouring lanes that advance together

template <ScanOp op, class T>
void run(const Scan::Plan& plan, const void* x_, void* y_) {
    using R = Total<op, T>;
    const T* x = static_cast<const T*>(x_);
    T* y = static_cast<T*>(y_);
    const int64_t strips = (plan.inner + strip - 1) / strip;
    const int64_t grain =
        std::max<int64_t>(1, 2048 / (plan.length * std::min(strip, plan.inner) + 1));
    parallel_for(plan.outer * strips, grain, [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
            const int64_t column = task % strips * strip;
            const int64_t lanes = std::min(strip, plan.inner - column);
            const int64_t base = task / strips * plan.length * plan.inner + column;
            typename R::Acc acc[strip];
            std::fill(acc, acc + lanes, R::start());
            for (int64_t step = 0; step < plan.length; ++step) {
                const int64_t row = plan.reverse ? plan.length - 1 - step : step;
                for (int64_t i = 0; i < lanes; ++i) {
                    const int64_t at = base + row * plan.inner + i;
                    const Compute<T> v = load_value(x + at);  // before writing: in place is allowed
                    if (plan.exclusive) y[at] = from_compute<T>(acc[i]);
                    R::add(acc[i], v, step == 0);
                    if (!plan.exclusive) y[at] = from_compute<T>(acc[i]);
                }
            }
        }
    });
}

template <ScanOp op, class T>
Scan::Function find() {
    if constexpr (op == ScanOp::logsumexp && !std::is_floating_point_v<Compute<T>>)
        return nullptr;
    else
        return run<op, T>;
}

}  // namespace

Scan::Scan(ScanOp op, DType dtype, const Shape& shape, int64_t axis, bool reverse, bool exclusive) {
    axis = normalize_axis(axis, shape.rank());
    plan_ = {1, shape[axis], 1, reverse, exclusive};
    for (int64_t i = 0; i < axis; ++i) plan_.outer *= shape[i];
    for (int64_t i = axis + 1; i < shape.rank(); ++i) plan_.inner *= shape[i];
    if (exclusive && op != ScanOp::sum && op != ScanOp::prod)
        throw ValueError(
            "only sums and products can be exclusive: a maximum of nothing has no value.");
    function_ = visit_numeric(dtype, "a cumulative operation", [&](auto t) -> Function {
        using T = decltype(t);
        switch (op) {
            case ScanOp::sum:
                return find<ScanOp::sum, T>();
            case ScanOp::prod:
                return find<ScanOp::prod, T>();
            case ScanOp::max:
                return find<ScanOp::max, T>();
            case ScanOp::min:
                return find<ScanOp::min, T>();
            case ScanOp::logsumexp:
                return find<ScanOp::logsumexp, T>();
        }
        return nullptr;
    });
    if (!function_)
        throw DTypeError(
            str("cumulative logsumexp needs a real float dtype. Received: ", name(dtype), "."));
}

void Scan::run(const void* x, void* y) const {
    if (plan_.outer * plan_.length * plan_.inner > 0) function_(plan_, x, y);
}

}  // namespace cornu::native
