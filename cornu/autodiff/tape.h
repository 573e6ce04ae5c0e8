// Gradients: a tape hears the calls made while it lives and plays them backwards. It works on any
// tensors, concrete or traced, so the same tape serves eager loops and compiled steps; a tape
// around another tape's gradient() gives gradients of gradients.
#pragma once

#include <functional>
#include <unordered_map>
#include <utility>

#include "cornu/ops/apply.h"
#include "cornu/tensor/variable.h"

namespace cornu {

class CORNU_API GradientTape final : private Listener, private ReadObserver {
public:
    GradientTape() = default;

    // d target / d source for each source; summed over the elements of `target`, or weighted by
    // `output_gradient` of the same shape. Undefined where nothing connects them. May be asked more
    // than once.
    Tensors gradient(const Tensor& target, const Tensors& sources, const Tensor& output_gradient = {});
    Tensors gradient(const Tensor& target, const Variables& sources, const Tensor& output_gradient = {});
    Tensors gradient(const Tensors& targets, const Tensors& sources, const Tensors& output_gradients);

private:
    struct Entry {
        const Op* op;
        Tensors in, out;
        Attrs attrs;
        std::string scope;
    };
    void on_call(const Op& op, const Tensors& in, const Tensors& out, const Attrs& attrs) override;
    void on_read(const Variable& variable, const Tensor& value) override;
    const StateScope* scope_ = StateScope::innermost();  // whose values it differentiates
    std::vector<Entry> entries_;
    std::unordered_map<const void*, Tensor> read_;  // the value that stood for each variable first
};

// fn(), and the gradients of its scalar result.
CORNU_API std::pair<Tensor, Tensors> value_and_grad(const std::function<Tensor()>& fn, const Variables& variables);

}  // namespace cornu
