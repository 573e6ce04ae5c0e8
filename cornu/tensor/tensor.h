// Tensor: a value of some shape and dtype. A handle: copies are cheap and share it; values never
// change, so what two handles see stays the same. What it stands on depends on the mode it was made in:
// memory (concrete), a value of a graph being recorded (traced), or a node of a Functional model
// (symbolic, Keras's KerasTensor).
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "cornu/base/api.h"
#include "cornu/base/error.h"
#include "cornu/tensor/buffer.h"
#include "cornu/tensor/dtype.h"
#include "cornu/tensor/shape.h"

namespace cornu {

class Mode;

// Shape and dtype, known before any value is. A weak one comes from a bare number: it never widens
// the other operand's type within its kind.
struct Spec {
    Shape shape;
    DType dtype = DType::float32;
    bool weak = false;
    friend bool operator==(const Spec&, const Spec&) = default;
};
using Specs = std::vector<Spec>;
CORNU_API std::ostream& operator<<(std::ostream& out, const Spec& spec);  // "float32(None, 64)"

// Where a tensor without memory comes from; the mode that knows it derives from this.
class CORNU_API Origin {
public:
    virtual ~Origin() = default;
    virtual Mode& mode() const = 0;
    virtual bool symbolic() const { return false; }
    virtual std::string describe() const { return "a tensor being traced"; }
};

class CORNU_API Tensor {
public:
    Tensor() = default;  // undefined: no value at all
    template <class T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0>
    Tensor(T value) : Tensor(scalar(value)) {}  // a weak scalar: bool, int32 (int64 if it must) or float32

    template <class T>
    static Tensor from(std::span<const T> values, Shape shape);
    template <class T>
    static Tensor from(const std::vector<T>& values, Shape shape) {
        if constexpr (std::is_same_v<T, bool>) {
            std::vector<uint8_t> bytes(values.begin(), values.end());
            return from(std::span(reinterpret_cast<const bool*>(bytes.data()), bytes.size()), std::move(shape));
        } else {
            return from(std::span<const T>(values), std::move(shape));
        }
    }
    template <class T>
    static Tensor from(const std::vector<T>& values) { return from(values, Shape{static_cast<int64_t>(values.size())}); }
    static Tensor strings(std::vector<std::string> values, Shape shape);
    static Tensor full(const Shape& shape, double value, DType dtype = DType::float32);
    // Memory of the caller's, not copied: `owner` keeps it alive.
    static Tensor wrap(const void* data, Shape shape, DType dtype, std::shared_ptr<const void> owner);
    // The first bytes of `buffer` seen as `spec`; throws when it is too small.
    static Tensor on(BufferPtr buffer, Spec spec);
    static Tensor uninitialized(const Shape& shape, DType dtype);       // host memory, to be written once
    static Tensor made_by(std::shared_ptr<Origin> origin, Spec spec);   // traced or symbolic

    bool defined() const { return impl_ != nullptr; }
    explicit operator bool() const { return defined(); }
    const Spec& spec() const;
    const Shape& shape() const { return spec().shape; }
    DType dtype() const { return spec().dtype; }
    bool weak() const { return spec().weak; }
    int64_t rank() const { return shape().rank(); }
    int64_t size() const { return shape().size(); }

    bool concrete() const;
    bool symbolic() const;
    Origin* origin() const;                    // null when concrete
    double weak_value() const;                 // the number a weak scalar was made of, unrounded
    const BufferPtr& buffer() const;           // throws unless concrete
    const void* raw() const;                   // host bytes; throws unless concrete and on the host
    void* mutable_raw();                       // for the maker of a fresh tensor only
    Tensor to_host() const;                    // itself when already there
    const void* id() const { return impl_.get(); }  // identity of the value, as autodiff sees it
    Tensor with_new_identity() const;          // the same memory as a value of its own
    // Keras's mask of a batch of sequences: bool (batch, time), or undefined. Metadata of the value:
    // every handle of it sees the same.
    Tensor mask() const;
    void set_mask(const Tensor& mask) const;
    bool sole_owner() const;                   // nobody else holds the value or its buffer

    template <class T> std::span<const T> data() const;  // elements; T must match the dtype
    template <class T> T item() const;                   // the one element, cast to T
    template <class T> std::vector<T> to_vector() const; // all elements, cast to T
    std::string to_string() const;                       // shape, dtype and some values

private:
    struct Impl;
    explicit Tensor(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
    template <class T> static Tensor weak_scalar(T value, double exact);
    static Tensor scalar(bool value);
    static Tensor scalar(double value);
    static Tensor scalar(int64_t value);
    static Tensor scalar(float value) { return scalar(static_cast<double>(value)); }
    template <class T> static Tensor scalar(T value) { return scalar(static_cast<int64_t>(value)); }
    void check_type(DType asked) const;
    double element_as_double(int64_t index) const;
    std::shared_ptr<Impl> impl_;
};
using Tensors = std::vector<Tensor>;

CORNU_API std::ostream& operator<<(std::ostream& out, const Tensor& tensor);
CORNU_API Specs specs_of(const Tensors& tensors);

template <class T>
Tensor Tensor::from(std::span<const T> values, Shape shape) {
    if (static_cast<int64_t>(values.size()) != shape.size())
        throw ShapeError(str("the number of values must fit the shape. Received: ", values.size(),
                             " values for shape ", shape));
    if constexpr (std::is_same_v<T, std::string>) {
        return strings({values.begin(), values.end()}, std::move(shape));
    } else {
        Tensor out = uninitialized(shape, dtype_of<T>);
        std::copy(values.begin(), values.end(), static_cast<T*>(out.mutable_raw()));
        return out;
    }
}

template <class T>
std::span<const T> Tensor::data() const {
    check_type(dtype_of<T>);
    return {static_cast<const T*>(raw()), static_cast<size_t>(size())};
}

template <class T>
T Tensor::item() const {
    if (size() != 1) throw ShapeError(str("item() asks for one element. Received: shape ", shape()));
    return to_vector<T>()[0];
}

template <class T>
std::vector<T> Tensor::to_vector() const {
    const Tensor host = to_host();
    std::vector<T> out(static_cast<size_t>(size()));
    if (dtype() == dtype_of<T>) {
        const auto values = host.data<T>();
        std::copy(values.begin(), values.end(), out.begin());
    } else if constexpr (std::is_arithmetic_v<T>) {
        for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<T>(host.element_as_double(static_cast<int64_t>(i)));
    } else {
        host.check_type(dtype_of<T>);
    }
    return out;
}

}  // namespace cornu
