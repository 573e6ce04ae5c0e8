#include "cornu/optimizers/multi_optimizer.h"

#include <algorithm>
#include <map>

#include "cornu/base/naming.h"
#include "cornu/optimizers/catalogue.h"
#include "cornu/optimizers/options_impl.h"
#include "cornu/optimizers/wrapper_impl.h"

namespace cornu {

using optimizers::OptimizerMap;

Json Codec<OptimizerMap>::encode(const OptimizerMap& v) {
    Json map = Json::object();
    for (const auto& [path, optimizer] : v.optimizer_map) map.set(path, Codec<Optimizer>::encode(optimizer));
    return write_object({.module = "keras.optimizers", .class_name = "OptimizerMap", .registered_name = {},
                         .config = Json::object({{"default_optimizer", Codec<Optimizer>::encode(v.default_optimizer)}, {"optimizer_map", map}})});
}
void Codec<OptimizerMap>::decode(const Json& j, OptimizerMap& v) {
    const SerializedObject object = read_object(j, "a map of optimizers");
    v = {};
    Codec<Optimizer>::decode(object.config["default_optimizer"], v.default_optimizer);
    for (const auto& [path, json] : object.config["optimizer_map"].as_object())
        Codec<Optimizer>::decode(json, v.optimizer_map.emplace_back(path, Optimizer()).second);
}

namespace optimizers {

namespace {

class CustomMultiOptimizer final : public WrapperOptimizer {
public:
    explicit CustomMultiOptimizer(MultiOptimizerConfig config)
        : WrapperOptimizer("MultiOptimizer", {.loss_scale_factor = config.loss_scale_factor, .name = config.name}), config_(std::move(config)) {
        for (const auto& [path, optimizer] : map().optimizer_map) {
            found_in({path}, "");  // refuses what is no expression
            add(optimizer);
        }
        add(map().default_optimizer);
    }
    void build(const Variables& variables) override {
        std::vector<Variables> shares(inner().size());
        for (const Variable& variable : variables) {
            owner_.push_back(owner_of(variable));
            shares[owner_.back()].push_back(variable);
        }
        for (size_t i = 0; i < shares.size(); ++i)
            if (!shares[i].empty()) inner()[i].optimizer->build(shares[i]);
        WrapperOptimizer::build(variables);
    }
    void apply(const Tensors& gradients, const Variables& variables) override {
        if (gradients.empty()) return;
        if (!built()) build(variables);
        if (gradients.size() != variables.size())
            throw ValueError(str("[optimizers.MultiOptimizer \"", name(), "\"] one gradient per variable is needed. Received: ", gradients.size(),
                                 " gradients for ", variables.size(), " variables"));
        std::vector<std::pair<Tensors, Variables>> shares(inner().size());
        for (size_t i = 0; i < gradients.size(); ++i) {
            auto& [of_owner, owned] = shares[owner_[index_of(variables[i])]];
            of_owner.push_back(gradients[i]);
            owned.push_back(variables[i]);
        }
        for (size_t i = 0; i < shares.size(); ++i) inner()[i].optimizer->apply(shares[i].first, shares[i].second);
        count_step();
    }
    void finalize_variable_values(const Variables& variables) override {
        std::vector<Variables> shares(inner().size());
        for (const Variable& variable : variables) shares[owner_[index_of(variable)]].push_back(variable);
        for (size_t i = 0; i < shares.size(); ++i)
            if (!shares[i].empty()) inner()[i].optimizer->finalize_variable_values(shares[i]);
    }
    void set_loss_scale_factor(std::optional<double> factor) override {
        CustomOptimizer::set_loss_scale_factor(factor);
        for (const Inner& item : inner()) item.optimizer->set_loss_scale_factor(factor);
    }
    Tensor current_learning_rate() const override { refuse_rate(); }
    void set_learning_rate(double) override { refuse_rate(); }
    Json get_config() const override {
        return Json::object({{"optimizer_map", Codec<OptimizerMap>::encode(map())},
                             {"loss_scale_factor", Codec<std::optional<double>>::encode(options().loss_scale_factor)},
                             {"name", name()}});
    }

private:
    const OptimizerMap& map() const { return config_.optimizer_map.get(); }
    [[noreturn]] void refuse_rate() const {
        throw ValueError(str("[optimizers.MultiOptimizer \"", name(), "\"] it has no learning rate: its optimizers have theirs."));
    }
    size_t number_of(const Optimizer& optimizer) const {
        const std::vector<Inner> all = inner();
        return static_cast<size_t>(std::find_if(all.begin(), all.end(), [&](const Inner& i) { return i.optimizer == optimizer.shared(); }) - all.begin());
    }
    void add(const Optimizer& optimizer) {
        if (optimizer.defined() && number_of(optimizer) < inner().size()) return;
        // As Keras addresses objects in a list: by class.
        const std::string stem = optimizer.defined() ? utils::to_snake_case(optimizer.impl().class_name()) : "";
        const int before = classes_[stem]++;
        wrap(optimizer, "optimizers/" + (before == 0 ? stem : str(stem, "_", before)), options().loss_scale_factor);
    }
    size_t owner_of(const Variable& variable) const {
        const Optimizer* found = nullptr;
        for (const auto& [path, optimizer] : map().optimizer_map)
            if (path == variable.path()) return number_of(optimizer);
        for (const auto& [path, optimizer] : map().optimizer_map) {
            if (!found_in({"^(?:" + path + ")$"}, variable.path())) continue;
            if (found) throw ValueError(str("[optimizers.MultiOptimizer \"", name(), "\"] only one expression may match a variable. Received: several for ", variable.path()));
            found = &optimizer;
        }
        return number_of(found ? *found : map().default_optimizer);
    }
    MultiOptimizerConfig config_;
    std::map<std::string, int> classes_;
    std::vector<size_t> owner_;              // by variable, the number of its optimizer
};

}  // namespace

void MultiOptimizerConfig::describe(Schema<MultiOptimizerConfig>& s) {
    s.field<&MultiOptimizerConfig::optimizer_map>("which optimizer for which variables");
    s.field<&MultiOptimizerConfig::loss_scale_factor>("what the loss is scaled by while gradients are computed");
    s.field<&MultiOptimizerConfig::name>("the optimizer's name");
}

MultiOptimizer::MultiOptimizer(MultiOptimizerConfig config) : Optimizer(std::make_shared<CustomMultiOptimizer>(std::move(config))) {}

}  // namespace optimizers
}  // namespace cornu
