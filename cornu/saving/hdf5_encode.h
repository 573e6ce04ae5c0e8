// Bytes of HDF5 types and shapes, as h5py writes them (IV.A.2.b, d).
#pragma once

#include <cstdint>

#include "cornu/saving/sink.h"
#include "cornu/tensor/dtype.h"
#include "cornu/tensor/shape.h"

namespace cornu::saving::hdf5 {

Fields encode_type(DType dtype);  // not of int4 and string
Fields encode_fixed_string(uint64_t size);
Fields encode_variable_string();
Fields encode_space(const Shape& shape);

}  // namespace cornu::saving::hdf5
