// Element types, casts, and the memory that tensors and LibTorch share.
#include <ATen/ops/abs.h>
#include <ATen/ops/add.h>
#include <ATen/ops/bitwise_and.h>
#include <ATen/ops/bitwise_right_shift.h>
#include <ATen/ops/bitwise_xor.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ge.h>
#include <ATen/ops/gt.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/ne.h>
#include <ATen/ops/real.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>
#include <limits>

#include "cornu/backends/torch/lowering.h"
#include "cornu/backends/torch/program.h"

namespace cornu::torch {

unsigned kind_of(DType dtype) {
    if (dtype == DType::bool_) return booleans;
    if (dtype == DType::int4 || dtype == DType::string) return 0;
    if (dtype == DType::uint64) return uint64s;
    if (is_unsigned_int(dtype)) return small_unsigned;
    if (is_signed_int(dtype)) return signed_ints;
    return is_complex(dtype) ? complexes : floats;
}

at::Scalar end_of(DType dtype, bool least) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if (is_float(dtype)) return least ? -infinity : infinity;
    if (dtype == DType::bool_) return static_cast<int64_t>(!least);
    // Unsigned integers are seen with a sign and wider; those of 64 bits with the top bit flipped.
    const int width = bits(dtype);
    if (is_unsigned_int(dtype) && dtype != DType::uint64)
        return least ? int64_t{0} : (int64_t{1} << width) - 1;
    const int64_t lowest =
        width == 64 ? std::numeric_limits<int64_t>::min() : -(int64_t{1} << (width - 1));
    return least ? lowest : ~lowest;
}

at::ScalarType carrier_of(DType dtype) {
    switch (dtype) {
        case DType::bool_:
            return at::kBool;
        case DType::uint8:
        case DType::float8_e4m3fn:
        case DType::float8_e5m2:
            return at::kByte;
        case DType::int8:
            return at::kChar;
        case DType::uint16:
        case DType::int16:
            return at::kShort;
        case DType::uint32:
        case DType::int32:
            return at::kInt;
        case DType::uint64:
        case DType::int64:
            return at::kLong;
        case DType::float16:
            return at::kHalf;
        case DType::bfloat16:
            return at::kBFloat16;
        case DType::float32:
            return at::kFloat;
        case DType::float64:
            return at::kDouble;
        case DType::complex64:
            return at::kComplexFloat;
        case DType::complex128:
            return at::kComplexDouble;
        default:
            throw BackendError(str("the backend torch has no type for ", name(dtype), "."));
    }
}

at::IntArrayRef sizes_of(const Shape& shape) { return {shape.dims().data(), shape.dims().size()}; }
at::Tensor in_type(const at::Tensor& x, at::ScalarType type) {
    return x.scalar_type() == type ? x : x.to(type);
}
int64_t axis_of(int64_t axis, int64_t rank) { return axis < 0 ? axis + rank : axis; }

at::Tensor full(const Call& call, const Shape& shape, double value, DType dtype) {
    return at::full(sizes_of(shape), value,
                    at::TensorOptions(carrier_of(dtype)).device(call.device));
}

bool reusable(const at::Tensor& x, const Spec& out) {
    return x.use_count() == 1 && x.storage().use_count() == 1 &&
           x.scalar_type() == carrier_of(out.dtype) && x.sizes() == sizes_of(out.shape) &&
           x.is_non_overlapping_and_dense();
}

// ---- casts ----

