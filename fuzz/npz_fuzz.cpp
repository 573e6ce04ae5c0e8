// Any bytes as an npz archive, and as a bare npy array: every array is read.
#include "cornu/base/error.h"
#include "cornu/saving/npy.h"
#include "fuzz/limits.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace cornu;
    const saving::ByteSource source = fuzz::source(data, size);
    try {
        (void)saving::read_npy(source, fuzz::limits());
    } catch (const FileError&) {
    }
    try {
        const saving::NpzReader npz(source, fuzz::limits());
        for (const std::string& name : npz.names()) {
            try {
                (void)npz.read(name);
            } catch (const FileError&) {
            }
        }
    } catch (const FileError&) {
    }
    return 0;
}
