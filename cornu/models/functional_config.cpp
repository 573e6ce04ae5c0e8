// get_config and from_config of Functional and Sequential models.
#include <charconv>
#include <deque>

#include "cornu/models/functional.h"
#include "cornu/models/model_config.h"
#include "cornu/models/sequential.h"
#include "cornu/ops/catalogue.h"
#include "cornu/tensor/codec.h"
#include "cornu/tensor/nested_json.h"

namespace cornu {

namespace {

// ---- writing ----

// A plain number: 0.1 is a float here, and 0.1 again in the file.
Json number_to_json(const Tensor& x) {
    if (x.dtype() != DType::float32) return nested_json(x);
    char text[32];
    const auto end = std::to_chars(text, text + sizeof(text), x.item<float>()).ptr;
    double value = 0;
    std::from_chars(text, end, value);
    return value;
}

Json constant_to_json(const Tensor& x) {
    if (!x.defined()) return {};
    if (x.rank() == 0 && x.weak()) return number_to_json(x);
    return Json::object({{"class_name", "__numpy__"}, {"config", Json::object({{"value", nested_json(x)}, {"dtype", name(x.dtype())}})}});
}

class NodeWriter {
public:
    explicit NodeWriter(const FunctionGraph& graph) : graph_(graph) {}

    Json write(const SymbolicNode& node) const {
        Json args = Json::array(), kwargs = Json::object();
        if (const auto* call = dynamic_cast<const OpCall*>(node.operation.get())) {
            write_op_inputs(call->op(), call->attrs(), node.inputs.list(), args, kwargs);
        } else {
            write_layer_call(node, args, kwargs);
        }
        return Json::object({{"args", std::move(args)}, {"kwargs", std::move(kwargs)}});
    }

    // [operation, call, output]; the calls of a Functional model are counted from 1 here.
    Json place(const Tensor& tensor) const {
        const SymbolicOrigin& origin = symbolic_origin(tensor);
        const Operation* operation = origin.node()->operation.get();
        const size_t first = dynamic_cast<const FunctionalModel*>(operation) ? 1 : 0;
        return Json::array({operation->operation_name(), first + graph_.index_in_graph(origin.node().get()), origin.index()});
    }
    Json places(const Structure& tensors) const {
        return convert(tensors, [&](const Tensor& x) { return place(x); });
    }

private:
    void write_op_inputs(const Op& op, const Attrs& attrs, const Structure::List& inputs, Json& args, Json& kwargs) const {
        size_t next = 0;
        const Json config = op.arguments ? attrs.to_json(true) : Json();
        for (const OpArgument& argument : op_arguments(op)) {
            if (argument.any_name) {
                for (const auto& [key, value] : config[argument.name].as_object()) kwargs.set(key, value);
                continue;
            }
            const bool left_out = argument.optional && !config["has_" + argument.name].as_bool();
            if (left_out && argument.ours) continue;
            Json value = argument.attribute ? config[argument.name] : left_out ? Json() : tensors(inputs.at(next++));
            if (argument.by_name) kwargs.set(argument.name, std::move(value));
            else args.push_back(std::move(value));
        }
        while (next < inputs.size()) args.push_back(tensors(inputs[next++]));
    }
    void write_layer_call(const SymbolicNode& node, Json& args, Json& kwargs) const {
        const auto* layer = dynamic_cast<const CustomLayer*>(node.operation.get());
        const std::vector<std::string> names = layer ? layer->call_signature().inputs : std::vector<std::string>();
        if (names.empty()) {
            args.push_back(tensors(node.inputs));
        } else {
            Structure::List inputs = node.inputs.list();
            if (inputs.size() > names.size()) {   // the last name is that of all the rest, a cell's states
                const auto last = inputs.begin() + static_cast<ptrdiff_t>(names.size()) - 1;
                Structure rest(Structure::List(last, inputs.end()));
                inputs.erase(last, inputs.end());
                inputs.push_back(std::move(rest));
            }
            for (const Structure& input : inputs) args.push_back(tensors(input));
        }
        node.call.visit([&](std::string_view name, const auto& value) {
            if constexpr (std::is_same_v<std::decay_t<decltype(value)>, Flag>) {
                if (value.given()) kwargs.set(std::string(name), static_cast<bool>(value));
            } else if (!holds_any(value)) {
                return;
            } else if (name == "mask" && !names.empty()) {   // query_mask, value_mask, …
                for (size_t i = 0; i < value.list().size(); ++i)
                    if (holds_any(value.list()[i])) kwargs.set(names.at(i) + "_mask", tensors(value.list()[i]));
            } else if (value.is_leaf() && value.leaf().concrete() && value.leaf().weak() && value.leaf().dtype() == DType::bool_) {
                kwargs.set(std::string(name), value.leaf().template item<bool>());   // a flag of the layer's own
            } else {
                kwargs.set(std::string(name), tensors(value));
            }
        });
    }
    static bool holds_any(const Structure& tensors) {
        bool any = false;
        tensors.for_each([&](const Tensor& x) { any = any || x.defined(); });
        return any;
    }
    template <class F>
    static Json convert(const Structure& tensors, const F& leaf) {
        if (tensors.is_leaf()) return leaf(tensors.leaf());
        if (tensors.is_list()) {
            Json list = Json::array();
            for (const Structure& item : tensors.list()) list.push_back(convert(item, leaf));
            return list;
        }
        Json dict = Json::object();
        for (const auto& [key, item] : tensors.dict()) dict.set(key, convert(item, leaf));
        return dict;
    }
    Json tensors(const Structure& inputs) const {
        return convert(inputs, [&](const Tensor& x) -> Json {
            if (!x.defined() || !x.symbolic()) return constant_to_json(x);
            const SymbolicOrigin& origin = symbolic_origin(x);
            const Json history = Json::array({origin.node()->operation->operation_name(), graph_.index_in_graph(origin.node().get()), origin.index()});
            return Json::object({{"class_name", "__keras_tensor__"},
                                 {"config", Json::object({{"shape", Codec<Shape>::encode(x.shape())}, {"dtype", name(x.dtype())}, {"keras_history", history}})}});
        });
    }

