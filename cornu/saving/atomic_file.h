// A file that appears whole or not at all.
#pragma once

#include <filesystem>

#include "cornu/saving/sink.h"

namespace cornu::saving {

// Writes beside the target and renames over it at commit(), after the bytes have reached the disk:
// a crash, a kill or a full disk at any moment leaves the old file as it was. Destroyed without
// commit(), it removes what it wrote.
class CORNU_API AtomicFile final : public RandomSink {
public:
    // Creates the temporary file. Throws FileError when the folder cannot be written.
    explicit AtomicFile(std::filesystem::path target);
    ~AtomicFile() override;

    using Sink::write;
    void write(std::span<const std::byte> bytes) override;
    uint64_t size() const override { return flushed_ + buffer_.size(); }
    void overwrite(uint64_t offset, std::span<const std::byte> bytes) override;
    // Throws FileError, with the target as it was, when anything fails.
    void commit();

private:
    void flush();
    void put(uint64_t offset, std::span<const std::byte> bytes);
    [[noreturn]] void fail(const char* what);
    void abandon() noexcept;

    std::filesystem::path target_;
    std::string temporary_;
    int fd_ = -1;
    uint64_t flushed_ = 0;
    std::vector<std::byte> buffer_;
};

}  // namespace cornu::saving
