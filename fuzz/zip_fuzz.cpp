// Any bytes as a zip archive: every member is opened.
#include "cornu/base/error.h"
#include "cornu/saving/zip.h"
#include "fuzz/limits.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace cornu;
    try {
        const saving::ZipReader zip(fuzz::source(data, size), fuzz::limits());
        for (const saving::ZipMember& member : zip.members()) {
            try {
                (void)zip.open(member.name);
            } catch (const FileError&) {
            }
        }
    } catch (const FileError&) {
    }
    return 0;
}
