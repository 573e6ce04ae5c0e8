// What the tests of this room share: the recorded files of tests/golden/files and damage to them.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "cornu/base/error.h"
#include "cornu/base/json.h"
#include "cornu/saving/byte_source.h"
#include "cornu/saving/inflate.h"
#include "cornu/saving/sink.h"
#include "cornu/testing/temporary_folder.h"
#include "tests/golden.h"

namespace cornu::saving::test {

inline std::filesystem::path golden(const std::string& name) { return golden_path("files/" + name); }

inline const Json& expected() {
    static const Json json = [] {
        std::ifstream in(golden("expected.json"));
        CORNU_CHECK(in, "expected.json is missing");
        return Json::parse(std::string(std::istreambuf_iterator<char>(in), {}));
    }();
    return json;
}

inline std::vector<std::byte> bytes_of(const ByteSource& source) {
    return {source.bytes().begin(), source.bytes().end()};
}

template <class T>
std::vector<std::byte> bytes_of(const std::vector<T>& values) {
    const auto bytes = std::as_bytes(std::span(values));
    return {bytes.begin(), bytes.end()};
}

using testing::TemporaryFolder;

// Reads every truncation of `bytes`, and every byte of it replaced in some ways. Each must end in
// success or in a FileError. Returns how many were refused. `step` thins out long files.
template <class Read>
size_t damage(const std::vector<std::byte>& bytes, size_t step, Read read) {
    size_t refused = 0;
    const auto attempt = [&](std::vector<std::byte> damaged) {
        try {
            read(ByteSource::own("damaged", std::move(damaged)));
        } catch (const FileError&) {
            ++refused;
        }
    };
    for (size_t size = 0; size < bytes.size(); size += step) {
        attempt({bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size)});
    }
    for (size_t at = 0; at < bytes.size(); at += step) {
        for (const int change : {0x01, 0x80, 0xff}) {
            std::vector<std::byte> damaged = bytes;
            damaged[at] ^= static_cast<std::byte>(change);
            attempt(std::move(damaged));
        }
    }
    return refused;
}

}  // namespace cornu::saving::test
