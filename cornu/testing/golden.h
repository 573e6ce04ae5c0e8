// Cases recorded from Keras: a zip with `cases.json`, which refers to arrays and files in it.
#pragma once

#include <filesystem>
#include <string>

#include "cornu/base/json.h"
#include "cornu/saving/zip.h"
#include "cornu/tensor/structure.h"

namespace cornu::testing {

class CORNU_API Golden {
public:
    // Throws FileError when it cannot be read.
    explicit Golden(const std::filesystem::path& path);

    const Json::Array& cases() const { return cases_["cases"].as_array(); }
    const Json& find(const std::string& name) const;       // throws ValueError when there is none
    Tensor tensor(const Json& reference) const;            // {"npy": member, "dtype": …}
    Tensors tensors(const Json& references) const;         // a list of them
    saving::ByteSource file(const Json& reference) const;  // {"file": member}

private:
    saving::ZipReader zip_;
    Json cases_;
};

// Recorded arrays nested as `like`, a model's inputs or outputs; nothing when there are none.
CORNU_API Structure nested(const Tensors& arrays, const Structure& like);

// A member of a zip as text.
CORNU_API std::string read_text(const saving::ZipReader& zip, const std::string& member);

}  // namespace cornu::testing
