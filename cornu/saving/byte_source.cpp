#include "cornu/saving/byte_source.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cornu/base/error.h"

namespace cornu::saving {

namespace {

struct Mapping {
    void* address = MAP_FAILED;
    size_t size = 0;
    Mapping() = default;
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping() {
        if (address != MAP_FAILED) ::munmap(address, size);
    }
};

struct Descriptor {
    int fd;
    ~Descriptor() {
        if (fd >= 0) ::close(fd);
    }
};

}  // namespace

ByteSource ByteSource::open(const std::filesystem::path& path) {
    const std::string name = path.string();
    const auto fail_errno = [&](const char* what) -> FileError {
        return FileError(str(name, ": cannot ", what, ": ", std::strerror(errno), "."));
    };
    // Without O_NONBLOCK a pipe under this name would hang the open.
    const Descriptor file{::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (file.fd < 0) throw fail_errno("open the file");
    struct stat status;
    if (::fstat(file.fd, &status) != 0) throw fail_errno("read the file's size");
    if (!S_ISREG(status.st_mode)) throw FileError(str(name, ": must be a regular file."));

    ByteSource source;
    source.name_ = name;
    if (status.st_size == 0) return source;  // mmap refuses empty ranges
    auto mapping = std::make_shared<Mapping>();
    // The file lies over the beginning of a larger range of zeros, so that reading a little beyond its
    // end is no fault even where it ends with a page.
    const auto size = static_cast<size_t>(status.st_size);
    mapping->size = size + static_cast<size_t>(::sysconf(_SC_PAGESIZE));
    mapping->address = ::mmap(nullptr, mapping->size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping->address == MAP_FAILED ||
        ::mmap(mapping->address, size, PROT_READ, MAP_PRIVATE | MAP_FIXED, file.fd, 0) == MAP_FAILED) {
        throw fail_errno("map the file");
    }
    source.bytes_ = {static_cast<const std::byte*>(mapping->address), size};
    source.padded_ = true;
    source.owner_ = std::move(mapping);
    return source;
}

ByteSource ByteSource::own(std::string name, std::vector<std::byte> bytes) {
    const auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
    return view(std::move(name), *owner, owner);
}

ByteSource ByteSource::view(std::string name, std::span<const std::byte> bytes,
                            std::shared_ptr<const void> owner) {
    ByteSource source;
    source.name_ = std::move(name);
    source.bytes_ = bytes;
    source.owner_ = std::move(owner);
    return source;
}

ByteSource ByteSource::slice(std::string name, uint64_t offset, uint64_t size) const {
    ByteSource part = view(std::move(name), bytes(offset, size), owner_);
    part.padded_ = padded_ || bytes_.size() - offset - size >= 64;
    return part;
}

void ByteSource::fail(uint64_t offset, std::string_view message) const {
    throw FileError(str(name_, ", byte ", offset, ": ", message));
}

void ByteSource::fail_range(uint64_t offset, uint64_t size) const {
    fail(offset, str("the file ends before the ", size,
                     " bytes that belong here. Received: ", bytes_.size(), " bytes."));
}

Cursor::Cursor(const ByteSource& source, uint64_t offset, uint64_t size)
    : source_(&source), offset_(offset), end_(offset + size) {
    source.bytes(offset, size);
}

uint64_t Cursor::take(uint64_t size) {
    if (size > remaining()) {
        fail(str("a structure ends before the ", size,
                 " bytes that belong here. Received: ", remaining(), " bytes."));
    }
    const uint64_t begin = offset_;
    offset_ += size;
    return begin;
}

uint64_t Cursor::uint(int width) {
    return source_->uint(take(static_cast<uint64_t>(width)), width);
}

std::string_view Cursor::text(uint64_t size) { return source_->text(take(size), size); }

Cursor Cursor::sub(uint64_t size) { return Cursor(*source_, take(size), size); }

void Cursor::expect(std::string_view signature) {
    if (remaining() < signature.size() || source_->text(offset_, signature.size()) != signature) {
        fail(str("the signature ", signature, " must be here."));
    }
    offset_ += signature.size();
}

}  // namespace cornu::saving
