// Losses of distances between embeddings.
#pragma once

#include "cornu/losses/loss.h"

namespace cornu::losses {

// Pulls embeddings of one class together and pushes classes apart. y_true: class indices of shape
// (batch) or (batch, 1); y_pred: embeddings (batch, size) of length 1. They are compared with each
// other, or with reference embeddings that have labels of their own. The loss of a sample that has no
// pair of both kinds is 0 and masked.
CORNU_API Tensor circle(const Tensor& y_true, const Tensor& y_pred, const Tensor& ref_labels = {}, const Tensor& ref_embeddings = {},
                        bool remove_diagonal = true, double gamma = 80, double margin = 0.4);

struct CircleConfig {
    double gamma = 80.0;                     // the scale of the loss
    double margin = 0.4;                     // how far from the best a pair may stay
    bool remove_diagonal = true;             // no sample is a pair with itself
    Reduction reduction = "sum_over_batch_size";
    std::string name = {};
    std::optional<DType> dtype = {};
    static void describe(Schema<CircleConfig>& s);
};
class CORNU_API Circle : public Loss {
public:
    explicit Circle(CircleConfig config = {});
};

}  // namespace cornu::losses
