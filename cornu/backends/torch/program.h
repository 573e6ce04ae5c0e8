// A compiled graph: the calls in order, each with its lowering found and its bodies compiled.
#pragma once

#include "cornu/backends/torch/lowering.h"

namespace cornu::torch {

class Program {
public:
    // `graph` is prepared: static, simplified, of supported calls only.
    Program(const Graph& graph, Backend& backend, at::Device device);
    // Carriers in, carriers out. Results may be views of inputs or constants.
    Values run(const Values& inputs) const;

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
        std::string scope;
        std::vector<std::shared_ptr<const Program>> bodies;
    };
    Values call(const Step& step, Values& in) const;

    Backend& backend_;
    at::Device device_;
    std::vector<Step> steps_;
    std::vector<at::Tensor> constants_;  // by value; undefined where there is none
    std::vector<ValueId> inputs_, outputs_;
    Specs in_, out_;
};

// Between tensors and carriers. A value that came from LibTorch goes back as it is; others are seen
// where they lie (on a processor) or copied to the device.
at::Tensor to_carrier(const Tensor& tensor, at::Device device);
// Takes over x's memory if nobody else holds it, else a copy.
Tensor from_carrier(at::Tensor x, const Spec& spec, Backend& backend);

}  // namespace cornu::torch
