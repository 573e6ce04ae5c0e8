// The symbolic mode: calls on KerasTensors are not carried out but remembered as nodes, from which a
// Functional model is made. A node's operation is an op with its attributes or a layer.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "cornu/ops/apply.h"
#include "cornu/tensor/structure.h"

namespace cornu {

// An optional bool that reads as false when not given: `if (call.training)`.
class Flag {
public:
    Flag() = default;
    Flag(bool value) : value_(value) {}
    explicit operator bool() const { return value_.value_or(false); }
    bool given() const { return value_.has_value(); }

private:
    std::optional<bool> value_;
};

// What comes with a call besides its inputs: the arguments of Keras's layers under Keras's names.
struct Call {
    Flag training = {};                 // not given: as the layer around it, else false
    Structure mask = {};                // one per input, or none
    Structure initial_state = {};       // of recurrent layers
    Structure attention_mask = {};      // of attention layers: where a query may look, (batch, Tq, Tv)
    Flag use_causal_mask = {};          // of attention layers: a query looks only back
    Flag return_attention_scores = {};  // of attention layers: gives [output, scores]
    std::map<std::string, Structure> others = {};   // tensors for a layer of one's own, by name

    // Visits every argument as (name, Flag&) or (name, Structure&), sorted by name, as Keras keeps
    // them: what stores, copies or writes calls goes through here.
    template <class F> void visit(F&& f) { visit_arguments(*this, f); }
    template <class F> void visit(F&& f) const { visit_arguments(*this, f); }
    template <class F> void visit_tensors(F&& f) { visit(only_tensors(f)); }
    template <class F> void visit_tensors(F&& f) const { visit(only_tensors(f)); }

private:
    template <class F> static auto only_tensors(F& f) {
        return [&f](std::string_view name, auto& value) {
            if constexpr (std::is_same_v<std::remove_const_t<std::remove_reference_t<decltype(value)>>, Structure>) f(name, value);
        };
    }
    template <class Self, class F> static void visit_arguments(Self& self, F&& f);
};

template <class Self, class F>
void Call::visit_arguments(Self& self, F&& f) {
    auto other = self.others.begin();
    const auto next = [&](std::string_view name, auto& value) {
        for (; other != self.others.end() && other->first.compare(name) < 0; ++other) f(std::string_view(other->first), other->second);
        f(name, value);
    };
    next("attention_mask", self.attention_mask);
    next("initial_state", self.initial_state);
    next("mask", self.mask);
    next("return_attention_scores", self.return_attention_scores);
    next("training", self.training);
    next("use_causal_mask", self.use_causal_mask);
    for (; other != self.others.end(); ++other) f(std::string_view(other->first), other->second);
}

// What a node calls: a layer or an op. Lives as long as any tensor that came from it.
class CORNU_API Operation {
public:
    virtual ~Operation() = default;
    virtual const std::string& operation_name() const = 0;
    // Does what the node stands for, on other inputs.
    virtual Structure call_operation(const Structure& inputs, const Call& call) = 0;
    size_t call_count() const { return calls_; }   // nodes made of it so far

private:
    friend CORNU_API Structure add_symbolic_node(std::shared_ptr<Operation>, Structure, Call, SpecTree);
    size_t calls_ = 0;
};

struct CORNU_API SymbolicNode {
    std::shared_ptr<Operation> operation;
    Structure inputs;          // KerasTensors, and constants of op nodes
    Call call;
    SpecTree outputs;
    size_t index = 0;          // which of the operation's calls it is, as in Keras's histories

    ~SymbolicNode();           // frees a long chain of nodes without recursion
    // The KerasTensors among inputs and the call's arguments, in Keras's order.
    Tensors input_tensors() const;
};

// Where a KerasTensor comes from; an input's node has no operation until InputLayer takes it.
class CORNU_API SymbolicOrigin final : public Origin {
public:
    SymbolicOrigin(std::shared_ptr<SymbolicNode> node, size_t index) : node_(std::move(node)), index_(index) {}
    Mode& mode() const override;
    bool symbolic() const override { return true; }
    std::string describe() const override;
    const std::shared_ptr<SymbolicNode>& node() const { return node_; }
    size_t index() const { return index_; }   // which of the node's flattened outputs

private:
    std::shared_ptr<SymbolicNode> node_;
    size_t index_;
};

// The outputs of a new node, nested as `outputs` says.
CORNU_API Structure add_symbolic_node(std::shared_ptr<Operation> operation, Structure inputs, Call call, SpecTree outputs);
CORNU_API const SymbolicOrigin& symbolic_origin(const Tensor& tensor);  // throws unless it is a KerasTensor

// An op as an operation: what Keras writes as a node of class "Relu", "Add", ….
class CORNU_API OpCall final : public Operation {
public:
    OpCall(const Op& op, Attrs attrs, std::string name = {});   // "relu", "relu_1", … when empty
    const std::string& operation_name() const override { return name_; }
    Structure call_operation(const Structure& inputs, const Call& call) override;
    const Op& op() const { return op_; }
    const Attrs& attrs() const { return attrs_; }
    void set_name(std::string name) { name_ = std::move(name); }

private:
    const Op& op_;
    Attrs attrs_;
    std::string name_;
};

}  // namespace cornu
