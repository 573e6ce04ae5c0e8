// Losses of numbers: mean squared error and its relatives. The functions take (batch, d0 … dN) and
// give (batch, d0 … dN-1).
#pragma once

#include "cornu/losses/loss.h"

namespace cornu::losses {

struct LossConfig {
    Reduction reduction = "sum_over_batch_size";
    std::string name = {};                  // the class's in snake case when empty
    std::optional<DType> dtype = {};        // floatx
    static void describe(Schema<LossConfig>& s);
};

CORNU_API Tensor mean_squared_error(const Tensor& y_true, const Tensor& y_pred);
CORNU_API Tensor mean_absolute_error(const Tensor& y_true, const Tensor& y_pred);
CORNU_API Tensor mean_absolute_percentage_error(const Tensor& y_true, const Tensor& y_pred);
CORNU_API Tensor mean_squared_logarithmic_error(const Tensor& y_true, const Tensor& y_pred);
CORNU_API Tensor log_cosh(const Tensor& y_true, const Tensor& y_pred);
CORNU_API Tensor huber(const Tensor& y_true, const Tensor& y_pred, double delta = 1.0);
// -1 for the same direction, 1 for the opposite one.
CORNU_API Tensor cosine_similarity(const Tensor& y_true, const Tensor& y_pred, int64_t axis = -1);

class CORNU_API MeanSquaredError : public Loss {
public:
    explicit MeanSquaredError(LossConfig config = {});
};
class CORNU_API MeanAbsoluteError : public Loss {
public:
    explicit MeanAbsoluteError(LossConfig config = {});
};
class CORNU_API MeanAbsolutePercentageError : public Loss {
public:
    explicit MeanAbsolutePercentageError(LossConfig config = {});
};
class CORNU_API MeanSquaredLogarithmicError : public Loss {
public:
    explicit MeanSquaredLogarithmicError(LossConfig config = {});
};
class CORNU_API LogCosh : public Loss {
public:
    explicit LogCosh(LossConfig config = {});
};

struct HuberConfig {
    double delta = 1.0;                     // where the square becomes a line
    Reduction reduction = "sum_over_batch_size";
    std::string name = {};                  // "huber_loss"
    std::optional<DType> dtype = {};
    static void describe(Schema<HuberConfig>& s);
};
class CORNU_API Huber : public Loss {
public:
    explicit Huber(HuberConfig config = {});
};

struct CosineSimilarityConfig {
    int64_t axis = -1;
    Reduction reduction = "sum_over_batch_size";
    std::string name = {};
    std::optional<DType> dtype = {};
    static void describe(Schema<CosineSimilarityConfig>& s);
};
class CORNU_API CosineSimilarity : public Loss {
public:
    explicit CosineSimilarity(CosineSimilarityConfig config = {});
};

}  // namespace cornu::losses
