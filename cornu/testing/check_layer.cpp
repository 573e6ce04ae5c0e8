#include "cornu/testing/check_layer.h"

#include <cmath>
#include <random>

#include "cornu/backend/backend.h"
#include "cornu/layers/registry.h"
#include "cornu/models/model.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/optimizers/optimizers.h"
#include "cornu/saving/keras_file.h"
#include "cornu/tensor/context.h"
#include "cornu/testing/check_op.h"
#include "cornu/testing/near.h"
#include "cornu/testing/temporary_folder.h"

namespace cornu::testing {

namespace {

class Check {
public:
    Check(const std::function<Layer(const DTypePolicy&)>& make, const Specs& inputs, const LayerExpectations& expected)
        : make_(make), specs_(inputs), expected_(expected) {}

    std::vector<std::string> run() {
        // Names and seeds of one check do not depend on what ran before it.
        Context context;
        const Context::Use use(context);
        attempt("a call", [&] { check_call(); });
        attempt("the config", [&] { check_config(); });
        attempt("a model", [&] { check_model(); });
        if (expected_.gradients) attempt("gradients", [&] { check_gradients(); });
        if (expected_.mixed_precision) attempt("mixed precision", [&] { check_mixed_precision(); });
        if (expected_.training) attempt("training", [&] { check_training(); });
        return problems_;
    }

private:
    template <class F>
    void attempt(const char* what, F&& f) {
        try {
            f();
        } catch (const std::exception& e) {
            problems_.push_back(str(what, ": ", e.what()));
        }
    }
    template <class T, class U>
    void expect_equal(const std::string& what, const T& found, const U& wanted) {
        if (!(found == wanted)) problems_.push_back(str(what, " is ", found, ", expected ", wanted));
    }
    void expect_near(const std::string& what, const Tensor& found, const Tensor& wanted, double t) {
        if (const std::string problem = difference(found, wanted, t); !problem.empty()) problems_.push_back(str(what, ": ", problem));
    }

    Tensors draw(std::optional<DType> floats = {}) const {
        std::mt19937_64 random(7);
        Tensors all;
        for (const Spec& spec : specs_) {
            std::vector<double> values(static_cast<size_t>(spec.shape.size()));
            for (double& value : values) value = expected_.low + (expected_.high - expected_.low) * static_cast<double>(random() >> 11) * 0x1p-53;
            const Tensor drawn = Tensor::from(values, spec.shape);
            all.push_back(ops::cast(is_integer(spec.dtype) ? ops::floor(drawn) : drawn, is_float(spec.dtype) ? floats.value_or(spec.dtype) : spec.dtype));
        }
        return all;
    }
    static Structure nested(const Tensors& x) { return x.size() == 1 ? Structure(x[0]) : Structure(x); }
    static Tensors call(const Layer& layer, const Tensors& x, bool training = false) { return layer(nested(x), {.training = training}).flatten(); }
    Model model_of(const Layer& layer) const {
        Tensors inputs;
        for (const Spec& spec : specs_) inputs.push_back(Input({.dtype = spec.dtype, .batch_shape = spec.shape.without_front().with_front(None)}));
        return Model(nested(inputs), layer(nested(inputs)));
    }

    void check_call() {
        const Layer layer = make_({});
        const Tensors x = draw(), y = call(layer, x);
        if (expected_.output_shape && y.size() == 1) expect_equal("the output's shape", y[0].shape(), *expected_.output_shape);
        const Variables all = layer.variables(), weights = layer.weights();
        if (expected_.trainable_weights) expect_equal("the number of trainable weights", layer.trainable_weights().size(), *expected_.trainable_weights);
        if (expected_.non_trainable_weights) expect_equal("the number of non-trainable weights", layer.non_trainable_weights().size(), *expected_.non_trainable_weights);
        if (expected_.seed_generators) expect_equal("the number of seed generators", all.size() - weights.size(), *expected_.seed_generators);
        if (expected_.losses) {
            call(layer, x, true);
            expect_equal("the number of losses", layer.losses().size(), *expected_.losses);
        }
        if (expected_.deterministic) {
            const Tensors again = call(layer, x);
            for (size_t i = 0; i < y.size(); ++i) expect_near("a second call", again[i], y[i], 0);
        }
        if (!expected_.supports_masking) return;
        expect_equal("supports_masking", layer.impl().supports_masking(), *expected_.supports_masking);
        if (!*expected_.supports_masking || specs_.size() != 1 || specs_[0].shape.rank() < 3) return;
        Tensors masked = draw();
        masked[0].set_mask(ops::ones({specs_[0].shape[0], specs_[0].shape[1]}, DType::bool_));
        call(layer, masked);
    }

