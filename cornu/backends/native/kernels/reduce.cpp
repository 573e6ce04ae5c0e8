#include "cornu/backends/native/kernels/reduce.h"

#include <algorithm>
#include <complex>
#include <utility>

#include "cornu/backends/native/kernels/numeric.h"
#include "cornu/backends/native/kernels/simd.h"
#include "cornu/base/error.h"
#include "cornu/base/parallel.h"

namespace cornu::native {

namespace {

// A reducer says how values of T go into an accumulator and how that becomes a result. `terms`
// arrive as rows (one accumulator) or as columns (one accumulator each); `position` numbers them.
template <ReduceOp op, class T>
struct Reducer {
    static constexpr bool largest = op == ReduceOp::max;
    static constexpr bool extreme = op == ReduceOp::max || op == ReduceOp::min;
    static constexpr bool truth = op == ReduceOp::any || op == ReduceOp::all;
    static constexpr bool is_float = std::is_same_v<T, float>;
    static constexpr bool sums = op == ReduceOp::sum || op == ReduceOp::mean;
    using Value = Compute<T>;
    using Acc = std::conditional_t<extreme, Value, std::conditional_t<truth, bool, Accumulate<T>>>;
    using Result = std::conditional_t<truth, bool, T>;

    static Acc start(const T* first) {
        if constexpr (extreme)
            return load_value(first);
        else if constexpr (op == ReduceOp::prod)
            return Acc(1);
        else
            return Acc(op == ReduceOp::all);
    }
    static void merge(Acc& acc, const Acc& v) {
        if constexpr (extreme) {
            if (native::is_nan(acc)) return;
            if (native::is_nan(v) || (largest ? less(acc, v) : less(v, acc))) acc = v;
        } else if constexpr (op == ReduceOp::prod)
            acc = wrap_mul(acc, v);
        else if constexpr (op == ReduceOp::any)
            acc = acc || v;
        else if constexpr (op == ReduceOp::all)
            acc = acc && v;
        else
            acc = wrap_add(acc, v);
    }
    static void add(Acc& acc, const T* x, int64_t /*position*/) {
        const Value v = load_value(x);
        if constexpr (truth)
            merge(acc, v != Value(0));
        else if constexpr (op == ReduceOp::sum_squares)
            merge(acc, wrap_mul(Acc(v), Acc(v)));
        else
            merge(acc, Acc(v));
    }
    static void row(Acc& acc, const T* x, int64_t n, int64_t position) {
        if constexpr (is_float && sums)
            acc += simd().sum(x, n);
        else if constexpr (is_float && op == ReduceOp::sum_squares)
            acc += simd().sum_of_squares(x, 0, n);
        else if constexpr (is_float && extreme)
            merge(acc, largest ? simd().max(x, n) : simd().min(x, n));
        else {
            for (int64_t i = 0; i < n; ++i) add(acc, x + i, position + i);
        }
    }
    static void columns(Acc* acc, const T* x, int64_t rows, int64_t stride, int64_t n,
                        int64_t position) {
        if constexpr (is_float && sums)
            simd().add_rows(x, rows, stride, n, acc);
        else if constexpr (is_float && extreme)
            (largest ? simd().max_rows : simd().min_rows)(x, rows, stride, n, acc);
        else {
            for (int64_t r = 0; r < rows; ++r)
                for (int64_t i = 0; i < n; ++i) add(acc[i], x + r * stride + i, position + r);
        }
    }
    static void finish(const Acc& acc, const Reduce::Plan& plan, void* y, int64_t at) {
        Result* to = static_cast<Result*>(y) + at;
        if constexpr (op == ReduceOp::mean) {
            if constexpr (is_complex_v<T>)
                *to = T(acc / Acc(static_cast<double>(plan.terms)));
            else
                *to = from_compute<T>(acc / static_cast<Acc>(plan.terms));
        } else {
            *to = from_compute<Result>(acc);
        }
    }
};

template <bool largest, class T>
struct ArgReducer {
    using Value = Compute<T>;
    struct Acc {
        Value value;
        int64_t index;
    };
    static Acc start(const T* first) { return {load_value(first), 0}; }
    static bool beats(const Value& v, const Value& best) {
        if (native::is_nan(best)) return false;
        return native::is_nan(v) || (largest ? less(best, v) : less(v, best));
    }
    static void merge(Acc& acc, const Acc& v) {  // v comes later
        if (beats(v.value, acc.value)) acc = v;
    }
    static void add(Acc& acc, const T* x, int64_t position) {
        merge(acc, {load_value(x), position});
    }
    static void row(Acc& acc, const T* x, int64_t n, int64_t position) {
        for (int64_t i = 0; i < n; ++i) add(acc, x + i, position + i);
    }
    static void columns(Acc* acc, const T* x, int64_t rows, int64_t stride, int64_t n,
                        int64_t position) {
        for (int64_t r = 0; r < rows; ++r)
            for (int64_t i = 0; i < n; ++i) add(acc[i], x + r * stride + i, position + r);
    }
    static void finish(const Acc& acc, const Reduce::Plan& plan, void* y, int64_t at) {
        if (plan.index64)
            static_cast<int64_t*>(y)[at] = acc.index;
        else
            static_cast<int32_t*>(y)[at] = static_cast<int32_t>(acc.index);
    }
};

constexpr int64_t strip = 256;     // columns with accumulators on the stack
constexpr int64_t max_parts = 16;  // of one long reduction, shared among threads
constexpr int64_t task = 16384;    // terms worth a thread's while

// Accumulates the terms [from, to) of `columns` neighbouring results whose first lies at `x`.
template <class R, class T>
void accumulate(const Reduce::Plan& plan, const T* x, int64_t columns, int64_t from, int64_t to,
                typename R::Acc* acc) {
    int64_t position = from;
    walk_runs(plan.reduced, from, to, [&](const int64_t* offsets, int64_t n) {
        if (plan.columns)
            R::columns(acc, x + offsets[0], n, plan.reduced.step(0), columns, position);
        else
            R::row(*acc, x + offsets[0], n, position);
        position += n;
    });
}

template <class R, class T>
void run(const Reduce::Plan& plan, const void* x_, void* y) {
    using Acc = typename R::Acc;
    const T* x = static_cast<const T*>(x_);
    const int64_t width = plan.columns ? strip : 1;  // results that one piece of work gives

    // Few results of many terms: the terms are shared out. The parts follow from the sizes alone,
    // so that the result does not depend on the number of threads.
    const int64_t parts = std::min(max_parts, plan.terms * std::min(plan.kept.size, width) / task);
    const bool split = parts > 1 && plan.kept.size <= 4 * width && plan.reduced.size > 2 * parts;
    const auto piece = [&](const T* from, int64_t columns, int64_t at, bool in_parts) {
        Acc acc[strip];
        if (!in_parts) {
            for (int64_t i = 0; i < columns; ++i) acc[i] = R::start(from + i);
            accumulate<R>(plan, from, columns, 0, plan.terms, acc);
        } else {
            Acc partial[max_parts][strip];
            parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
                for (int64_t p = begin; p < end; ++p) {
                    const int64_t first = plan.terms * p / parts,
                                  last = plan.terms * (p + 1) / parts;
                    // Starting again from the first term is harmless for extremes and idle for
                    // sums.
                    for (int64_t i = 0; i < columns; ++i) partial[p][i] = R::start(from + i);
                    accumulate<R>(plan, from, columns, first, last, partial[p]);
                }
            });
            for (int64_t i = 0; i < columns; ++i) {
                acc[i] = partial[0][i];
                for (int64_t p = 1; p < parts; ++p) R::merge(acc[i], partial[p][i]);
            }
        }
        for (int64_t i = 0; i < columns; ++i) R::finish(acc[i], plan, y, at + i);
    };
    const auto range = [&](int64_t begin, int64_t end, bool in_parts) {
        int64_t at = begin;
        walk_runs(plan.kept, begin, end, [&](const int64_t* offsets, int64_t n) {
            for (int64_t i = 0; i < n; i += width) {
                const int64_t columns = std::min(width, n - i);
                piece(x + offsets[0] + i * plan.kept.step(0), columns, at + i, in_parts);
            }
            at += n;
        });
    };
    if (split) return range(0, plan.kept.size, true);
    const int64_t grain =
        std::max(plan.columns ? int64_t{64} : int64_t{1}, task / (plan.terms + 1));
    parallel_for(plan.kept.size, grain,
                 [&](int64_t begin, int64_t end) { range(begin, end, false); });
}

