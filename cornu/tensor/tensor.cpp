#include "cornu/tensor/tensor.h"

#include <cstring>
#include <ostream>

#include "cornu/base/checked.h"

namespace cornu {

struct Tensor::Impl {
    Spec spec;
    BufferPtr buffer;                // concrete
    std::shared_ptr<Origin> origin;  // traced or symbolic
    Tensor mask;
    double weak_value = std::numeric_limits<double>::quiet_NaN();  // NaN: as the buffer has it
};

template <class T>
Tensor Tensor::weak_scalar(T value, double exact) {
    BufferPtr buffer = allocate_host(sizeof(T));
    std::memcpy(buffer->data(), &value, sizeof(T));
    Tensor out = on(std::move(buffer), {Shape(), dtype_of<T>, true});
    out.impl_->weak_value = exact;
    return out;
}

Tensor Tensor::scalar(bool value) { return weak_scalar(value, value); }
Tensor Tensor::scalar(double value) { return weak_scalar(static_cast<float>(value), value); }
Tensor Tensor::scalar(int64_t value) {
    const auto narrow = static_cast<int32_t>(value);
    const auto exact = static_cast<double>(value);
    return narrow == value ? weak_scalar(narrow, exact) : weak_scalar(value, exact);
}

Tensor Tensor::strings(std::vector<std::string> values, Shape shape) {
    if (static_cast<int64_t>(values.size()) != shape.size())
        throw ShapeError(str("the number of strings must fit the shape. Received: ", values.size(),
                             " strings for shape ", shape));
    return on(make_string_buffer(std::move(values)), {std::move(shape), DType::string});
}

Tensor Tensor::full(const Shape& shape, double value, DType dtype) {
    Tensor out = uninitialized(shape, dtype);
    const int64_t n = shape.size();
    if (dtype == DType::int4) {
        const auto nibble = static_cast<uint8_t>(static_cast<int>(value) & 15);
        std::memset(out.mutable_raw(), nibble << 4 | nibble, out.buffer()->bytes());
        return out;
    }
    visit_dtype(dtype, [&](auto zero) {
        using T = decltype(zero);
        T element;
        if constexpr (is_complex(dtype_of<T>)) element = T(static_cast<typename T::value_type>(value));
        else if constexpr (std::is_arithmetic_v<T>) element = static_cast<T>(value);
        else element = T(static_cast<float>(value));
        std::fill_n(static_cast<T*>(out.mutable_raw()), n, element);
    });
    return out;
}

Tensor Tensor::wrap(const void* data, Shape shape, DType dtype, std::shared_ptr<const void> owner) {
    if (dtype == DType::string) throw DTypeError("strings cannot be wrapped; use Tensor::strings.");
    const int64_t bytes = bytes_for(dtype, shape.size());
    return on(wrap_host(const_cast<void*>(data), static_cast<size_t>(bytes), std::move(owner)),
              {std::move(shape), dtype});
}

Tensor Tensor::on(BufferPtr buffer, Spec spec) {
    if (spec.dtype != DType::string) {
        const int64_t need = bytes_for(spec.dtype, spec.shape.size());
        if (static_cast<uint64_t>(need) > buffer->bytes())
            throw ValueError(str("the buffer is too small for ", spec, ": ", need,
                                 " bytes are needed. Received: ", buffer->bytes()));
    }
    auto impl = std::make_shared<Impl>();
    impl->spec = std::move(spec);
    impl->buffer = std::move(buffer);
    return Tensor(std::move(impl));
}

Tensor Tensor::uninitialized(const Shape& shape, DType dtype) {
    if (dtype == DType::string) return strings(std::vector<std::string>(static_cast<size_t>(shape.size())), shape);
    return on(allocate_host(static_cast<size_t>(bytes_for(dtype, shape.size()))), {shape, dtype});
}

Tensor Tensor::made_by(std::shared_ptr<Origin> origin, Spec spec) {
    auto impl = std::make_shared<Impl>();
    impl->spec = std::move(spec);
    impl->origin = std::move(origin);
    return Tensor(std::move(impl));
}

const Spec& Tensor::spec() const {
    if (!impl_) throw ValueError("a tensor without a value was used; it was default-constructed or is a gradient that does not exist.");
    return impl_->spec;
}
bool Tensor::concrete() const { return impl_ && impl_->buffer; }
bool Tensor::symbolic() const { return impl_ && impl_->origin && impl_->origin->symbolic(); }
Origin* Tensor::origin() const { return impl_ ? impl_->origin.get() : nullptr; }

double Tensor::weak_value() const {
    CORNU_CHECK(weak() && concrete(), "a bare number is asked for");
    return std::isnan(impl_->weak_value) ? to_vector<double>()[0] : impl_->weak_value;
}

const BufferPtr& Tensor::buffer() const {
    spec();
    if (!impl_->buffer)
        throw ValueError(str("the value of ", impl_->origin->describe(),
                             " is not known yet: only its shape and dtype are, ", impl_->spec, "."));
    return impl_->buffer;
}
const void* Tensor::raw() const {
    if (!buffer()->on_host()) throw ValueError("the tensor is on a device; call to_host() first.");
    return buffer()->data();
}
void* Tensor::mutable_raw() {
    CORNU_CHECK(buffer()->writable() && buffer()->on_host(), "only fresh host memory is written");
    return buffer()->data();
}
Tensor Tensor::to_host() const {
    if (buffer()->on_host()) return *this;
    BufferPtr host = allocate_host(buffer()->bytes());
    buffer()->copy_to_host(host->data());
    return on(std::move(host), spec());
}
Tensor Tensor::with_new_identity() const { return Tensor(std::make_shared<Impl>(*impl_)); }
Tensor Tensor::mask() const { return impl_ ? impl_->mask : Tensor(); }
void Tensor::set_mask(const Tensor& mask) const {
    spec();
    impl_->mask = mask;
}
bool Tensor::sole_owner() const { return impl_.use_count() == 1 && impl_->buffer.use_count() == 1; }

void Tensor::check_type(DType asked) const {
    if (dtype() != asked)
        throw DTypeError(str("data<T>() must ask for the tensor's dtype, ", dtype(), ". Received: ", asked));
}

double Tensor::element_as_double(int64_t index) const {
    if (dtype() == DType::int4) {
        const int byte = static_cast<const uint8_t*>(raw())[index / 2];
        const int nibble = index % 2 ? byte >> 4 : byte & 15;
        return nibble >= 8 ? nibble - 16 : nibble;
    }
    return visit_dtype(dtype(), [&](auto zero) -> double {
        using T = decltype(zero);
        if constexpr (is_complex(dtype_of<T>)) throw DTypeError("a complex element is no real number.");
        else return static_cast<double>(static_cast<const T*>(raw())[index]);
    });
}

std::string Tensor::to_string() const {
    if (!defined()) return "<no value>";
    std::ostringstream out;
    out << "<Tensor " << spec();
    if (!concrete()) return out << ", " << impl_->origin->describe() << ">", out.str();
    const Tensor host = to_host();
    const int64_t n = size(), shown = std::min<int64_t>(n, 8);
    out << " [";
    for (int64_t i = 0; i < shown; ++i) {
        if (i) out << ", ";
        if (dtype() == DType::string) out << '"' << host.data<std::string>()[static_cast<size_t>(i)] << '"';
        else if (dtype() == DType::complex64) out << host.data<std::complex<float>>()[static_cast<size_t>(i)];
        else if (dtype() == DType::complex128) out << host.data<std::complex<double>>()[static_cast<size_t>(i)];
        else out << host.element_as_double(i);
    }
    out << (n > shown ? ", …]>" : "]>");
    return out.str();
}

std::ostream& operator<<(std::ostream& out, const Spec& spec) { return out << spec.dtype << spec.shape; }
std::ostream& operator<<(std::ostream& out, const Tensor& tensor) { return out << tensor.to_string(); }

Specs specs_of(const Tensors& tensors) {
    Specs out;
    out.reserve(tensors.size());
    for (const Tensor& tensor : tensors) out.push_back(tensor.spec());
    return out;
}

}  // namespace cornu
