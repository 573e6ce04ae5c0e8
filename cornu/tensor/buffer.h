// Memory that tensors stand on: on the host or on a device, owned, foreign or mapped. Shared by
// every tensor that views it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "cornu/base/api.h"

namespace cornu {

class Backend;

class CORNU_API Buffer {
public:
    virtual ~Buffer() = default;
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    size_t bytes() const { return bytes_; }
    bool on_host() const { return backend_ == nullptr; }
    Backend* backend() const { return backend_; }   // whose device memory it is; null on the host
    bool writable() const { return writable_; }     // false for mapped files and borrowed constants
    void* data() const { return data_; }            // host address; null on a device
    virtual void copy_to_host(void* out) const;     // waits until the value is ready

protected:
    Buffer(void* data, size_t bytes, bool writable, Backend* backend = nullptr)
        : data_(data), bytes_(bytes), writable_(writable), backend_(backend) {}

    void* data_;
    size_t bytes_;
    bool writable_;
    Backend* backend_;
};
using BufferPtr = std::shared_ptr<Buffer>;

// 64-byte aligned, uninitialised host memory. Throws ValueError when the system has no more.
CORNU_API BufferPtr allocate_host(size_t bytes);
// Memory of somebody else, kept alive by `owner`; read-only unless said otherwise. Not copied.
CORNU_API BufferPtr wrap_host(void* data, size_t bytes, std::shared_ptr<const void> owner,
                              bool writable = false);
// Strings live in a vector on the host; `data()` is its first std::string.
CORNU_API BufferPtr make_string_buffer(std::vector<std::string> strings);

}  // namespace cornu
