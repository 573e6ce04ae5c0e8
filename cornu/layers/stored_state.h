// A layer whose part of a file is other than its variables one by one: vocabularies, arrays with names,
// weights that are merged when saved. Implemented beside CustomLayer; saving/ asks for it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cornu/tensor/variable.h"

namespace cornu {

class CORNU_API StoredState {
public:
    virtual ~StoredState() = default;

    // What stands at vars/0, vars/1, …, in place of the layer's variables in their own order: a
    // variable, the value that is written for it where that is another than its own, and the name
    // that it has there instead of its number. A variable may stand there under several names.
    struct Item {
        Variable variable;
        std::function<Tensor()> value = {};
        std::string name = {};
    };
    virtual std::optional<std::vector<Item>> stored_variables() const { return std::nullopt; }
    virtual void variables_loaded() {}

    // Arrays at vars/<name>. Those that a file has are given back all at once.
    virtual std::map<std::string, Tensor> named_arrays() const { return {}; }
    virtual void load_named_arrays(const std::map<std::string, Tensor>&) {}

    // Texts at assets/<layer>/<name> of a `.keras` file, valid UTF-8 when read, arrays before them.
    // Throw ValueError for what no such layer can have written.
    virtual std::vector<std::string> asset_names() const { return {}; }
    virtual std::string asset(const std::string&) const { return {}; }
    virtual void load_asset(const std::string&, std::string_view) {}
};

}  // namespace cornu
