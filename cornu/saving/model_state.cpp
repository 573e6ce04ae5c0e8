#include "cornu/saving/model_state.h"

#include <algorithm>
#include <map>
#include <set>

#include "cornu/base/naming.h"
#include "cornu/ops/elementwise.h"

namespace cornu::saving {

namespace {

// Keras addresses layers in lists by class, since names are often made automatically.
class UniqueNames {
public:
    std::string operator()(const std::string& class_name) {
        const std::string name = utils::default_name(class_name);
        const auto [at, fresh] = used_.emplace(name, 0);
        return fresh ? name : name + "_" + std::to_string(++at->second);
    }

private:
    std::map<std::string, int> used_;
};

std::string join(const std::string& path, const std::string& name) { return path.empty() ? name : path + "/" + name; }

class Collector {
public:
    std::vector<StateGroup> groups;

    void layer(const Layer& layer, const std::string& path) {
        if (!visited_.insert(&layer.impl()).second) return;
        StateGroup group{.path = path, .name = layer.name()};
        // Those made trainable first; a seed generator's state is not saved.
        for (const bool trainable : {true, false})
            for (const Variable& variable : layer.impl().own_variables())
                if (variable.trainable() == trainable && variable.name() != "seed_generator_state") group.variables.push_back(variable);
        groups.push_back(std::move(group));

        auto* model = dynamic_cast<CustomModel*>(&layer.impl());
        if (model && (model->functional() || model->class_name() == "Sequential")) {
            UniqueNames names;
            for (const Layer& inner : model->layers()) this->layer(inner, join(path, "layers/" + names(inner.impl().class_name())));
        } else {
            // By attribute, private ones last.
            std::vector<CustomLayer::Child> children = layer.impl().children();
            std::stable_sort(children.begin(), children.end(), [](const auto& a, const auto& b) {
                const auto key = [](const std::string& name) { return name.starts_with("_") ? "~" + name : name; };
                return key(a.attribute) < key(b.attribute);
            });
            for (const CustomLayer::Child& child : children) this->layer(child.layer, join(path, child.attribute));
        }
        if (model && model->compiled()) {
            this->optimizer(model->optimizer().impl(), join(path, "optimizer"));
        }
    }

private:
    void optimizer(const CustomOptimizer& optimizer, const std::string& path) {
        groups.push_back({.path = path, .name = optimizer.options().name, .variables = optimizer.variables(), .optimizer = true});
        // Keras keeps the state of inner ones twice: among the outer's and by itself.
        for (const CustomOptimizer::Inner& inner : optimizer.inner()) this->optimizer(*inner.optimizer, join(path, inner.attribute));
    }
    std::set<const CustomLayer*> visited_;
};

std::string vars_of(const StateGroup& group) { return join(group.path, "vars"); }

std::span<const std::byte> bytes_of(const Tensor& host) {
    return {static_cast<const std::byte*>(host.raw()), static_cast<size_t>(host.size()) * static_cast<size_t>(bits(host.dtype()) / 8)};
}

Tensor read_dataset(const Hdf5Dataset& data) {
    Tensor out = Tensor::uninitialized(data.shape(), data.dtype());
    data.read({static_cast<std::byte*>(out.mutable_raw()), static_cast<size_t>(data.nbytes())});
    return out;
}

// Every dataset in the file that `known` does not list.
void find_unexpected(const Hdf5Group& group, const std::string& path, const std::set<std::string>& known, LoadReport& report) {
    for (const std::string& name : group.names()) {
        const std::string at = join(path, name);
        if (group.contains_group(name)) find_unexpected(group.group(name), at, known, report);
        else if (!known.contains(at)) report.unexpected.push_back({at, {}, "the model has no variable there"});
    }
}

}  // namespace

std::vector<StateGroup> state_of(const Model& model) {
    Collector collector;
    collector.layer(model, "");
    return std::move(collector.groups);
}

void write_state(const std::vector<StateGroup>& groups, Hdf5Writer& writer, Tensors& keep) {
    for (const StateGroup& group : groups) {
        const std::string path = vars_of(group);
        writer.group(path);
        if (!group.name.empty()) writer.attribute(path, "name", Hdf5Value::text(group.name));
        for (size_t i = 0; i < group.variables.size(); ++i) {
            const Tensor value = group.variables[i].value().to_host();
            keep.push_back(value);
            writer.dataset(join(path, std::to_string(i)), value.shape(), value.dtype(), bytes_of(value));
        }
    }
}

StateValues read_state(const std::vector<StateGroup>& groups, const Hdf5Group& file) {
    StateValues state;
    LoadReport& report = state.report;
    std::set<std::string> known;
    for (const StateGroup& group : groups) {
        const std::string path = vars_of(group);
        const bool there = file.contains_group(path);
        const size_t stored = there ? file.group(path).size() : 0;
        // Keras skips an optimizer's state as a whole when it is that of other variables.
        const bool skip = group.optimizer && stored != group.variables.size();
        if (skip && there)
            for (const std::string& name : file.group(path).names()) known.insert(join(path, name));
        for (size_t i = 0; i < group.variables.size(); ++i) {
            const Variable& variable = group.variables[i];
            const std::string at = join(path, std::to_string(i));
            known.insert(at);
            if (skip || !file.contains_dataset(at)) {
                report.missing.push_back({at, variable.path(), group.optimizer ? "the file holds no state of this optimizer for these variables" : "not in the file"});
                continue;
            }
            const Hdf5Dataset data = file.dataset(at);
            if (data.shape() != variable.shape()) {
                report.mismatched.push_back({at, variable.path(), str("shape ", data.shape(), " in the file, ", variable.shape(), " in the model")});
                continue;
            }
            if (data.dtype() == DType::string || bits(data.dtype()) < 8) {
                report.mismatched.push_back({at, variable.path(), str("dtype ", data.dtype(), " in the file, ", variable.dtype(), " in the model")});
                continue;
            }
            Tensor value = read_dataset(data);
            if (value.dtype() != variable.dtype()) value = ops::cast(value, variable.dtype());
            state.values.emplace_back(variable, std::move(value));
            report.read.push_back({at, variable.path(), {}});
        }
    }
    find_unexpected(file, "", known, report);
    return state;
}

void StateValues::assign() const {
    for (const auto& [variable, value] : values) {
        Variable to = variable;
        to.assign(value);
    }
}

std::string LoadReport::to_string() const {
    std::string text;
    const auto list = [&](const char* what, const std::vector<Entry>& entries) {
        for (const Entry& e : entries) {
            text += str(what, ": ", e.place, e.variable.empty() ? "" : " (" + e.variable + ")", e.detail.empty() ? "" : ": " + e.detail);
            text += '\n';
        }
    };
    list("missing", missing);
    list("unexpected", unexpected);
    list("mismatched", mismatched);
    return text;
}

void require_complete(const LoadReport& report, const std::string& file) {
    LoadReport wrong = report;
    // A model may be saved before its optimizer has made its state.
    std::erase_if(wrong.missing, [](const LoadReport::Entry& e) { return e.place.starts_with("optimizer/"); });
    if (!wrong.complete()) throw FileError(str(file, ": the weights do not fit the model:\n", wrong.to_string()));
}

}  // namespace cornu::saving
