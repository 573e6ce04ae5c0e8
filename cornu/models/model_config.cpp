#include "cornu/models/model_config.h"

#include "cornu/models/functional.h"
#include "cornu/models/sequential.h"
#include "cornu/ops/catalogue.h"
#include "cornu/tensor/codec.h"

namespace cornu {

namespace {

thread_local ObjectSharing* sharing = nullptr;

void count_ids(const Json& json, std::map<int64_t, int>& counts) {
    if (json.is_array())
        for (const Json& item : json.as_array()) count_ids(item, counts);
    if (!json.is_object()) return;
    if (const Json* id = json.find("shared_object_id"); id && id->is_int()) ++counts[id->as_int()];
    for (const auto& [key, item] : json.as_object()) count_ids(item, counts);
}

void drop_ids(Json& json, const std::map<int64_t, int>& counts) {
    if (json.is_array())
        for (Json& item : json.as_array()) drop_ids(item, counts);
    if (!json.is_object()) return;
    Json::Object& members = json.as_object();
    std::erase_if(members, [&](const Json::Member& m) {
        if (m.first != "shared_object_id" || !m.second.is_int()) return false;
        const auto found = counts.find(m.second.as_int());
        return found != counts.end() && found->second == 1;
    });
    for (auto& [key, item] : members) drop_ids(item, counts);
}

Json serialize_op(const OpCall& call) {
    const std::string full = call.op().keras;
    const size_t dot = full.rfind('.');
    const std::string class_name = full.substr(dot + 1);
    Json config = Json::object();
    if (!call.op().traits.unnamed) config.set("name", call.operation_name());
    const std::vector<OpArgument> arguments = op_arguments(call.op());
    const Json attrs = call.attrs().to_json();
    for (const auto& [key, value] : attrs.as_object())
        if (std::none_of(arguments.begin(), arguments.end(), [&, &key = key](const OpArgument& a) { return a.attribute && a.name == key; })) config.set(key, value);
    return write_object({.module = full.substr(0, dot), .class_name = class_name, .registered_name = class_name, .config = std::move(config)});
}

std::shared_ptr<Operation> deserialize_op(const SerializedObject& object, const Json& json) {
    const Op* op = find_keras_op(object.module + "." + object.class_name);
    if (!op) throw UnsupportedError(str("the operation ", object.module, ".", object.class_name, " is not known."));
    const Json* name = op->traits.unnamed ? json.find("name") : object.config.find("name");   // of the node, or of the operation
    if (!name || !name->is_string()) throw ValueError(str("the config of operation ", object.class_name, " must have a string `name`."));
    Json attrs = Json::object();
    const Json* dtype = nullptr;
    for (const auto& [key, value] : object.config.as_object()) {
        if (key == "dtype") dtype = &value;
        else if (key != "name") attrs.set(key, value);
    }
    if (!op->read_attrs && attrs.size() > 0)
        throw ValueError(str("the operation ", object.class_name, " takes no `", attrs.as_object()[0].first, "`."));
    // A dtype is an attribute of some (cast, ones_like); others have a policy of that name, which says nothing here.
    if (op->read_attrs && dtype && !dtype->is_object() && op->read_attrs(attrs).to_json().find("dtype")) attrs.set("dtype", *dtype);
    return std::make_shared<OpCall>(*op, op->read_attrs ? op->read_attrs(attrs) : Attrs(), name->as_string());
}

bool is_functional(const SerializedObject& o) {
    return o.class_name == "Functional" || (o.class_name == "Model" && o.config.contains("input_layers"));
}

}  // namespace

ObjectSharing::ObjectSharing() : outer_(sharing) { sharing = this; }
ObjectSharing::~ObjectSharing() { sharing = outer_; }
ObjectSharing* ObjectSharing::active() { return sharing; }
int64_t ObjectSharing::id_of(const Operation* operation) {
    return ids_.emplace(operation, static_cast<int64_t>(ids_.size()) + 1).first->second;
}
void ObjectSharing::drop_unshared(Json& json) {
    std::map<int64_t, int> counts;
    count_ids(json, counts);
    drop_ids(json, counts);
}

Json serialize_operation(Operation& operation) {
    if (const auto* call = dynamic_cast<const OpCall*>(&operation)) return serialize_op(*call);
    auto& impl = dynamic_cast<CustomLayer&>(operation);
    auto* model = dynamic_cast<CustomModel*>(&impl);
    Json json;
    if (dynamic_cast<FunctionalModel*>(model) || dynamic_cast<SequentialModel*>(model)) {
        const bool functional = model->class_name() == "Functional";
        json = write_object({.module = functional ? "keras.src.models.functional" : "keras", .class_name = model->class_name(),
                             .registered_name = functional ? "Functional" : "", .config = model->get_config()});
        if (const Json build = model->get_build_config(); !build.is_null()) json.set("build_config", build);
    } else {
        json = layers::serialize(Layer(impl.shared_from_this()));
    }
    if (model) {
        const Json compiled = model->get_compile_config();
        json.set("compile_config", compiled.is_null() ? Json::object() : compiled);
    }
    if (sharing) json.set("shared_object_id", sharing->id_of(&operation));
    return json;
}

std::shared_ptr<Operation> deserialize_operation(const Json& json) {
    if (!json.is_object()) throw ValueError(str("a layer must be an object with `class_name` and `config`. Received: ", json.dump().substr(0, 200)));
    const SerializedObject object = read_object(json, "a layer");
    if (object.class_name == "__lambda__") throw UnsupportedError("a Python lambda is code, which is never run.");
    if (!object.config.is_object()) throw ValueError(str("Expected 'config' to be a dict for ", object.class_name, "."));
    const Json* shared = json.find("shared_object_id");
    const bool sharable = sharing && shared && shared->is_int();
    if (sharable)
        if (const auto found = sharing->read.find(shared->as_int()); found != sharing->read.end()) return found->second.shared();
    if (object.module.rfind("keras.src.ops.", 0) == 0) return deserialize_op(object, json);

    Layer layer;
    if (object.registered_name.empty() || object.registered_name == object.class_name) {
        if (is_functional(object)) layer = Layer(functional_from_config(object.config));
        else if (object.class_name == "Sequential") layer = Layer(sequential_from_config(object.config));
    }
    if (!layer.defined()) {
        const LayerClass* found = layers::find_layer_class(object);
        if (!found)
            throw ValueError(str("Could not locate class '", describe_object(object), "'. Make sure custom classes are made known by "
                                 "layers::register_layer<T>(\"package>Name\") before the file is loaded."));
        layer = found->from_config(object.config);
    }
    if (const Json& build = json.get("build_config"); build.is_object()) layer.impl().build_from_config(build);
    if (sharable) sharing->read.emplace(shared->as_int(), layer);
    return layer.shared();
}

std::string Model::to_json() const {
    ObjectSharing scope;
    Json json = serialize_operation(model_impl());
    scope.drop_unshared(json);
    return json.dump();
}

Model model_from_json(const std::string& json) {
    const ObjectSharing scope;
    const auto read = deserialize_operation(Json::parse(json));
    return Model(Layer(std::dynamic_pointer_cast<CustomLayer>(read)));
}

Json layers::serialize_model(const Layer& model) { return serialize_operation(model.impl()); }
Layer layers::deserialize_model(const Json& json) { return Layer(std::dynamic_pointer_cast<CustomLayer>(deserialize_operation(json))); }

}  // namespace cornu
