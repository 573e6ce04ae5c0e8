// NumPy's .npy arrays and .npz archives of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cornu/saving/byte_source.h"
#include "cornu/saving/load_limits.h"
#include "cornu/saving/zip.h"
#include "cornu/tensor/dtype.h"
#include "cornu/tensor/shape.h"

namespace cornu::saving {

struct NpyArray {
    Shape shape;
    DType dtype = DType::float32;
    // The elements, row-major in this machine's byte order: in place in the file where they lie
    // so, else converted; `owner` keeps them alive. Empty for strings.
    std::span<const std::byte> bytes;
    std::shared_ptr<const void> owner;
    std::vector<std::string> strings;  // UTF-8 for NumPy's str, as they are for its bytes
};

// Reads versions 1, 2 and 3. NumPy marks its users' own types as raw: two raw bytes are bfloat16,
// as ml_dtypes writes it. Throws FileError with the byte offset for damaged files and for
// structured, date, longdouble and object arrays: those are Python pickles, which run code.
CORNU_API NpyArray read_npy(const ByteSource& source, const LoadLimits& limits = {});

// Version 1, row-major, the data at a multiple of 64 bytes. Throws ValueError when `bytes` does not
// fit the shape, and for int4, which NumPy has no array of.
CORNU_API void write_npy(Sink& sink, const Shape& shape, DType dtype,
                         std::span<const std::byte> bytes);
CORNU_API void write_npy(Sink& sink, const Shape& shape, std::span<const std::string> strings);

class CORNU_API NpzReader {
public:
    explicit NpzReader(ByteSource source, const LoadLimits& limits = {});

    std::vector<std::string> names() const;  // in the file's order, without ".npy"
    bool contains(std::string_view name) const;
    NpyArray read(std::string_view name) const;  // throws FileError when absent or damaged

private:
    LoadLimits limits_;
    ZipReader zip_;
};

class CORNU_API NpzWriter {
public:
    explicit NpzWriter(RandomSink& sink) : zip_(sink) {}
    void add(std::string_view name, const Shape& shape, DType dtype,
             std::span<const std::byte> bytes);
    void add(std::string_view name, const Shape& shape, std::span<const std::string> strings);
    void finish() { zip_.finish(); }

private:
    ZipWriter zip_;
};

}  // namespace cornu::saving
