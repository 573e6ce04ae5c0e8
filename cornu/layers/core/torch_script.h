// TorchScript: a module of torch.jit, opened by the torch engine.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "cornu/backend/foreign_module.h"
#include "cornu/base/schema.h"

namespace cornu::layers {

// A file's name, or its content. Opening it runs parts of it, as far as LibTorch lets it: the program
// that names a file trusts it. A handle: copies are the same module. Throws FileError when there is
// no such file, ValueError for what is no module, UnsupportedError for what only Python can open
// (torch.save's pickles), BackendError when the torch engine is not installed.
class CORNU_API TorchScript {
public:
    TorchScript() = default;   // none
    TorchScript(const char* path) : TorchScript(std::filesystem::path(path)) {}
    TorchScript(const std::string& path) : TorchScript(std::filesystem::path(path)) {}
    TorchScript(const std::filesystem::path& path);
    static TorchScript from_bytes(std::string content);

    explicit operator bool() const { return module_ != nullptr; }
    const std::shared_ptr<const ForeignModule>& module() const { return module_; }
    const std::string& bytes() const { return *content_; }

private:
    friend struct Codec<TorchScript>;
    void open(std::string content, bool trusted);
    std::shared_ptr<const std::string> content_;
    std::shared_ptr<const ForeignModule> module_;
};

}  // namespace cornu::layers

namespace cornu {

// The content in base64, where Keras has a pickle. Read in safe mode (tensor/safe_mode.h), it must be
// that of a module which this context has opened already.
template <> struct CORNU_API Codec<layers::TorchScript> {
    static Json encode(const layers::TorchScript& v);
    static void decode(const Json& j, layers::TorchScript& v);
};

}  // namespace cornu
