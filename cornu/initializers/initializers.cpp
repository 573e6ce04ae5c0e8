#include "cornu/initializers/initializers.h"

#include <cmath>

#include "cornu/initializers/family.h"
#include "cornu/initializers/orthogonal.h"
#include "cornu/initializers/stft.h"
#include "cornu/ops/elementwise.h"
#include "cornu/random/host_draws.h"
#include "cornu/random/seed_generator.h"

namespace cornu::initializers {

namespace {

struct NoConfig {
    static void describe(Schema<NoConfig>&) {}
};

struct Draw {
    const Shape& shape;
    DType dtype;
    random::host::Key key;
};

template <class Config>
concept Seeded = requires(Config c) { c.seed; };

// One class: its name, its config and the function that makes the values.
template <class Config>
class Configured final : public CustomInitializer {
public:
    using Values = Tensor (*)(const Config&, const Draw&);
    Configured(const char* class_name, Values values, Config config, bool draws = true)
        : class_name_(class_name), values_(values), config_(std::move(config)) {
        validate(config_, str("initializers.", class_name_));
        if constexpr (Seeded<Config>)
            if (draws) seed_ = config_.seed ? *config_.seed : random::make_default_seed();
    }
    Tensor operator()(const Shape& shape, DType dtype) override {
        return values_(config_, {shape, dtype, {static_cast<uint32_t>(seed_), 0}});
    }
    std::string class_name() const override { return class_name_; }
    Json get_config() const override { return to_json(config_); }
    std::shared_ptr<CustomInitializer> with_axes(std::vector<int64_t> input_axes, std::vector<int64_t> output_axes) const override {
        if constexpr (requires { config_.input_axes; }) {
            if (config_.input_axes && config_.output_axes) return nullptr;
            auto copy = std::make_shared<Configured>(*this);
            copy->config_.input_axes = std::move(input_axes);
            copy->config_.output_axes = std::move(output_axes);
            return copy;
        }
        return nullptr;
    }

private:
    const char* class_name_;
    Values values_;
    Config config_;
    int64_t seed_ = 0;
};

Tensor zeros(const NoConfig&, const Draw& d) { return Tensor::full(d.shape, 0, d.dtype); }
Tensor ones(const NoConfig&, const Draw& d) { return Tensor::full(d.shape, 1, d.dtype); }
Tensor constant(const ConstantConfig& c, const Draw& d) { return Tensor::full(d.shape, c.value, d.dtype); }

Tensor identity(const IdentityConfig& c, const Draw& d) {
    if (d.shape.rank() != 2)
        throw ShapeError(str("Identity matrix initializer can only be used for 2D matrices. Received: shape=", d.shape, " of rank ", d.shape.rank(), "."));
    std::vector<float> values(static_cast<size_t>(d.shape.size()), 0.0f);
    for (int64_t i = 0; i < std::min(d.shape[0], d.shape[1]); ++i) values[static_cast<size_t>(i * d.shape[1] + i)] = static_cast<float>(c.gain.value_or(1));
    const Tensor matrix = Tensor::from(values, d.shape);
    return d.dtype == DType::float32 ? matrix : ops::cast(matrix, d.dtype);
}

Tensor random_normal(const RandomNormalConfig& c, const Draw& d) {
    return random::host::scale_shift(random::host::normal(d.key, d.shape, d.dtype), c.stddev, c.mean);
}
Tensor truncated_normal(const RandomNormalConfig& c, const Draw& d) {
    return random::host::scale_shift(random::host::truncated_normal(d.key, d.shape, d.dtype), c.stddev, c.mean);
}
Tensor random_uniform(const RandomUniformConfig& c, const Draw& d) {
    return random::host::uniform(d.key, d.shape, d.dtype, c.minval, c.maxval);
}

struct Fans {
    double in = 1, out = 1;
};

double product(const Shape& shape, const std::vector<int64_t>& axes) {
    double n = 1;
    for (const int64_t axis : axes) n *= static_cast<double>(shape.dim(axis));
    return n;
}

Fans compute_fans(const Shape& shape, const std::optional<std::vector<int64_t>>& input_axes, const std::optional<std::vector<int64_t>>& output_axes) {
    if (input_axes && output_axes) return {product(shape, *input_axes), product(shape, *output_axes)};
    if (shape.rank() < 1) return {};
    if (shape.rank() == 1) return {static_cast<double>(shape[0]), static_cast<double>(shape[0])};
    double window = 1;
    for (int64_t axis = 0; axis < shape.rank() - 2; ++axis) window *= static_cast<double>(shape[axis]);
    return {window * static_cast<double>(shape.dim(-2)), window * static_cast<double>(shape.dim(-1))};
}

Tensor variance_scaling(const VarianceScalingConfig& c, const Draw& d) {
    const Fans fans = compute_fans(d.shape, c.input_axes, c.output_axes);
    const double n = c.mode == "fan_in" ? fans.in : c.mode == "fan_out" ? fans.out : (fans.in + fans.out) / 2;
    const double scale = c.scale / std::max(1.0, n);
    if (c.distribution == "uniform") {
        const double limit = std::sqrt(3 * scale);
        return random::host::uniform(d.key, d.shape, d.dtype, -limit, limit);
    }
    if (c.distribution == "untruncated_normal")
        return random::host::scale_shift(random::host::normal(d.key, d.shape, d.dtype), std::sqrt(scale), 0);
    // The standard deviation of a normal cut at two of them.
    return random::host::scale_shift(random::host::truncated_normal(d.key, d.shape, d.dtype), std::sqrt(scale) / 0.8796256610342398, 0);
}

template <int scale, bool average, bool is_uniform>
Tensor fan_scaled(const FanConfig& c, const Draw& d) {
    return variance_scaling({.scale = scale, .mode = average ? "fan_avg" : "fan_in", .distribution = is_uniform ? "uniform" : "truncated_normal",
                             .input_axes = c.input_axes, .output_axes = c.output_axes}, d);
}

Tensor orthogonal(const OrthogonalConfig& c, const Draw& d) {
    if (d.shape.rank() < 2)
        throw ShapeError(str("The tensor to initialize must be at least two-dimensional. Received: shape=", d.shape, " of rank ", d.shape.rank(), "."));
    const int64_t columns = d.shape.back(), rows = d.shape.size() / std::max<int64_t>(columns, 1);
    const Tensor a = random::host::normal(d.key, {std::max(rows, columns), std::min(rows, columns)}, d.dtype);
    return orthogonal_from(a, d.shape, rows < columns, c.gain);
}

// The class, its functions and its aliases; a line per initializer.
template <class Config>
struct Entry {
    const char* class_name;
    Tensor (*values)(const Config&, const Draw&);

