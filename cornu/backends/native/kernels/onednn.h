// The only door to oneDNN: primitives made once, run many times. Every status code is checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "cornu/tensor/dtype.h"

namespace cornu::native::onednn {

// A tensor as oneDNN is to see it. Without strides its layout is oneDNN's to choose.
struct Layout {
    std::vector<int64_t> dims;
    std::vector<int64_t> strides;  // in elements; empty: any
};

// One prepared primitive and its argument array. Running it allocates nothing here (oneDNN itself
// makes a few small allocations). Not reentrant: one caller at a time per object.
class Primitive {
public:
    Primitive();
    ~Primitive();
    Primitive(Primitive&&) noexcept;
    Primitive& operator=(Primitive&&) noexcept;

    explicit operator bool() const { return impl_ != nullptr; }
    size_t scratch_bytes() const;
    // `pointers` in the order that the maker states; `scratch` holds scratch_bytes(), 64-byte
    // aligned.
    void run(const void* const* pointers, void* scratch);

    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// A primitive whose weights may want another layout than the caller's: `pack` turns weights into
// packed_bytes (or, for weight gradients, the gradient back); empty when the layouts agree.
struct Packed {
    Primitive main;
    Primitive pack;
    size_t packed_bytes = 0;
};

struct Epilogue {
    bool bias = false;
    bool relu = false;
    bool accumulate = false;
};

// On how many threads a primitive runs: as many as there are, which may change the order of its sums,
// or one, so that several of them can run side by side.
enum class Threads { all, one };

// Each maker gives an empty primitive when oneDNN has no kernel for it; throws BackendError when
// oneDNN fails otherwise. Where oneDNN's threads cannot be told their number, there are no primitives
// of one thread.

// Pointers: a, b, c, bias. Dims of rank 3 (batch, rows, columns).
Packed matmul(DType dtype, const Layout& a, const Layout& b, const Layout& c, Epilogue epilogue,
              Threads threads = Threads::all);

enum class ConvPass { forward, backward_data, backward_weights };
struct Conv {
    ConvPass pass;
    DType dtype;
    Layout source, weights, result;  // weights: (groups,) out, in, spatial
    std::vector<int64_t> stride, dilation, pad_low, pad_high;  // dilation 1: dense
    Epilogue epilogue;                                         // forward only
};
// Pointers: source, weights, result, bias; gradients take their tensor's place.
Packed convolution(const Conv& conv, Threads threads = Threads::all);

}  // namespace cornu::native::onednn
