#include "cornu/layers/preprocessing/discretization.h"

#include <algorithm>
#include <cmath>

#include "cornu/layers/preprocessing/adapting.h"
#include "cornu/layers/preprocessing/categories.h"
#include "cornu/ops/binning.h"
#include "cornu/ops/elementwise.h"

namespace cornu::layers {

namespace {

// A part of the data seen so far: values in order, and how many of the data each stands for. Computed
// step by step as Keras does it in NumPy, float32 and float64 where it has them.
struct Summary {
    std::vector<float> values, weights;
};

Summary summarize(std::vector<float> values, double epsilon) {
    std::sort(values.begin(), values.end());
    const double step = std::max(static_cast<double>(values.size()) / (1.0 / epsilon), 1.0);
    Summary s;
    for (auto i = static_cast<size_t>(step - 1); i < values.size(); i += static_cast<size_t>(step)) s.values.push_back(values[i]);
    s.weights.assign(s.values.size(), static_cast<float>(step));
    return s;
}

// numpy.interp.
double interpolate(double x, const std::vector<double>& xs, const std::vector<double>& ys) {
    if (x <= xs.front()) return ys.front();
    if (x >= xs.back()) return ys.back();
    const auto j = static_cast<size_t>(std::upper_bound(xs.begin(), xs.end(), x) - xs.begin()) - 1;
    const double slope = (ys[j + 1] - ys[j]) / (xs[j + 1] - xs[j]);
    return slope * (x - xs[j]) + ys[j];
}

Summary compress(const Summary& s, double epsilon) {
    if (static_cast<double>(s.values.size()) * epsilon < 1) return s;
    std::vector<double> percents, sums, values(s.values.begin(), s.values.end());
    const auto count = static_cast<size_t>(std::ceil(1.0 / epsilon));   // numpy.arange(0, 1, epsilon)
    for (size_t i = 0; i < count; ++i) percents.push_back(epsilon + static_cast<double>(i) * epsilon);
    float sum = 0;
    for (const float weight : s.weights) sums.push_back(sum += weight);
    std::vector<double> parts;
    for (const double at : sums) parts.push_back(static_cast<float>(at) / sum);
    Summary out;
    double before = 0;
    for (const double percent : percents) {
        out.values.push_back(static_cast<float>(interpolate(percent, parts, values)));
        const double at = interpolate(percent, parts, sums);
        out.weights.push_back(static_cast<float>(at - before));
        before = at;
    }
    return out;
}

Summary merge(const Summary& a, const Summary& b, double epsilon) {
    std::vector<std::pair<float, float>> all;
    for (const Summary* s : {&a, &b})
        for (size_t i = 0; i < s->values.size(); ++i) all.emplace_back(s->values[i], s->weights[i]);
    std::stable_sort(all.begin(), all.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
    Summary merged;
    for (const auto& [value, weight] : all) {
        merged.values.push_back(value);
        merged.weights.push_back(weight);
    }
    return compress(merged, epsilon);
}

// Its config holds a dtype's name, and not whether it is trainable, as Keras writes it.
class DiscretizationLayer final : public CustomLayer {
public:
    explicit DiscretizationLayer(DiscretizationConfig config) : config_(std::move(config)) {
        using enum CategoryMode;
        validate(config_, label());
        mode_ = parse_category_mode(config_.output_mode, {index, one_hot, multi_hot, count});
        refuse_sparse(config_.sparse);
        const std::optional<std::vector<double>>& given = config_.bin_boundaries;
        if (!given && !config_.num_bins) throw ValueError("You need to set either `num_bins` or `bin_boundaries`. Received: neither");
        if (config_.epsilon <= 0 || config_.epsilon > 1) throw ValueError(str("`epsilon` must lie in (0, 1]. Received: epsilon=", config_.epsilon));
        if (given && !std::is_sorted(given->begin(), given->end())) throw ValueError("`bin_boundaries` must ascend. Received: boundaries that do not");
        if (config_.dtype.empty()) config_.dtype = DTypePolicy().resolved().name();
        set_options({.name = config_.name, .dtype = config_.dtype});
    }
    std::string class_name() const override { return "Discretization"; }
    Json get_config() const override {
        Json json = to_json(config_);
        json.set("name", name());
        json.set("dtype", std::string(cornu::name(variable_dtype())));
        return json;
    }

    using CustomLayer::call;
    Tensor call(const Tensor& x, const Call&) override {
        if (!config_.bin_boundaries)
            throw ValueError("You need to either pass the `bin_boundaries` argument at construction time or call `adapt(data)` before you can start using the `Discretization` layer.");
        const std::vector<float> boundaries(config_.bin_boundaries->begin(), config_.bin_boundaries->end());
        const Tensor bins = ops::digitize(x, Tensor::from(boundaries));
        return encode_categories(bins, mode_, static_cast<int64_t>(boundaries.size()) + 1, mode_ == CategoryMode::index ? DType::int32 : compute_dtype());
    }

    void adapt(const std::function<void(const std::function<void(const Tensor&)>&)>& for_each) {
        if (!config_.num_bins)
            throw ValueError(str(label(), ": Cannot adapt a Discretization layer that has been initialized with `bin_boundaries`, use `num_bins` instead."));
        Summary seen;
        for_each([&](const Tensor& data) {
            if (data.dtype() == DType::string || is_complex(data.dtype())) throw DTypeError(str(label(), ".adapt takes numbers. Received: ", data.spec()));
            seen = merge(summarize(data.to_vector<float>(), config_.epsilon), seen, config_.epsilon);
        });
        if (seen.values.empty()) throw ValueError(str(label(), ".adapt needs data. Received: no values"));
        Summary bins = compress(seen, 1.0 / static_cast<double>(*config_.num_bins));
        config_.bin_boundaries.emplace(bins.values.begin(), bins.values.end() - 1);
    }

private:
    static std::string label() { return "layers.Discretization"; }
    DiscretizationConfig config_;
    CategoryMode mode_;
};

}  // namespace

void DiscretizationConfig::describe(Schema<DiscretizationConfig>& s) {
    using C = DiscretizationConfig;
    s.field<&C::bin_boundaries>("Where intervals end and begin.");
    s.field<&C::num_bins>("Number of intervals that are to be found.").positive();
    s.field<&C::epsilon>("How far adapt() may be off.");
    s.field<&C::output_mode>("int, one_hot, multi_hot or count.");
    s.field<&C::sparse>("Refused when true.");
    s.field<&C::name>("Name; made from the class name when empty.");
    s.field<&C::dtype>("Dtype of rows.");
}

Discretization::Discretization(DiscretizationConfig config) : Layer(std::make_shared<DiscretizationLayer>(std::move(config))) {}
void Discretization::check() const { check_class<DiscretizationLayer>(*this, "Discretization"); }
void Discretization::adapt(const Tensor& data) const {
    static_cast<DiscretizationLayer&>(impl()).adapt([&](const auto& take) { take(data); });
}
void Discretization::adapt(const Dataset& batches, std::optional<int64_t> steps) const {
    static_cast<DiscretizationLayer&>(impl()).adapt([&](const auto& take) { for_each_batch(batches, steps, take); });
}

}  // namespace cornu::layers
