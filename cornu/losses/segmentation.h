// Losses of overlap: how well two sets of pixels cover each other.
#pragma once

#include "cornu/losses/loss.h"
#include "cornu/ops/axes.h"

namespace cornu::losses {

CORNU_API Tensor dice(const Tensor& y_true, const Tensor& y_pred, Axes axis = {});
CORNU_API Tensor tversky(const Tensor& y_true, const Tensor& y_pred, double alpha = 0.5, double beta = 0.5, Axes axis = {});

struct DiceConfig {
    Reduction reduction = "sum_over_batch_size";
    std::string name = {};
    Axes axis = {};                          // what is summed over; all of it by default
    std::optional<DType> dtype = {};
    static void describe(Schema<DiceConfig>& s);
};
class CORNU_API Dice : public Loss {
public:
    explicit Dice(DiceConfig config = {});
};

struct TverskyConfig {
    double alpha = 0.5, beta = 0.5;          // weights of false positives and of false negatives
    Reduction reduction = "sum_over_batch_size";
    std::string name = {};
    Axes axis = {};
    std::optional<DType> dtype = {};
    static void describe(Schema<TverskyConfig>& s);
};
class CORNU_API Tversky : public Loss {
public:
    explicit Tversky(TverskyConfig config = {});
};

}  // namespace cornu::losses
