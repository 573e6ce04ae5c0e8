// A compiled graph: the calls in order, each with its lowering found and its bodies compiled.
#pragma once

#include "cornu/backend/profile.h"
#include "cornu/backends/torch/lowering.h"

namespace cornu::torch {

class Program {
public:
    // `graph` is prepared: static, simplified, of supported calls only.
    Program(const Graph& graph, Backend& backend, at::Device device);
    // Carriers in, carriers out. Results may be views of inputs or constants. A result may be
    // written over an input that the graph donates to it and that `writable` (by input) marks.
    Values run(const Values& inputs, const std::vector<char>& writable = {}) const;
    // By output: the input whose memory it may take over, or -1.
    const std::vector<int32_t>& donated() const { return donated_; }

    const Specs& in() const { return in_; }
    const Specs& out() const { return out_; }
    size_t constant_bytes() const;
    size_t calls() const { return steps_.size(); }
    std::string to_string() const;

private:
    struct Step {
        const Op* op;
        Attrs attrs;
        const Lowering* lowering;
        Specs in, out;            // as the graph has them
        Specs seen_in, seen_out;  // as the function sees them
        bool adapts = false;      // whether the two differ
        std::vector<ValueId> arguments, results;
        std::vector<char> last_use;  // of each argument
        std::shared_ptr<const ProfileLabel> label;
        std::vector<std::shared_ptr<const Program>> bodies;
    };
    Values call(const Step& step, Values& in) const;
    void run_step(const Step& step, Values& values, Values& in) const;
    const at::Tensor& value_of(ValueId id, const Values& values) const {
        const auto i = static_cast<size_t>(id);
        return constants_[i].defined() ? constants_[i] : values[i];
    }

    // Element-wise calls one after the other, on arrays of one shape: run block by block, so that
    // what lies between them stays in the processor's cache (chains.cpp).
    struct Chain {
        size_t first, count;
        std::vector<ValueId> in;       // from before: of the chain's shape, or of one element
        std::vector<char> whole;       // whether in[i] is of the shape
        std::vector<ValueId> out;      // needed after it
        std::vector<Specs> out_specs;  // of each call, of a whole block
        std::vector<std::vector<size_t>> slots;   // of each call's arguments: `in`, then results
        std::vector<std::vector<char>> last_use;  // of those, within the chain
        std::vector<size_t> out_slots;
        std::vector<int32_t> over;  // of each result: the program's input to write it over, or -1
        Shape shape;
    };
    void find_chains();
    int32_t input_to_write_over(ValueId result, const Chain& chain, size_t end) const;
    // False: it must be run call by call.
    bool run_chain(const Chain& chain, Values& values, const std::vector<char>& writable) const;

    Backend& backend_;
    at::Device device_;
    std::vector<Step> steps_;
    std::vector<Chain> chains_;
    std::vector<at::Tensor> constants_;  // by value; undefined where there is none
    std::vector<ValueId> inputs_, outputs_;
    Specs in_, out_;
    std::vector<int32_t> donated_;
};

// Between tensors and carriers. A value that came from LibTorch goes back as it is; others are seen
// where they lie (on a processor) or copied to the device.
at::Tensor to_carrier(const Tensor& tensor, at::Device device);
// Takes over x's memory if nobody else holds it, else a copy.
Tensor from_carrier(at::Tensor x, const Spec& spec, Backend& backend);

}  // namespace cornu::torch
