// What every fuzz target allows its input: little, so that a leak of memory or time stands out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "cornu/base/error.h"
#include "cornu/saving/byte_source.h"
#include "cornu/saving/load_limits.h"

namespace cornu::fuzz {

inline saving::LoadLimits limits() {
    saving::LoadLimits limits;
    limits.max_members = 1000;
    limits.max_inflated_bytes = 16 << 20;
    limits.ratio_floor = 4 << 20;
    limits.max_objects = 100'000;
    limits.max_attribute_bytes = 16 << 20;
    limits.max_json_bytes = 16 << 20;
    limits.max_parameters = 1 << 20;
    limits.max_missing_parameters = 1 << 20;
    return limits;
}

inline saving::ByteSource source(const uint8_t* data, size_t size) {
    return saving::ByteSource::view("input", std::as_bytes(std::span(data, size)));
}

// Runs `f`; the errors by which a reader refuses a file are what it may end with, and nothing else.
template <class F>
void refuse_or_read(F&& f) {
    try {
        f();
    } catch (const FileError&) {
    } catch (const ValueError&) {
    } catch (const UnsupportedError&) {
    }
}

}  // namespace cornu::fuzz
