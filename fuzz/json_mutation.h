// Changes a JSON text into another: values are replaced, removed, doubled, taken from elsewhere in it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cornu::fuzz {

// In place; returns the new size, at most `max_size`. What is no JSON is changed as bytes.
size_t mutate_json(uint8_t* data, size_t size, size_t max_size, unsigned seed);

}  // namespace cornu::fuzz
