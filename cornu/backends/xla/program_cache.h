// Compiled programs as files, so that a second process need not compile them again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace cornu::xla {

// A folder of its owner's alone: what is in it will be run. Programs are found by all that they
// depend on, which is compared in full. No failure here is one of the program's: what cannot be
// read is compiled, what cannot be written is not.
class ProgramCache {
public:
    // `stamp` says which compiler for which processor; a folder may hold programs of several.
    ProgramCache(std::string folder, std::string stamp);

    std::optional<std::string> find(const std::string& key) const;
    void put(const std::string& key, const std::string& program) const;
    const std::string& folder() const { return folder_; }  // empty: nothing is kept

    static constexpr uint64_t largest_total = uint64_t{1} << 30;  // bytes; the oldest leave first

private:
    std::string path_of(const std::string& key) const;
    std::string folder_, stamp_;
};

// CORNU_CACHE_DIR, else cornu in $XDG_CACHE_HOME or ~/.cache; then "/xla". Empty when the first is
// set to nothing, or there is no home.
std::string cache_folder();
// What machine code depends on besides the plugin: the processor's features.
std::string processor_features();

}  // namespace cornu::xla
