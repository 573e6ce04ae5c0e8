#include "cornu/constraints/constraint.h"

#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/ops/reduction.h"
#include "cornu/tensor/configured_function.h"
#include "cornu/tensor/context.h"

namespace cornu {

namespace {

struct NoConfig {
    static void describe(Schema<NoConfig>&) {}
};

Tensor norms_of(const Tensor& w, const Axes& axis) { return ops::sqrt(ops::sum(ops::square(w), axis, true)); }
// A norm of zero stays one of zero.
Tensor guarded(const Tensor& norms) { return Context::current().epsilon() + norms; }

Tensor max_norm(const constraints::MaxNormConfig& c, const Tensor& w) {
    const Tensor norms = norms_of(w, c.axis);
    return w * (ops::clip(norms, 0.0, c.max_value) / guarded(norms));
}
Tensor non_neg(const NoConfig&, const Tensor& w) { return ops::maximum(w, 0.0); }
Tensor unit_norm(const constraints::UnitNormConfig& c, const Tensor& w) { return w / guarded(norms_of(w, c.axis)); }
Tensor min_max_norm(const constraints::MinMaxNormConfig& c, const Tensor& w) {
    const Tensor norms = norms_of(w, c.axis);
    const Tensor desired = c.rate * ops::clip(norms, c.min_value, c.max_value) + (1 - c.rate) * norms;
    return w * (desired / guarded(norms));
}

template <class Config>
using Entry = FunctionClass<CustomConstraint, Config>;
constexpr Entry<constraints::MaxNormConfig> max_norm_entry{"constraints", "MaxNorm", max_norm};
constexpr Entry<NoConfig> non_neg_entry{"constraints", "NonNeg", non_neg};
constexpr Entry<constraints::UnitNormConfig> unit_norm_entry{"constraints", "UnitNorm", unit_norm};
constexpr Entry<constraints::MinMaxNormConfig> min_max_norm_entry{"constraints", "MinMaxNorm", min_max_norm};

const std::vector<ObjectClass<CustomConstraint>>& family() {
    static const std::vector<ObjectClass<CustomConstraint>> classes = {
        max_norm_entry.item(),
        non_neg_entry.item(),
        unit_norm_entry.item(),
        min_max_norm_entry.item(),
    };
    return classes;
}

}  // namespace

Constraint::Constraint(const std::string& name) {
    if (!name.empty()) impl_ = find_object_class(family(), name, "constraint").make(Json::object());
}
Tensor Constraint::operator()(const Tensor& w) const {
    if (!impl_) throw ValueError("an empty constraint was called.");
    return (*impl_)(w);
}
std::function<Tensor(const Tensor&)> Constraint::function() const {
    if (!impl_) return {};
    return [impl = impl_](const Tensor& w) { return (*impl)(w); };
}

Json Codec<Constraint>::encode(const Constraint& v) {
    if (!v.defined()) return {};
    return write_object({.module = "keras.constraints", .class_name = v.shared()->class_name(), .registered_name = {}, .config = v.shared()->get_config()});
}
void Codec<Constraint>::decode(const Json& j, Constraint& v) {
    v = {};
    if (j.is_null()) return;
    const SerializedObject object = read_object(j, "a constraint");
    v = Constraint(find_object_class(family(), object.class_name, "constraint").make(object.config));
}

namespace constraints {

void MaxNormConfig::describe(Schema<MaxNormConfig>& s) {
    s.field<&MaxNormConfig::max_value>("The greatest norm.").non_negative();
    s.field<&MaxNormConfig::axis>("The axes along which norms are taken.");
}
void UnitNormConfig::describe(Schema<UnitNormConfig>& s) { s.field<&UnitNormConfig::axis>("The axes along which norms are taken."); }
void MinMaxNormConfig::describe(Schema<MinMaxNormConfig>& s) {
    s.field<&MinMaxNormConfig::min_value>("The least norm.").non_negative();
    s.field<&MinMaxNormConfig::max_value>("The greatest norm.").non_negative();
    s.field<&MinMaxNormConfig::rate>("Which part of the way each update goes.");
    s.field<&MinMaxNormConfig::axis>("The axes along which norms are taken.");
}

MaxNorm::MaxNorm(MaxNormConfig config) : Constraint(max_norm_entry.make(std::move(config))) {}
NonNeg::NonNeg() : Constraint(non_neg_entry.make({})) {}
UnitNorm::UnitNorm(UnitNormConfig config) : Constraint(unit_norm_entry.make(std::move(config))) {}
MinMaxNorm::MinMaxNorm(MinMaxNormConfig config) : Constraint(min_max_norm_entry.make(std::move(config))) {}

}  // namespace constraints
}  // namespace cornu
