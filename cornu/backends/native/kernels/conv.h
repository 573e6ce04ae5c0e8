// Convolutions of every dtype over 1 to 3 spatial axes, channels last: inputs (batch, spatial…,
// channels), weights (spatial…, in_channels / groups, out_channels), as Keras stores both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cornu/backends/native/kernels/onednn.h"
#include "cornu/tensor/dtype.h"

namespace cornu::native {

enum class ConvPass : uint8_t {
    forward,           // in: x, w (, bias); out: y
    backward_data,     // in: dy, w; out: dx. Also the forward pass of a transposed convolution
    backward_weights,  // in: x, dy; out: dw
};

struct ConvSpec {
    ConvPass pass = ConvPass::forward;
    DType dtype = DType::float32;
    int64_t batch = 1, in_channels = 0, out_channels = 0, groups = 1;
    std::vector<int64_t> input, kernel,
        output;                              // spatial sizes, of the forward pass for every pass
    std::vector<int64_t> stride, dilation;   // empty: ones
    std::vector<int64_t> pad_low, pad_high;  // empty: zeros; may differ and be negative
    std::vector<int64_t> input_dilation;     // empty: ones; zeros put between inputs
    bool bias = false, relu = false;         // forward only
    // run takes the weights as pack() left them: for weights that rarely change. Else it packs them
    // itself, into scratch.
    bool packed_weights = false;
    bool by_shape = false;  // work is cut by sizes, not by threads: the same bits for any number
};

// Prepared once, run many times without allocation of ours. An object serves one caller at a time.
class Conv {
public:
    // Throws ValueError when sizes don't fit together, DTypeError for int4 and string.
    explicit Conv(const ConvSpec& spec) : Conv(spec, onednn::Threads::all) {}

    size_t scratch_bytes() const { return scratch_bytes_; }
    // Size of the packed weights; 0 when run takes them as they are.
    size_t packed_bytes() const { return spec_.packed_weights ? library_.packed_bytes : 0; }
    void pack(const void* weights, void* packed, void* scratch);
    // in and out as ConvPass says; `scratch` holds scratch_bytes(), 64-byte aligned.
    void run(const void* const* in, void* const* out, void* scratch);
    bool uses_library() const { return pieces_.empty() ? static_cast<bool>(library_.main) : pieces_[0].uses_library(); }

private:
    using Function = void (*)(const ConvSpec&, const void* const* in, void* out);
    Conv(const ConvSpec& spec, onednn::Threads threads);
    void cut();
    void run_pieces(const void* const* in, void* const* out, void* scratch);

    ConvSpec spec_;
    onednn::Packed library_;
    std::vector<Conv> pieces_;  // of the batch, each on one thread
    std::vector<size_t> piece_scratch_;
    size_t partial_offset_ = 0;
    Function function_ = nullptr;
    size_t scratch_bytes_ = 0, packed_offset_ = 0;
};

}  // namespace cornu::native
