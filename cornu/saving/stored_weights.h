// What a file of weights holds, whatever its format: arrays by their places, known before any is read.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "cornu/saving/hdf5.h"
#include "cornu/tensor/tensor.h"

namespace cornu::saving {

struct StoredArray {
    Shape shape;
    DType dtype = DType::float32;
    std::function<Tensor()> read;   // in place where the file allows, else a copy
};

struct StoredWeights {
    std::string file;                           // what errors call it
    std::map<std::string, StoredArray> arrays;  // "layers/dense/vars/0"; in safetensors any name
    std::map<std::string, std::string> names;   // "layers/dense/vars" -> "dense", where the file says

    uint64_t file_bytes = 0;

    // Elements of all arrays together. Throws FileError when they declare far more than the file can
    // hold, or than the limits allow: shapes that nothing stands behind must not buy memory.
    uint64_t elements(const LoadLimits& limits) const;
    uint64_t arrays_below(const std::string& group) const;   // datasets directly in it
};

// Keras 3's layout. Throws FileError when two files hold the same place.
void add_hdf5(const Hdf5Group& root, StoredWeights& to);
// The numbers in a dataset. Throws FileError for strings.
StoredArray stored_array(const Hdf5Dataset& dataset);
// Elements at `bytes`, which lie in `source`: in place when aligned and when kernels may read whole
// vectors there; a copy otherwise.
Tensor tensor_in_place(const ByteSource& source, std::span<const std::byte> bytes, const Shape& shape, DType dtype);

}  // namespace cornu::saving
