// The nodes between some KerasTensors and others, in the order in which Keras goes through them.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "cornu/ops/symbolic.h"

namespace cornu {

// One KerasTensor, by where it comes from: handles of the same value may be different tensors.
struct TensorKey {
    const SymbolicNode* node;
    size_t index;
    friend bool operator==(const TensorKey&, const TensorKey&) = default;
    friend auto operator<=>(const TensorKey&, const TensorKey&) = default;
};
TensorKey key_of(const Tensor& tensor);   // throws ValueError unless it is a KerasTensor

struct FunctionGraph {
    using Node = std::shared_ptr<SymbolicNode>;
    std::vector<Node> nodes;              // each after those that it needs
    std::vector<std::vector<Node>> by_depth;   // the same, deepest (nearest to the inputs) first
    std::vector<std::shared_ptr<Operation>> operations;   // deepest first, then as first met from the outputs

    std::unordered_map<const Operation*, std::vector<Node>> calls;   // of each operation, in order of calling

    // Position of a node among those of its operation that belong to the graph, as configs count.
    size_t index_in_graph(const SymbolicNode* node) const;
};

// Throws ValueError when an output does not follow from the inputs, or two operations have one name.
FunctionGraph map_graph(const Tensors& inputs, const Tensors& outputs);

}  // namespace cornu
