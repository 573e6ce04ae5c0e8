#include "cornu/training/callbacks/swap_ema_weights.h"

#include "cornu/base/error.h"
#include "cornu/training/trainer.h"
#include "cornu/training/training_state.h"

namespace cornu::callbacks {

namespace {

class Swapper final : public CustomCallback {
public:
    explicit Swapper(SwapEMAWeightsConfig config) : config_(config) {}
    bool wants_batch_logs() const override { return false; }

    void on_epoch_begin(int64_t, const Logs&) override { if (config_.swap_on_epoch) use_averages(false); }
    void on_epoch_end(int64_t epoch, const Logs&) override {
        if (!config_.swap_on_epoch || in_model_) return;
        use_averages(true);
        // The end of fit makes the variables their averages: those must be averages again by then.
        if (epoch == params().epochs - 1) for_each([](Variable variable, Variable average) { average.assign(variable.value().with_new_identity()); });
    }
    void on_test_begin(const Logs&) override { use_averages(true); }
    void on_test_end(const Logs&) override { use_averages(false); }
    void on_predict_begin(const Logs&) override { use_averages(true); }
    void on_predict_end(const Logs&) override { use_averages(false); }

    void get_state(TrainingState& state) const override { state.values.set("in_model", in_model_); }
    void set_state(const TrainingState& state) override { in_model_ = state.values["in_model"].as_bool(); }

private:
    void use_averages(bool use) {
        if (in_model_ == use) return;
        for_each([](Variable variable, Variable average) {
            const Tensor value = variable.value();
            variable.assign(average.value());
            average.assign(value);
        });
        in_model_ = use;
    }
    template <class F>
    void for_each(F&& f) {
        const CustomOptimizer& optimizer = trainer().optimizer().impl();
        if (!optimizer.options().use_ema || !optimizer.built())
            throw ValueError(str("[callbacks.SwapEMAWeights] the optimizer must keep averages (use_ema = true) and have begun to. Received: use_ema=",
                                 optimizer.options().use_ema, optimizer.built() ? "" : ", an optimizer that is not built"));
        for (size_t i = 0; i < optimizer.trained().size(); ++i)
            if (optimizer.averages()[i].defined()) f(optimizer.trained()[i], optimizer.averages()[i]);
    }
    SwapEMAWeightsConfig config_;
    bool in_model_ = false;
};

}  // namespace

SwapEMAWeights::SwapEMAWeights(SwapEMAWeightsConfig config) : Callback(std::make_shared<Swapper>(config)) {}

}  // namespace cornu::callbacks
