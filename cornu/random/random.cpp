#include "cornu/random/random.h"

#include "cornu/ops/elementwise.h"
#include "cornu/tensor/context.h"

namespace cornu::random {

namespace {

DType float_dtype(const MaybeDType& dtype) { return dtype.value_or(Context::current().floatx()); }

Tensor scaled(const Tensor& x, double stddev, double mean) { return x * stddev + mean; }

}  // namespace

Tensor Seed::draw() const {
    if (seed_) return seed_key(*seed_);
    if (generator_.defined()) return generator_.next();
    return global_seed_generator().next(false);
}

Tensor uniform(const Shape& shape, double minval, double maxval, MaybeDType dtype, const Seed& seed) {
    return uniform(seed.draw(), shape, float_dtype(dtype), minval, maxval);
}
Tensor normal(const Shape& shape, double mean, double stddev, MaybeDType dtype, const Seed& seed) {
    return scaled(normal(seed.draw(), shape, float_dtype(dtype)), stddev, mean);
}
Tensor truncated_normal(const Shape& shape, double mean, double stddev, MaybeDType dtype, const Seed& seed) {
    return scaled(truncated_normal(seed.draw(), -2, 2, shape, float_dtype(dtype)), stddev, mean);
}
Tensor randint(const Shape& shape, int64_t minval, int64_t maxval, DType dtype, const Seed& seed) {
    return randint(seed.draw(), shape, Tensor(minval), Tensor(maxval), dtype);
}
Tensor categorical(const Tensor& logits, int64_t num_samples, DType dtype, const Seed& seed) {
    return ops::cast(categorical(seed.draw(), logits, num_samples), dtype);
}
Tensor dropout(const Tensor& inputs, double rate, const NoiseShape& noise_shape, const Seed& seed) {
    if (rate == 0) return inputs;
    return dropout(rate == 1 ? Tensor() : seed.draw(), inputs, rate, noise_shape_for(inputs, noise_shape));
}
Tensor shuffle(const Tensor& x, int64_t axis, const Seed& seed) { return permutation(seed.draw(), x, axis, true); }
Tensor gamma(const Shape& shape, const Tensor& alpha, MaybeDType dtype, const Seed& seed) {
    return gamma(seed.draw(), alpha, shape, float_dtype(dtype));
}
Tensor beta(const Shape& shape, const Tensor& alpha, const Tensor& b, MaybeDType dtype, const Seed& seed) {
    return beta(seed.draw(), alpha, b, shape, float_dtype(dtype));
}
Tensor binomial(const Shape& shape, const Tensor& counts, const Tensor& probabilities, MaybeDType dtype, const Seed& seed) {
    return binomial(seed.draw(), counts, probabilities, shape, float_dtype(dtype));
}

Shape noise_shape_for(const Tensor& inputs, const NoiseShape& noise_shape) {
    Shape noise = inputs.shape();
    if (!noise_shape) return noise;
    if (static_cast<int64_t>(noise_shape->size()) != inputs.rank())
        throw ShapeError(str("`noise_shape` must have one dimension per axis of the input. Received: ", noise_shape->size(),
                             " dimensions for an input of shape ", inputs.shape()));
    for (int64_t axis = 0; axis < noise.rank(); ++axis)
        if (const auto dim = (*noise_shape)[static_cast<size_t>(axis)]) noise[axis] = *dim;
    return noise;
}

}  // namespace cornu::random
