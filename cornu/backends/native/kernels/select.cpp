#include <complex>

#include "cornu/backends/native/kernels/elementwise.h"
#include "cornu/backends/native/kernels/numeric.h"
#include "cornu/base/error.h"
#include "cornu/base/parallel.h"

namespace cornu::native {

namespace {

struct Block16 {
    uint64_t words[2];
};

template <class T>
void select_run(const bool* c, int64_t c_step, const void* a_, int64_t a_step, const void* b_,
                int64_t b_step, void* y_, int64_t n) {
    const T *a = static_cast<const T*>(a_), *b = static_cast<const T*>(b_);
    T* y = static_cast<T*>(y_);
    for (int64_t i = 0; i < n; ++i) y[i] = c[i * c_step] ? a[i * a_step] : b[i * b_step];
}

template <class T>
void clamp_run(const void* low_, const void* x_, const void* high_, void* y_, const int64_t* steps,
               int64_t n) {
    const T *low = static_cast<const T*>(low_), *x = static_cast<const T*>(x_),
            *high = static_cast<const T*>(high_);
    T* y = static_cast<T*>(y_);
    for (int64_t i = 0; i < n; ++i) {
        Compute<T> v = load_value(x + i * steps[1]);
        const Compute<T> from = load_value(low + i * steps[0]),
                         to = load_value(high + i * steps[2]);
        if (less(v, from) || is_nan(from)) v = from;
        if (less(to, v) || is_nan(to)) v = to;
        y[i] = from_compute<T>(v);
    }
}

Shape broadcast(const Shape& a, const Shape& b) {
    const auto out = broadcast_shapes(a, b);
    if (!out || !out->is_static())
        throw ShapeError(str("operands must broadcast together. Received: ", a, " and ", b, "."));
    return *out;
}

}  // namespace

Select::Select(DType dtype, const Shape& condition, const Shape& a, const Shape& b)
    : dtype_(dtype) {
    visit_numeric(dtype, "select", [](auto) {});
    shape_ = broadcast(condition, broadcast(a, b));
    walk_ =
        make_walk<3>(shape_.dims(), {broadcast_strides(condition, shape_),
                                     broadcast_strides(a, shape_), broadcast_strides(b, shape_)});
    bytes_ = bits(dtype) / 8;
    grain_ = dtype == DType::float32 ? 16384 : 4096;
}

void Select::run(const bool* condition, const void* a, const void* b, void* y) const {
    const int64_t cs = walk_.step(0), as = walk_.step(1), bs = walk_.step(2);
    parallel_for(walk_.size, grain_, [&](int64_t begin, int64_t end) {
        char* to = static_cast<char*>(y) + begin * bytes_;
        walk_runs(walk_, begin, end, [&](const int64_t* offsets, int64_t n) {
            const bool* c = condition + offsets[0];
            const char* left = static_cast<const char*>(a) + offsets[1] * bytes_;
            const char* right = static_cast<const char*>(b) + offsets[2] * bytes_;
            if (dtype_ == DType::float32 && cs == 1 && as == 1 && bs == 1) {
                simd().select(c, reinterpret_cast<const float*>(left),
                              reinterpret_cast<const float*>(right), reinterpret_cast<float*>(to),
                              n);
            } else {
                switch (bytes_) {
                    case 1:
                        select_run<uint8_t>(c, cs, left, as, right, bs, to, n);
                        break;
                    case 2:
                        select_run<uint16_t>(c, cs, left, as, right, bs, to, n);
                        break;
                    case 4:
                        select_run<uint32_t>(c, cs, left, as, right, bs, to, n);
                        break;
                    case 8:
                        select_run<uint64_t>(c, cs, left, as, right, bs, to, n);
                        break;
                    default:
                        select_run<Block16>(c, cs, left, as, right, bs, to, n);
                        break;
                }
            }
            to += n * bytes_;
        });
    });
}

Clamp::Clamp(DType dtype, const Shape& low, const Shape& x, const Shape& high) : dtype_(dtype) {
    const Shape out = broadcast(low, broadcast(x, high));
    if (out != x)
        throw ShapeError(str("the bounds of a clamp must broadcast to its operand's shape ", x,
                             ". Received: ", low, " and ", high, "."));
    loop_ = visit_numeric(dtype, "clamp", [](auto t) -> Loop { return clamp_run<decltype(t)>; });
    walk_ = make_walk<3>(
        x.dims(), {broadcast_strides(low, x), broadcast_strides(x, x), broadcast_strides(high, x)});
    bytes_ = bits(dtype) / 8;
    grain_ = dtype == DType::float32 ? 16384 : 2048;
}

void Clamp::run(const void* low, const void* x, const void* high, void* y) const {
    const int64_t steps[] = {walk_.step(0), walk_.step(1), walk_.step(2)};
    parallel_for(walk_.size, grain_, [&](int64_t begin, int64_t end) {
        char* to = static_cast<char*>(y) + begin * bytes_;
        walk_runs(walk_, begin, end, [&](const int64_t* offsets, int64_t n) {
            const char* from = static_cast<const char*>(low) + offsets[0] * bytes_;
            const char* at = static_cast<const char*>(x) + offsets[1] * bytes_;
            const char* up = static_cast<const char*>(high) + offsets[2] * bytes_;
            const auto bound = [](const char* p) { return *reinterpret_cast<const float*>(p); };
            const bool plain =
                dtype_ == DType::float32 && steps[0] == 0 && steps[1] == 1 && steps[2] == 0;
            if (plain && bound(from) == bound(from) && bound(up) == bound(up)) {
                simd().clamp(reinterpret_cast<const float*>(at), bound(from), bound(up),
                             reinterpret_cast<float*>(to), n);
            } else {
                loop_(from, at, up, to, steps, n);
            }
            to += n * bytes_;
        });
    });
}

}  // namespace cornu::native
