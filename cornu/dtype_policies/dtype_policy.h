// DTypePolicy: in which dtype a layer computes and in which it keeps its weights, as in Keras.
#pragma once

#include <string>

#include "cornu/base/schema.h"
#include "cornu/tensor/dtype.h"

namespace cornu {

class CORNU_API DTypePolicy {
public:
    DTypePolicy() = default;                    // the global policy, looked up when first asked
    DTypePolicy(const char* name) : DTypePolicy(std::string(name)) {}
    DTypePolicy(std::string name);              // "float32", "mixed_bfloat16", "mixed_float16", "int32", …
    DTypePolicy(DType dtype);

    bool is_default() const { return name_.empty(); }
    DTypePolicy resolved() const;               // the global one in place of the default
    std::string name() const;
    DType compute_dtype() const;
    DType variable_dtype() const;
    friend bool operator==(const DTypePolicy& a, const DTypePolicy& b) { return a.name() == b.name(); }

private:
    std::string name_;
};

namespace config {
CORNU_API DTypePolicy dtype_policy();                      // the global policy; floatx unless set
CORNU_API void set_dtype_policy(const DTypePolicy& policy);
}  // namespace config

// {"module": "keras", "class_name": "DTypePolicy", …}, as Keras writes it; a plain name is read too.
template <> struct CORNU_API Codec<DTypePolicy> {
    static Json encode(const DTypePolicy& v);
    static void decode(const Json& j, DTypePolicy& v);
};

}  // namespace cornu
