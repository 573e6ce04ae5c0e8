#include "cornu/optimizers/schedules/schedules.h"

#include <numbers>

#include "cornu/ops/elementwise.h"
#include "cornu/ops/elementwise_math.h"
#include "cornu/optimizers/catalogue.h"
#include "cornu/optimizers/registry.h"
#include "cornu/tensor/context.h"

namespace cornu {

Json Codec<LearningRate>::encode(const LearningRate& v) {
    if (!v.schedule()) return v.value();
    return write_object_of(optimizers::schedules::all_schedules(), "keras.optimizers.schedules", *v.schedule());
}
void Codec<LearningRate>::decode(const Json& j, LearningRate& v) {
    if (j.is_number()) v = LearningRate(j.as_double());
    else v = LearningRate(LearningRateSchedule(optimizers::schedules::make_schedule(read_object(j, "a learning rate"))));
}

}  // namespace cornu

namespace cornu::optimizers::schedules {

namespace {

Tensor as_float(const Tensor& step) { return ops::cast(step, Context::current().floatx()); }

Tensor rate_at(const ExponentialDecayConfig& c, const Tensor& step) {
    Tensor p = as_float(step) / static_cast<double>(c.decay_steps.get());
    if (c.staircase) p = ops::floor(p);
    return c.initial_learning_rate.get() * ops::power(Tensor(c.decay_rate.get()), p);
}

Tensor rate_at(const InverseTimeDecayConfig& c, const Tensor& step) {
    Tensor p = as_float(step) / static_cast<double>(c.decay_steps.get());
    if (c.staircase) p = ops::floor(p);
    return c.initial_learning_rate.get() / (1.0 + c.decay_rate.get() * p);
}

Tensor rate_at(const PolynomialDecayConfig& c, const Tensor& given) {
    Tensor step = as_float(given), steps = static_cast<double>(c.decay_steps.get());
    if (c.cycle) steps = steps * ops::where(ops::equal(step, 0.0), 1.0, ops::ceil(step / static_cast<double>(c.decay_steps.get())));
    else step = ops::minimum(step, steps);
    return (c.initial_learning_rate.get() - c.end_learning_rate) * ops::power(1.0 - step / steps, c.power) + c.end_learning_rate;
}

Tensor rate_at(const PiecewiseConstantDecayConfig& c, const Tensor& given) {
    const Tensor step = as_float(given);
    const std::vector<double>& values = c.values;
    Tensor rate = ops::cast(Tensor(values.back()), step.dtype());
    for (size_t i = c.boundaries.size(); i-- > 0;) rate = ops::where(ops::less_equal(step, c.boundaries[i]), values[i], rate);
    return rate;
}

Tensor rate_at(const CosineDecayConfig& c, const Tensor& given) {
    const double steps = static_cast<double>(c.decay_steps.get()), warmup = static_cast<double>(c.warmup_steps);
    const auto decayed = [&](const Tensor& step, double from) {
        const Tensor cosine = 0.5 * (1.0 + ops::cos(std::numbers::pi * (step / steps)));
        return from * ((1 - c.alpha) * cosine + c.alpha);
    };
    if (!c.warmup_target) return decayed(ops::minimum(as_float(given), steps), c.initial_learning_rate);
    const Tensor step = ops::minimum(as_float(given), steps + warmup);
    const Tensor late = decayed(step - warmup, *c.warmup_target);
    if (c.warmup_steps == 0) return late;
    const double initial = c.initial_learning_rate;
    return ops::where(ops::less(step, warmup), (*c.warmup_target - initial) * (step / warmup) + initial, late);
}

Tensor rate_at(const CosineDecayRestartsConfig& c, const Tensor& step) {
    const Tensor done = as_float(step) / static_cast<double>(c.first_decay_steps.get());
    Tensor restarts, fraction;
    if (c.t_mul == 1.0) {
        restarts = ops::floor(done);
        fraction = done - restarts;
    } else {
        restarts = ops::floor(ops::log(1.0 - done * (1.0 - c.t_mul)) / std::log(c.t_mul));
        const Tensor length = ops::power(Tensor(c.t_mul), restarts);
        fraction = (done - (1.0 - length) / (1.0 - c.t_mul)) / length;
    }
    const Tensor cosine = 0.5 * ops::power(Tensor(c.m_mul), restarts) * (1.0 + ops::cos(std::numbers::pi * fraction));
    return c.initial_learning_rate.get() * ((1 - c.alpha) * cosine + c.alpha);
}

template <class Config>
class Made final : public CustomSchedule {
public:
    Made(const char* class_name, Config config) : class_name_(class_name), config_(std::move(config)) {
        validate(config_, str("schedules.", class_name));
    }
    Tensor operator()(const Tensor& step) const override { return rate_at(config_, step); }
    std::string class_name() const override { return class_name_; }
    Json get_config() const override { return to_json(config_); }

private:
    const char* class_name_;
    Config config_;
};

template <class Schedule, class Config>
ObjectClass<CustomSchedule> entry(const char* name) {
    return {name, {}, [name](const Json& config) { return Schedule(from_json<Config>(config, str("schedules.", name))).shared(); }};
}

}  // namespace

void ExponentialDecayConfig::describe(Schema<ExponentialDecayConfig>& s) {
    s.field<&ExponentialDecayConfig::initial_learning_rate>("the rate at step 0");
    s.field<&ExponentialDecayConfig::decay_steps>("after how many steps the rate has fallen by decay_rate").positive();
    s.field<&ExponentialDecayConfig::decay_rate>("the factor");
    s.field<&ExponentialDecayConfig::staircase>("fall in jumps");
    s.field<&ExponentialDecayConfig::name>("its name");
}
void InverseTimeDecayConfig::describe(Schema<InverseTimeDecayConfig>& s) {
    s.field<&InverseTimeDecayConfig::initial_learning_rate>("the rate at step 0");
    s.field<&InverseTimeDecayConfig::decay_steps>("how many steps count as one").positive();
    s.field<&InverseTimeDecayConfig::decay_rate>("how fast it falls");
    s.field<&InverseTimeDecayConfig::staircase>("fall in jumps");
    s.field<&InverseTimeDecayConfig::name>("its name");
}
void PolynomialDecayConfig::describe(Schema<PolynomialDecayConfig>& s) {
    s.field<&PolynomialDecayConfig::initial_learning_rate>("the rate at step 0");
    s.field<&PolynomialDecayConfig::decay_steps>("after how many steps the end is reached").positive();
    s.field<&PolynomialDecayConfig::end_learning_rate>("the rate at the end");
    s.field<&PolynomialDecayConfig::power>("1 for a line");
    s.field<&PolynomialDecayConfig::cycle>("start again at the end");
    s.field<&PolynomialDecayConfig::name>("its name");
}
void PiecewiseConstantDecayConfig::describe(Schema<PiecewiseConstantDecayConfig>& s) {
    s.field<&PiecewiseConstantDecayConfig::boundaries>("the last step of each rate").non_empty();
    s.field<&PiecewiseConstantDecayConfig::values>("the rates");
    s.field<&PiecewiseConstantDecayConfig::name>("its name");
}
void CosineDecayConfig::describe(Schema<CosineDecayConfig>& s) {
    s.field<&CosineDecayConfig::initial_learning_rate>("the rate at step 0");
    s.field<&CosineDecayConfig::decay_steps>("after how many steps the end is reached").positive();
    s.field<&CosineDecayConfig::alpha>("the rate at the end, as a fraction");
    s.field<&CosineDecayConfig::name>("its name");
    s.field<&CosineDecayConfig::warmup_target>("where a warm-up leads");
    s.field<&CosineDecayConfig::warmup_steps>("how many steps it takes").non_negative();
}
void CosineDecayRestartsConfig::describe(Schema<CosineDecayRestartsConfig>& s) {
    s.field<&CosineDecayRestartsConfig::initial_learning_rate>("the rate at step 0");
    s.field<&CosineDecayRestartsConfig::first_decay_steps>("the steps of the first period").positive();
    s.field<&CosineDecayRestartsConfig::t_mul>("how much longer each period is");
    s.field<&CosineDecayRestartsConfig::m_mul>("how much higher each period starts");
    s.field<&CosineDecayRestartsConfig::alpha>("the rate at the end, as a fraction");
    s.field<&CosineDecayRestartsConfig::name>("its name");
}

ExponentialDecay::ExponentialDecay(ExponentialDecayConfig c) : LearningRateSchedule(std::make_shared<Made<ExponentialDecayConfig>>("ExponentialDecay", std::move(c))) {}
InverseTimeDecay::InverseTimeDecay(InverseTimeDecayConfig c) : LearningRateSchedule(std::make_shared<Made<InverseTimeDecayConfig>>("InverseTimeDecay", std::move(c))) {}
PolynomialDecay::PolynomialDecay(PolynomialDecayConfig c) : LearningRateSchedule(std::make_shared<Made<PolynomialDecayConfig>>("PolynomialDecay", std::move(c))) {}
PiecewiseConstantDecay::PiecewiseConstantDecay(PiecewiseConstantDecayConfig c) {
    if (c.values.size() != c.boundaries.size() + 1)
        throw ValueError(str("[schedules.PiecewiseConstantDecay] values must be one more than boundaries. Received: ", c.boundaries.size(), " boundaries and ", c.values.size(), " values"));
    *static_cast<LearningRateSchedule*>(this) = LearningRateSchedule(std::make_shared<Made<PiecewiseConstantDecayConfig>>("PiecewiseConstantDecay", std::move(c)));
}
CosineDecay::CosineDecay(CosineDecayConfig c) : LearningRateSchedule(std::make_shared<Made<CosineDecayConfig>>("CosineDecay", std::move(c))) {}
CosineDecayRestarts::CosineDecayRestarts(CosineDecayRestartsConfig c) : LearningRateSchedule(std::make_shared<Made<CosineDecayRestartsConfig>>("CosineDecayRestarts", std::move(c))) {}

const std::vector<ObjectClass<CustomSchedule>>& all_schedules() {
    static const std::vector<ObjectClass<CustomSchedule>> all = {
        entry<CosineDecay, CosineDecayConfig>("CosineDecay"),
        entry<CosineDecayRestarts, CosineDecayRestartsConfig>("CosineDecayRestarts"),
        entry<ExponentialDecay, ExponentialDecayConfig>("ExponentialDecay"),
        entry<InverseTimeDecay, InverseTimeDecayConfig>("InverseTimeDecay"),
        entry<PiecewiseConstantDecay, PiecewiseConstantDecayConfig>("PiecewiseConstantDecay"),
        entry<PolynomialDecay, PolynomialDecayConfig>("PolynomialDecay"),
    };
    return all;
}

std::shared_ptr<CustomSchedule> make_schedule(const SerializedObject& object) {
    return make_object(all_schedules(), object, "learning rate schedule", "optimizers::schedules::register_schedule");
}

}  // namespace cornu::optimizers::schedules
