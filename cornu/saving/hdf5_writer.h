// Writes HDF5 files that h5py, Keras and every HDF5 library since 1.4 read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cornu/base/api.h"
#include "cornu/saving/sink.h"
#include "cornu/tensor/dtype.h"
#include "cornu/tensor/shape.h"

namespace cornu::saving {

// The value of an attribute, by what h5py reads it back as.
class CORNU_API Hdf5Value {
public:
    static Hdf5Value boolean(bool value);
    static Hdf5Value integer(int64_t value);
    static Hdf5Value real(double value);
    static Hdf5Value text(std::string value);                 // str
    static Hdf5Value texts(std::vector<std::string> values);  // array of str
    static Hdf5Value bytes(std::vector<std::string> values);  // array of bytes: np.array([b"a", …])
    static Hdf5Value bytes(std::string value);                // np.bytes_

private:
    friend struct Hdf5Plan;
    enum class Kind : uint8_t { boolean, integer, real, text, bytes };
    Kind kind_ = Kind::integer;
    bool scalar_ = true;
    int64_t integer_ = 0;
    double real_ = 0;
    std::vector<std::string> strings_;
};

// Collects a tree first and writes it front to back afterwards, so that the data of datasets pass
// through once and the file may be a member of an archive being written. The same tree gives the
// same bytes. Paths are absolute or relative to the root: "layers/dense/vars"; "" is the root.
class CORNU_API Hdf5Writer {
public:
    using Data = std::function<void(Sink&)>;  // writes exactly the bytes of the elements, row-major

    Hdf5Writer();
    ~Hdf5Writer();
    Hdf5Writer(Hdf5Writer&&) noexcept;
    Hdf5Writer& operator=(Hdf5Writer&&) noexcept;

    // Makes a group and those above it; one that exists is left as it is.
    void group(std::string_view path);
    // Makes a dataset and the groups above it. bfloat16 and float8 are stored as h5py stores
    // NumPy's: as raw bytes, with Keras's attribute `dtype`. int4 and string are refused:
    // ValueError.
    void dataset(std::string_view path, const Shape& shape, DType dtype, Data data);
    // The bytes must live until write().
    void dataset(std::string_view path, const Shape& shape, DType dtype,
                 std::span<const std::byte> data);
    // Of a group or dataset that exists. Throws ValueError above 64,000 bytes, the format's limit.
    void attribute(std::string_view path, std::string_view name, Hdf5Value value);

    uint64_t size() const;         // of the file as it would be written now
    void write(Sink& sink) const;  // datasets of 4 KiB or more begin at multiples of 64

private:
    friend struct Hdf5Plan;
    struct Node;
    uint32_t make(std::string_view path, bool leaf_is_dataset);
    uint32_t find(std::string_view path) const;

    std::vector<Node> nodes_;  // the root first
};

}  // namespace cornu::saving
