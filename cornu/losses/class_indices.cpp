#include "cornu/losses/class_indices_impl.h"

namespace cornu::losses {

void check_class_indices(const char* what, const Tensor& y_true, const Shape& y_pred, int64_t axis, std::optional<int64_t> ignore_class) {
    if (y_pred.rank() == 0) return;
    const int64_t classes = y_pred.dim(axis);
    if (classes < 0) return;
    const auto check = [&](auto values) {
        for (size_t i = 0; i < values.size(); ++i) {
            const double label = static_cast<double>(values[i]);
            if ((label >= 0 && label < static_cast<double>(classes)) || (ignore_class && label == static_cast<double>(*ignore_class))) continue;
            throw ValueError(str("[", what, "] targets must be class indices in [0, ", classes, "), as the model's output has shape ", y_pred,
                                 ". Received: ", label, " at element ", i, " of targets of shape ", y_true.shape()));
        }
    };
    switch (y_true.dtype()) {
        case DType::int32: return check(y_true.data<int32_t>());
        case DType::int64: return check(y_true.data<int64_t>());
        case DType::uint8: return check(y_true.data<uint8_t>());
        default: return check(y_true.to_vector<double>());
    }
}

}  // namespace cornu::losses
