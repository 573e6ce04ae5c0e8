#include "cornu/saving/file_editor.h"

#include <set>

#include "cornu/base/error.h"
#include "cornu/saving/atomic_file.h"
#include "cornu/saving/model_state.h"
#include "cornu/saving/shards.h"
#include "cornu/saving/zip.h"

namespace cornu {

using namespace saving;

namespace {

constexpr const char* weights_member = "model.weights.h5";

bool ends_with(const std::filesystem::path& path, const char* extension) { return path.string().ends_with(extension); }

// "layers/dense/vars/0" is weight "0" of "layers/dense".
std::pair<std::string, std::string> object_and_weight(const std::string& place) {
    const size_t slash = place.rfind('/');
    const std::string weight = slash == std::string::npos ? place : place.substr(slash + 1);
    std::string object = slash == std::string::npos ? "" : place.substr(0, slash);
    if (object == "vars") object.clear();
    else if (object.ends_with("/vars")) object.resize(object.size() - 5);
    return {object, weight};
}

std::string group_of(const std::string& object) { return object.empty() ? "vars" : object + "/vars"; }

bool is_below(const std::string& path, const std::string& object) { return path == object || path.starts_with(object + "/"); }

StoredArray in_memory(const Tensor& tensor) {
    const Tensor host = tensor.to_host();
    return {.shape = host.shape(), .dtype = host.dtype(), .read = [host] { return host; }};
}

}  // namespace

KerasFileEditor::KerasFileEditor(const std::filesystem::path& path, const LoadLimits& limits) {
    StoredWeights weights{.file = path.string(), .arrays = {}, .names = {}};
    if (ends_with(path, ".keras")) {
        archive_ = ByteSource::open(path);
        add_hdf5(Hdf5Group::open(ZipReader(archive_, limits).open(weights_member), limits), weights);
    } else if (ends_with(path, ".weights.h5")) {
        add_hdf5(Hdf5Group::open(ByteSource::open(path), limits), weights);
    } else if (ends_with(path, ".weights.json")) {
        weights = read_shards(path, limits);
    } else {
        throw ValueError(str("Invalid filename: expected a `.keras`, `.weights.h5` or `.weights.json` extension. Received: filepath=", path.string()));
    }
    (void)weights.elements(limits);
    for (auto& [place, array] : weights.arrays) {
        const auto [object, weight] = object_and_weight(place);
        objects_[object].emplace(weight, std::move(array));
    }
    for (const auto& [place, name] : weights.names) names_[object_and_weight(place + "/").first] = name;
}

std::string KerasFileEditor::summary() const {
    std::string text;
    for (const auto& [object, weights] : objects_) {
        const auto name = names_.find(object);
        text += str(object.empty() ? "(the model itself)" : object, name == names_.end() || name->second.empty() ? "" : str("  (", name->second, ")"), "\n");
        for (const auto& [weight, array] : weights) text += str("    ", weight, "  ", array.dtype, " ", array.shape, "\n");
    }
    return text;
}

KerasFileEditor::Comparison KerasFileEditor::compare(const Model& reference) const {
    Comparison result;
    const auto error = [&](const std::string& text) {
        ++result.error_count;
        result.errors.push_back(text);
    };
    std::set<std::pair<std::string, std::string>> known;
    for (const StateGroup& group : state_of(reference)) {
        const auto object = objects_.find(group.path);
        for (size_t i = 0; i < group.variables.size(); ++i) {
            const std::string weight = group.array_name(i), place = group.path.empty() ? weight : group.path + "/" + weight;
            known.emplace(group.path, weight);
            const auto* array = object == objects_.end() ? nullptr : object->second.contains(weight) ? &object->second.at(weight) : nullptr;
            if (!array) error(str(place, ": missing from the file"));
            else if (array->shape != group.variables[i].shape()) error(str(place, ": shape ", array->shape, " in the file, ", group.variables[i].shape(), " in the model"));
            else ++result.match_count;
        }
    }
    for (const auto& [object, weights] : objects_)
        for (const auto& [weight, array] : weights)
            if (!known.contains({object, weight})) error(str(object.empty() ? weight : object + "/" + weight, ": missing from the model"));
    return result;
}

std::string KerasFileEditor::resolve(const std::string& object) const {
    std::set<std::string> found;
    for (const auto& [path, weights] : objects_) {
        if (object.find('/') != std::string::npos || path == object) {
            if (is_below(path, object)) found.insert(object);
            continue;
        }
        // Each part of the path is an object.
        for (size_t begin = 0; begin < path.size();) {
            const size_t end = std::min(path.find('/', begin), path.size());
            if (path.compare(begin, end - begin, object) == 0) found.insert(path.substr(0, end));
            begin = end + 1;
        }
    }
    if (found.empty()) throw ValueError(str("'", object, "' does not appear in the file; summary() lists all objects."));
    if (found.size() > 1) throw ValueError(str("Name '", object, "' occurs more than once in the file; try passing a complete path."));
    return *found.begin();
}

void KerasFileEditor::rename_object(const std::string& object, const std::string& new_name) {
    if (new_name.empty() || new_name.find('/') != std::string::npos)
        throw ValueError(str("the new name should be a leaf name, not a full path name. Received: '", new_name, "'"));
    const std::string from = resolve(object);
    const size_t slash = from.rfind('/');
    const std::string to = slash == std::string::npos ? new_name : from.substr(0, slash + 1) + new_name;
    const auto rename = [&](auto& all) {
        std::remove_reference_t<decltype(all)> renamed;
        for (auto& [path, value] : all) renamed.emplace(is_below(path, from) ? to + path.substr(from.size()) : path, std::move(value));
        all = std::move(renamed);
    };
    for (const auto& [path, weights] : objects_)
        if (is_below(path, to)) throw ValueError(str("the file has an object '", to, "' already."));
    rename(objects_);
    rename(names_);
}

void KerasFileEditor::delete_object(const std::string& object) {
    const std::string path = resolve(object);
    const auto erase = [&](auto& all) { std::erase_if(all, [&](const auto& item) { return is_below(item.first, path); }); };
    erase(objects_);
    erase(names_);
}

void KerasFileEditor::add_object(const std::string& path, const Weights& weights) {
    const size_t slash = path.rfind('/');
    if (slash != std::string::npos) (void)resolve(path.substr(0, slash));
    for (const auto& [other, ignored] : objects_)
        if (is_below(other, path)) throw ValueError(str("the file has an object '", path, "' already."));
    for (const auto& [name, value] : weights) objects_[path].insert_or_assign(name, in_memory(value));
}

void KerasFileEditor::delete_weight(const std::string& object, const std::string& weight) {
    const std::string path = resolve(object);
    if (!objects_.contains(path) || !objects_[path].erase(weight)) throw ValueError(str("Weight ", weight, " not found in object ", object, "."));
    if (objects_[path].empty()) objects_.erase(path);
}

void KerasFileEditor::add_weights(const std::string& object, const Weights& weights) {
    const std::string path = resolve(object);
    for (const auto& [name, value] : weights) objects_[path].insert_or_assign(name, in_memory(value));
}

void KerasFileEditor::save(const std::filesystem::path& path) const {
    Hdf5Writer writer;
    for (const auto& [object, weights] : objects_) {
        for (const auto& [name, array] : weights)
            writer.dataset(group_of(object) + "/" + name, array.shape, array.dtype, [array = array](Sink& sink) {
                const Tensor value = array.read();
                sink.write(bytes_of(value));
            });
        if (const auto name = names_.find(object); name != names_.end()) writer.attribute(group_of(object), "name", Hdf5Value::text(name->second));
    }
    if (ends_with(path, ".weights.h5")) {
        AtomicFile file(path);
        writer.write(file);
        file.commit();
        return;
    }
    if (!ends_with(path, ".keras") || archive_.size() == 0)
        throw ValueError(str("Invalid `filepath` argument: expected a `.weights.h5` extension, or `.keras` when such a file was opened. Received: filepath=", path.string()));
    const ZipReader old(archive_);
    AtomicFile file(path);
    ZipWriter zip(file);
    for (const ZipMember& member : old.members()) {
        if (member.is_folder() || member.name == weights_member) continue;
        zip.add(member.name, old.open(member.name).bytes());
    }
    writer.write(zip.begin(weights_member, writer.size()));
    zip.end();
    zip.finish();
    file.commit();
}

}  // namespace cornu
