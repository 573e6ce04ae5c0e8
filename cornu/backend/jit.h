// jit: turns a function of tensors into one compiled program per input specs. Variables that it reads
// become the program's state; those that it assigns are updated in place.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "cornu/backend/backend.h"
#include "cornu/tensor/structure.h"
#include "cornu/tensor/variable.h"

namespace cornu {

// One function traced for one set of specs, and compiled.
class CORNU_API Program {
public:
    // `fn` takes the arguments as traced tensors; it may read and assign variables.
    Program(const std::function<Tensors(const Tensors&)>& fn, const Specs& specs, Backend& backend);

    // Runs on the arguments and the variables' current values; assigned variables are updated.
    // Results are reused as Executable::run says. A warm call allocates nothing of its own.
    void run(std::span<const Tensor* const> args, std::span<Tensor* const> results);
    Tensors operator()(const Tensors& args);

    const Graph& graph() const { return graph_; }          // as traced, before any pass
    const Executable& executable() const { return *executable_; }
    size_t result_count() const { return result_count_; }
    const Variables& state() const { return state_; }

private:
    Graph graph_;
    std::shared_ptr<Executable> executable_;
    Variables state_;                 // in the order of the graph's inputs after the arguments
    std::vector<size_t> assigned_;    // indices into state_, in the order of outputs after the results
    size_t arg_count_ = 0, result_count_ = 0;
    std::mutex mutex_;
    std::vector<const Tensor*> in_;
    std::vector<Tensor*> out_;
};

class CORNU_API Jit {
public:
    explicit Jit(std::function<Structure(const Structure&)> fn);
    // Runs line by line instead when a gradient tape listens, or inside another trace.
    Structure operator()(const Structure& args) const;

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

namespace detail {
template <class F, size_t... I>
Structure call_with_list(F& fn, const Structure& args, std::index_sequence<I...>) {
    return fn(args.list()[I].leaf()...);
}
template <class F, size_t N = 0>
constexpr size_t tensor_arity() {
    if constexpr (N > 12) return N;
    else if constexpr ([]<size_t... I>(std::index_sequence<I...>) {
                           return std::is_invocable_v<F&, decltype(I, std::declval<const Tensor&>())...>;
                       }(std::make_index_sequence<N>())) return N;
    else return tensor_arity<F, N + 1>();
}
}  // namespace detail

// auto step = jit([&](const Tensor& x, const Tensor& y) { … return loss; }); — called as the lambda is.
// A function of one Structure takes and returns nested values.
template <class F>
auto jit(F fn) {
    // A Tensor becomes a Structure by itself, so only a generic function is asked what it does with one.
    constexpr bool one_signature = requires { &F::operator(); };
    if constexpr (std::is_invocable_r_v<Structure, F&, const Structure&> && (one_signature || !std::is_invocable_v<F&, const Tensor&>)) {
        return Jit(std::function<Structure(const Structure&)>(std::move(fn)));
    } else {
        constexpr size_t arity = detail::tensor_arity<F>();
        static_assert(arity <= 12, "jit takes a function of tensors, or of one Structure");
        Jit compiled([fn = std::move(fn)](const Structure& args) mutable -> Structure {
            return detail::call_with_list(fn, args, std::make_index_sequence<arity>());
        });
        return [compiled](const std::convertible_to<Tensor> auto&... args) -> Tensor {
            static_assert(sizeof...(args) == arity, "as many tensors as the function takes");
            return compiled(Structure(Structure::List{Structure(Tensor(args))...})).leaf();
        };
    }
}

}  // namespace cornu
