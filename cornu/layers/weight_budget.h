// A bound on the weights that are made while it lives: the config in a file may ask for more than the
// file can hold, and is refused before any memory is taken for it.
#pragma once

#include <cstdint>
#include <string>

#include "cornu/tensor/shape.h"

namespace cornu {

class CORNU_API WeightBudget {
public:
    explicit WeightBudget(uint64_t elements);
    ~WeightBudget();
    WeightBudget(const WeightBudget&) = delete;
    WeightBudget& operator=(const WeightBudget&) = delete;
    // Throws ValueError when this thread's innermost budget does not reach for such a weight.
    static void spend(const Shape& shape, const std::string& name);
    // Weights that no file holds (LoRA's) may take so many elements more, bounded by some that it holds.
    static void allow(uint64_t elements);

private:
    uint64_t left_;
    WeightBudget* outer_;
};

}  // namespace cornu
