// Losses of label sequences.
#pragma once

#include "cornu/losses/regression.h"

namespace cornu::losses {

// y_true (batch, labels): classes, of which 0 stands for no label and fills a sequence up; y_pred
// (batch, time, classes): scores, not probabilities. Where in time a label stands is not known.
CORNU_API Tensor ctc(const Tensor& y_true, const Tensor& y_pred);

class CORNU_API CTC : public Loss {
public:
    explicit CTC(LossConfig config = {});
};

}  // namespace cornu::losses
