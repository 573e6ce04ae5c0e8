#include "cornu/regularizers/regularizer.h"

#include "cornu/ops/contraction.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/manipulation.h"
#include "cornu/ops/nn.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/configured_function.h"

namespace cornu {

namespace {

template <class Config>
using Entry = FunctionClass<CustomRegularizer, Config>;

Tensor l1(const regularizers::L1Config& c, const Tensor& x) { return c.l1 * ops::sum(ops::abs(x)); }
Tensor l2(const regularizers::L2Config& c, const Tensor& x) { return c.l2 * ops::sum(ops::square(x)); }
Tensor l1_l2(const regularizers::L1L2Config& c, const Tensor& x) {
    Tensor penalty;
    if (c.l1 != 0) penalty = c.l1 * ops::sum(ops::abs(x));
    if (c.l2 != 0) {
        const Tensor squares = c.l2 * ops::sum(ops::square(x));
        penalty = penalty.defined() ? penalty + squares : squares;
    }
    return penalty.defined() ? penalty : Tensor::full({}, 0, x.dtype());
}
Tensor orthogonal(const regularizers::OrthogonalRegularizerConfig& c, const Tensor& x) {
    if (x.rank() != 2) throw ShapeError(str("Inputs to OrthogonalRegularizer must have rank 2. Received: inputs.shape=", x.shape()));
    const bool rows = c.mode == "rows";
    const Tensor unit = ops::normalize(x, rows ? 1 : 0);
    const Tensor product = rows ? ops::matmul(unit, ops::transpose(unit)) : ops::matmul(ops::transpose(unit), unit);
    const int64_t n = x.shape()[rows ? 0 : 1];
    const Tensor others = product * (1.0 - ops::eye(n, n, 0, x.dtype()));
    const double pairs = static_cast<double>(n) * (static_cast<double>(n) - 1.0) / 2.0;
    return c.factor * 0.5 * ops::sum(ops::abs(others)) / pairs;
}

constexpr Entry<regularizers::L1Config> l1_entry{"regularizers", "L1", l1};
constexpr Entry<regularizers::L2Config> l2_entry{"regularizers", "L2", l2};
constexpr Entry<regularizers::L1L2Config> l1_l2_entry{"regularizers", "L1L2", l1_l2};
constexpr Entry<regularizers::OrthogonalRegularizerConfig> orthogonal_entry{"regularizers", "OrthogonalRegularizer", orthogonal};

const std::vector<ObjectClass<CustomRegularizer>>& family() {
    static const std::vector<ObjectClass<CustomRegularizer>> classes = {
        l1_entry.item(),
        l2_entry.item(),
        l1_l2_entry.item({"l1_l2"}),
        orthogonal_entry.item(),
    };
    return classes;
}

}  // namespace

Regularizer::Regularizer(const std::string& name) {
    if (!name.empty()) impl_ = find_object_class(family(), name, "regularizer").make(Json::object());
}
Tensor Regularizer::operator()(const Tensor& x) const {
    if (!impl_) throw ValueError("an empty regularizer was called.");
    return (*impl_)(x);
}
std::function<Tensor(const Tensor&)> Regularizer::function() const {
    if (!impl_) return {};
    return [impl = impl_](const Tensor& x) { return (*impl)(x); };
}

Json Codec<Regularizer>::encode(const Regularizer& v) {
    if (!v.defined()) return {};
    return write_object({.module = "keras.regularizers", .class_name = v.shared()->class_name(), .registered_name = {}, .config = v.shared()->get_config()});
}
void Codec<Regularizer>::decode(const Json& j, Regularizer& v) {
    v = {};
    if (j.is_null()) return;
    const SerializedObject object = read_object(j, "a regularizer");
    v = Regularizer(find_object_class(family(), object.class_name, "regularizer").make(object.config));
}

namespace regularizers {

void L1Config::describe(Schema<L1Config>& s) { s.field<&L1Config::l1>("Factor on the sum of magnitudes.").non_negative(); }
void L2Config::describe(Schema<L2Config>& s) { s.field<&L2Config::l2>("Factor on the sum of squares.").non_negative(); }
void L1L2Config::describe(Schema<L1L2Config>& s) {
    s.field<&L1L2Config::l1>("Factor on the sum of magnitudes.").non_negative();
    s.field<&L1L2Config::l2>("Factor on the sum of squares.").non_negative();
}
void OrthogonalRegularizerConfig::describe(Schema<OrthogonalRegularizerConfig>& s) {
    s.field<&OrthogonalRegularizerConfig::factor>("Factor on the penalty.").non_negative();
    s.field<&OrthogonalRegularizerConfig::mode>("What is to be orthogonal.").one_of({"rows", "columns"});
}

L1::L1(L1Config config) : Regularizer(l1_entry.make(config)) {}
L2::L2(L2Config config) : Regularizer(l2_entry.make(config)) {}
L1L2::L1L2(L1L2Config config) : Regularizer(l1_l2_entry.make(config)) {}
OrthogonalRegularizer::OrthogonalRegularizer(OrthogonalRegularizerConfig config) : Regularizer(orthogonal_entry.make(std::move(config))) {}

}  // namespace regularizers
}  // namespace cornu
