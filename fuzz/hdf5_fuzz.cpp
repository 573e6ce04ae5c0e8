// Any bytes as an HDF5 file: every attribute and dataset is read.
#include <vector>

#include "cornu/base/error.h"
#include "cornu/saving/hdf5.h"
#include "fuzz/limits.h"

namespace {

using namespace cornu;

void read_attributes(const saving::Hdf5Object& object) {
    for (const std::string& name : object.attribute_names()) {
        try {
            (void)object.attribute(name);
        } catch (const FileError&) {
        }
    }
}

void read_dataset(const saving::Hdf5Dataset& dataset) {
    read_attributes(dataset);
    try {
        if (dataset.dtype() == DType::string) {
            (void)dataset.strings();
            return;
        }
        (void)dataset.view();
        // The room for a dataset comes from a model's config, never from the file.
        if (dataset.nbytes() > 1 << 20) return;
        std::vector<std::byte> bytes(dataset.nbytes());
        dataset.read(bytes);
    } catch (const FileError&) {
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    try {
        std::vector<saving::Hdf5Group> todo = {
            saving::Hdf5Group::open(fuzz::source(data, size), fuzz::limits())};
        while (!todo.empty()) {
            const saving::Hdf5Group group = todo.back();
            todo.pop_back();
            read_attributes(group);
            for (const std::string& name : group.names()) {
                if (group.contains_group(name)) {
                    todo.push_back(group.group(name));
                } else {
                    read_dataset(group.dataset(name));
                }
            }
        }
    } catch (const FileError&) {
    }
    return 0;
}
