#include "cornu/saving/model_state.h"

#include <algorithm>
#include <map>
#include <set>

#include "cornu/base/naming.h"
#include "cornu/ops/elementwise.h"
#include "cornu/saving/utf8.h"

namespace cornu::saving {

namespace {

std::string join(const std::string& path, const std::string& name) { return path.empty() ? name : path + "/" + name; }

class Collector {
public:
    std::vector<StateGroup> groups;

    void layer(const Layer& layer, const std::string& path, const std::string& scope) {
        if (!visited_.insert(&layer.impl()).second) return;
        StateGroup group{.path = path, .name = layer.name(), .scope = scope};
        // Those made trainable first; a seed generator's state is not saved.
        for (const bool trainable : {true, false})
            for (const Variable& variable : layer.impl().own_variables())
                if (variable.trainable() == trainable && variable.name() != "seed_generator_state") group.variables.push_back(variable);
        group.stored = dynamic_cast<StoredState*>(&layer.impl());
        if (auto items = group.stored ? group.stored->stored_variables() : std::nullopt) {
            group.variables.clear();
            for (StoredState::Item& item : *items) {
                group.variables.push_back(item.variable);
                group.values.push_back(std::move(item.value));
                group.names.push_back(std::move(item.name));
            }
        }
        groups.push_back(std::move(group));

        auto* model = dynamic_cast<CustomModel*>(&layer.impl());
        const auto list = [&] {
            utils::ClassNames names;
            for (const Layer& inner : model->layers()) this->layer(inner, join(path, "layers/" + names(inner.impl().class_name())), join(scope, inner.name()));
        };
        if (model && (model->functional() || model->class_name() == "Sequential")) {
            list();
        } else {
            // By attribute, private ones last.
            const auto key = [](const std::string& name) { return name.starts_with("_") ? "~" + name : name; };
            std::vector<CustomLayer::Child> children = layer.impl().children();
            std::stable_sort(children.begin(), children.end(), [&](const auto& a, const auto& b) { return key(a.attribute) < key(b.attribute); });
            // Keras's Model has an attribute `layers`: what comes after it in the alphabet lies there already.
            bool listed = !model;
            for (const CustomLayer::Child& child : children) {
                if (!listed && key(child.attribute) > "layers") {
                    list();
                    listed = true;
                }
                this->layer(child.layer, join(path, child.attribute), join(scope, child.layer.name()));
            }
        }
        if (model && model->compiled()) {
            this->optimizer(model->optimizer().impl(), join(path, "optimizer"), "optimizer");
        }
    }

private:
    void optimizer(const CustomOptimizer& optimizer, const std::string& path, const std::string& scope) {
        groups.push_back({.path = path, .name = optimizer.options().name, .scope = scope, .variables = optimizer.variables(), .optimizer = true});
        // Keras keeps the state of inner ones twice: among the outer's and by itself.
        for (const CustomOptimizer::Inner& inner : optimizer.inner()) this->optimizer(*inner.optimizer, join(path, inner.attribute), join(scope, inner.attribute));
    }
    std::set<const CustomLayer*> visited_;
};

std::string vars_of(const StateGroup& group) { return join(group.path, "vars"); }

}  // namespace

std::vector<StateGroup> state_of(const Model& model) {
    Collector collector;
    collector.layer(model, "", "");
    return std::move(collector.groups);
}

void write_state(const std::vector<StateGroup>& groups, Hdf5Writer& writer, Tensors& keep) {
    for (const StateGroup& group : groups) {
        const std::string path = vars_of(group);
        writer.group(path);
        if (!group.name.empty()) writer.attribute(path, "name", Hdf5Value::text(group.name));
        for (const auto& [name, label, value] : group.arrays()) {
            keep.push_back(value);
            writer.dataset(join(path, name), value.shape(), value.dtype(), bytes_of(value));
        }
    }
}

Tensor StateGroup::value(size_t variable) const {
    return variable < values.size() && values[variable] ? values[variable]() : variables[variable].value();
}

std::string StateGroup::array_name(size_t variable) const {
    return variable < names.size() && !names[variable].empty() ? names[variable] : std::to_string(variable);
}

std::vector<StateGroup::Array> StateGroup::arrays() const {
    std::vector<Array> all;
    for (size_t i = 0; i < variables.size(); ++i) all.push_back({array_name(i), variables[i].path(), value(i).to_host()});
    if (stored)
        for (const auto& [array, value] : stored->named_arrays()) all.push_back({array, join(scope, array), value.to_host()});
    return all;
}

std::span<const std::byte> bytes_of(const Tensor& host) {
    return {static_cast<const std::byte*>(host.raw()), static_cast<size_t>(bytes_for(host.dtype(), host.size()))};
}

std::string StateGroup::key(size_t variable) const {
    if (variable < names.size() && !names[variable].empty()) return join(scope, names[variable]);
    return join(scope, optimizer ? variables[variable].path() : variables[variable].name());
}

bool StateValues::take(const Variable& variable, const std::string& place, const StoredArray& array) {
    const auto mismatch = [&](const char* what, const auto& in_file, const auto& in_model) {
        report.mismatched.push_back({place, variable.path(), str(what, " ", in_file, " in the file, ", in_model, " in the model")});
        return false;
    };
    if (array.shape != variable.shape()) return mismatch("shape", array.shape, variable.shape());
    if (array.dtype == DType::string || bits(array.dtype) < 8 || is_complex(array.dtype) != is_complex(variable.dtype()))
        return mismatch("dtype", array.dtype, variable.dtype());
    Tensor value = array.read();
    if (value.dtype() != variable.dtype()) value = ops::cast(value, variable.dtype());
    values.emplace_back(variable, std::move(value));
    report.read.push_back({place, variable.path(), {}});
    return true;
}

namespace {

// The group of the file that stands for one of the model; empty when there is none.
class GroupFinder {
public:
    GroupFinder(const StoredWeights& file, Match match) : match_(match) {
        if (match != Match::names) return;
        for (const auto& [place, name] : file.names) places_.emplace(name, place);   // the first of equal names
    }
    std::string operator()(const StateGroup& group) const {
        if (match_ != Match::names) return vars_of(group);
        const auto found = places_.find(group.name);
        return found == places_.end() ? std::string() : found->second;
    }

private:
    Match match_;
    std::map<std::string, std::string> places_;
};

}  // namespace

StateValues read_state(const std::vector<StateGroup>& groups, const StoredWeights& file, Match match, bool skip_mismatch) {
    StateValues state;
    LoadReport& report = state.report;
    std::set<std::string> known;
    const GroupFinder find(file, match);
    for (const StateGroup& group : groups) {
        const std::string vars = find(group);
        const auto named = group.stored ? group.stored->named_arrays() : std::map<std::string, Tensor>();
        uint64_t stored = vars.empty() ? 0 : file.arrays_below(vars);
        stored -= std::min<uint64_t>(stored, named.size());
        // Keras skips an optimizer's state as a whole when it is that of other variables.
        bool skip = match != Match::keys && stored != group.variables.size() && (group.optimizer || skip_mismatch);
        const char* why = group.optimizer ? "the file holds no state of this optimizer for these variables" : "not in the file";
        for (auto at = file.arrays.lower_bound(vars + "/"); skip && at != file.arrays.end() && at->first.starts_with(vars + "/"); ++at)
            known.insert(at->first);
        for (size_t i = 0; i < group.variables.size(); ++i) {
            const Variable& variable = group.variables[i];
            const std::string place = join(vars, group.array_name(i)), key = group.key(i);
            auto found = match == Match::keys ? file.arrays.find(key) : file.arrays.end();
            if (found == file.arrays.end() && !vars.empty()) found = file.arrays.find(place);
            if (found != file.arrays.end()) known.insert(found->first);
            if (skip || found == file.arrays.end()) {
                report.missing.push_back({match == Match::keys ? key : place, variable.path(), why});
                continue;
            }
            if (!state.take(variable, found->first, found->second) && skip_mismatch && match == Match::places) {
                skip = true;
                why = "a variable before it does not fit";
            }
        }
        if (!group.stored) continue;
        std::map<std::string, Tensor> found_arrays;
        for (const auto& [name, value] : named) {
            auto found = match == Match::keys ? file.arrays.find(join(group.scope, name)) : file.arrays.end();
            if (found == file.arrays.end() && !vars.empty()) found = file.arrays.find(join(vars, name));
            if (found == file.arrays.end()) {
                report.missing.push_back({join(vars, name), join(group.scope, name), "not in the file"});
                continue;
            }
            known.insert(found->first);
            if (!is_float(found->second.dtype) || bits(found->second.dtype) < 16 || found->second.shape.rank() != 1) {
                report.mismatched.push_back({found->first, join(group.scope, name), str(found->second.dtype, found->second.shape, " in the file, a list of floats in the model")});
                continue;
            }
            found_arrays.emplace(name, found->second.read());
            report.read.push_back({found->first, join(group.scope, name), {}});
        }
        state.after.push_back([stored = group.stored, found_arrays = std::move(found_arrays)] {
            stored->variables_loaded();
            if (!found_arrays.empty()) stored->load_named_arrays(found_arrays);
        });
    }
    for (const auto& [place, array] : file.arrays)
        if (!known.contains(place)) report.unexpected.push_back({place, {}, "the model has no variable there"});
    return state;
}

void StateValues::assign() const {
    for (const auto& [variable, value] : values) {
        Variable to = variable;
        to.assign(value);
    }
    for (const auto& f : after) f();
}

namespace {
std::string assets_of(const StateGroup& group) { return group.path.empty() ? "assets/" : "assets/" + group.path + "/"; }
}  // namespace

void write_assets(const std::vector<StateGroup>& groups, ZipWriter& zip) {
    for (const StateGroup& group : groups)
        if (group.stored)
            for (const std::string& name : group.stored->asset_names()) zip.add(assets_of(group) + name, std::string_view(group.stored->asset(name)));
}

void read_assets(const std::vector<StateGroup>& groups, const ZipReader& zip, const std::string& file, const LoadLimits& limits, StateValues& state) {
    for (const StateGroup& group : groups) {
        if (!group.stored) continue;
        for (const std::string& name : group.stored->asset_names()) {
            const std::string member = assets_of(group) + name, where = str(file, ", ", member);
            if (!zip.contains(member)) {
                state.report.missing.push_back({member, join(group.scope, name), "not in the file"});
                continue;
            }
            // Read within assign(), after the arrays; the archive's bytes are kept by `source`.
            const ByteSource source = zip.open(member);
            const std::string_view text = source.text(0, source.size());
            if (!is_utf8(text)) throw FileError(str(where, ": a vocabulary must be UTF-8 text."));
            const auto lines = static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n')) + 1;
            if (lines > limits.max_vocabulary)
                throw FileError(str(where, ": more tokens than LoadLimits::max_vocabulary allows. Received: ", lines, " of ", limits.max_vocabulary, "."));
            state.report.read.push_back({member, join(group.scope, name), {}});
            state.after.push_back([stored = group.stored, name, where, source] {
                try {
                    stored->load_asset(name, source.text(0, source.size()));
                } catch (const ValueError& e) {
                    throw FileError(str(where, ": ", e.what()));
                }
            });
        }
    }
}

void StateValues::append(StateValues other) {
    const auto move_all = [](auto& from, auto& to) { to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end())); };
    move_all(other.values, values);
    move_all(other.after, after);
    move_all(other.report.read, report.read);
    move_all(other.report.missing, report.missing);
    move_all(other.report.unexpected, report.unexpected);
    move_all(other.report.mismatched, report.mismatched);
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

void require_complete(LoadReport report, const std::string& file, bool compiled) {
    const auto of_optimizer = [](const LoadReport::Entry& e) { return e.place.starts_with("optimizer/"); };
    std::erase_if(report.missing, of_optimizer);
    if (!compiled) std::erase_if(report.unexpected, of_optimizer);
    if (!report.complete()) throw FileError(str(file, ": the weights do not fit the model:\n", report.to_string()));
}

}  // namespace cornu::saving
