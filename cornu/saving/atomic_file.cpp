#include "cornu/saving/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "cornu/base/error.h"

namespace cornu::saving {

namespace {
constexpr size_t buffer_bytes = 256 << 10;  // headers and small weights come a few bytes at a time
}

AtomicFile::AtomicFile(std::filesystem::path target) : target_(std::move(target)) {
    std::error_code error;
    if (std::filesystem::is_directory(target_, error)) {
        throw FileError(str(target_.string(), ": cannot write the file: it is a folder."));
    }
    // Renaming over a link would replace the link; what it points to is what the user means.
    if (std::filesystem::is_symlink(target_, error)) {
        const auto real = std::filesystem::weakly_canonical(target_, error);
        if (!error) target_ = real;
    }
    struct stat old;
    mode_t mode = 0666;
    const bool exists = ::stat(target_.c_str(), &old) == 0;
    if (exists && !S_ISREG(old.st_mode)) {
        throw FileError(
            str(target_.string(), ": cannot write the file: it is not a regular file."));
    }
    // O_EXCL rather than mkstemp: the file gets the permissions that the user's umask asks for.
    for (int attempt = 0; attempt < 100 && fd_ < 0; ++attempt) {
        temporary_ = str(target_.string(), ".", ::getpid(), ".", attempt, ".tmp");
        fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd_ < 0 && errno != EEXIST) break;
    }
    if (fd_ < 0) {
        const int code = errno;
        throw FileError(
            str(target_.string(), ": cannot write the file: ", std::strerror(code), "."));
    }
    if (exists) (void)!::fchmod(fd_, old.st_mode & 07777);
    buffer_.reserve(buffer_bytes);
}

AtomicFile::~AtomicFile() { abandon(); }

void AtomicFile::abandon() noexcept {
    if (fd_ < 0) return;
    ::close(fd_);
    ::unlink(temporary_.c_str());
    fd_ = -1;
}

void AtomicFile::fail(const char* what) {
    const int code = errno;
    abandon();
    throw FileError(str(target_.string(), ": cannot ", what, ": ", std::strerror(code),
                        ". The file is as it was before."));
}

void AtomicFile::put(uint64_t offset, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::pwrite(fd_, bytes.data(), std::min<size_t>(bytes.size(), 1 << 30),
                                       static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) fail("write the file");
        offset += static_cast<uint64_t>(count);
        bytes = bytes.subspan(static_cast<size_t>(count));
    }
}

void AtomicFile::flush() {
    put(flushed_, buffer_);
    flushed_ += buffer_.size();
    buffer_.clear();
}

void AtomicFile::write(std::span<const std::byte> bytes) {
    if (fd_ < 0) throw FileError(str(target_.string(), ": the file is closed."));
    if (buffer_.size() + bytes.size() > buffer_bytes) flush();
    if (bytes.size() >= buffer_bytes) {
        put(flushed_, bytes);
        flushed_ += bytes.size();
    } else {
        buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    }
}

void AtomicFile::overwrite(uint64_t offset, std::span<const std::byte> bytes) {
    CORNU_CHECK(offset <= size() && bytes.size() <= size() - offset);
    if (fd_ < 0) throw FileError(str(target_.string(), ": the file is closed."));
    if (offset >= flushed_) {
        std::copy(bytes.begin(), bytes.end(),
                  buffer_.begin() + static_cast<ptrdiff_t>(offset - flushed_));
        return;
    }
    flush();
    put(offset, bytes);
}

void AtomicFile::commit() {
    if (fd_ < 0) throw FileError(str(target_.string(), ": the file is closed."));
    flush();
    if (::fsync(fd_) != 0) fail("write the file to the disk");
    const int fd = fd_;
    fd_ = -1;
    const auto fail_closed = [&](const char* what) {
        const int code = errno;
        ::unlink(temporary_.c_str());
        errno = code;
        fail(what);
    };
    if (::close(fd) != 0) fail_closed("close the file");
    if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail_closed("rename the new file");
    // The rename itself lasts only once the folder is on the disk; some file systems cannot say so.
    auto folder = target_.parent_path();
    if (folder.empty()) folder = ".";
    const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0) {
        (void)!::fsync(directory);
        ::close(directory);
    }
}

}  // namespace cornu::saving