    void check_config() {
        const Layer layer = make_({});
        const Json config = layer.get_config();
        if (!expected_.file) return;
        const Layer again = layers::deserialize(layers::serialize(layer));
        expect_equal("the config of a layer made from the config", again.get_config().dump(), config.dump());
        const Tensors x = draw(), y = call(layer, x);
        call(again, x);
        again.set_weights(layer.get_weights());
        if (!expected_.deterministic) return;
        const Tensors same = call(again, x);
        for (size_t i = 0; i < y.size(); ++i) expect_near("a layer made from the config", same[i], y[i], 1e-6);
    }

    void check_model() {
        const Layer layer = make_({});
        const Model model = model_of(layer);
        const Tensors x = draw(), y = call(layer, x);
        const Tensors symbolic = model.output().flatten();
        expect_equal("the number of outputs, symbolic,", symbolic.size(), y.size());
        for (size_t i = 0; i < std::min(y.size(), symbolic.size()); ++i) {
            expect_equal("the dtype of the symbolic output", name(symbolic[i].dtype()), name(y[i].dtype()));
            const auto both = broadcast_shapes(symbolic[i].shape(), y[i].shape());
            if (!both || symbolic[i].rank() != y[i].rank()) expect_equal("the shape of the symbolic output", symbolic[i].shape(), y[i].shape());
        }
        if (!expected_.deterministic) return;
        for (const BackendStatus& status : backend_statuses()) {
            if (!status.found) continue;
            const std::string before = config::backend();
            config::set_backend(status.name);
            attempt(("on " + status.name).c_str(), [&] {
                const Structure out = model.predict(nested(x), {.verbose = Verbose::silent});
                const Tensors flat = out.flatten();
                for (size_t i = 0; i < y.size(); ++i) expect_near("compiled on " + status.name, flat[i].to_host(), y[i], 1e-5);
            });
            config::set_backend(before);
        }
        if (!expected_.file) return;
        const TemporaryFolder folder;
        const std::string file = folder.path / "layer.keras";
        model.save(file);
        const Model loaded = load_model(file);
        const Tensors again = loaded.predict(nested(x), {.verbose = Verbose::silent}).flatten();
        for (size_t i = 0; i < y.size(); ++i) expect_near("a model from a file", again[i], y[i], 1e-5);
    }

    void check_gradients() {
        const Layer layer = make_("float64");
        const Tensors x = draw(DType::float64);
        call(layer, x);
        Tensors points;
        for (const Tensor& each : x)
            if (is_float(each.dtype())) points.push_back(each);
        if (points.size() != x.size()) return;
        const std::string problem = testing::check_gradients([&](const Tensors& at) { return call(layer, at); }, points, {.order = 1});
        if (!problem.empty()) problems_.push_back(str("gradients by the inputs: ", problem));
    }

    void check_mixed_precision() {
        const Layer layer = make_("mixed_bfloat16");
        const Tensors y = call(layer, draw());
        for (const Variable& weight : layer.weights())
            if (is_float(weight.dtype())) expect_equal(str("the dtype of ", weight.path()), name(weight.dtype()), "float32");
        for (const Tensor& out : y)
            if (is_float(out.dtype())) expect_equal("the output's dtype with mixed_bfloat16", name(out.dtype()), "bfloat16");
    }

    void check_training() {
        const Layer layer = make_({});
        const Model model = model_of(layer);
        if (model.trainable_weights().empty()) return;
        const Tensors x = draw();
        Tensors targets;
        for (const Tensor& y : call(layer, x)) targets.push_back(ops::zeros_like(ops::cast(y, DType::float32)) + 2.0);
        const Tensors before = model.get_weights();
        model.compile({.optimizer = optimizers::SGD({.learning_rate = 0.1}), .loss = "mse"});
        const Structure wanted = model.output().is_leaf() ? Structure(targets[0]) : model.output().pack(targets);
        const double loss = model.train_on_batch(nested(x), wanted)["loss"];
        if (!std::isfinite(loss)) problems_.push_back(str("the loss of a training step is ", loss));
        const Variables weights = model.weights();
        for (size_t i = 0; i < weights.size(); ++i) {
            const bool trained = weights[i].trainable();
            if (trained && distance(weights[i].value(), before[i]) == 0) problems_.push_back(str("a training step leaves ", weights[i].path(), " as it was"));
        }
    }

    const std::function<Layer(const DTypePolicy&)>& make_;
    const Specs& specs_;
    const LayerExpectations& expected_;
    std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> check_layer(const std::function<Layer(const DTypePolicy&)>& make, const Specs& inputs, const LayerExpectations& expected) {
    return Check(make, inputs, expected).run();
}

}  // namespace cornu::testing