    const FunctionGraph& graph_;
};

// ---- reading ----

const Json& member(const Json& json, const char* key, const char* what) {
    const Json* found = json.find(key);
    if (!found) throw ValueError(str("the config of ", what, " must have `", key, "`."));
    return *found;
}

bool is_object_of(const Json& json, std::string_view class_name) {
    const Json* found = json.find("class_name");
    return found && found->is_string() && found->as_string() == class_name;
}

bool holds_tensor(const Json& json) {
    if (json.is_array()) return std::any_of(json.as_array().begin(), json.as_array().end(), holds_tensor);
    if (!json.is_object()) return false;
    if (is_object_of(json, "__keras_tensor__")) return true;
    return std::any_of(json.as_object().begin(), json.as_object().end(), [](const Json::Member& m) { return holds_tensor(m.second); });
}

// The arguments of one call of a layer, put where they belong by their place or name.
class LayerArguments {
public:
    explicit LayerArguments(const CustomLayer& layer) : signature_(layer.call_signature()) {}

    void set(size_t place, Structure value, const Json& json) {
        const size_t inputs = signature_.inputs.size();
        if (inputs == 0 || place < inputs) return set_input(place, std::move(value));
        if (place - inputs >= signature_.others.size()) throw UnsupportedError(str("more than ", inputs + signature_.others.size(), " arguments by position are not supported."));
        if (!json.is_null()) set(signature_.others[place - inputs], std::move(value), json);
    }

    void set(const std::string& name, Structure value, const Json& json) {
        if (inputs_.empty() && signature_.inputs.empty() && (name == "inputs" || name == "sequences")) return set_input(0, std::move(value));
        for (size_t i = 0; i < signature_.inputs.size(); ++i) {
            if (name == signature_.inputs[i]) return set_input(i, std::move(value));
            if (name == signature_.inputs[i] + "_mask") return put(masks_, i, std::move(value));
        }
        bool known = false;
        call.visit([&](std::string_view own, auto& argument) {
            if (known || own != name) return;
            known = true;
            if constexpr (std::is_same_v<std::decay_t<decltype(argument)>, Flag>) argument = json.as_bool();
            else argument = std::move(value);
        });
        const bool flag = json.is_bool() && std::find(signature_.others.begin(), signature_.others.end(), name) != signature_.others.end();
        if (!known && flag) value = Structure(Tensor(json.as_bool()));
        if (!known && !flag && !holds_tensor(json)) throw UnsupportedError(str("the call argument `", name, "` is not supported. Received: ", json.dump().substr(0, 200)));
        if (!known) call.others[name] = std::move(value);
    }

