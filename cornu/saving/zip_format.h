// What the reader and the writer of zip archives agree on (APPNOTE.TXT 6.3.10).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cornu::saving::zip {

inline constexpr uint32_t local_signature = 0x04034b50;
inline constexpr uint32_t central_signature = 0x02014b50;
inline constexpr uint32_t end_signature = 0x06054b50;
inline constexpr uint32_t end64_signature = 0x06064b50;
inline constexpr uint32_t locator_signature = 0x07064b50;

inline constexpr uint64_t local_header_size = 30;
inline constexpr uint64_t central_header_size = 46;
inline constexpr uint64_t end_record_size = 22;
inline constexpr uint64_t end64_record_size = 56;
inline constexpr uint64_t locator_size = 20;

inline constexpr uint16_t flag_encrypted = 1, flag_streamed = 1 << 3, flag_utf8 = 1 << 11;
inline constexpr uint16_t flags_known =
    0b110 | flag_streamed | flag_utf8;  // and deflate's two hints

inline constexpr uint16_t zip64_extra = 0x0001;
inline constexpr uint16_t padding_extra = 0xd935;  // zipalign's

// The rule that `name` breaks ("must not be absolute"), or nullptr.
const char* bad_name(std::string_view name, bool utf8);
// `name` in quotes with everything but printable ASCII as \xNN, for messages.
std::string printable(std::string_view name);

}  // namespace cornu::saving::zip
