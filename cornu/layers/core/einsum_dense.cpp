#include "cornu/layers/core/einsum_dense.h"

#include <map>

#include "cornu/layers/core/lora.h"
#include "cornu/ops/einsum.h"
#include "cornu/ops/elementwise.h"

namespace cornu::layers {

namespace {

// An equation taken apart: the letters of its three terms and where "..." stands.
struct Terms {
    std::string input, weight, output;
    bool left_elided = false, right_elided = false;
};

struct EinsumShapes {
    Shape kernel;
    std::optional<Shape> bias;
    std::vector<int64_t> input_axes, output_axes;   // of the kernel
};

Terms parse(const std::string& equation) {
    const auto wrong = [&] {
        throw ValueError(str("Invalid einsum equation '", equation,
                             "'. Equations must be in the form [X],[Y]->[Z], ...[X],[Y]->...[Z], or [X]...,[Y]->[Z]...."));
    };
    const size_t comma = equation.find(','), arrow = equation.find("->");
    if (comma == equation.npos || arrow == equation.npos || comma > arrow) wrong();
    Terms terms{equation.substr(0, comma), equation.substr(comma + 1, arrow - comma - 1), equation.substr(arrow + 2)};
    const auto strip = [](std::string& term, bool left) {
        if (left ? term.rfind("...", 0) != 0 : term.size() < 3 || term.compare(term.size() - 3, 3, "...") != 0) return false;
        term = left ? term.substr(3) : term.substr(0, term.size() - 3);
        return true;
    };
    const bool left_in = strip(terms.input, true), left_out = strip(terms.output, true);
    const bool right_in = !left_in && strip(terms.input, false), right_out = !left_out && strip(terms.output, false);
    if (left_in != left_out || right_in != right_out) wrong();
    terms.left_elided = left_in;
    terms.right_elided = right_in;
    for (const std::string* term : {&terms.input, &terms.weight, &terms.output})
        if (term->empty() || !std::all_of(term->begin(), term->end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); })) wrong();
    return terms;
}

EinsumShapes analyze(const std::string& equation, const std::optional<std::string>& bias_axes, const Shape& input, const Shape& partial_output) {
    const Terms terms = parse(equation);
    const int64_t elided = input.rank() - static_cast<int64_t>(terms.input.size());
    if (elided < 0 || (elided > 0 && !terms.left_elided && !terms.right_elided))
        throw ShapeError(str("the equation '", equation, "' does not fit the rank of the input. Received: input_shape=", input));
    Shape output = partial_output.with_front(input[0]);
    const int64_t left = terms.left_elided ? elided : 0;
    for (int64_t i = 1; i < left; ++i) output.insert(1, input[i]);
    if (!terms.left_elided)
        for (int64_t i = input.rank() - elided; i < input.rank(); ++i) output.push_back(input[i]);

    std::map<char, int64_t> in_size, out_size;
    for (size_t i = 0; i < terms.input.size(); ++i) in_size[terms.input[i]] = input[left + static_cast<int64_t>(i)];
    for (size_t i = 0; i < terms.output.size(); ++i) {
        const int64_t axis = left + static_cast<int64_t>(i);
        if (axis >= output.rank())
            throw ShapeError(str("`output_shape` has too few dimensions for the equation '", equation, "'. Received: output_shape=", partial_output));
        out_size[terms.output[i]] = output[axis];
    }
    for (const auto& [letter, size] : in_size)
        if (const auto out = out_size.find(letter); out != out_size.end() && out->second != None && out->second != size)
            throw ShapeError(str("Input shape and output shape do not match at shared dimension '", letter, "'. Input shape is ", size, ", and output shape is ",
                                 out->second, "."));
    for (const char letter : terms.output)
        if (!in_size.count(letter) && terms.weight.find(letter) == terms.weight.npos)
            throw ValueError(str("Dimension '", letter, "' was specified in the output '", terms.output, "' but has no corresponding dim in the input spec '",
                                 terms.input, "' or weight spec '", terms.weight, "'"));
    EinsumShapes shapes;
    for (size_t i = 0; i < terms.weight.size(); ++i) {
        const char letter = terms.weight[i];
        if (out_size.count(letter)) {
            shapes.kernel.push_back(out_size[letter]);
            shapes.output_axes.push_back(static_cast<int64_t>(i));
        } else if (in_size.count(letter)) {
            shapes.kernel.push_back(in_size[letter]);
            shapes.input_axes.push_back(static_cast<int64_t>(i));
        } else {
            throw ValueError(str("Weight dimension '", letter, "' did not have a match in either the input spec '", terms.input, "' or the output spec '",
                                 terms.output, "'. For this layer, the weight must be fully specified."));
        }
    }
    if (!bias_axes) return shapes;
    for (const char letter : *bias_axes)
        if (!out_size.count(letter))
            throw ValueError(str("Bias dimension '", letter, "' was requested, but is not part of the output spec '", terms.output, "'"));
    const size_t first = terms.output.find_first_of(*bias_axes);
    shapes.bias.emplace();
    for (const char letter : terms.output.substr(std::min(first, terms.output.size())))
        shapes.bias->push_back(bias_axes->find(letter) != std::string::npos ? out_size[letter] : 1);
    if (!terms.left_elided)
        for (int64_t i = 0; i < elided; ++i) shapes.bias->push_back(1);
    return shapes;
}