    Structure inputs() {
        if (inputs_.empty()) throw ValueError("a call must have an input.");
        if (!masks_.empty()) {
            masks_.resize(inputs_.size());
            call.mask = masks_;
        }
        return inputs_.size() == 1 && signature_.inputs.empty() ? inputs_[0] : Structure(inputs_);
    }

    Call call;

private:
    static void put(Structure::List& list, size_t place, Structure value) {
        if (list.size() <= place) list.resize(place + 1);
        list[place] = std::move(value);
    }
    void set_input(size_t place, Structure value) { put(inputs_, place, std::move(value)); }

    const CallSignature& signature_;
    Structure::List inputs_, masks_;
};

class GraphReader {
public:
    explicit GraphReader(const Json& layers) {
        for (const Json& data : layers.as_array()) add(data);
    }

    void make_nodes() {
        std::deque<size_t> ready;
        for (size_t i = 0; i < items_.size(); ++i) ready.push_back(i);
        while (!ready.empty()) {
            const size_t at = ready.front();
            ready.pop_front();
            Item& item = items_[at];
            while (item.next < item.nodes->size()) {
                const std::optional<Place> missing = first_missing(at);
                if (missing) {
                    waiting_[{missing->item, missing->node}].push_back(at);
                    break;
                }
                call(item);
                const auto woken = waiting_.find({at, item.outputs.size() - 1});
                if (woken == waiting_.end()) continue;
                ready.insert(ready.end(), woken->second.begin(), woken->second.end());
                waiting_.erase(woken);
            }
        }
        if (waiting_.empty()) return;
        const Item& stuck = items_[waiting_.begin()->second.front()];
        throw ValueError(str("Invalid Functional model configuration. The graph of the Functional model either has loops or disconnected nodes. "
                             "The following node failed to be resolved: call ", stuck.next, " of '", stuck.name, "'"));
    }

    // The tensors that [name, node, output] triples stand for.
    Structure tensors(const Json& json) const {
        if (json.is_array() && json.size() == 3 && json[0].is_string()) {
            const Item& item = find(json[0].as_string());
            const int64_t first = std::dynamic_pointer_cast<FunctionalModel>(item.operation) ? 1 : 0;
            return output(item, json[1].as_int() - first, json[2].as_int());
        }
        if (json.is_array()) {
            Structure::List list;
            for (const Json& element : json.as_array()) list.push_back(tensors(element));
            return list;
        }
        if (!json.is_object()) throw ValueError(str("`input_layers` and `output_layers` must hold [name, node, output]. Received: ", json));
        Structure::Dict dict;
        for (const auto& [key, element] : json.as_object()) dict.emplace(key, tensors(element));
        return dict;
    }

private:
    struct Item {
        std::string name;
        std::shared_ptr<Operation> operation;
        const Json::Array* nodes;
        size_t next = 0;
        std::vector<Tensors> outputs;   // of each call made so far
    };
    struct Place { size_t item; size_t node; };

    void add(const Json& data) {
        const std::string& name = member(data, "name", "a layer of a Functional model").as_string();
        try {
            Item item{.name = name, .operation = deserialize_operation(data), .nodes = &member(data, "inbound_nodes", "a layer of a Functional model").as_array()};
            if (!by_name_.emplace(name, items_.size()).second)
                throw ValueError(str("The name \"", name, "\" is used 2 times in the model. All operation names should be unique."));
            if (item.operation->operation_name() != name)
                throw ValueError(str("`name` and the name in the config must be equal. Received: '", name, "' and '", item.operation->operation_name(), "'"));
            const Layer layer(std::dynamic_pointer_cast<CustomLayer>(item.operation));
            if (layers::InputLayer::is(layer)) {
                if (!item.nodes->empty()) throw ValueError("an InputLayer has no inbound nodes.");
                item.outputs.push_back({layers::InputLayer(layer).output()});
            }
            items_.push_back(std::move(item));
        } catch (const UnsupportedError& e) {
            throw UnsupportedError(str("layer '", name, "': ", e.what()));
        } catch (const ValueError& e) {
            throw ValueError(str("layer '", name, "': ", e.what()));
        }
    }

