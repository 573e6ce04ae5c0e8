#include "cornu/layers/configured_layer.h"

#include "cornu/base/naming.h"
#include "cornu/tensor/context.h"

namespace cornu::layers {

namespace {
std::string list(const std::vector<int64_t>& values) {
    return values.size() == 1 ? std::to_string(values[0]) : Shape(values).to_string();
}
}  // namespace

void standardize(PerAxis& value, int64_t axes, const char* name, bool allow_zero) {
    const std::string message = str("The `", name, "` argument must be a tuple of ", axes, " integers. Received ", name, "=", list(value.values));
    std::vector<int64_t> full = value.values;
    if (full.size() == 1) full.assign(static_cast<size_t>(axes), value.values[0]);
    if (static_cast<int64_t>(full.size()) != axes) throw ValueError(message);
    for (const int64_t v : full)
        if (v < (allow_zero ? 0 : 1))
            throw ValueError(str(message, ", including values {", v, "} that do not satisfy `value ", allow_zero ? ">= 0" : "> 0", "`"));
    value = PerAxis(std::move(full));
}

void standardize_data_format(std::string& data_format) {
    if (data_format.empty()) data_format = Context::current().image_data_format();
    if (data_format != "channels_last" && data_format != "channels_first")
        throw ValueError(str("The `data_format` argument must be one of {'channels_first', 'channels_last'}. Received: data_format=", data_format));
}

void standardize_padding(std::string& padding, bool allow_causal) {
    std::transform(padding.begin(), padding.end(), padding.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (padding == "valid" || padding == "same" || (allow_causal && padding == "causal")) return;
    throw ValueError(str("The `padding` argument must be one of ", allow_causal ? "{'valid', 'same', 'causal'}" : "{'valid', 'same'}", ". Received: ", padding));
}

void refuse_quantization(const Json& quantization_config) {
    if (!quantization_config.is_null())
        throw UnsupportedError(str("quantized weights are not supported yet. Received: quantization_config=", quantization_config));
}

void start_layer(CustomLayer& layer, std::string& name, DTypePolicy& dtype, bool trainable, const Regularizer& activity_regularizer) {
    if (name.empty()) name = Context::current().unique_name(utils::default_name(layer.class_name()));
    dtype = dtype.resolved();
    layer.set_options({.name = name, .dtype = dtype, .trainable = trainable, .activity_regularizer = activity_regularizer});
}

Json finish_config(const CustomLayer& layer, Json config) {
    config.set("name", layer.name());
    config.set("trainable", layer.trainable());
    return config;
}

}  // namespace cornu::layers
