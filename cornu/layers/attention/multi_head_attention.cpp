#include "cornu/layers/attention/multi_head_attention.h"

#include "cornu/layers/attention/heads.h"

namespace cornu::layers {

namespace {

std::string letters(size_t first, size_t count) {
    std::string out;
    for (size_t i = 0; i < count; ++i) out += static_cast<char>('a' + first + i);
    return out;
}

// A projection of the last `bound` axes of an input, after `free` others, to `made` new ones.
struct Projection {
    std::string equation, made;
    Projection(int64_t free, int64_t bound, int64_t made_axes) {
        const auto f = static_cast<size_t>(free), b = static_cast<size_t>(bound);
        const std::string kept = letters(0, f), summed = letters(f, b);
        made = letters(f + b, static_cast<size_t>(made_axes));
        equation = kept + summed + "," + summed + made + "->" + kept + made;
    }
};

class MultiHeadAttentionLayer final : public HeadsLayer<MultiHeadAttentionConfig> {
public:
    explicit MultiHeadAttentionLayer(MultiHeadAttentionConfig config) : HeadsLayer("MultiHeadAttention", config, config.key_dim) {
        if (!config_.value_dim) config_.value_dim = config_.key_dim;
    }

    SpecTree compute_output_spec(const SpecTree& inputs, const Call& call) override {
        check_attention_inputs(inputs.map([](const Spec& spec) { return spec.shape; }), class_name());
        if (call.return_attention_scores) return CustomLayer::compute_output_spec(inputs, call);
        Shape shape = inputs.list()[0].leaf().shape;   // steps may be unknown, which a trace could not follow
        if (config_.output_shape) {
            shape.erase(shape.rank() - 1);
            for (const int64_t dim : *config_.output_shape) shape.push_back(dim);
        }
        return Spec{shape, compute_dtype()};
    }

private:
    void build_heads(const Shape& query, const Shape& value, const Shape& key) override {
        const int64_t heads = config_.num_heads;
        const auto project = [&](const char* attribute, const char* name, const Shape& input, int64_t size, const char* activation = nullptr) {
            const Projection p(input.rank() - 1, 1, 2);
            Shape output(std::vector<int64_t>(static_cast<size_t>(input.rank()) - 2, None));
            output.push_back(heads);
            output.push_back(size);
            return projection(attribute, name, p.equation, output, p.made, input, activation);
        };
        query_ = project("query_dense", "query", query, config_.key_dim);
        key_ = project("key_dense", "key", key, config_.key_dim);
        if (config_.use_gate) gate_ = project("_gate_dense", "gate", query, *config_.value_dim, "sigmoid");
        value_ = project("value_dense", "value", value, *config_.value_dim);
        make_equations(value.rank() + 1);

        const Shape made = config_.output_shape.value_or(Shape{query.back()});
        const Projection p(query.rank() - 1, 2, made.rank());
        Shape output(std::vector<int64_t>(static_cast<size_t>(query.rank()) - 2, None));
        for (const int64_t dim : made) output.push_back(dim);
        Shape input = query;
        input[input.rank() - 1] = heads;
        input.push_back(*config_.value_dim);
        output_ = projection("output_dense", "attention_output", p.equation, output, p.made, input);
    }

    // Axes of a projected tensor: batch, …, heads, features. Attention goes over `attention_axes`; the
    // others between are batch.
    void make_equations(int64_t rank) {
        std::vector<int64_t> axes;
        for (int64_t axis = 1; axis < rank - 2; ++axis) axes.push_back(axis);
        if (config_.attention_axes) {
            axes = *config_.attention_axes;
            for (int64_t& axis : axes) {
                const int64_t given = axis;
                if (axis < 0) axis += rank - 1;
                if (axis < 1 || axis >= rank - 2)
                    throw ValueError(str("`attention_axes` must lie between the batch and the features of the inputs, which have ", rank - 1, " axes. Received: ", given));
            }
        }
        config_.attention_axes = axes;
        const auto attends = [&](int64_t axis) { return std::find(axes.begin(), axes.end(), axis) != axes.end(); };
        const std::string target = letters(0, static_cast<size_t>(rank));
        std::string source, product;
        size_t next = static_cast<size_t>(rank);
        for (int64_t i = 0; i < rank; ++i) source += attends(i) ? letters(next++, 1) : target.substr(static_cast<size_t>(i), 1);
        for (int64_t i = 0; i < rank - 1; ++i)
            if (!attends(i)) product += target[static_cast<size_t>(i)];
        for (const int64_t axis : axes) product += target[static_cast<size_t>(axis)];
        for (const int64_t axis : axes) product += source[static_cast<size_t>(axis)];
        scores_equation_ = source + "," + target + "->" + product;
        combine_equation_ = product + "," + source + "->" + target;
        std::vector<int64_t> norm;
        const auto last = static_cast<int64_t>(product.size()), count = static_cast<int64_t>(axes.size());
        for (int64_t axis = last - count; axis < last; ++axis) norm.push_back(axis);
        make_softmax_and_dropout(Axes(norm));
    }

    Tensor scores(const Tensor& query, const Tensor& key) override { return ops::einsum(scores_equation_, {key, query}); }
    Tensor combine(const Tensor& weights, const Tensor& value) override { return ops::einsum(combine_equation_, {weights, value}); }
    int64_t score_axes() const override { return static_cast<int64_t>(config_.attention_axes->size()); }

    std::string scores_equation_, combine_equation_;
};

}  // namespace

void MultiHeadAttentionConfig::describe(Schema<MultiHeadAttentionConfig>& s) {
    using C = MultiHeadAttentionConfig;
    describe_layer(s);
    s.field<&C::num_heads>("How many heads.").positive();
    s.field<&C::key_dim>("Size of a head's query and key.").positive();
    s.field<&C::value_dim>("Size of a head's value; key_dim by default.").positive();
    s.field<&C::dropout>("The share of weights that training drops.").between(0, 1);
    s.field<&C::use_bias>("Whether projections have a bias.");
    s.field<&C::use_gate>("Whether heads are multiplied by a sigmoid of the query.");
    s.field<&C::output_shape>("Of one step; the query's by default.");
    s.field<&C::attention_axes>("The axes that attention goes over.");
    s.field<&C::sliding_window>("A query looks only at keys less than this far away.").positive();
    describe_heads(s);
}

MultiHeadAttention::MultiHeadAttention(MultiHeadAttentionConfig config) : Layer(std::make_shared<MultiHeadAttentionLayer>(std::move(config))) {}

}  // namespace cornu::layers
