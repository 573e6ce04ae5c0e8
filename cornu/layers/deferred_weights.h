// While a model is made that a file will fill, large weights are not initialised: their seeds are drawn,
// in order, but values that are about to be overwritten are not computed.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "cornu/base/api.h"
#include "cornu/tensor/variable.h"

namespace cornu {

class CORNU_API DeferredWeights {
public:
    DeferredWeights();
    ~DeferredWeights();
    DeferredWeights(const DeferredWeights&) = delete;
    DeferredWeights& operator=(const DeferredWeights&) = delete;

    // Computes the values of those that nothing was assigned to.
    void finish();

    // A variable of `shape`, zeros without memory until used, if one of these lives on the thread and
    // the size is worth it; else of the value that `make` gives.
    static Variable variable(const Shape& shape, DType dtype, std::function<Tensor()> make, VariableOptions options);

private:
    struct Pending {
        Variable variable;
        const void* placeholder;
        std::function<Tensor()> make;
    };
    std::vector<Pending> pending_;
    DeferredWeights* outer_;
};

}  // namespace cornu
