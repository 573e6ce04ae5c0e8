#include "cornu/saving/shards.h"

#include <cstdio>
#include <set>

#include "cornu/saving/atomic_file.h"

namespace cornu::saving {

namespace {

// A name that leads nowhere but into the folder of the .json.
void check_name(const std::string& name, const std::filesystem::path& path) {
    const bool plain = name.find_first_of(std::string("/\\:\0", 4)) == std::string::npos && !name.starts_with(".") && name.ends_with(".weights.h5");
    if (!plain) throw FileError(str(path.string(), ": a shard must be a file name ending in .weights.h5. Received: ", Json(name).dump()));
}

std::set<std::string> shard_names(const Json& config, const std::filesystem::path& path) {
    std::set<std::string> names;
    const Json* map = config.find("weight_map");
    if (!map || !map->is_object()) throw FileError(str(path.string(), ": must be an object with `weight_map`."));
    const auto add = [&](const Json& name) {
        check_name(name.as_string(), path);
        names.insert(name.as_string());
    };
    try {
        for (const auto& [place, files] : map->as_object()) {
            if (!files.is_array()) add(files);
            else
                for (const Json& file : files.as_array()) add(file);
        }
    } catch (const ValueError& e) {
        throw FileError(str(path.string(), ", weight_map: ", e.what()));
    }
    return names;
}

// What the list that is about to be replaced names; nothing when there is none that can be read.
std::set<std::string> old_shards(const std::filesystem::path& path) {
    try {
        if (!std::filesystem::exists(path)) return {};
        const ByteSource text = ByteSource::open(path);
        return shard_names(Json::parse(text.text(0, text.size())), path);
    } catch (const Error&) {
        return {};
    }
}

std::string shard_name(const std::filesystem::path& path, size_t index) {
    std::string base = path.stem().string();   // "m.weights" of "m.weights.json"
    if (base.ends_with(".weights")) base.resize(base.size() - 8);
    char number[32];
    std::snprintf(number, sizeof number, "_%05zu", index);
    return base + number + ".weights.h5";
}

}  // namespace

StoredWeights read_shards(const std::filesystem::path& path, const LoadLimits& limits) {
    const ByteSource text = ByteSource::open(path);
    StoredWeights weights{.file = path.string()};
    Json config;
    try {
        config = Json::parse(text.text(0, text.size()), {.max_bytes = static_cast<size_t>(limits.max_json_bytes), .max_depth = limits.max_json_depth});
    } catch (const ValueError& e) {
        throw FileError(str(path.string(), ": ", e.what()));
    }
    for (const std::string& name : shard_names(config, path)) {
        const std::filesystem::path shard = path.parent_path() / name;
        if (std::filesystem::is_symlink(shard)) throw FileError(str(shard.string(), ": a shard must not be a link."));
        add_hdf5(Hdf5Group::open(ByteSource::open(shard), limits), weights);
    }
    return weights;
}

void write_shards(const std::vector<StateGroup>& groups, const std::filesystem::path& path, double max_bytes) {
    struct Shard {
        std::string name;
        Hdf5Writer writer;
        double bytes = 0;
    };
    std::vector<Shard> shards;
    size_t next = 0;
    // No shard that the old list names is written over: until the new list is there, the old one holds.
    const auto begin_shard = [&] {
        std::error_code ignored;
        while (std::filesystem::exists(path.parent_path() / shard_name(path, next), ignored)) ++next;
        shards.push_back({.name = shard_name(path, next++), .writer = {}});
    };
    begin_shard();
    Json map = Json::object();
    double total = 0;
    Tensors keep;
    for (const StateGroup& group : groups) {
        const std::string vars = group.path.empty() ? "vars" : group.path + "/vars";
        for (const auto& [name, label, value] : group.arrays()) {
            const auto bytes = static_cast<double>(bytes_of(value).size());
            if (bytes > max_bytes)
                throw ValueError(str("The size of ", label, " is ", bytes, " bytes, which exceeds the maximum shard size ", max_bytes,
                                     ". You can increase the `max_shard_size` parameter to accommodate the size."));
            if (shards.back().bytes + bytes > max_bytes) begin_shard();
            Shard& shard = shards.back();
            shard.bytes += bytes;
            total += bytes;
            keep.push_back(value);
            shard.writer.dataset(vars + "/" + name, value.shape(), value.dtype(), bytes_of(value));
            Json* files = map.find("/" + vars);
            const bool first_here = !files || files->as_array().back().as_string() != shard.name;
            if (first_here && !group.name.empty()) shard.writer.attribute(vars, "name", Hdf5Value::text(group.name));
            if (!files) map.set("/" + vars, Json::array({shard.name}));
            else if (first_here) files->push_back(shard.name);
        }
    }
    const std::set<std::string> old = old_shards(path);
    const Json config = Json::object({{"metadata", Json::object({{"total_size", total}})}, {"weight_map", std::move(map)}});
    std::error_code ignored;
    try {
        for (const Shard& shard : shards) {
            AtomicFile file(path.parent_path() / shard.name);
            shard.writer.write(file);
            file.commit();
        }
        AtomicFile file(path);
        file.write(config.dump(4));
        file.commit();
    } catch (const FileError&) {
        for (const Shard& shard : shards) std::filesystem::remove(path.parent_path() / shard.name, ignored);
        throw;
    }
    for (const std::string& name : old) std::filesystem::remove(path.parent_path() / name, ignored);
}

}  // namespace cornu::saving