template <ReduceOp op, class T>
Reduce::Function find() {
    if constexpr (op == ReduceOp::argmax || op == ReduceOp::argmin)
        return run<ArgReducer<op == ReduceOp::argmax, T>, T>;
    else if constexpr (op == ReduceOp::mean && (std::is_integral_v<T>))
        return nullptr;
    else
        return run<Reducer<op, T>, T>;
}
template <class T>
Reduce::Function find(ReduceOp op) {
    switch (op) {
        case ReduceOp::sum:
            return find<ReduceOp::sum, T>();
        case ReduceOp::mean:
            return find<ReduceOp::mean, T>();
        case ReduceOp::prod:
            return find<ReduceOp::prod, T>();
        case ReduceOp::max:
            return find<ReduceOp::max, T>();
        case ReduceOp::min:
            return find<ReduceOp::min, T>();
        case ReduceOp::any:
            return find<ReduceOp::any, T>();
        case ReduceOp::all:
            return find<ReduceOp::all, T>();
        case ReduceOp::sum_squares:
            return find<ReduceOp::sum_squares, T>();
        case ReduceOp::argmax:
            return find<ReduceOp::argmax, T>();
        case ReduceOp::argmin:
            return find<ReduceOp::argmin, T>();
    }
    return nullptr;
}

}  // namespace

