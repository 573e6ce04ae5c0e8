// What compile takes: one loss, a list by output, or a dict by output name; the same for weights and
// metrics.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cornu/losses/loss.h"
#include "cornu/metrics/metric.h"
#include "cornu/tensor/structure.h"

namespace cornu {

// A Tree that also reads as one writes it in braces: {"mse", "mae"} is a list, {{"a", "mse"}} a dict.
template <class Leaf>
class ArgumentTree : public Tree<Leaf> {
public:
    using Base = Tree<Leaf>;
    using Named = std::pair<const std::string, ArgumentTree>;

    ArgumentTree() = default;
    ArgumentTree(Base tree) : Base(std::move(tree)) {}
    template <class T>
        requires(std::convertible_to<T, Leaf> && !std::derived_from<std::decay_t<T>, Base>)
    ArgumentTree(T&& leaf) : Base(Leaf(std::forward<T>(leaf))) {}
    ArgumentTree(std::initializer_list<Leaf> leaves) : Base(typename Base::List(leaves.begin(), leaves.end())) {}
    ArgumentTree(std::initializer_list<Named> items) : Base(dict_of(items)) {}
    ArgumentTree(const std::vector<Leaf>& leaves) : Base(leaves) {}

private:
    static typename Base::Dict dict_of(std::initializer_list<Named> items) {
        typename Base::Dict dict;
        for (const auto& [name, item] : items) dict.emplace(name, static_cast<const Base&>(item));
        return dict;
    }
};

using LossTree = ArgumentTree<Loss>;
using MetricTree = ArgumentTree<Metric>;
using WeightTree = ArgumentTree<double>;

// Weights by output, or none; read from the same braces.
struct OptionalWeights : std::optional<WeightTree> {
    OptionalWeights() = default;
    OptionalWeights(WeightTree weights) : optional(std::move(weights)) {}
    OptionalWeights(std::initializer_list<double> leaves) : optional(WeightTree(leaves)) {}
    OptionalWeights(std::initializer_list<WeightTree::Named> items) : optional(WeightTree(items)) {}
};

}  // namespace cornu