    const Item& find(const std::string& name) const {
        const auto found = by_name_.find(name);
        if (found == by_name_.end()) throw ValueError(str("Unknown layer: ", name));
        return items_[found->second];
    }

    static Tensor output(const Item& item, int64_t node, int64_t index) {
        if (node < 0 || node >= static_cast<int64_t>(item.outputs.size()))
            throw ValueError(str("Layer node index out of bounds: '", item.name, "' is called ", item.outputs.size(), " times. Received: node ", node));
        const Tensors& outputs = item.outputs[static_cast<size_t>(node)];
        if (index < 0 || index >= static_cast<int64_t>(outputs.size()))
            throw ValueError(str("Tensor index out of bounds: '", item.name, "' has ", outputs.size(), " outputs. Received: output ", index));
        return outputs[static_cast<size_t>(index)];
    }

    // The place in a keras_history; it must name a layer of this model and a call that it has.
    Place place(const Json& tensor) const {
        const Json& history = member(member(tensor, "config", "a __keras_tensor__"), "keras_history", "a __keras_tensor__");
        if (!history.is_array() || history.size() != 3) throw ValueError(str("`keras_history` must be [name, node, output]. Received: ", history));
        const Item& item = find(history[0].as_string());
        const int64_t node = history[1].as_int();
        const auto calls = static_cast<int64_t>(std::max(item.nodes->size(), item.outputs.size()));
        if (node < 0 || node >= calls) throw ValueError(str("Layer node index out of bounds: '", item.name, "' is called ", calls, " times. Received: node ", node));
        return {static_cast<size_t>(&item - items_.data()), static_cast<size_t>(node)};
    }

    std::optional<Place> missing_in(const Json& json) const {
        if (is_object_of(json, "__keras_tensor__")) {
            const Place at = place(json);
            return at.node < items_[at.item].outputs.size() ? std::nullopt : std::optional(at);
        }
        if (json.is_array()) {
            for (const Json& item : json.as_array())
                if (auto missing = missing_in(item)) return missing;
        } else if (json.is_object()) {
            for (const auto& [key, item] : json.as_object())
                if (auto missing = missing_in(item)) return missing;
        }
        return std::nullopt;
    }
    std::optional<Place> first_missing(size_t at) const {
        const Item& item = items_[at];
        try {
            return missing_in((*item.nodes)[item.next]);
        } catch (const ValueError& e) {
            throw ValueError(str("layer '", item.name, "', inbound node ", item.next, ": ", e.what()));
        }
    }

    Structure value(const Json& json) const {
        if (json.is_null()) return Tensor();
        if (is_object_of(json, "__keras_tensor__")) {
            const Place at = place(json);
            return output(items_[at.item], static_cast<int64_t>(at.node), json["config"]["keras_history"][2].as_int());
        }
        if (is_object_of(json, "__numpy__") || is_object_of(json, "__tensor__")) {
            const Json& config = member(json, "config", "a constant");
            return tensor_from_json(member(config, "value", "a constant"), parse_dtype(member(config, "dtype", "a constant").as_string()));
        }
        if (json.is_number() || json.is_bool()) return tensor_from_json(json);
        if (json.is_array()) {
            if (!holds_tensor(json)) return tensor_from_json(json);
            Structure::List list;
            for (const Json& item : json.as_array()) list.push_back(value(item));
            return list;
        }
        if (json.is_object() && !json.contains("class_name")) {
            Structure::Dict dict;
            for (const auto& [key, item] : json.as_object()) dict.emplace(key, value(item));
            return dict;
        }
        throw UnsupportedError(str("an argument of this kind is not supported. Received: ", json.dump().substr(0, 200)));
    }

    void call(Item& item) {
        const Json& node = (*item.nodes)[item.next];
        try {
            if (!node.is_object()) throw UnsupportedError("its nodes are written as Keras 2 did; load and save the file with Keras 3 first.");
            const Json::Array& args = member(node, "args", "an inbound node").as_array();
            const Json& kwargs = member(node, "kwargs", "an inbound node");
            const auto op = std::dynamic_pointer_cast<OpCall>(item.operation);
            item.outputs.push_back((op ? call_op(item, op, args, kwargs) : call_layer(item, args, kwargs)).flatten());
            ++item.next;
        } catch (const UnsupportedError& e) {
            throw UnsupportedError(str("layer '", item.name, "', inbound node ", item.next, ": ", e.what()));
        } catch (const ValueError& e) {
            throw ValueError(str("layer '", item.name, "', inbound node ", item.next, ": ", e.what()));
        }
    }

