#include "cornu/backends/native/kernels/indexing.h"

#include <complex>
#include <cstring>
#include <limits>

#include "cornu/backends/native/kernels/numeric.h"
#include "cornu/base/error.h"
#include "cornu/base/parallel.h"

namespace cornu::native {

namespace {

void check_rows(const RowsSpec& s) {
    if (s.index != DType::int32 && s.index != DType::int64)
        throw DTypeError(str("row indices are int32 or int64. Received: ", name(s.index), "."));
}

int64_t index_at(const RowsSpec& s, const void* indices, int64_t i) {
    const int64_t at = s.index == DType::int64 ? static_cast<const int64_t*>(indices)[i]
                                               : static_cast<const int32_t*>(indices)[i];
    return at >= 0 && at < s.rows ? at : -1;
}

template <class T>
T missing_value() {
    if constexpr (std::is_same_v<T, bool>)
        return true;
    else if constexpr (std::is_signed_v<T> && is_int_v<T>)
        return std::numeric_limits<T>::min();
    else if constexpr (is_int_v<T>)
        return std::numeric_limits<T>::max();
    else if constexpr (is_complex_v<T>) {
        const auto nan = std::numeric_limits<typename T::value_type>::quiet_NaN();
        return T(nan, nan);
    } else
        return T(std::numeric_limits<float>::quiet_NaN());
}

template <ScatterOp op, class T>
void combine(const T* update, T* to, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        const auto u = load_value(update + i), v = load_value(to + i);
        if constexpr (op == ScatterOp::set)
            to[i] = update[i];
        else if constexpr (op == ScatterOp::add)
            to[i] = from_compute<T>(wrap_add(v, u));
        else if constexpr (op == ScatterOp::mul)
            to[i] = from_compute<T>(wrap_mul(v, u));
        else if constexpr (op == ScatterOp::max)
            to[i] = !is_nan(v) && (is_nan(u) || less(v, u)) ? update[i] : to[i];
        else
            to[i] = !is_nan(v) && (is_nan(u) || less(u, v)) ? update[i] : to[i];
    }
}

// Updates of one row may meet: threads share out the columns, never the indices.
template <ScatterOp op, class T>
void scatter(const RowsSpec& s, const void* indices, const void* updates_, void* y_) {
    const T* updates = static_cast<const T*>(updates_);
    T* y = static_cast<T*>(y_);
    constexpr int64_t strip = 64;
    const int64_t strips = (s.inner + strip - 1) / strip;
    const int64_t grain = std::max<int64_t>(1, 8192 / (s.count * std::min(strip, s.inner) + 1));
    parallel_for(s.outer * strips, grain, [&](int64_t begin, int64_t end) {
        int64_t task = begin;
        while (task < end) {
            // Neighbouring strips of the same matrix go together, so that whole rows are
            // contiguous.
            const int64_t outer = task / strips, first = task % strips;
            const int64_t last = std::min(strips, first + (end - task));
            const int64_t column = first * strip, width = std::min(s.inner, last * strip) - column;
            for (int64_t i = 0; i < s.count; ++i) {
                const int64_t row = index_at(s, indices, i);
                if (row < 0) continue;
                combine<op>(updates + (outer * s.count + i) * s.inner + column,
                            y + (outer * s.rows + row) * s.inner + column, width);
            }
            task += last - first;
        }
    });
}

}  // namespace

GatherRows::GatherRows(const RowsSpec& spec, bool missing) : spec_(spec) {
    check_rows(spec);
    visit_numeric(spec.dtype, "gather", [&](auto t) {
        using T = decltype(t);
        const T blank = missing ? missing_value<T>() : T();
        std::memcpy(blank_, &blank, sizeof blank);
    });
    bytes_ = bits(spec.dtype) / 8;
}

void GatherRows::run(const void* x, const void* indices, void* y) const {
    const int64_t row = spec_.inner * bytes_;
    const int64_t grain = std::max<int64_t>(1, 32768 / (row + 64));
    parallel_for(spec_.outer * spec_.count, grain, [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
            const int64_t outer = task / spec_.count,
                          at = index_at(spec_, indices, task % spec_.count);
            char* to = static_cast<char*>(y) + task * row;
            if (at >= 0) {
                std::memcpy(to, static_cast<const char*>(x) + (outer * spec_.rows + at) * row,
                            static_cast<size_t>(row));
            } else {
                for (int64_t i = 0; i < spec_.inner; ++i)
                    std::memcpy(to + i * bytes_, blank_, static_cast<size_t>(bytes_));
            }
        }
    });
}

ScatterRows::ScatterRows(const RowsSpec& spec, ScatterOp op) : spec_(spec) {
    check_rows(spec);
    function_ = visit_numeric(spec.dtype, "scatter", [&](auto t) -> Function {
        using T = decltype(t);
        switch (op) {
            case ScatterOp::set:
                return scatter<ScatterOp::set, T>;
            case ScatterOp::add:
                return scatter<ScatterOp::add, T>;
            case ScatterOp::max:
                return scatter<ScatterOp::max, T>;
            case ScatterOp::min:
                return scatter<ScatterOp::min, T>;
            case ScatterOp::mul:
                return scatter<ScatterOp::mul, T>;
        }
        return nullptr;
    });
}

void ScatterRows::run(const void* indices, const void* updates, void* y) const {
    function_(spec_, indices, updates, y);
}

}  // namespace cornu::native
