// The 64-bit hashes of text that Keras's layers use, bit for bit: FarmHash's fingerprint and, with a
// salt, SipHash-2-4.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "cornu/base/api.h"

namespace cornu::layers {

CORNU_API uint64_t farm_fingerprint64(std::string_view text);
CORNU_API uint64_t sip_hash64(std::string_view text, const std::array<uint64_t, 2>& key);
// A fingerprint of two, in this order.
CORNU_API uint64_t fingerprint_of_two(uint64_t first, uint64_t second);

// The bucket of a text, SipHash's when there is a salt.
using Salt = std::optional<std::array<uint64_t, 2>>;
CORNU_API int64_t hash_bucket(std::string_view text, int64_t buckets, const Salt& salt);

}  // namespace cornu::layers