    Structure call_layer(const Item& item, const Json::Array& args, const Json& kwargs) const {
        const Layer layer(std::dynamic_pointer_cast<CustomLayer>(item.operation));
        LayerArguments given(layer.impl());
        for (size_t i = 0; i < args.size(); ++i) given.set(i, value(args[i]), args[i]);
        for (const auto& [key, arg] : kwargs.as_object())
            if (!arg.is_null()) given.set(key, value(arg), arg);
        const Structure inputs = given.inputs();
        bool symbolic = false;
        inputs.for_each([&](const Tensor& x) { symbolic = symbolic || (x.defined() && x.symbolic()); });
        if (!symbolic) throw ValueError("a call must have an input from the model. Received: constants or nothing");
        return layer(inputs, given.call);
    }

    // The tensors of a call of an op, put where they belong by their place or name, and the attributes
    // that Keras gives the call.
    class OpArguments {
    public:
        OpArguments(const GraphReader& reader, const Op& op) : reader_(reader), named_(op_arguments(op)), inputs_(named_.size()) {}

        void set(size_t place, const Json& arg) {
            if (place < named_.size()) set(named_[place], place, arg);
            else if (!named_.empty()) throw ValueError(str("more than ", named_.size(), " arguments. Received: ", arg.dump().substr(0, 200)));
            else if (!arg.is_null()) put(place, arg);
        }
        void set(const std::string& name, const Json& arg) {
            if (named_.empty()) return arg.is_null() ? void() : put(inputs_.size(), arg);
            for (size_t i = 0; i < named_.size(); ++i) {
                if (named_[i].any_name) others_.set(name, arg);
                else if (named_[i].name == name) set(named_[i], i, arg);
                else continue;
                return;
            }
            if (!arg.is_null()) throw ValueError(str("unknown argument `", name, "`."));
        }
        // Those given, in their order; each of an op with named arguments is there or may be left out.
        Structure::List inputs() {
            Structure::List given;
            for (size_t i = 0; i < inputs_.size(); ++i) {
                const OpArgument argument = i < named_.size() ? named_[i] : OpArgument();
                if (argument.any_name) attributes.set(argument.name, others_);
                if (argument.attribute && !argument.by_name && !attributes.contains(argument.name)) throw ValueError(str("the call must have its ", argument.name, "."));
                if (argument.attribute) continue;
                const bool has = !inputs_[i].is_leaf() || inputs_[i].leaf().defined();
                if (argument.optional) attributes.set("has_" + argument.name, has);
                else if (!has) throw ValueError("null is no input of an operation.");
                if (has) given.push_back(inputs_[i]);
            }
            return given;
        }
        Json attributes = Json::object();

    private:
        void set(const OpArgument& argument, size_t place, const Json& arg) {
            if (argument.attribute) attributes.set(argument.name, arg);
            else if (!arg.is_null()) put(place, arg);
        }
        void put(size_t place, const Json& arg) {
            if (inputs_.size() <= place) inputs_.resize(place + 1);
            inputs_[place] = reader_.value(arg);
        }

        const GraphReader& reader_;
        std::vector<OpArgument> named_;
        Structure::List inputs_;
        Json others_ = Json::object();
    };

