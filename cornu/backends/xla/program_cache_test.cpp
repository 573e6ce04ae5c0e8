// Programs kept on disk: found again by all that they depend on, and by nothing less.
#include "cornu/backends/xla/program_cache.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using cornu::xla::ProgramCache;
namespace fs = std::filesystem;

namespace {

// A folder that goes with it.
struct Folder {
    Folder() {
        std::string name = fs::temp_directory_path() / "cornu_programs_XXXXXX";
        path = mkdtemp(name.data());
    }
    ~Folder() { fs::remove_all(path); }
    fs::path path;
};

fs::path only_file(const fs::path& folder) {
    fs::path found;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
        CHECK(found.empty());
        found = entry.path();
    }
    REQUIRE_FALSE(found.empty());
    return found;
}

}  // namespace

TEST_CASE("a program is found by its text, options and compiler") {
    const Folder folder;
    const std::string programs = folder.path / "new" / "xla";
    const ProgramCache cache(programs, "compiler 1");
    CHECK_FALSE(cache.find("text"));
    cache.put("text", std::string("\0machine code", 13));
    CHECK(cache.find("text") == std::string("\0machine code", 13));
    CHECK_FALSE(cache.find("text "));
    CHECK(ProgramCache(programs, "compiler 1").find("text"));
    CHECK_FALSE(ProgramCache(programs, "compiler 2").find("text"));
    cache.put("text", "newer");
    CHECK(cache.find("text") == "newer");
    only_file(programs);  // no part files are left
}

TEST_CASE("a file that was cut, changed or exchanged is no program") {
    const Folder folder;
    const ProgramCache cache(folder.path, "compiler");
    cache.put("text", "machine code");
    const fs::path path = only_file(folder.path);
    std::string whole;
    {
        std::ifstream file(path, std::ios::binary);
        whole.assign(std::istreambuf_iterator<char>(file), {});
    }
    const auto found_in = [&](const std::string& bytes) {
        std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
        return cache.find("text").has_value();
    };
    CHECK(found_in(whole));
    for (size_t size = 0; size < whole.size(); ++size) CHECK_FALSE(found_in(whole.substr(0, size)));
    CHECK_FALSE(found_in(whole + "x"));
    for (size_t i = 0; i < whole.size(); ++i) {
        std::string changed = whole;
        changed[i] = static_cast<char>(changed[i] ^ 0x40);
        CHECK_FALSE(found_in(changed));
    }
}

TEST_CASE("a folder that others may write to, and one that cannot be made, keep nothing") {
    const Folder folder;
    const fs::path open = folder.path / "open";
    fs::create_directory(open);
    chmod(open.c_str(), 0777);
    fs::create_directory_symlink(folder.path, folder.path / "link");
    for (const std::string& path : {open.string(), (folder.path / "link").string(),
                                    std::string("/proc/nothing/xla"), std::string()}) {
        const ProgramCache cache(path, "compiler");
        CHECK(cache.folder().empty());
        cache.put("text", "machine code");
        CHECK_FALSE(cache.find("text"));
    }
}
