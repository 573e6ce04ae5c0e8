#include "cornu/layers/attention/heads.h"

#include "cornu/ops/creation.h"

namespace cornu::layers {

const CallSignature& attention_signature() {
    static const CallSignature signature{
        .inputs = {"query", "value", "key"},
        .others = {"query_mask", "value_mask", "key_mask", "attention_mask", "return_attention_scores", "training", "use_causal_mask"}};
    return signature;
}

void check_attention_inputs(const ShapeTree& shapes, const std::string& class_name) {
    const size_t count = shapes.is_list() ? shapes.list().size() : 1;
    if (count < 2 || count > 3)
        throw ValueError(str(class_name, " takes {query, value} or {query, value, key}. Received: ", count, " input(s)"));
    const Shape &query = shapes.list()[0].leaf(), &value = shapes.list()[1].leaf(), &key = shapes.list()[count - 1].leaf();
    for (const Shape* shape : {&query, &value, &key})
        if (shape->rank() < 3) throw ShapeError(str(class_name, ": inputs must have three axes or more, (batch, steps, …, features). Received: ", *shape));
    bool same = value.rank() == key.rank();
    for (int64_t axis = 1; same && axis < value.rank() - 1; ++axis) same = value[axis] == key[axis];
    if (!same)
        throw ShapeError(str("All dimensions of `value` and `key`, except the last one, must be equal. Received: value_shape=", value, " and key_shape=", key));
}

Tensor merged_attention_mask(const Structure& inputs, const Call& call, const std::optional<int64_t>& window) {
    const int64_t queries = inputs.list()[0].leaf().shape()[1], keys = inputs.list()[1].leaf().shape()[1];
    Tensor merged;
    const auto keep_to = [&](const Tensor& mask) { merged = merged.defined() ? ops::logical_and(merged, mask) : mask; };
    if (call.mask.is_list())
        for (size_t i = 0; i < call.mask.list().size(); ++i)
            if (const Tensor& mask = call.mask.list()[i].leaf(); mask.defined()) keep_to(ops::expand_dims(ops::cast(mask, DType::bool_), i == 0 ? -1 : -2));
    if (call.use_causal_mask) keep_to(ops::causal_mask(queries, keys));
    if (window) {
        const Shape shape{1, queries, keys};
        keep_to(ops::less(ops::abs(prim::iota(shape, 1, DType::int32) - prim::iota(shape, 2, DType::int32)), *window));
    }
    if (const Tensor given = call.attention_mask.is_leaf() ? call.attention_mask.leaf() : Tensor(); given.defined()) keep_to(ops::cast(given, DType::bool_));
    return merged;
}

Initializer renewed(const Initializer& initializer) {
    Initializer fresh;
    Codec<Initializer>::decode(Codec<Initializer>::encode(initializer), fresh);
    return fresh;
}

}  // namespace cornu::layers
