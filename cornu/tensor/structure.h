// Structure: nested inputs, outputs, masks, losses and data: a leaf, a list, or a dict. Leaves are
// visited in the order of keras.tree.flatten (dict keys sorted).
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cornu/base/error.h"
#include "cornu/tensor/tensor.h"

namespace cornu {

template <class Leaf>
class Tree {
public:
    using List = std::vector<Tree>;
    using Dict = std::map<std::string, Tree>;

    Tree() = default;  // a leaf without a value
    Tree(Leaf leaf) : value_(std::move(leaf)) {}
    template <class T>
        requires(std::convertible_to<T, Leaf> && !std::same_as<std::decay_t<T>, Leaf> &&
                 !std::same_as<std::decay_t<T>, Tree>)
    Tree(T&& leaf) : value_(Leaf(std::forward<T>(leaf))) {}
    Tree(List list) : value_(std::move(list)) {}
    Tree(Dict dict) : value_(std::move(dict)) {}
    Tree(const std::vector<Leaf>& leaves) : value_(List(leaves.begin(), leaves.end())) {}
    Tree(std::initializer_list<Tree> items) : value_(List(items)) {}
    Tree(std::initializer_list<std::pair<const std::string, Tree>> items) : value_(Dict(items)) {}

    bool is_leaf() const { return value_.index() == 0; }
    bool is_list() const { return value_.index() == 1; }
    bool is_dict() const { return value_.index() == 2; }
    const Leaf& leaf() const { return get<0>("one value"); }
    Leaf& leaf() { return const_cast<Leaf&>(std::as_const(*this).leaf()); }
    const List& list() const { return get<1>("a list"); }
    const Dict& dict() const { return get<2>("a dict"); }

    template <class F>
    void for_each(F&& f) const {  // leaves in order
        if (is_leaf()) f(leaf());
        else if (is_list()) for (const Tree& item : list()) item.for_each(f);
        else for (const auto& [key, item] : dict()) item.for_each(f);
    }
    std::vector<Leaf> flatten() const {
        std::vector<Leaf> out;
        for_each([&](const Leaf& leaf) { out.push_back(leaf); });
        return out;
    }
    size_t leaf_count() const {
        size_t n = 0;
        for_each([&](const Leaf&) { ++n; });
        return n;
    }
    // The same nesting with `f(leaf)` in place of each leaf.
    template <class F>
    auto map(F&& f) const -> Tree<std::decay_t<decltype(f(std::declval<const Leaf&>()))>> {
        using Out = Tree<std::decay_t<decltype(f(std::declval<const Leaf&>()))>>;
        if (is_leaf()) return Out(f(leaf()));
        if (is_list()) {
            typename Out::List items;
            for (const Tree& item : list()) items.push_back(item.map(f));
            return Out(std::move(items));
        }
        typename Out::Dict items;
        for (const auto& [key, item] : dict()) items.emplace(key, item.map(f));
        return Out(std::move(items));
    }
    // The same nesting with other leaves, taken in order.
    template <class Other>
    Tree<Other> pack(const std::vector<Other>& leaves) const {
        size_t next = 0;
        Tree<Other> out = map([&](const Leaf&) {
            CORNU_CHECK(next < leaves.size(), "too few leaves");
            return leaves[next++];
        });
        CORNU_CHECK(next == leaves.size(), "too many leaves");
        return out;
    }

private:
    template <size_t I>
    const auto& get(const char* wanted) const {
        if (value_.index() != I)
            throw ValueError(str("expected ", wanted, ". Received: ",
                                 is_leaf() ? "one value" : is_list() ? "a list" : "a dict"));
        return std::get<I>(value_);
    }
    std::variant<Leaf, List, Dict> value_;
};

using Structure = Tree<Tensor>;
using ShapeTree = Tree<Shape>;
using SpecTree = Tree<Spec>;

}  // namespace cornu