namespace {

bool is_float8(DType dtype) { return is_float(dtype) && bits(dtype) == 8; }
at::ScalarType float8_type(DType dtype) {
    return dtype == DType::float8_e4m3fn ? at::kFloat8_e4m3fn : at::kFloat8_e5m2;
}

// The number that the carriers stand for, in a type that holds it and that LibTorch computes with;
// uint64 becomes float64, rounded.
at::Tensor number_of(const at::Tensor& x, DType dtype) {
    if (is_float8(dtype)) return x.view(float8_type(dtype)).to(at::kFloat);
    if (dtype == DType::uint16) return at::bitwise_and(x.to(at::kInt), 0xFFFF);
    if (dtype == DType::uint32) return at::bitwise_and(x.to(at::kLong), int64_t{0xFFFFFFFF});
    if (dtype == DType::uint64) {
        const at::Tensor high =
                             at::bitwise_and(at::bitwise_right_shift(x, 32), int64_t{0xFFFFFFFF}),
                         low = at::bitwise_and(x, int64_t{0xFFFFFFFF});
        return at::add(at::mul(high.to(at::kDouble), 4294967296.0), low.to(at::kDouble));
    }
    return x;
}

// Cut towards zero; what does not fit becomes the nearest integer that does, NaN 0.
at::Tensor saturated(const at::Tensor& x, DType to) {
    const bool has_sign = is_signed_int(to);
    const int width = bits(to) - has_sign;
    const double above = std::ldexp(1.0, width), least = has_sign ? -above : 0;
    const at::Tensor wide = x.to(at::kDouble),
                     known = at::where(at::isnan(wide), at::zeros_like(wide), wide);
    if (width < 53) return at::clamp(known, least, above - 1).to(at::kLong).to(carrier_of(to));
    const at::Tensor most =
        at::full({}, std::numeric_limits<int64_t>::max(), x.options().dtype(at::kLong));
    const double top = std::ldexp(1.0, 63);
    const auto within = [&](const at::Tensor& v) {  // an int64
        return at::where(at::ge(v, top), most,
                         at::clamp(v, -top, std::nextafter(top, 0.0)).to(at::kLong));
    };
    if (has_sign) return within(known);
    // The upper half of uint64 has the top bit set.
    const at::Tensor positive = at::clamp(known, 0.0, above), high = at::ge(positive, top),
                     all = at::full({}, int64_t{-1}, x.options().dtype(at::kLong));
    const at::Tensor low = within(positive),
                     upper = at::bitwise_xor(within(at::sub(positive, top)),
                                             std::numeric_limits<int64_t>::min());
    return at::where(at::ge(positive, above), all, at::where(high, upper, low));
}

}  // namespace

at::Tensor cast_carriers(const at::Tensor& x, DType from, DType to) {
    if (from == to) return x;
    if (to == DType::bool_) return at::ne(is_float8(from) ? number_of(x, from) : x, 0);
    // Integers keep their low bits, whatever the sign.
    if ((is_integer(from) || from == DType::bool_) && is_integer(to))
        return in_type(bits(to) > bits(from) ? number_of(x, from) : x, carrier_of(to));
    const at::Tensor number =
        number_of(is_complex(from) && !is_complex(to) ? at::real(x) : x, from);
    if (is_integer(to)) return saturated(number, to);
    if (is_float8(to)) {
        at::Tensor x32 = in_type(number, at::kFloat);
        // Of float8_e4m3fn, which has no infinity, LibTorch makes the largest number; NaN is the
        // rule.
        if (to == DType::float8_e4m3fn)
            x32 = at::where(at::gt(at::abs(x32), 464.0),
                            at::full({}, std::numeric_limits<double>::quiet_NaN(), x32.options()),
                            x32);
        return x32.to(float8_type(to)).view(at::kByte);
    }
    return in_type(number, carrier_of(to));
}

// ---- memory ----

namespace {

// Memory of LibTorch: the host's own when it computes on the processor.
class TorchBuffer final : public Buffer {
public:
    TorchBuffer(at::Tensor tensor, Backend& backend)
        : Buffer(tensor.is_cpu() ? tensor.data_ptr() : nullptr, tensor.nbytes(), tensor.is_cpu(),
                 tensor.is_cpu() ? nullptr : &backend),
          tensor_(std::move(tensor)) {}
    const at::Tensor& tensor() const { return tensor_; }
    void copy_to_host(void* out) const override {
        at::from_blob(out, tensor_.sizes(), tensor_.options().device(at::kCPU)).copy_(tensor_);
    }

private:
    at::Tensor tensor_;  // contiguous
};

}  // namespace

at::Tensor to_carrier(const Tensor& tensor, at::Device device) {
    const at::ScalarType type = carrier_of(tensor.dtype());
    const at::IntArrayRef sizes = sizes_of(tensor.shape());
    if (const auto* buffer = dynamic_cast<const TorchBuffer*>(tensor.buffer().get())) {
        const at::Tensor& x = buffer->tensor();
        if (x.device() == device && x.scalar_type() == type && x.numel() == tensor.size())
            return x.sizes() == sizes ? x : x.view(sizes);
    }
    const Tensor host = tensor.to_host();
    const auto options = at::TensorOptions(type);
    if (host.size() == 0) return at::empty(sizes, options.device(device));
    const at::Tensor x = at::from_blob(
        const_cast<void*>(host.raw()), sizes, [owner = host.buffer()](void*) {}, options);
    return device.is_cpu() ? x : x.to(device);
}

Tensor from_carrier(at::Tensor x, const Spec& spec, Backend& backend) {
    const bool own = x.use_count() == 1 && x.storage().use_count() == 1 &&
                     x.storage_offset() == 0 && x.storage().nbytes() == x.nbytes() &&
                     x.is_contiguous();
    if (!own) x = x.clone(at::MemoryFormat::Contiguous);
    return Tensor::on(std::make_shared<TorchBuffer>(std::move(x), backend),
                      {spec.shape, spec.dtype});
}

}  // namespace cornu::torch