    std::shared_ptr<CustomInitializer> make(Config config) const {
        return std::make_shared<Configured<Config>>(class_name, values, std::move(config));
    }
    ObjectClass<CustomInitializer> item(std::vector<std::string> aliases = {}) const {
        return {class_name, std::move(aliases), [entry = *this](const Json& json) -> std::shared_ptr<CustomInitializer> {
                    const bool describe_only = json.contains(no_draw_key);
                    Json::Object given = json.as_object();
                    std::erase_if(given, [](const Json::Member& member) { return member.first == no_draw_key; });
                    Config config = from_json<Config>(Json(std::move(given)), str("initializers.", entry.class_name));
                    return std::make_shared<Configured<Config>>(entry.class_name, entry.values, std::move(config), !describe_only);
                }};
    }
};

constexpr Entry<NoConfig> zeros_entry{"Zeros", zeros}, ones_entry{"Ones", ones};
constexpr Entry<ConstantConfig> constant_entry{"Constant", constant};
constexpr Entry<IdentityConfig> identity_entry{"Identity", identity};
constexpr Entry<RandomNormalConfig> random_normal_entry{"RandomNormal", random_normal}, truncated_normal_entry{"TruncatedNormal", truncated_normal};
constexpr Entry<RandomUniformConfig> random_uniform_entry{"RandomUniform", random_uniform};
constexpr Entry<VarianceScalingConfig> variance_scaling_entry{"VarianceScaling", variance_scaling};
constexpr Entry<FanConfig> glorot_uniform_entry{"GlorotUniform", fan_scaled<1, true, true>}, glorot_normal_entry{"GlorotNormal", fan_scaled<1, true, false>},
    he_uniform_entry{"HeUniform", fan_scaled<2, false, true>}, he_normal_entry{"HeNormal", fan_scaled<2, false, false>},
    lecun_uniform_entry{"LecunUniform", fan_scaled<1, false, true>}, lecun_normal_entry{"LecunNormal", fan_scaled<1, false, false>};
constexpr Entry<OrthogonalConfig> orthogonal_entry{"Orthogonal", orthogonal};
constexpr Entry<STFTConfig> stft_entry{"STFT", [](const STFTConfig& c, const Draw& d) { return stft_kernel(c, d.shape, d.dtype); }};

}  // namespace

const std::vector<ObjectClass<CustomInitializer>>& family() {
    static const std::vector<ObjectClass<CustomInitializer>> classes = {
        zeros_entry.item({"zero"}),
        ones_entry.item({"one"}),
        constant_entry.item(),
        identity_entry.item({"IdentityInitializer"}),
        random_normal_entry.item({"normal"}),
        truncated_normal_entry.item(),
        random_uniform_entry.item({"uniform"}),
        variance_scaling_entry.item(),
        glorot_uniform_entry.item(),
        glorot_normal_entry.item(),
        he_uniform_entry.item(),
        he_normal_entry.item(),
        lecun_uniform_entry.item(),
        lecun_normal_entry.item(),
        orthogonal_entry.item({"OrthogonalInitializer"}),
        stft_entry.item({"STFTInitializer"}),
    };
    return classes;
}

Zeros::Zeros() : Initializer(zeros_entry.make({})) {}
Ones::Ones() : Initializer(ones_entry.make({})) {}
Constant::Constant(ConstantConfig config) : Initializer(constant_entry.make(config)) {}
Identity::Identity(IdentityConfig config) : Initializer(identity_entry.make(config)) {}
RandomNormal::RandomNormal(RandomNormalConfig config) : Initializer(random_normal_entry.make(config)) {}
TruncatedNormal::TruncatedNormal(RandomNormalConfig config) : Initializer(truncated_normal_entry.make(config)) {}
RandomUniform::RandomUniform(RandomUniformConfig config) : Initializer(random_uniform_entry.make(config)) {}
VarianceScaling::VarianceScaling(VarianceScalingConfig config) : Initializer(variance_scaling_entry.make(std::move(config))) {}
GlorotUniform::GlorotUniform(FanConfig config) : Initializer(glorot_uniform_entry.make(std::move(config))) {}
GlorotNormal::GlorotNormal(FanConfig config) : Initializer(glorot_normal_entry.make(std::move(config))) {}
HeUniform::HeUniform(FanConfig config) : Initializer(he_uniform_entry.make(std::move(config))) {}
HeNormal::HeNormal(FanConfig config) : Initializer(he_normal_entry.make(std::move(config))) {}
LecunUniform::LecunUniform(FanConfig config) : Initializer(lecun_uniform_entry.make(std::move(config))) {}
LecunNormal::LecunNormal(FanConfig config) : Initializer(lecun_normal_entry.make(std::move(config))) {}
Orthogonal::Orthogonal(OrthogonalConfig config) : Initializer(orthogonal_entry.make(config)) {}
STFT::STFT(STFTConfig config) : Initializer(stft_entry.make(std::move(config))) {}

void ConstantConfig::describe(Schema<ConstantConfig>& s) { s.field<&ConstantConfig::value>("The value."); }
void IdentityConfig::describe(Schema<IdentityConfig>& s) { s.field<&IdentityConfig::gain>("Factor on the matrix.").omit_null(); }
void RandomNormalConfig::describe(Schema<RandomNormalConfig>& s) {
    using C = RandomNormalConfig;
    s.field<&C::seed>("Seed; drawn when not given.");
    s.field<&C::mean>("Mean.");
    s.field<&C::stddev>("Standard deviation.");
}
void RandomUniformConfig::describe(Schema<RandomUniformConfig>& s) {
    using C = RandomUniformConfig;
    s.field<&C::seed>("Seed; drawn when not given.");
    s.field<&C::minval>("Lower bound, included.");
    s.field<&C::maxval>("Upper bound, excluded.");
}
void VarianceScalingConfig::describe(Schema<VarianceScalingConfig>& s) {
    using C = VarianceScalingConfig;
    s.field<&C::seed>("Seed; drawn when not given.");
    s.field<&C::scale>("Factor on the variance.").positive();
    s.field<&C::mode>("What the variance is divided by.").one_of({"fan_in", "fan_out", "fan_avg"});
    s.field<&C::distribution>("Which distribution.").one_of({"truncated_normal", "untruncated_normal", "uniform", "normal"});
    s.field<&C::input_axes>("The axes that count as inputs.");
    s.field<&C::output_axes>("The axes that count as outputs.");
}
void FanConfig::describe(Schema<FanConfig>& s) {
    s.field<&FanConfig::seed>("Seed; drawn when not given.");
    s.field<&FanConfig::input_axes>("The axes that count as inputs.");
    s.field<&FanConfig::output_axes>("The axes that count as outputs.");
}
void OrthogonalConfig::describe(Schema<OrthogonalConfig>& s) {
    s.field<&OrthogonalConfig::seed>("Seed; drawn when not given.");
    s.field<&OrthogonalConfig::gain>("Factor on the matrix.");
}
void STFTConfig::describe(Schema<STFTConfig>& s) {
    using C = STFTConfig;
    s.field<&C::side>("Which part of the transform.").one_of({"real", "imag"});
    s.field<&C::window>("The window's name; none when null.").one_of({"bartlett", "blackman", "boxcar", "hamming", "hann"});
    s.field<&C::periodic>("Whether the window is one period of a longer signal.");
    s.field<&C::scaling>("How the window is scaled.").one_of({"density", "spectrum"});
}

}  // namespace cornu::initializers
