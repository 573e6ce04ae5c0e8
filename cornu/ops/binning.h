// Which bin a value falls into, and how many do.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "cornu/ops/apply.h"

namespace cornu::ops {

// Where values would have to be put into a sorted vector; before its equals (side "left") or behind ("right").
CORNU_API Tensor searchsorted(const Tensor& sorted_sequence, const Tensor& values, const std::string& side = "left");
// i with bins[i - 1] <= x < bins[i]; bins rise, or fall: then bins[i - 1] > x >= bins[i].
CORNU_API Tensor digitize(const Tensor& x, const Tensor& bins);
// Counts and the bins + 1 edges between them; the last bin holds its upper edge. range: of x by default.
CORNU_API std::pair<Tensor, Tensor> histogram(const Tensor& x, int64_t bins = 10, std::optional<std::pair<double, double>> range = {});
// How often 0, 1, 2, … occur in x (n,) or in each row of x (b, n); weighted by weights of x's shape.
// As long as the largest value needs and at least minlength: the values must be known, unless
// `length` is given (then larger ones are left out).
CORNU_API Tensor bincount(const Tensor& x, const Tensor& weights = {}, int64_t minlength = 0, std::optional<int64_t> length = {});

}  // namespace cornu::ops
