// HDF5 files as h5py writes them for Keras: read with every bound checked, written so that h5py
// and Keras read them. No HDF5 library is involved.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cornu/base/json.h"
#include "cornu/saving/byte_source.h"
#include "cornu/saving/load_limits.h"
#include "cornu/tensor/dtype.h"
#include "cornu/tensor/shape.h"

namespace cornu::saving {

namespace hdf5 {
struct Tree;
struct Node;
}  // namespace hdf5

class Hdf5Group;
class Hdf5Dataset;

// What groups and datasets share. Handles are cheap to copy, immutable and safe to use from
// several threads; they keep the file's bytes alive.
class CORNU_API Hdf5Object {
public:
    std::string_view name() const;  // last component of the path; empty for the root
    std::string path() const;       // "/layers/dense/vars"; "/" for the root

    std::vector<std::string> attribute_names() const;
    bool has_attribute(std::string_view name) const;
    // A bool, number or string; an array of them, nested by dimension; null for an empty dataspace.
    // Throws FileError when absent, or of a type that JSON has no value for.
    Json attribute(std::string_view name) const;
    const ByteSource& source() const;  // the whole file

protected:
    friend class Hdf5Group;
    Hdf5Object(std::shared_ptr<const hdf5::Tree> tree, uint32_t node)
        : tree_(std::move(tree)), node_(node) {}
    const hdf5::Node& node() const;

    std::shared_ptr<const hdf5::Tree> tree_;
    uint32_t node_;
};

class CORNU_API Hdf5Group : public Hdf5Object {
public:
    // Opens a file: the whole tree of groups is read and checked here, the data of no dataset is.
    // Throws FileError naming the file and the byte offset.
    static Hdf5Group open(ByteSource source, const LoadLimits& limits = {});

    std::vector<std::string> names() const;  // of the children, sorted by bytes, as h5py lists them
    size_t size() const;
    // `path` is relative, components separated by '/'. Both contains_… are false for the other
    // kind.
    bool contains(std::string_view path) const;
    bool contains_group(std::string_view path) const;
    bool contains_dataset(std::string_view path) const;
    Hdf5Group group(std::string_view path) const;      // throws FileError when absent or a dataset
    Hdf5Dataset dataset(std::string_view path) const;  // throws FileError when absent or a group

private:
    using Hdf5Object::Hdf5Object;
    std::optional<uint32_t> find(std::string_view path) const;
};

class CORNU_API Hdf5Dataset : public Hdf5Object {
public:
    const Shape& shape() const;
    // string for fixed and variable strings. HDF5 has no bfloat16 of NumPy's: h5py stores two raw
    // bytes and Keras adds an attribute `dtype`, which is honoured here. Throws FileError for a
    // type that Cornu has no dtype for.
    DType dtype() const;
    uint64_t nbytes() const;  // of the elements, in memory; not for strings

    // Copies the elements, row-major, converted to this machine's byte order. `out` must have
    // nbytes() bytes. Throws FileError when the data are damaged or were never written.
    void read(std::span<std::byte> out) const;
    // The elements in place, when they lie in the file as they would in memory and aligned.
    std::optional<std::span<const std::byte>> view() const;
    const std::shared_ptr<const void>& owner() const;  // keeps view() alive
    // The elements of a string dataset.
    std::vector<std::string> strings() const;

private:
    friend class Hdf5Group;
    using Hdf5Object::Hdf5Object;
    void read_chunks(std::span<std::byte> out) const;
};

}  // namespace cornu::saving
