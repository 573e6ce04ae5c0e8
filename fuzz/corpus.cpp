// Lays out the seeds of the fuzz targets, a folder each, from what the real Keras, h5py and numpy wrote
// (tests/golden), and one for each file that has hurt somebody.
//   fuzz_corpus OUT
#include <filesystem>
#include <fstream>
#include <iostream>

#include "cornu/saving/sink.h"
#include "fuzz/hostile_files.h"
#include "fuzz/limits.h"
#include "tests/golden.h"

namespace {

using namespace cornu;
using namespace cornu::saving;

std::filesystem::path out;

void put(const std::string& target, const std::string& name, std::span<const std::byte> bytes, const std::string& before = {}) {
    std::filesystem::create_directories(out / target);
    std::string file = name;
    for (char& c : file)
        if (c == '/') c = '_';
    std::ofstream to(out / target / file, std::ios::binary);
    to << before;
    to.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

bool ends_with(const std::string& name, const char* extension) { return name.ends_with(extension); }

void put_file(const std::string& name, const ByteSource& file, bool hostile = false) {
    if (ends_with(name, ".npy") || ends_with(name, ".npz")) put("npz", name, file.bytes());
    if (ends_with(name, ".safetensors")) put("safetensors", name, file.bytes());
    if (ends_with(name, ".zip")) put("zip", name, file.bytes());
    if (ends_with(name, ".h5")) {
        if (file.size() < 50'000) put("hdf5", name, file.bytes());
        if (file.size() < 60'000) put("weights", name, file.bytes(), std::string(1, name.find("nested") == std::string::npos ? '\1' : '\0'));
    }
    if (!ends_with(name, ".keras")) return;
    put("keras", name, file.bytes());
    if (hostile) put("zip", name, file.bytes());
    fuzz::refuse_or_read([&] {
        const ZipReader zip(file);
        put("config", name + ".json", zip.open("config.json").bytes());
    });
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: fuzz_corpus OUT\n";
        return 2;
    }
    out = argv[1];
    std::filesystem::remove_all(out);
    for (const auto& item : std::filesystem::directory_iterator(golden_path("files"))) put_file(item.path().filename().string(), ByteSource::open(item.path()));
    for (const char* family : {"formats.zip", "models.zip", "configs.zip", "layers.zip"}) {
        const ZipReader zip(ByteSource::open(golden_path(family)));
        std::string last;
        for (const ZipMember& member : zip.members()) {
            // Of a layer recorded in many ways a few files will do.
            const std::string kind = member.name.substr(0, member.name.find_first_of("_/0123456789"));
            if (std::string(family) == "layers.zip" && (!ends_with(member.name, ".keras") || kind == last)) continue;
            last = kind;
            if (ends_with(member.name, ".npy") || ends_with(member.name, "cases.json")) continue;
            put_file(member.name, zip.open(member.name));
        }
    }
    for (const auto& file : test::hostile_files([](const std::string& name) { return ByteSource::open(golden_path("files/" + name)); }))
        put_file(file.name + "." + file.extension, ByteSource::own(file.name, file.bytes), true);
    return 0;
}
