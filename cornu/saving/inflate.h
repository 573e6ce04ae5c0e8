// zlib behind our caps: the only door to it in this room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cornu/saving/byte_source.h"

namespace cornu::saving {

enum class DeflateFormat { raw, zlib };  // as in zip, as in HDF5

// Inflates all of `source`, which must yield exactly `size` bytes. Memory grows with what really
// comes out, never ahead of it on the word of `size`. Throws FileError.
std::vector<std::byte> inflate(const ByteSource& source, uint64_t size, DeflateFormat format);
std::vector<std::byte> deflate(std::span<const std::byte> bytes);  // raw
uint32_t crc32(std::span<const std::byte> bytes, uint32_t crc = 0);

}  // namespace cornu::saving
