#include "cornu/random/functional.h"

#include <limits>
#include <numbers>

#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/random_bits.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/ops/sorting.h"
#include "cornu/random/floats_impl.h"

namespace cornu::random {

DType unsigned_of(int bits) {
    return bits == 8 ? DType::uint8 : bits == 16 ? DType::uint16 : bits == 32 ? DType::uint32 : DType::uint64;
}
int mantissa(DType dtype) {
    switch (dtype) {
        case DType::float16: return 10;
        case DType::bfloat16: return 7;
        case DType::float32: return 23;
        case DType::float64: return 52;
        default: throw DTypeError(str("random numbers are float16, bfloat16, float32 or float64. Received: ", dtype));
    }
}
double tiny(DType dtype) { return dtype == DType::float64 ? std::numeric_limits<double>::min() : dtype == DType::float16 ? std::ldexp(1.0, -14) : static_cast<double>(std::numeric_limits<float>::min()); }
DType word_of(DType dtype) { return unsigned_of(mantissa(dtype) < 8 ? 8 : bits(dtype)); }
Tensor scalar(double value, DType dtype) { return ops::cast(Tensor::full({}, value, DType::float64), dtype); }

// As many random bits as the mantissa holds, scaled; exact, so JAX's way through the representation
// of [1, 2) gives the same.
Tensor unit_of(const Tensor& drawn, DType dtype) {
    const int digits = mantissa(dtype);
    const Tensor kept = ops::right_shift(drawn, Tensor::full({}, bits(drawn.dtype()) - digits, drawn.dtype()));
    return ops::cast(kept, dtype) * scalar(std::ldexp(1.0, -digits), dtype);
}

// unit * (maxval - minval) + minval, each step rounded to the dtype except that the last two are
// one fused step, as XLA compiles them; never below minval.
Tensor scaled(const Tensor& unit, const Tensor& minval, const Tensor& maxval) {
    return ops::maximum(minval, prim::fma(unit, maxval - minval, minval));
}

Tensor normal_of(const Tensor& unit, DType dtype) {
    // Just above -1, where the inverse is infinite.
    const double low = -1 + std::ldexp(1.0, -mantissa(dtype) - 1);
    return scalar(std::numbers::sqrt2, dtype) * ops::erfinv(scaled(unit, scalar(low, dtype), scalar(1, dtype)));
}

namespace {
Tensor unit(const Tensor& key, const Shape& shape, DType dtype) {
    return unit_of(prim::threefry_bits(key, shape, word_of(dtype)), dtype);
}
}  // namespace

Tensor key(uint64_t seed) {
    return Tensor::from(std::vector<uint32_t>{static_cast<uint32_t>(seed >> 32), static_cast<uint32_t>(seed)});
}

// Keys are the two halves of 64-bit draws.
Tensors split(const Tensor& key, int64_t num) {
    if (num < 0) throw ValueError(str("random.split: num must not be negative. Received: ", num));
    const Tensor pairs = prim::threefry_bits(key, {num}, DType::uint64);
    const Tensor high = ops::cast(ops::right_shift(pairs, Tensor::full({}, 32, DType::uint64)), DType::uint32);
    const Tensor keys = ops::stack({high, ops::cast(pairs, DType::uint32)}, 1);
    Tensors out;
    for (int64_t i = 0; i < num; ++i) out.push_back(ops::reshape(prim::slice(keys, {i, 0}, {i + 1, 2}), {2}));
    return out;
}

Tensor fold_in(const Tensor& key, uint32_t data) {
    const Tensor pair = prim::threefry_bits(key, {1}, DType::uint64, data);
    const Tensor high = ops::cast(ops::right_shift(pair, Tensor::full({}, 32, DType::uint64)), DType::uint32);
    return ops::concatenate({high, ops::cast(pair, DType::uint32)});
}

Tensor uniform(const Tensor& key, const Shape& shape, DType dtype, double minval, double maxval) {
    const Tensor drawn = unit(key, shape, dtype);
    return minval == 0 && maxval == 1 ? drawn : scaled(drawn, scalar(minval, dtype), scalar(maxval, dtype));
}

Tensor bernoulli(const Tensor& key, const Tensor& p, const Shape& shape) {
    const DType dtype = to_float_dtype(p.dtype());
    if (dtype == DType::float32 && p.concrete() && p.shape().empty()) {
        // unit < p, asked of the bits themselves: their upper 23 are below p * 2^23 rounded up.
        const double first_above = std::ceil(static_cast<double>(ops::cast(p, dtype).to_host().item<float>()) * 8388608.0);
        if (first_above > 0 && first_above < 8388608.0)
            return prim::threefry_below(key, shape, static_cast<int64_t>(first_above) * 512);
    }
    return unit(key, shape, dtype) < ops::cast(p, dtype);
}

Tensor randint(const Tensor& key, const Shape& shape, const Tensor& minval, const Tensor& maxval, DType dtype) {
    if (!is_integer(dtype) || dtype == DType::int4) throw DTypeError(str("random.randint: dtype must be an integer type. Received: ", dtype));
    if (!is_integer(minval.dtype()) || !is_integer(maxval.dtype())) throw DTypeError(str("random.randint: minval and maxval must be integers. Received: ", minval.dtype(), " and ", maxval.dtype()));
    if (bits(dtype) < 32) {
        // Narrow types are drawn in 32 bits, which is less biased; maxval may be one past the last.
        const double top = std::ldexp(1.0, is_signed_int(dtype) ? bits(dtype) - 1 : bits(dtype)), bottom = is_signed_int(dtype) ? -top : 0;
        const Tensor low = ops::clip(ops::cast(minval, DType::int32), bottom, top - 1), high = ops::clip(ops::cast(maxval, DType::int32), bottom, top);
        return ops::cast(randint(key, shape, low, high, DType::int32), dtype);
    }
    const int width = bits(dtype);
    const DType word = unsigned_of(width);
    // Bounds are limited to what dtype holds; a maxval beyond it means up to and including the last.
    const double last = std::ldexp(1.0, is_signed_int(dtype) ? width - 1 : width) - 1, first = is_signed_int(dtype) ? -last - 1 : 0;
    const auto limited = [&](const Tensor& v) {
        return width >= bits(v.dtype()) ? ops::cast(v, dtype) : ops::cast(ops::minimum(ops::maximum(v, Tensor::full({}, std::max(first, is_signed_int(v.dtype()) ? first : 0), v.dtype())), Tensor::full({}, last, v.dtype())), dtype);
    };
    const bool may_exceed = bits(maxval.dtype()) > width || (bits(maxval.dtype()) == width && is_unsigned_int(maxval.dtype()) && is_signed_int(dtype));
    const Tensor low = limited(minval), high = limited(maxval);
    const Tensor one = Tensor::full({}, 1, word);
    Tensor span = ops::cast(high - low, word);
    span = ops::where(high <= low, one, span);
    if (may_exceed) {
        const Tensor beyond = maxval > Tensor::full({}, last, maxval.dtype());
        span = ops::where(ops::logical_and(beyond, high > low), span + one, span);
    }
    const Tensors keys = split(key);
    const Tensor upper = prim::threefry_bits(keys[0], shape, word), lower = prim::threefry_bits(keys[1], shape, word);
    // 2^width modulo span, by way of its root, which fits.
    const Tensor root = ops::mod(Tensor::full({}, std::ldexp(1.0, width / 2), word), span);
    const Tensor multiplier = ops::mod(root * root, span);
    const Tensor offset = ops::mod(ops::mod(upper, span) * multiplier + ops::mod(lower, span), span);
    return low + ops::cast(offset, dtype);
}

namespace {
// Sorted by random keys, often enough that equal keys do not matter.
Tensor shuffled(const Tensor& key, const Tensor& x, int64_t axis) {
    Tensor out = x, next = key;
    const auto size = static_cast<double>(std::max<int64_t>(1, x.size()));
    const int rounds = static_cast<int>(std::ceil(3 * std::log(size) / std::log(4294967295.0)));
    for (int i = 0; i < rounds; ++i) {
        const Tensors keys = split(next);
        next = keys[0];
        out = prim::sort({prim::threefry_bits(keys[1], x.shape(), DType::uint32), out}, axis)[1];
    }
    return out;
}
}  // namespace

Tensor permutation(const Tensor& key, const Tensor& x, int64_t axis, bool independent) {
    const int64_t at = normalize_axis(axis, x.rank());
    if (independent || x.rank() == 1) return shuffled(key, x, at);
    return ops::take(x, shuffled(key, prim::iota({x.shape()[at]}, 0, DType::int32), 0), at);
}

Tensor normal(const Tensor& key, const Shape& shape, DType dtype) { return normal_of(unit(key, shape, dtype), dtype); }

Tensor truncated_normal(const Tensor& key, double lower, double upper, const Shape& shape, DType dtype) {
    const Tensor root = scalar(std::numbers::sqrt2, dtype), low = scalar(lower, dtype), high = scalar(upper, dtype);
    const Tensor u = scaled(unit(key, shape, dtype), ops::erf(low / root), ops::erf(high / root));
    const Tensor drawn = root * ops::erfinv(u);
    // Inside the open interval, whatever was rounded.
    const double step = std::ldexp(1.0, -mantissa(dtype) - 1);
    const auto inward = [&](double bound, double sign) { return scalar(bound + sign * std::max(std::abs(bound) * step * 2, tiny(dtype)), dtype); };
    return ops::minimum(ops::maximum(drawn, inward(lower, 1)), inward(upper, -1));
}

Tensor gumbel(const Tensor& key, const Shape& shape, DType dtype) {
    const Tensor u = scaled(unit(key, shape, dtype), scalar(tiny(dtype), dtype), scalar(1, dtype));
    return -ops::log(-ops::log(u));
}

Tensor categorical(const Tensor& key, const Tensor& logits, int64_t num_samples) {
    if (logits.rank() != 2) throw ShapeError(str("random.categorical: logits must be (batch, classes). Received: shape ", logits.shape()));
    const Shape shape{logits.shape()[0], logits.shape()[1], num_samples};
    return ops::argmax(gumbel(key, shape, to_float_dtype(logits.dtype())) + ops::expand_dims(logits, 2), 1);
}

Tensor dropout(const Tensor& key, const Tensor& x, double rate, const Shape& noise_shape) {
    if (!(rate >= 0 && rate <= 1)) throw ValueError(str("random.dropout: rate must be in [0, 1]. Received: rate=", rate));
    if (rate == 1) return ops::zeros_like(x);
    const double keep = 1 - rate;
    const Tensor mask = ops::broadcast_to(bernoulli(key, keep, noise_shape), x.shape());
    return ops::where(mask, x / keep, ops::zeros_like(x));
}

}  // namespace cornu::random
