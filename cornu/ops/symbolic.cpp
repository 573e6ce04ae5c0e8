#include "cornu/ops/symbolic.h"

#include "cornu/tensor/context.h"

namespace cornu {

namespace {

// Lists of one length, then what is left over.
Structure in_lists(const Tensors& in, size_t lists) {
    const auto length = static_cast<std::ptrdiff_t>(in.size() / lists);
    Structure::List args;
    auto next = in.begin();
    for (size_t i = 0; i < lists; ++i, next += length) args.push_back(Structure(Tensors(next, next + length)));
    for (; next != in.end(); ++next) args.push_back(*next);
    return args;
}

class SymbolicMode final : public Mode {
public:
    Tensors apply(const Op& op, const Tensors& in, const Attrs& attrs) override {
        if (!op.keras)
            throw UnsupportedError(str("ops.", op.name, " is no public Keras op, so a Functional model cannot hold it as a node; "
                                       "call it inside a layer of your own."));
        const Specs specs = infer_specs(op, specs_of(in), attrs);
        // Keras gives an op its inputs one by one, or as one list where its signature says so.
        Structure args = op.traits.list_input ? in_lists(in, static_cast<size_t>(op.traits.list_input)) : Structure(in);
        std::vector<SpecTree> outputs(specs.begin(), specs.end());
        return add_symbolic_node(std::make_shared<OpCall>(op, attrs), std::move(args), {},
                                 outputs.size() == 1 ? outputs[0] : SpecTree(std::move(outputs)))
            .flatten();
    }
};

}  // namespace

Mode& SymbolicOrigin::mode() const {
    static SymbolicMode mode;
    return mode;
}

std::string SymbolicOrigin::describe() const {
    return str("a symbolic input of a Functional model (a KerasTensor from \"",
               node_->operation ? node_->operation->operation_name() : "an input", "\")");
}

// A node owns those before it through its inputs. The outermost destructor on this thread collects
// what the inner ones would free, so that a chain of any length needs no deep stack.
SymbolicNode::~SymbolicNode() {
    static thread_local std::vector<Structure>* pending = nullptr;
    std::vector<Structure> own;
    std::vector<Structure>& list = pending ? *pending : own;
    list.push_back(std::move(inputs));
    call.visit_tensors([&](std::string_view, Structure& tensors) { list.push_back(std::move(tensors)); });
    if (pending) return;
    pending = &own;
    while (!own.empty()) {
        const Structure next = std::move(own.back());
        own.pop_back();
    }
    pending = nullptr;
}

Tensors SymbolicNode::input_tensors() const {
    Tensors all;
    const auto add = [&](const Structure& tensors) {
        tensors.for_each([&](const Tensor& x) {
            if (x.defined() && x.symbolic()) all.push_back(x);
        });
    };
    add(inputs);
    call.visit_tensors([&](std::string_view, const Structure& tensors) { add(tensors); });
    return all;
}

Structure add_symbolic_node(std::shared_ptr<Operation> operation, Structure inputs, Call call, SpecTree outputs) {
    auto node = std::make_shared<SymbolicNode>();
    if (operation) node->index = operation->calls_++;
    node->operation = std::move(operation);
    node->inputs = std::move(inputs);
    node->call = std::move(call);
    node->outputs = std::move(outputs);
    size_t index = 0;
    return node->outputs.map([&](const Spec& spec) { return Tensor::made_by(std::make_shared<SymbolicOrigin>(node, index++), spec); });
}

const SymbolicOrigin& symbolic_origin(const Tensor& tensor) {
    if (!tensor.symbolic()) throw ValueError(str("a symbolic tensor (KerasTensor), as Input() returns, is needed here. Received: ", tensor));
    return static_cast<const SymbolicOrigin&>(*tensor.origin());
}

OpCall::OpCall(const Op& op, Attrs attrs, std::string name)
    : op_(op), attrs_(std::move(attrs)), name_(name.empty() ? Context::current().unique_name(op.name) : std::move(name)) {}

Structure OpCall::call_operation(const Structure& inputs, const Call&) {
    const Tensors out = apply(op_, inputs.flatten(), attrs_);
    return out.size() == 1 ? Structure(out[0]) : Structure(out);
}

}  // namespace cornu