    Structure call_op(Item& item, std::shared_ptr<OpCall> op, const Json::Array& args, const Json& kwargs) {
        OpArguments arguments(*this, op->op());
        for (size_t i = 0; i < args.size(); ++i) arguments.set(i, args[i]);
        for (const auto& [key, arg] : kwargs.as_object()) arguments.set(key, arg);
        Structure::List given = arguments.inputs();
        if (arguments.attributes.size() > 0) {
            Json attributes = op->attrs().to_json(true);
            for (const auto& [key, value] : arguments.attributes.as_object()) attributes.set(key, value);
            const Attrs attrs = op->op().read_attrs(attributes);
            // An operation here holds what Keras gives each call of it.
            if (item.next > 0 && !(attrs == op->attrs())) throw UnsupportedError("an operation called several times with other arguments than tensors is not supported.");
            if (item.next == 0) item.operation = op = std::make_shared<OpCall>(op->op(), attrs, item.name);
        }
        const Tensors flat = Structure(given).flatten();
        // A condition alone asks where it holds.
        if (flat.size() == 1 && std::string_view(op->op().name) == "where") item.operation = op = std::make_shared<OpCall>(*find_op("nonzero"), find_op("nonzero")->read_attrs(Json::object()), item.name);
        if (op->op().inputs >= 0 && static_cast<int>(flat.size()) != op->op().inputs)
            throw ValueError(str("ops.", op->op().name, " takes ", op->op().inputs, " tensors. Received: ", flat.size()));
        for (const Tensor& x : flat)
            if (!x.defined()) throw ValueError("null is no input of an operation.");
        if (std::none_of(flat.begin(), flat.end(), [](const Tensor& x) { return x.symbolic(); }))
            throw ValueError("an operation of constants alone is no node.");
        const Specs specs = infer_specs(op->op(), specs_of(flat), op->attrs());
        std::vector<SpecTree> outputs(specs.begin(), specs.end());
        return add_symbolic_node(op, std::move(given), {}, outputs.size() == 1 ? outputs[0] : SpecTree(std::move(outputs)));
    }

    std::vector<Item> items_;
    std::map<std::string, size_t> by_name_;
    std::map<std::pair<size_t, size_t>, std::vector<size_t>> waiting_;
};

std::string optional_name(const Json& config) {
    const Json& name = config.get("name");
    return name.is_null() ? std::string() : name.as_string();
}
bool optional_trainable(const Json& config) {
    const Json& trainable = config.get("trainable");
    return trainable.is_null() || trainable.as_bool();
}

}  // namespace

Json FunctionalModel::get_config() const {
    const NodeWriter writer(graph_);
    Json layers = Json::array();
    for (const std::shared_ptr<Operation>& operation : graph_.operations) {
        Json layer = serialize_operation(*operation);
        Json nodes = Json::array();
        if (const auto calls = graph_.calls.find(operation.get()); calls != graph_.calls.end())
            for (const FunctionGraph::Node& node : calls->second)
                if (!node->input_tensors().empty()) nodes.push_back(writer.write(*node));
        layer.set("name", operation->operation_name());
        layer.set("inbound_nodes", std::move(nodes));
        layers.push_back(std::move(layer));
    }
    return Json::object({{"name", name()}, {"trainable", trainable()}, {"layers", std::move(layers)},
                         {"input_layers", writer.places(inputs_)}, {"output_layers", writer.places(outputs_)}});
}

std::shared_ptr<CustomModel> functional_from_config(const Json& config) {
    GraphReader reader(member(config, "layers", "a Functional model"));
    reader.make_nodes();
    return std::make_shared<FunctionalModel>(reader.tensors(member(config, "input_layers", "a Functional model")),
                                             reader.tensors(member(config, "output_layers", "a Functional model")), optional_name(config), optional_trainable(config));
}

Json SequentialModel::get_config() const {
    Json config = CustomLayer::get_config();
    Json list = Json::array();
    for (const Layer& layer : layers_) list.push_back(serialize_operation(layer.impl()));
    config.set("layers", std::move(list));
    if (functional_) config.set("build_input_shape", Codec<Shape>::encode(input_layer().batch_shape()));
    return config;
}

std::shared_ptr<CustomModel> sequential_from_config(const Json& config) {
    std::vector<Layer> layers;
    for (const Json& data : member(config, "layers", "a Sequential model").as_array()) {
        const auto layer = std::dynamic_pointer_cast<CustomLayer>(deserialize_operation(data));
        if (!layer) throw ValueError(str("Only layers can be added to a Sequential model. Received: ", data.get("class_name")));
        layers.push_back(Layer(layer));
    }
    auto model = std::make_shared<SequentialModel>(std::move(layers), member(config, "name", "a Sequential model").as_string(), optional_trainable(config));
    if (const Json& shape = config.get("build_input_shape"); shape.is_array() && !model->functional()) {
        Shape input;
        Codec<Shape>::decode(shape, input);
        model->build_once(ShapeTree(input));
    }
    return model;
}

}  // namespace cornu
