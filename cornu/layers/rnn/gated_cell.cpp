#include "cornu/layers/rnn/gated_cell.h"

#include "cornu/initializers/initializers.h"
#include "cornu/layers/regularization/noise.h"
#include "cornu/ops/contraction.h"
#include "cornu/ops/creation.h"

namespace cornu::layers {

void RecurrentDropout::begin(const Shape& x, double rate, const Shape& h, double recurrent_rate, int64_t masks, DType dtype, bool training, bool all) {
    const auto draw = [&](const Shape& shape, double share) {
        Tensors drawn;
        for (int64_t i = 0; share > 0 && i < masks; ++i) {
            const Tensor key = share < 1 ? generator.next() : Tensor();   // all is dropped without a draw
            if (training && shape.is_static() && (share < 1 || all)) drawn.push_back(dropout(ops::ones(shape, dtype), share, key, shape));
        }
        return drawn;
    };
    inputs = draw(x, rate);
    state = draw(h, recurrent_rate);
}

Tensor matmul_through_masks(const Tensor& x, const Tensors& masks, const Tensor& kernel) {
    return through_masks(x, masks, kernel, [](const Tensor& a, const Tensor& b) { return ops::matmul(a, b); });
}

namespace {

class ForgetBias final : public CustomInitializer {
public:
    explicit ForgetBias(Initializer bias) : bias_(std::move(bias)) {}
    Tensor operator()(const Shape& shape, DType dtype) override {
        const int64_t part = shape[0] / 4;
        return ops::concatenate({bias_({part}, dtype), ops::ones({part}, dtype), bias_({2 * part}, dtype)}).to_host();
    }
    std::string class_name() const override { return bias_.shared()->class_name(); }
    Json get_config() const override { return bias_.shared()->get_config(); }

private:
    Initializer bias_;
};

}  // namespace

Initializer with_forget_bias(const Initializer& bias) {
    if (!bias.defined()) throw ValueError("`unit_forget_bias` needs a `bias_initializer` for the other biases. Received: bias_initializer=None");
    return Initializer(std::make_shared<ForgetBias>(bias));
}

}  // namespace cornu::layers