DType result_dtype(ReduceOp op, DType dtype) {
    return op == ReduceOp::any || op == ReduceOp::all ? DType::bool_ : dtype;
}

Shape reduced_shape(const Shape& shape, const std::vector<int64_t>& axes) {
    Shape out;
    for (int64_t i = 0; i < shape.rank(); ++i) {
        if (std::find(axes.begin(), axes.end(), i) == axes.end()) out.push_back(shape[i]);
    }
    return out;
}

Reduce::Reduce(ReduceOp op, DType dtype, const Shape& shape, const std::vector<int64_t>& axes,
               DType index) {
    std::vector<int64_t> kept, reduced, kept_strides, reduced_strides, out_strides;
    const std::vector<int64_t> strides = strides_of(shape);
    for (int64_t i = 0; i < shape.rank(); ++i) {
        const bool gone = std::find(axes.begin(), axes.end(), i) != axes.end();
        (gone ? reduced : kept).push_back(shape[i]);
        (gone ? reduced_strides : kept_strides).push_back(strides[static_cast<size_t>(i)]);
        if (shape[i] != 1) plan_.columns = !gone;  // the innermost axis decides
    }
    out_strides = strides_of(Shape(kept));
    plan_.kept = make_walk<2>(kept, {kept_strides, out_strides});
    plan_.reduced = make_walk<1>(reduced, {reduced_strides});
    plan_.terms = plan_.reduced.size;
    plan_.index64 = index == DType::int64;
    const bool needs_terms = op == ReduceOp::max || op == ReduceOp::min || op >= ReduceOp::argmax;
    if (needs_terms && plan_.terms == 0 && plan_.kept.size > 0)
        throw ValueError(
            str("max, min, argmax and argmin need at least one element to choose from. Received: "
                "shape ",
                shape, "."));
    if (op >= ReduceOp::argmax && index != DType::int32 && index != DType::int64)
        throw DTypeError(
            str("argmax and argmin give int32 or int64. Received: ", name(index), "."));
    function_ = visit_numeric(dtype, "a reduction", [&](auto t) { return find<decltype(t)>(op); });
    if (!function_)
        throw DTypeError(str("mean needs a float or complex dtype. Received: ", name(dtype), "."));
}

void Reduce::run(const void* x, void* y) const {
    if (plan_.kept.size > 0) function_(plan_, x, y);
}

}  // namespace cornu::native
