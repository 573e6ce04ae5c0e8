#include "cornu/dtype_policies/dtype_policy.h"

#include "cornu/base/serialized_object.h"
#include "cornu/tensor/context.h"

namespace cornu {

namespace {

struct GlobalPolicy {
    DTypePolicy policy;  // the default one until set
};

struct PolicyDTypes {
    DType compute, variable;
};

PolicyDTypes parse_policy(const std::string& name) {
    if (name == "mixed_float16") return {DType::float16, DType::float32};
    if (name == "mixed_bfloat16") return {DType::bfloat16, DType::float32};
    if (const auto dtype = find_dtype(name)) return {*dtype, *dtype};
    throw ValueError(str("Cannot convert '", name, "' to a mixed precision DTypePolicy. Valid policies include 'mixed_float16', "
                         "'mixed_bfloat16', and the name of any float dtype such as 'float32'."));
}

}  // namespace

DTypePolicy::DTypePolicy(std::string name) : name_(std::move(name)) { parse_policy(name_); }
DTypePolicy::DTypePolicy(DType dtype) : name_(cornu::name(dtype)) {}

DTypePolicy DTypePolicy::resolved() const { return is_default() ? config::dtype_policy() : *this; }
std::string DTypePolicy::name() const { return resolved().name_; }
DType DTypePolicy::compute_dtype() const { return parse_policy(name()).compute; }
DType DTypePolicy::variable_dtype() const { return parse_policy(name()).variable; }

namespace config {

DTypePolicy dtype_policy() {
    Context& context = Context::current();
    const DTypePolicy& set = context.state<GlobalPolicy>().policy;
    return set.is_default() ? DTypePolicy(context.floatx()) : set;
}

void set_dtype_policy(const DTypePolicy& policy) { Context::current().state<GlobalPolicy>().policy = policy; }

}  // namespace config

Json Codec<DTypePolicy>::encode(const DTypePolicy& v) {
    return write_object({.module = "keras", .class_name = "DTypePolicy", .registered_name = {}, .config = Json::object({{"name", v.name()}})});
}

void Codec<DTypePolicy>::decode(const Json& j, DTypePolicy& v) {
    if (j.is_null()) {
        v = {};
    } else if (j.is_string()) {
        v = DTypePolicy(j.as_string());
    } else {
        const SerializedObject object = read_object(j, "a dtype policy");
        if (object.class_name != "DTypePolicy" && object.class_name != "FloatDTypePolicy")
            throw UnsupportedError(str("dtype policies of class ", object.class_name, " (quantized weights) are not supported yet."));
        v = DTypePolicy(object.config["name"].as_string());
    }
}

}  // namespace cornu
