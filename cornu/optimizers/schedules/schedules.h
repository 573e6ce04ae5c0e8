// Learning rates that follow the step, as keras.optimizers.schedules.
#pragma once

#include "cornu/optimizers/optimizer.h"

namespace cornu::optimizers::schedules {

// initial * decay_rate ^ (step / decay_steps)
struct ExponentialDecayConfig {
    Required<double> initial_learning_rate;
    Required<int64_t> decay_steps;
    Required<double> decay_rate;
    bool staircase = false;                  // whole multiples of decay_steps only
    std::string name = "ExponentialDecay";
    static void describe(Schema<ExponentialDecayConfig>& s);
};
class CORNU_API ExponentialDecay : public LearningRateSchedule {
public:
    explicit ExponentialDecay(ExponentialDecayConfig config);
};

// initial / (1 + decay_rate * step / decay_steps)
struct InverseTimeDecayConfig {
    Required<double> initial_learning_rate;
    Required<int64_t> decay_steps;
    Required<double> decay_rate;
    bool staircase = false;
    std::string name = "InverseTimeDecay";
    static void describe(Schema<InverseTimeDecayConfig>& s);
};
class CORNU_API InverseTimeDecay : public LearningRateSchedule {
public:
    explicit InverseTimeDecay(InverseTimeDecayConfig config);
};

// From initial to end along (1 - step / decay_steps) ^ power.
struct PolynomialDecayConfig {
    Required<double> initial_learning_rate;
    Required<int64_t> decay_steps;
    double end_learning_rate = 0.0001;
    double power = 1.0;
    bool cycle = false;                      // again from the start, over more steps each time
    std::string name = "PolynomialDecay";
    static void describe(Schema<PolynomialDecayConfig>& s);
};
class CORNU_API PolynomialDecay : public LearningRateSchedule {
public:
    explicit PolynomialDecay(PolynomialDecayConfig config);
};

// values[i] up to and including step boundaries[i], the last value after that.
struct PiecewiseConstantDecayConfig {
    std::vector<double> boundaries = {};     // at least one
    std::vector<double> values = {};         // one more than boundaries
    std::string name = "PiecewiseConstant";
    static void describe(Schema<PiecewiseConstantDecayConfig>& s);
};
class CORNU_API PiecewiseConstantDecay : public LearningRateSchedule {
public:
    explicit PiecewiseConstantDecay(PiecewiseConstantDecayConfig config);
};

// Half a cosine from initial (or, after a linear warm-up, from warmup_target) to alpha times it.
struct CosineDecayConfig {
    Required<double> initial_learning_rate;
    Required<int64_t> decay_steps;
    double alpha = 0.0;
    std::string name = "CosineDecay";
    std::optional<double> warmup_target = {};
    int64_t warmup_steps = 0;
    static void describe(Schema<CosineDecayConfig>& s);
};
class CORNU_API CosineDecay : public LearningRateSchedule {
public:
    explicit CosineDecay(CosineDecayConfig config);
};

// Cosine decay that starts anew, each time over t_mul times the steps and from m_mul times the rate.
struct CosineDecayRestartsConfig {
    Required<double> initial_learning_rate;
    Required<int64_t> first_decay_steps;
    double t_mul = 2.0, m_mul = 1.0;
    double alpha = 0.0;
    std::string name = "SGDRDecay";
    static void describe(Schema<CosineDecayRestartsConfig>& s);
};
class CORNU_API CosineDecayRestarts : public LearningRateSchedule {
public:
    explicit CosineDecayRestarts(CosineDecayRestartsConfig config);
};

}  // namespace cornu::optimizers::schedules