class EinsumDenseLayer final : public ConfiguredLayer<EinsumDenseConfig>, public LowRankAdapted {
public:
    explicit EinsumDenseLayer(EinsumDenseConfig config) : ConfiguredLayer("EinsumDense", std::move(config)) {
        resolve(config_.kernel_initializer, config_.bias_initializer);
        refuse_quantization(config_.quantization_config);
    }

    Json get_config() const override {
        Json config = ConfiguredLayer::get_config();
        write_lora(config);
        return config;
    }

    void build(const Shape& input) override {
        const EinsumShapes shapes = analyze(config_.equation, config_.bias_axes, input, config_.output_shape);
        set_input_spec({.ndim = input.rank()});
        Initializer initializer = config_.kernel_initializer;   // fans are counted by the equation
        if (initializer.shared())
            if (auto with_axes = initializer.shared()->with_axes(shapes.input_axes, shapes.output_axes)) initializer = Initializer(std::move(with_axes));
        kernel_ = add_weight({.name = "kernel", .shape = shapes.kernel, .initializer = initializer,
                              .regularizer = config_.kernel_regularizer.function(), .constraint = config_.kernel_constraint.function()});
        if (shapes.bias)
            bias_ = add_weight({.name = "bias", .shape = *shapes.bias, .initializer = config_.bias_initializer,
                                .regularizer = config_.bias_regularizer.function(), .constraint = config_.bias_constraint.function()});
        start_lora(config_.lora_rank, config_.lora_alpha);
    }

    Tensor call(const Tensor& x, const Call&) override {
        Tensor y = ops::einsum(config_.equation, {x, adapted(kernel_)});
        if (bias_.defined()) y = y + bias_;
        return config_.activation(y);
    }

private:
    Target lora_target() const override { return {kernel_, "kernel", config_.kernel_regularizer.function(), config_.kernel_constraint.function() != nullptr}; }
    Variable kernel_, bias_;
};

}  // namespace

void EinsumDenseConfig::describe(Schema<EinsumDenseConfig>& s) {
    using C = EinsumDenseConfig;
    describe_layer(s);
    s.field<&C::output_shape>("The output's shape without the batch.");
    s.field<&C::equation>("What is summed.").non_empty();
    s.field<&C::activation>("Function of the result.");
    s.field<&C::bias_axes>("The output's letters that the bias runs over.");
    describe_kernel_and_bias(s);
    s.field<&C::lora_rank>("Rank of LoRA; null: none.").positive().omit_null();
    s.field<&C::lora_alpha>("What LoRA counts, times its rank.").omit_null();
    s.field<&C::quantization_config>("How weights are quantized; null only.");
}

EinsumDense::EinsumDense(EinsumDenseConfig config) : Layer(std::make_shared<EinsumDenseLayer>(std::move(config))) {}

}  // namespace cornu::layers
