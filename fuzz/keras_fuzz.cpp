// Any bytes as a whole model file: loaded, looked into. Mutations reach into the archive, whose
// checksums would otherwise stop them at the door.
#include <cstring>

#include "cornu/saving/keras_file.h"
#include "cornu/saving/sink.h"
#include "cornu/saving/zip.h"
#include "fuzz/json_mutation.h"
#include "fuzz/limits.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace cornu;
    fuzz::refuse_or_read([&] { saving::load_model(fuzz::source(data, size), {.limits = fuzz::limits()}); });
    return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
    using namespace cornu;
    if (seed % 4 == 0) return LLVMFuzzerMutate(data, size, max_size);
    try {
        const saving::ZipReader zip(fuzz::source(data, size), fuzz::limits());
        if (zip.members().empty()) return LLVMFuzzerMutate(data, size, max_size);
        saving::MemorySink sink;
        saving::ZipWriter writer(sink);
        const size_t chosen = seed / 4 % zip.members().size();
        for (size_t i = 0; i < zip.members().size(); ++i) {
            const std::string& name = zip.members()[i].name;
            const auto bytes = zip.open(name).bytes();
            std::vector<uint8_t> content(bytes.size() + 256);
            if (!bytes.empty()) std::memcpy(content.data(), bytes.data(), bytes.size());
            size_t length = bytes.size();
            if (i == chosen)
                length = name.ends_with(".json") ? fuzz::mutate_json(content.data(), length, content.size(), seed / 64)
                                                 : LLVMFuzzerMutate(content.data(), length, content.size());
            writer.add(name, std::as_bytes(std::span(content).first(length)));
        }
        writer.finish();
        if (sink.size() > max_size) return size;
        std::memcpy(data, sink.bytes().data(), sink.size());
        return sink.size();
    } catch (const Error&) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
}
