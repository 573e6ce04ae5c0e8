#include "cornu/layers/preprocessing/category_encoding.h"

#include "cornu/layers/preprocessing/categories.h"
#include "cornu/ops/elementwise.h"

namespace cornu::layers {

namespace {

class CategoryEncodingLayer final : public ConfiguredLayer<CategoryEncodingConfig> {
public:
    explicit CategoryEncodingLayer(CategoryEncodingConfig config) : ConfiguredLayer("CategoryEncoding", std::move(config)) {
        using enum CategoryMode;
        mode_ = parse_category_mode(config_.output_mode, {one_hot, multi_hot, count});
        config_.output_mode = name_of(mode_);
        refuse_sparse(config_.sparse);
        set_autocast(false);   // a narrow type would round large numbers
    }
    using CustomLayer::call;
    Tensor call(const Tensor& x, const Call& call) override {
        if (x.dtype() == DType::string || is_complex(x.dtype())) throw DTypeError(str("the layer takes integers. Received: ", x.spec()));
        Tensor weights;
        if (const auto given = call.others.find("count_weights"); given != call.others.end() && given->second.leaf().defined()) {
            if (mode_ != CategoryMode::count) throw ValueError(str("`count_weights` is not used when `output_mode` is not `'count'`. Received: output_mode=", config_.output_mode));
            weights = ops::cast(given->second.leaf(), compute_dtype());
        }
        return encode_categories(x, mode_, config_.num_tokens, compute_dtype(), weights);
    }

private:
    CategoryMode mode_;
};

}  // namespace

void CategoryEncodingConfig::describe(Schema<CategoryEncodingConfig>& s) {
    using C = CategoryEncodingConfig;
    describe_layer(s);
    s.field<&C::num_tokens>("Number of categories.").positive();
    s.field<&C::output_mode>("multi_hot, one_hot or count.");
    s.field<&C::sparse>("Refused when true.").hidden();
}

CategoryEncoding::CategoryEncoding(CategoryEncodingConfig config) : Layer(std::make_shared<CategoryEncodingLayer>(std::move(config))) {}

}  // namespace cornu::layers
