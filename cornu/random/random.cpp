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
    return global_seed_generator().next();
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
Tensor shuffle(const Tensor& x, int64_t axis, const Seed& seed) { return permutation(seed.draw(), x, axis); }

}  // namespace cornu::random
