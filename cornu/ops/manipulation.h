// Compositions that rearrange: split, flip, tile, repeat, roll, move axes, pad, triangles, ranges.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "cornu/ops/apply.h"
#include "cornu/ops/axes.h"
#include "cornu/ops/diagonals.h"
#include "cornu/ops/per_axis.h"

namespace cornu::ops {

CORNU_API Tensors split(const Tensor& x, int64_t sections, int64_t axis = 0);
CORNU_API Tensors split(const Tensor& x, const std::vector<int64_t>& indices, int64_t axis = 0);
CORNU_API Tensors unstack(const Tensor& x, std::optional<int64_t> num = {}, int64_t axis = 0);
CORNU_API Tensor flip(const Tensor& x, Axes axis = {});
CORNU_API Tensor tile(const Tensor& x, const std::vector<int64_t>& repeats);
CORNU_API Tensor repeat(const Tensor& x, int64_t repeats, std::optional<int64_t> axis = {});
CORNU_API Tensor roll(const Tensor& x, const PerAxis& shift, Axes axis = {});   // shift: one number, or one for each axis
CORNU_API Tensor swapaxes(const Tensor& x, int64_t axis1, int64_t axis2);
CORNU_API Tensor moveaxis(const Tensor& x, const std::vector<int64_t>& source, const std::vector<int64_t>& destination);
inline Tensor moveaxis(const Tensor& x, int64_t source, int64_t destination) { return moveaxis(x, std::vector{source}, std::vector{destination}); }
// mode: "constant", "reflect", "symmetric" or "edge".
CORNU_API Tensor pad(const Tensor& x, const std::vector<std::pair<int64_t, int64_t>>& pad_width,
                     const std::string& mode = "constant", double constant_values = 0);
CORNU_API Tensor tril(const Tensor& x, int64_t k = 0);
CORNU_API Tensor triu(const Tensor& x, int64_t k = 0);
CORNU_API Tensor arange(double start, std::optional<double> stop = {}, double step = 1, OptionalDType dtype = {});  // int32 when all are whole
CORNU_API Tensor eye(int64_t n, std::optional<int64_t> m = {}, int64_t k = 0, OptionalDType dtype = {});
CORNU_API Tensor linspace(double start, double stop, int64_t num = 50, bool endpoint = true, OptionalDType dtype = {});

}  // namespace cornu::ops
