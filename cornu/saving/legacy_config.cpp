// Configs as Keras 2 wrote them, and Keras 3 in `.h5` files: without modules, nodes as lists.
#include "cornu/base/error.h"
#include "cornu/layers/registry.h"
#include "cornu/saving/legacy_file.h"

namespace cornu::saving {

namespace {

void erase(Json& object, std::string_view key) {
    std::erase_if(object.as_object(), [&](const Json::Member& m) { return m.first == key; });
}

// [["left", 0, 0, {}], …] becomes {"args": [tensors], "kwargs": {}}.
Json modern_node(const Json& node) {
    if (!node.is_array()) return node;
    Json tensors = Json::array(), kwargs = Json::object();
    for (const Json& place : node.as_array()) {
        if (!place.is_array() || place.size() < 3 || place.size() > 4) throw ValueError(str("an inbound node must hold [name, node, output, kwargs]. Received: ", place));
        const Json history = Json::array({place[0], place[1], place[2]});
        tensors.push_back(Json::object({{"class_name", "__keras_tensor__"}, {"config", Json::object({{"keras_history", history}})}}));
        if (place.size() == 4) kwargs = place[3];
    }
    Json args = Json::array({tensors.size() == 1 ? tensors[0] : tensors});
    return Json::object({{"args", std::move(args)}, {"kwargs", std::move(kwargs)}});
}

Json modern_layer(const Json& layer);

Json modern_config(const std::string& class_name, Json config) {
    if (class_name == "Sequential" && config.is_array()) config = Json::object({{"name", "sequential"}, {"layers", config}});   // before Keras 2.2.3
    if (!config.is_object()) return config;
    // What no longer means anything.
    for (const char* key : {"implementation", "ragged_shape"}) erase(config, key);
    if (config.get("time_major") == Json(false)) erase(config, "time_major");
    if (const Json& axis = config.get("axis"); axis.is_array() && axis.size() == 1) config.set("axis", Json(axis[0]));
    if (const Json& dtype = config.get("dtype"); dtype.is_object() && dtype.get("class_name") == Json("Policy")) config.set("dtype", Json(dtype["config"]["name"]));
    const Json batch_shape = config.get("batch_input_shape");
    erase(config, "batch_input_shape");
    if (class_name == "InputLayer" && !batch_shape.is_null()) config.set("batch_shape", batch_shape);
    for (const char* key : {"layer", "backward_layer", "forward_layer", "cell"})
        if (Json* inner = config.find(key); inner && inner->is_object()) *inner = modern_layer(*inner);
    if (Json* cells = config.find("cells"); cells && cells->is_array())
        for (Json& cell : cells->as_array()) cell = modern_layer(cell);
    if (Json* layers = config.find("layers"); layers && layers::is_model_class(class_name)) {
        // A Sequential model whose first layer says what comes in.
        const Json& first = layers->size() > 0 ? (*layers)[0] : *layers;
        const Json& input = first.get("config").get("batch_input_shape");
        Json list = Json::array();
        if (class_name == "Sequential" && input.is_array() && first.get("class_name") != Json("InputLayer"))
            list.push_back(modern_layer(Json::object({{"class_name", "InputLayer"}, {"config", Json::object({{"batch_shape", input}})}})));
        for (const Json& layer : layers->as_array()) list.push_back(modern_layer(layer));
        *layers = std::move(list);
    }
    return config;
}

Json modern_layer(const Json& layer) {
    if (!layer.is_object() || layer.contains("module")) return layer;
    if (!layer.get("class_name").is_string()) throw ValueError(str("a layer must have a `class_name`. Received: ", layer.dump().substr(0, 200)));
    const std::string class_name = layer["class_name"].as_string();
    Json out = Json::object({{"module", layers::is_model_class(class_name) ? "keras" : "keras.layers"}, {"class_name", class_name}, {"config", modern_config(class_name, layer.get("config"))}});
    const size_t separator = class_name.find('>');
    if (separator != std::string::npos) {   // a class of one's own
        out.set("module", nullptr);
        out.set("registered_name", class_name);
        out.set("class_name", class_name.substr(separator + 1));
    }
    if (const Json* name = layer.find("name")) out.set("name", *name);
    if (const Json* nodes = layer.find("inbound_nodes")) {
        Json list = Json::array();
        for (const Json& node : nodes->as_array()) list.push_back(modern_node(node));
        out.set("inbound_nodes", std::move(list));
    }
    return out;
}

}  // namespace

Json modern_model_config(const Json& config) { return modern_layer(config); }

Json modern_compile_config(const Json& training_config) {
    Json out = training_config;
    if (!out.is_object()) throw ValueError(str("the training config must be an object. Received: ", training_config.dump().substr(0, 200)));
    Json optimizer = out.get("optimizer_config");
    erase(out, "optimizer_config");
    if (Json* config = optimizer.find("config"); config && config->is_object())
        for (const char* key : {"decay", "is_legacy_optimizer", "jit_compile"}) erase(*config, key);
    out.set("optimizer", std::move(optimizer));
    return out;
}

}  // namespace cornu::saving
