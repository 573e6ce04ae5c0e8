// Layer classes by name: what turns Keras's JSON into layers and back. The list is closed; classes of
// one's own join the current Context by register_layer.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cornu/base/serialized_object.h"
#include "cornu/layers/layer.h"

namespace cornu {

struct LayerClass {
    std::string class_name;                             // "Dense"
    std::string module = "keras.layers";
    std::string registered_name = {};                   // "package>Name"; Keras's own have none
    std::function<Layer(const Json& config)> from_config;
    const SchemaInfo* schema = nullptr;                 // the fields of the config; null when unknown
};

namespace layers {

CORNU_API const std::vector<LayerClass>& layer_classes();                     // Cornu's own
// One's own by registered name, then Cornu's by class name; null when unknown.
CORNU_API const LayerClass* find_layer_class(const SerializedObject& object);
CORNU_API bool is_model_class(const std::string& class_name);                  // Functional, Sequential; Keras 2's Model
CORNU_API void register_layer_class(LayerClass layer_class);                  // replaces one of the same name

// register_layer<Linear>("my_package>Linear"): Linear's constructor takes its Config, a described
// struct; its class_name() is "Linear". A config that Linear::get_config writes makes it again.
template <class T>
void register_layer(const std::string& registered_name) {
    using Config = typename T::Config;
    const size_t separator = registered_name.find('>');
    const std::string name = separator == std::string::npos ? registered_name : registered_name.substr(separator + 1);
    register_layer_class({.class_name = name, .module = "", .registered_name = registered_name,
                          .from_config = [name](const Json& json) { return layer<T>(from_json<Config>(json, "layers." + name)); },
                          .schema = &schema_of<Config>()});
}

// {"module", "class_name", "config", "registered_name", "build_config"} and back. Throws ValueError
// for a class that nobody registered.
CORNU_API Json serialize(const Layer& layer);
CORNU_API Layer deserialize(const Json& json);

// The same of a Sequential or Functional model, which may stand where a layer does (TimeDistributed).
// Defined where models are known, in models/model_config.cpp.
CORNU_API Json serialize_model(const Layer& model);
CORNU_API Layer deserialize_model(const Json& json);

}  // namespace layers

// A layer as another's argument (Bidirectional, TimeDistributed); null when undefined.
template <> struct CORNU_API Codec<Layer> {
    static Json encode(const Layer& v);
    static void decode(const Json& j, Layer& v);
};

}  // namespace cornu
