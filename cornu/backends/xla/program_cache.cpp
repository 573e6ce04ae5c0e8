#include "cornu/backends/xla/program_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

namespace cornu::xla {

namespace fs = std::filesystem;

namespace {

constexpr char magic[8] = {'c', 'o', 'r', 'n', 'u', 'x', 'p', '1'};

uint64_t hash_of(std::string_view bytes, uint64_t seed) {
    uint64_t h = 0xCBF29CE484222325u ^ seed;
    for (const char c : bytes) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
    return h ^ (h >> 32);
}

// Made, or there and nobody else's to write.
bool is_private(const std::string& folder) {
    std::error_code failed;
    fs::create_directories(fs::path(folder).parent_path(), failed);
    ::mkdir(folder.c_str(), 0700);
    struct stat s;
    return ::lstat(folder.c_str(), &s) == 0 && S_ISDIR(s.st_mode) && s.st_uid == ::geteuid() &&
           (s.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

struct Header {
    char magic[8];
    uint64_t key_bytes, program_bytes, check;
};

// The oldest leave until there is room for `more` bytes.
void make_room(const std::string& folder, uint64_t more) {
    struct File {
        fs::file_time_type time;
        uint64_t bytes;
        fs::path path;
    };
    std::vector<File> files;
    uint64_t total = more;
    std::error_code failed;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, failed)) {
        std::error_code gone;
        File file{entry.last_write_time(gone), 0, entry.path()};
        if (gone || !entry.is_regular_file(gone)) continue;
        file.bytes = entry.file_size(gone);
        if (gone) continue;
        total += file.bytes;
        files.push_back(std::move(file));
    }
    if (total <= ProgramCache::largest_total) return;
    std::sort(files.begin(), files.end(),
              [](const File& a, const File& b) { return a.time < b.time; });
    // Half of it, so that not every program begins with this.
    for (const File& file : files) {
        if (total <= ProgramCache::largest_total / 2) break;
        if (fs::remove(file.path, failed)) total -= file.bytes;
    }
}

}  // namespace

ProgramCache::ProgramCache(std::string folder, std::string stamp)
    : folder_(std::move(folder)), stamp_(std::move(stamp)) {
    if (!folder_.empty() && !is_private(folder_)) folder_.clear();
}

std::string ProgramCache::path_of(const std::string& key) const {
    char name[40];
    std::snprintf(name, sizeof name, "%016llx%016llx",
                  static_cast<unsigned long long>(hash_of(key, hash_of(stamp_, 0))),
                  static_cast<unsigned long long>(hash_of(key, hash_of(stamp_, 1))));
    return folder_ + "/" + name + ".program";
}

std::optional<std::string> ProgramCache::find(const std::string& key) const {
    if (folder_.empty()) return {};
    std::ifstream file(path_of(key), std::ios::binary);
    Header header;
    if (!file.read(reinterpret_cast<char*>(&header), sizeof header)) return {};
    std::error_code failed;
    const uint64_t bytes = fs::file_size(path_of(key), failed);
    const std::string wanted = stamp_ + key;
    if (failed || std::memcmp(header.magic, magic, sizeof magic) != 0 ||
        header.key_bytes != wanted.size() || header.program_bytes > bytes ||
        sizeof header + header.key_bytes + header.program_bytes != bytes)
        return {};
    std::string found(wanted.size(), '\0'), program(header.program_bytes, '\0');
    file.read(found.data(), static_cast<std::streamsize>(found.size()));
    file.read(program.data(), static_cast<std::streamsize>(program.size()));
    if (!file || found != wanted || hash_of(program, 0) != header.check) return {};
    return program;
}

void ProgramCache::put(const std::string& key, const std::string& program) const {
    if (folder_.empty() || program.size() > largest_total / 4) return;
    make_room(folder_, program.size());
    // Under a name of its own, then renamed: others see the whole of it or nothing.
    std::string part = folder_ + "/part.XXXXXX";
    const int made = ::mkstemp(part.data());
    if (made < 0) return;
    ::close(made);
    const std::string wanted = stamp_ + key;
    Header header{{}, wanted.size(), program.size(), hash_of(program, 0)};
    std::memcpy(header.magic, magic, sizeof magic);
    std::ofstream file(part, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(&header), sizeof header);
    file << wanted << program;
    file.close();
    if (!file || ::rename(part.c_str(), path_of(key).c_str()) != 0) ::unlink(part.c_str());
}

std::string cache_folder() {
    const auto variable = [](const char* name) -> std::optional<std::string> {
        const char* value = std::getenv(name);
        return value ? std::optional<std::string>(value) : std::nullopt;
    };
    if (const auto own = variable("CORNU_CACHE_DIR")) return own->empty() ? "" : *own + "/xla";
    if (const auto cache = variable("XDG_CACHE_HOME"); cache && !cache->empty())
        return *cache + "/cornu/xla";
    const auto home = variable("HOME");
    return home && !home->empty() ? *home + "/.cache/cornu/xla" : "";
}

std::string processor_features() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
        if (line.rfind("flags", 0) == 0 || line.rfind("Features", 0) == 0) return line;
    return "unknown";
}

}  // namespace cornu::xla
