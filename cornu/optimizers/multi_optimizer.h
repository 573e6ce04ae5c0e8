// An optimizer that leaves each variable to one of several others, chosen by its path.
#pragma once

#include <utility>
#include <vector>

#include "cornu/optimizers/optimizer.h"

namespace cornu::optimizers {

struct OptimizerMap {
    Optimizer default_optimizer;             // of variables that nothing else matches
    // By path: the path itself, or a regular expression that matches all of it ("dense.*"). Two
    // expressions that match the same variable are an error.
    std::vector<std::pair<std::string, Optimizer>> optimizer_map = {};
};

}  // namespace cornu::optimizers

namespace cornu {
template <> struct CORNU_API Codec<optimizers::OptimizerMap> {
    static Json encode(const optimizers::OptimizerMap& v);
    static void decode(const Json& j, optimizers::OptimizerMap& v);
};
}  // namespace cornu

namespace cornu::optimizers {

struct MultiOptimizerConfig {
    Required<OptimizerMap> optimizer_map;
    std::optional<double> loss_scale_factor = {};
    std::string name = {};
    static void describe(Schema<MultiOptimizerConfig>& s);
};

// It has no learning rate of its own: ask and set the others'.
class CORNU_API MultiOptimizer : public Optimizer {
public:
    explicit MultiOptimizer(MultiOptimizerConfig config);
};

}  // namespace cornu::optimizers
