// Intersection over union of what is and what was said, class by class: the measure of segmentation.
// Classes are integers in [0, num_classes), others count nothing; of one-hot targets and of
// probabilities the largest entry along `axis` is the class. Classes that never occur are left out
// of the mean.
#pragma once

#include "cornu/metrics/metric.h"

namespace cornu::metrics {

struct IoUConfig {
    Required<int64_t> num_classes;
    Required<std::vector<int64_t>> target_class_ids;   // the classes whose mean it is
    std::string name = {};
    std::optional<DType> dtype = {};         // int32; with fractional sample weights use float32
    std::optional<int64_t> ignore_class = {};
    bool sparse_y_true = true, sparse_y_pred = true;   // classes, not one-hot or probabilities
    int64_t axis = -1;
    static void describe(Schema<IoUConfig>& s);
};
class CORNU_API IoU : public Metric {
public:
    explicit IoU(IoUConfig config);
};

struct BinaryIoUConfig {
    std::vector<int64_t> target_class_ids = {0, 1};
    double threshold = 0.5;                  // from it on a prediction is 1
    std::string name = {};
    std::optional<DType> dtype = {};
    static void describe(Schema<BinaryIoUConfig>& s);
};
class CORNU_API BinaryIoU : public Metric {
public:
    explicit BinaryIoU(BinaryIoUConfig config = {});
};

struct MeanIoUConfig {                       // of all classes
    Required<int64_t> num_classes;
    std::string name = {};
    std::optional<DType> dtype = {};
    std::optional<int64_t> ignore_class = {};
    bool sparse_y_true = true, sparse_y_pred = true;
    int64_t axis = -1;
    static void describe(Schema<MeanIoUConfig>& s);
};
class CORNU_API MeanIoU : public Metric {
public:
    explicit MeanIoU(MeanIoUConfig config);
};

struct OneHotIoUConfig {
    Required<int64_t> num_classes;
    Required<std::vector<int64_t>> target_class_ids;
    std::string name = {};
    std::optional<DType> dtype = {};
    std::optional<int64_t> ignore_class = {};
    bool sparse_y_pred = false;
    int64_t axis = -1;
    static void describe(Schema<OneHotIoUConfig>& s);
};
class CORNU_API OneHotIoU : public Metric {
public:
    explicit OneHotIoU(OneHotIoUConfig config);
};

struct OneHotMeanIoUConfig {
    Required<int64_t> num_classes;
    std::string name = {};
    std::optional<DType> dtype = {};
    std::optional<int64_t> ignore_class = {};
    bool sparse_y_pred = false;
    int64_t axis = -1;
    static void describe(Schema<OneHotMeanIoUConfig>& s);
};
class CORNU_API OneHotMeanIoU : public Metric {
public:
    explicit OneHotMeanIoU(OneHotMeanIoUConfig config);
};

}  // namespace cornu::metrics
