// Losses of probabilities: cross-entropies, divergence, Poisson. `from_logits`: y_pred are scores,
// not probabilities. Label smoothing squeezes targets towards the uniform distribution.
#pragma once

#include "cornu/losses/regression.h"

namespace cornu::losses {

CORNU_API Tensor binary_crossentropy(const Tensor& y_true, const Tensor& y_pred, bool from_logits = false,
                                     double label_smoothing = 0, int64_t axis = -1);
CORNU_API Tensor binary_focal_crossentropy(const Tensor& y_true, const Tensor& y_pred, bool apply_class_balancing = false,
                                           double alpha = 0.25, double gamma = 2.0, bool from_logits = false,
                                           double label_smoothing = 0, int64_t axis = -1);
CORNU_API Tensor categorical_crossentropy(const Tensor& y_true, const Tensor& y_pred, bool from_logits = false,
                                          double label_smoothing = 0, int64_t axis = -1);
CORNU_API Tensor categorical_focal_crossentropy(const Tensor& y_true, const Tensor& y_pred, double alpha = 0.25,
                                                double gamma = 2.0, bool from_logits = false,
                                                double label_smoothing = 0, int64_t axis = -1);
// y_true: class indices, without the class axis (or with size 1 there). Where they are
// `ignore_class` the loss is 0 and masked.
CORNU_API Tensor sparse_categorical_crossentropy(const Tensor& y_true, const Tensor& y_pred, bool from_logits = false,
                                                 std::optional<int64_t> ignore_class = {}, int64_t axis = -1);
CORNU_API Tensor categorical_generalized_cross_entropy(const Tensor& y_true, const Tensor& y_pred, double q);
CORNU_API Tensor kl_divergence(const Tensor& y_true, const Tensor& y_pred);
CORNU_API Tensor poisson(const Tensor& y_true, const Tensor& y_pred);

struct CrossentropyConfig {
    bool from_logits = false;
    double label_smoothing = 0.0;
    int64_t axis = -1;
    Reduction reduction = "sum_over_batch_size";
    std::string name = {};
    std::optional<DType> dtype = {};
    static void describe(Schema<CrossentropyConfig>& s);
};
class CORNU_API BinaryCrossentropy : public Loss {
public:
    explicit BinaryCrossentropy(CrossentropyConfig config = {});
};
class CORNU_API CategoricalCrossentropy : public Loss {
public:
    explicit CategoricalCrossentropy(CrossentropyConfig config = {});
};

struct SparseCategoricalCrossentropyConfig {
    bool from_logits = false;
    std::optional<int64_t> ignore_class = {};
    Reduction reduction = "sum_over_batch_size";
    int64_t axis = -1;
    std::string name = {};
    std::optional<DType> dtype = {};
    static void describe(Schema<SparseCategoricalCrossentropyConfig>& s);
};
class CORNU_API SparseCategoricalCrossentropy : public Loss {
public:
    explicit SparseCategoricalCrossentropy(SparseCategoricalCrossentropyConfig config = {});
};

struct BinaryFocalCrossentropyConfig {
    bool apply_class_balancing = false;     // weigh the two classes by alpha and 1 - alpha
    double alpha = 0.25, gamma = 2.0;
    bool from_logits = false;
    double label_smoothing = 0.0;
    int64_t axis = -1;
    Reduction reduction = "sum_over_batch_size";
    std::string name = {};
    std::optional<DType> dtype = {};
    static void describe(Schema<BinaryFocalCrossentropyConfig>& s);
};
class CORNU_API BinaryFocalCrossentropy : public Loss {
public:
    explicit BinaryFocalCrossentropy(BinaryFocalCrossentropyConfig config = {});
};

struct CategoricalFocalCrossentropyConfig {
    double alpha = 0.25, gamma = 2.0;
    bool from_logits = false;
    double label_smoothing = 0.0;
    int64_t axis = -1;
    Reduction reduction = "sum_over_batch_size";
    std::string name = {};
    std::optional<DType> dtype = {};
    static void describe(Schema<CategoricalFocalCrossentropyConfig>& s);
};
class CORNU_API CategoricalFocalCrossentropy : public Loss {
public:
    explicit CategoricalFocalCrossentropy(CategoricalFocalCrossentropyConfig config = {});
};

struct GeneralizedCrossEntropyConfig {
    double q = 0.5;                         // between cross-entropy (0) and mean absolute error (1)
    Reduction reduction = "sum_over_batch_size";
    std::string name = {};
    std::optional<DType> dtype = {};
    static void describe(Schema<GeneralizedCrossEntropyConfig>& s);
};
class CORNU_API CategoricalGeneralizedCrossEntropy : public Loss {
public:
    explicit CategoricalGeneralizedCrossEntropy(GeneralizedCrossEntropyConfig config = {});
};

class CORNU_API KLDivergence : public Loss {
public:
    explicit KLDivergence(LossConfig config = {});
};
class CORNU_API Poisson : public Loss {
public:
    explicit Poisson(LossConfig config = {});
};

}  // namespace cornu::losses
