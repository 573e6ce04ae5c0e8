#include "cornu/initializers/orthogonal.h"

#include <cmath>

namespace cornu::initializers {

Tensor orthogonal_from(const Tensor& a, const Shape& shape, bool transposed, double gain) {
    const int64_t rows = a.shape()[0], columns = a.shape()[1];
    if (a.dtype() != DType::float32 && a.dtype() != DType::float64)
        throw DTypeError(str("the Orthogonal initializer makes float32 and float64 values. Received: dtype=", a.dtype()));
    std::vector<double> q = a.to_vector<double>();
    const auto at = [&](int64_t i, int64_t j) -> double& { return q[static_cast<size_t>(i * columns + j)]; };
    // Gram and Schmidt's, each column cleaned twice, which in double precision leaves no error that
    // float32 could show. With a positive diagonal of R the factor is unique.
    for (int64_t j = 0; j < columns; ++j) {
        for (int pass = 0; pass < 2; ++pass)
            for (int64_t k = 0; k < j; ++k) {
                double dot = 0;
                for (int64_t i = 0; i < rows; ++i) dot += at(i, j) * at(i, k);
                for (int64_t i = 0; i < rows; ++i) at(i, j) -= dot * at(i, k);
            }
        double norm = 0;
        for (int64_t i = 0; i < rows; ++i) norm += at(i, j) * at(i, j);
        norm = std::sqrt(norm);
        for (int64_t i = 0; i < rows; ++i) at(i, j) = norm > 0 ? at(i, j) / norm : 0;
    }
    Tensor out = Tensor::uninitialized(shape, a.dtype());
    const auto write = [&](auto* values) {
        using T = std::remove_pointer_t<decltype(values)>;
        for (int64_t i = 0; i < rows; ++i)
            for (int64_t j = 0; j < columns; ++j)
                values[transposed ? j * rows + i : i * columns + j] = static_cast<T>(gain) * static_cast<T>(at(i, j));
    };
    if (a.dtype() == DType::float32) write(static_cast<float*>(out.mutable_raw()));
    else write(static_cast<double*>(out.mutable_raw()));
    return out;
}

}  // namespace cornu::initializers
