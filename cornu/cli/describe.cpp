#include <CLI/CLI.hpp>
#include <iostream>

#include "cornu/activations/activation.h"
#include "cornu/backend/backend.h"
#include "cornu/base/naming.h"
#include "cornu/cli/verbs.h"
#include "cornu/initializers/family.h"
#include "cornu/layers/registry.h"
#include "cornu/losses/catalogue.h"
#include "cornu/metrics/catalogue.h"
#include "cornu/ops/catalogue.h"
#include "cornu/optimizers/catalogue.h"
#include "cornu/testing/check_op.h"

namespace cornu::cli {

namespace {

std::string padded(std::string text, size_t width) {
    if (text.size() < width) text.resize(width, ' ');
    return text;
}
bool same_name(const std::string& class_name, const std::string& name) { return class_name == name || utils::to_snake_case(class_name) == name; }

[[noreturn]] void unknown(const std::string& kind, const std::string& name) {
    throw ValueError(str("there is no ", name, " among the ", kind, "; `cornu describe ", kind, "` lists them."));
}

// A default as one would write it: of an object its name.
std::string shown(const Json& value) {
    const Json* class_name = value.find("class_name");
    if (!class_name) return value.dump();
    if (class_name->as_string() == "DTypePolicy") return value["config"]["name"].dump();
    return class_name->dump();
}

// name = default   what it is
void print_arguments(const Json& config, const SchemaInfo* schema) {
    size_t width = 0;
    std::vector<std::pair<std::string, std::string>> lines;
    const auto add = [&](const std::string& name, const std::string& doc, bool required) {
        // A name is made from the class's when none is given.
        const Json* usual = required || name == "name" ? nullptr : config.find(name);
        lines.emplace_back(usual ? name + " = " + shown(*usual) : required ? name + " (required)" : name, doc);
        width = std::max(width, lines.back().first.size());
    };
    if (schema) {
        for (const Field& field : schema->fields()) add(field.name, field.doc, field.required);
    } else {
        for (const auto& [name, value] : config.as_object()) add(name, "", false);
    }
    for (const auto& [line, doc] : lines) std::cout << "  " << (doc.empty() ? line : padded(line, width + 2) + doc) << '\n';
}

// ---- layers ----

// As made with next to nothing: what stands in its config then are the defaults.
Json default_config(const LayerClass& layer) {
    for (const int64_t some : {1, 2}) {
        Json config = Json::object();
        for (const Field& field : layer.schema->fields())
            if (field.required) config.set(field.name, some);
        try {
            return layer.from_config(config).impl().get_config();
        } catch (const Error&) {  // that is no value for what it requires
        }
    }
    return Json::object();
}

void describe_layers(const std::string& name) {
    for (const LayerClass& layer : layers::layer_classes()) {
        if (name.empty()) {
            std::cout << layer.class_name << '\n';
        } else if (same_name(layer.class_name, name)) {
            std::cout << layer.module << '.' << layer.class_name << '\n';
            if (layer.schema) print_arguments(default_config(layer), layer.schema);
            return;
        }
    }
    if (!name.empty()) unknown("layers", name);
}

// ---- optimizers, losses, …: classes made by name ----

template <class Impl>
void describe_classes(const std::string& kind, const std::string& module, const std::vector<ObjectClass<Impl>>& family, const std::string& name) {
    for (const ObjectClass<Impl>& item : family) {
        if (name.empty()) {
            std::cout << item.class_name << '\n';
        } else if (matches_name(item.class_name, item.aliases, name)) {
            std::cout << module << '.' << item.class_name;
            for (const std::string& alias : item.aliases) std::cout << ", \"" << alias << '"';
            std::cout << '\n';
            try {
                print_arguments(item.make(Json::object())->get_config(), nullptr);
            } catch (const ValueError& error) {  // which says what it cannot do without
                std::cout << "  " << error.what() << '\n';
            }
            return;
        }
    }
    if (!name.empty()) unknown(kind, name);
}

// ---- ops ----

std::vector<std::shared_ptr<Backend>> engines() {
    std::vector<std::shared_ptr<Backend>> all;
    for (const BackendStatus& status : backend_statuses())
        if (status.found) all.push_back(find_backend(status.name));
    return all;
}

// In the calls that the op is tested with, in float32 where they are in float64.
std::string how(const Op& op, const Backend& engine) {
    size_t able = 0;
    const std::vector<OpSample> samples = testing::samples_of(op);
    for (const OpSample& sample : samples) {
        Specs specs = sample.in;
        for (Spec& spec : specs)
            if (spec.dtype == DType::float64) spec.dtype = DType::float32;
        try {
            infer_specs(op, specs, sample.attrs);
        } catch (const Error&) {   // a call that fits the wider type only: engines are asked about calls that exist
            specs = sample.in;
        }
        able += engine.supports(op, specs, sample.attrs);
    }
    if (!samples.empty() && able == samples.size()) return "kernel";
    if (!op.primitive()) return able ? "kernel, composed" : "composed";
    return able ? "in part" : samples.empty() ? "graphs" : "no";
}

std::string keras_name(const Op& op) { return op.keras ? op.keras : ""; }

void describe_ops(const std::string& name) {
    const std::vector<std::shared_ptr<Backend>> all = engines();
    if (!name.empty()) {
        const Op* op = find_op(name);
        if (!op) op = find_keras_op(name);
        if (!op) unknown("ops", name);
        std::cout << "ops." << op->name << '\n';
        if (*op->doc) std::cout << "  " << op->doc << '\n';
        if (op->keras) std::cout << "  Keras: " << op->keras << '\n';
        std::cout << "  inputs: " << (op->inputs < 0 ? std::string("any number") : str(op->inputs)) << '\n'
                  << "  " << (op->primitive() ? "a primitive" : "a composition of other ops") << ", " << (op->vjp || !op->primitive() ? "differentiable" : "not differentiable") << '\n';
        for (const auto& engine : all) std::cout << "  " << engine->info().name << ": " << how(*op, *engine) << '\n';
        return;
    }
    size_t width = 4;
    for (const Op* op : all_ops()) width = std::max(width, std::string_view(op->name).size() + 2);
    std::cout << padded("op", width);
    for (const auto& engine : all) std::cout << padded(engine->info().name, 18);
    std::cout << "Keras\n";
    for (const Op* op : all_ops()) {
        std::cout << padded(op->name, width);
        for (const auto& engine : all) std::cout << padded(how(*op, *engine), 18);
        std::cout << keras_name(*op) << '\n';
    }
}

void describe_activations(const std::string& name) {
    bool found = name.empty();
    for (const std::string& known : activations::names()) {
        if (!name.empty() && known != name) continue;
        std::cout << known << '\n';
        found = true;
    }
    if (!found) unknown("activations", name);
}

using Describe = void (*)(const std::string& name);
const std::map<std::string, Describe> kinds = {
    {"activations", describe_activations},
    {"initializers", [](const std::string& name) { describe_classes("initializers", "keras.initializers", initializers::family(), name); }},
    {"layers", describe_layers},
    {"losses", [](const std::string& name) { describe_classes("losses", "keras.losses", losses::all_losses(), name); }},
    {"metrics", [](const std::string& name) { describe_classes("metrics", "keras.metrics", metrics::all_metrics(), name); }},
    {"ops", describe_ops},
    {"optimizers", [](const std::string& name) { describe_classes("optimizers", "keras.optimizers", optimizers::all_optimizers(), name); }},
    {"schedules", [](const std::string& name) { describe_classes("schedules", "keras.optimizers.schedules", optimizers::schedules::all_schedules(), name); }},
};

}  // namespace

void add_describe(CLI::App& app, Run& run) {
    struct Options { std::string kind, name; };
    const auto o = std::make_shared<Options>();
    CLI::App* verb = app.add_subcommand("describe", "what there is, and the arguments of one: layers, ops, optimizers, …");
    std::vector<std::string> names;
    for (const auto& [kind, describe] : kinds) names.push_back(kind);
    verb->add_option("kind", o->kind, "what is asked about")->required()->check(CLI::IsMember(names));
    verb->add_option("name", o->name, "one of them, as listed or in snake case");
    verb->callback([o, &run] {
        run = [o] {
            kinds.at(o->kind)(o->name);
            return 0;
        };
    });
}

}  // namespace cornu::cli
