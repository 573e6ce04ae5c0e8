#include "cornu/layers/core/torch_script.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <mutex>

#include "cornu/tensor/context.h"
#include "cornu/tensor/safe_mode.h"

namespace cornu::layers {

namespace {

// What the program has opened itself, as long as somebody holds it.
struct Opened {
    struct Entry {
        std::weak_ptr<const std::string> content;
        std::weak_ptr<const ForeignModule> module;
    };
    std::mutex mutex;
    std::vector<Entry> entries;
};

constexpr const char* how_to_make_one = "In Python, torch.jit.script(module).save(\"module.pt\") writes one.";

// In words of what people mistake for one; what is left is LibTorch's to judge.
void check_kind(const std::string& content) {
    if (content.empty()) throw ValueError(str("the module is no TorchScript archive: there is nothing in it. ", how_to_make_one));
    const bool archive = content.starts_with("PK");
    if (archive && content.rfind("PK\5\6") == content.npos) throw ValueError("the module is no TorchScript archive: its end is missing.");
    if (content[0] == '\x80' || (archive && content.find("constants.pkl") == content.npos && content.find("data.pkl") != content.npos))
        throw UnsupportedError(str("the module is a Python pickle, which only Python can open, and which runs code there: it is refused. "
                                   "Cornu takes TorchScript. ", how_to_make_one));
    if (archive && content.find("archive_format") != content.npos && content.find("models/") != content.npos)
        throw UnsupportedError("the module is a program of torch.export (.pt2), for which C++ has no runtime. In Python, torch.jit.trace(exported.module(), example).save(\"module.pt\") "
                               "makes TorchScript of it.");
    if (!archive || content.find("constants.pkl") == content.npos) throw ValueError(str("the module is no TorchScript archive. ", how_to_make_one));
}

std::string read_all(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file || std::filesystem::is_directory(path)) throw FileError(str(path.string(), ": the TorchScript file cannot be opened. ", how_to_make_one));
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TorchScript::TorchScript(const std::filesystem::path& path) {
    try {
        open(read_all(path), true);
    } catch (const UnsupportedError& e) {
        throw UnsupportedError(str(path.string(), ": ", e.what()));
    } catch (const ValueError& e) {
        throw ValueError(str(path.string(), ": ", e.what()));
    }
}

TorchScript TorchScript::from_bytes(std::string content) {
    TorchScript script;
    script.open(std::move(content), true);
    return script;
}

void TorchScript::open(std::string content, bool trusted) {
    check_kind(content);
    Opened& opened = Context::current().state<Opened>();
    const std::lock_guard lock(opened.mutex);
    std::erase_if(opened.entries, [](const Opened::Entry& e) { return e.content.expired(); });
    for (const Opened::Entry& entry : opened.entries) {
        const auto module = entry.module.lock();
        auto known = entry.content.lock();
        if (module && known && *known == content) {
            content_ = std::move(known);
            module_ = module;
            return;
        }
    }
    if (!trusted)
        throw ValueError("the module is a TorchScript program, and opening it would run it: it is refused. For a file that you would run as a program, "
                         "pass safe_mode = false to load_model, or call config::enable_unsafe_deserialization().");
    auto shared = std::make_shared<const std::string>(std::move(content));
    // The module keeps its content, so that both are known or neither.
    module_ = module_runtime("torch").open_module(shared);
    content_ = std::move(shared);
    opened.entries.push_back({content_, module_});
}

}  // namespace cornu::layers

namespace cornu {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string to_base64(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (size_t i = 0; i < bytes.size(); i += 3) {
        const size_t n = std::min<size_t>(3, bytes.size() - i);
        uint32_t word = 0;
        for (size_t k = 0; k < 3; ++k) word = word << 8 | (k < n ? static_cast<unsigned char>(bytes[i + k]) : 0u);
        for (size_t k = 0; k < 4; ++k) text += k <= n ? alphabet[word >> (18 - 6 * k) & 63] : '=';
    }
    return text;
}

constexpr auto values = [] {
    std::array<int8_t, 256> table{};
    table.fill(-1);
    for (size_t i = 0; i < alphabet.size(); ++i) table[static_cast<unsigned char>(alphabet[i])] = static_cast<int8_t>(i);
    return table;
}();

std::string from_base64(std::string_view text) {
    const auto refuse = [] { throw ValueError("must be base64 text."); };
    if (text.size() % 4 != 0) refuse();
    while (text.ends_with('=') && text.size() % 4 != 2) text.remove_suffix(1);
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3 + 2);
    uint32_t word = 0;
    int held = 0;   // bits of it that are not written yet
    for (const char c : text) {
        const int8_t value = values[static_cast<unsigned char>(c)];
        if (value < 0) refuse();
        word = word << 6 | static_cast<uint32_t>(value);
        held += 6;
        if (held < 8) continue;
        held -= 8;
        bytes += static_cast<char>(word >> held & 255);
    }
    return bytes;
}

}  // namespace

Json Codec<layers::TorchScript>::encode(const layers::TorchScript& v) { return v ? Json(to_base64(v.bytes())) : Json(); }

void Codec<layers::TorchScript>::decode(const Json& j, layers::TorchScript& v) {
    if (!j.is_string()) throw ValueError(str("must be a TorchScript archive in base64. Received: ", j.dump().substr(0, 100)));
    v = {};
    v.open(from_base64(j.as_string()), !SafeMode::on());
}

}  // namespace cornu
