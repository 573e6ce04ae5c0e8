#include "cornu/tensor/buffer.h"

#include <cstdlib>
#include <cstring>

#include "cornu/base/allocations.h"
#include "cornu/base/error.h"

namespace cornu {

namespace {

class HostBuffer final : public Buffer {
public:
    explicit HostBuffer(size_t bytes) : Buffer(nullptr, bytes, true) {
        // A multiple of the alignment is what aligned_alloc asks for; the tail also lets a kernel
        // read (never write) whole vectors at the end.
        note_allocation();
        data_ = std::aligned_alloc(64, (bytes + 64 + 63) / 64 * 64);
        if (!data_) throw ValueError(str("out of memory: ", bytes, " bytes were asked for."));
    }
    ~HostBuffer() override { std::free(data_); }
};

class ForeignBuffer final : public Buffer {
public:
    ForeignBuffer(void* data, size_t bytes, std::shared_ptr<const void> owner, bool writable)
        : Buffer(data, bytes, writable), owner_(std::move(owner)) {}

private:
    std::shared_ptr<const void> owner_;
};

class StringBuffer final : public Buffer {
public:
    explicit StringBuffer(std::vector<std::string> strings)
        : Buffer(nullptr, strings.size() * sizeof(std::string), false), strings_(std::move(strings)) {
        data_ = strings_.data();
    }

private:
    std::vector<std::string> strings_;
};

}  // namespace

void Buffer::copy_to_host(void* out) const {
    CORNU_CHECK(on_host(), "a device buffer must say how it is read");
    std::memcpy(out, data_, bytes_);
}

BufferPtr allocate_host(size_t bytes) { return std::make_shared<HostBuffer>(bytes); }

BufferPtr wrap_host(void* data, size_t bytes, std::shared_ptr<const void> owner, bool writable) {
    return std::make_shared<ForeignBuffer>(data, bytes, std::move(owner), writable);
}

BufferPtr make_string_buffer(std::vector<std::string> strings) {
    return std::make_shared<StringBuffer>(std::move(strings));
}

}  // namespace cornu
