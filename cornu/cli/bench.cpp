#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <optional>

#include "cornu/backend/backend.h"
#include "cornu/backend/profile.h"
#include "cornu/base/allocations.h"
#include "cornu/cli/arrays.h"
#include "cornu/cli/verbs.h"
#include "cornu/ops/elementwise.h"
#include "cornu/random/mersenne_twister.h"
#include "cornu/saving/keras_file.h"

namespace cornu::cli {

namespace {

using Clock = std::chrono::steady_clock;
double milliseconds_since(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

// Values of the right kind: floats in [0, 1), whole numbers 0 or 1, which are classes and words of
// any vocabulary.
Tensor random_values(Shape shape, DType dtype, random::NumpyRandom& random) {
    std::vector<float> values(static_cast<size_t>(shape.size()));
    for (float& value : values) value = static_cast<float>(random.random_sample());
    if (!is_float(dtype))
        for (float& value : values) value = value < 0.5f ? 0.f : 1.f;
    return ops::cast(Tensor::from(values, std::move(shape)), dtype);
}

struct Measured {
    std::vector<double> ms;
    AllocationCounts allocations;
    double first_ms = 0;
};

// Times the steps that fit and predict make, from inside.
struct Stopwatch : CustomCallback {
    Stopwatch(Measured& result, int64_t warmup, std::function<void()> when_warm) : result(result), warmup(warmup), when_warm(std::move(when_warm)) { result.ms.reserve(1 << 16); }
    bool wants_batch_logs() const override { return false; }
    void on_train_batch_begin(int64_t, const Logs&) override { begin(); }
    void on_train_batch_end(int64_t, const Logs&) override {
        current_backend()->synchronize();
        end();
    }
    void on_predict_batch_begin(int64_t, const Logs&) override { begin(); }
    void on_predict_batch_end(int64_t, const Logs&) override { end(); }
    void begin() {
        before = allocation_counts();
        start = Clock::now();
    }
    void end() {
        const double ms = milliseconds_since(start);
        const AllocationCounts after = allocation_counts();
        if (seen++ == 0) result.first_ms = ms;
        if (seen == warmup) when_warm();
        if (seen <= warmup) return;
        result.ms.push_back(ms);
        result.allocations.own += after.own - before.own;
        result.allocations.library += after.library - before.library;
    }
    Measured& result;
    int64_t warmup, seen = 0;
    std::function<void()> when_warm;
    Clock::time_point start;
    AllocationCounts before;
};

struct Options {
    std::string model, what;
    int64_t batch_size = 32, steps = 100;
    bool json = false, profile = false;
    std::string trace;
    Engine engine;
};

Structure inputs(const Model& model, int64_t rows, random::NumpyRandom& random) {
    return model.input().map([&](const Tensor& input) {
        Shape shape = input.shape();
        shape[0] = rows;
        for (int64_t& dim : shape)
            if (dim < 0) dim = 16;  // an open length
        return random_values(shape, input.dtype(), random);
    });
}

Structure targets(const Model& model, int64_t batch, random::NumpyRandom& random) {
    const Json config = model.model_impl().get_compile_config();
    if (config.is_null()) throw ValueError("the model was saved without a compile config; `bench fit` needs one.");
    const bool sparse = config.get("loss").dump().find("parse") != std::string::npos;  // sparse_… or Sparse…
    return model.output().map([&](const Tensor& y) {
        Shape shape = y.shape();
        shape[0] = batch;
        if (sparse) shape = Shape(shape.begin(), shape.end() - 1);
        return random_values(shape, sparse ? DType::int32 : DType::float32, random);
    });
}

int bench(const Options& o) {
    o.engine.apply();
    const Clock::time_point start = Clock::now();
    const Model model = load_model(o.model);
    const double load_ms = milliseconds_since(start);
    random::NumpyRandom random(0);
    Measured measured;
    constexpr int64_t warmup = 5;
    std::optional<Profile> profile;
    const Callback watch = callback<Stopwatch>(measured, warmup, [&] { if (o.profile || !o.trace.empty()) profile.emplace(); });
    if (o.what == "fit") {
        // Each step has a batch of its own as far as memory allows, the same again in the next epoch.
        constexpr int64_t room = int64_t{256} << 20;
        int64_t batch_bytes = 1;
        inputs(model, o.batch_size, random).for_each([&](const Tensor& t) { batch_bytes += bytes_for(t.dtype(), t.size()); });
        const int64_t batches = std::clamp<int64_t>(room / batch_bytes, 1, o.steps + warmup), rows = batches * o.batch_size;
        model.fit(inputs(model, rows, random), targets(model, rows, random),
                  {.batch_size = o.batch_size, .epochs = (o.steps + warmup + batches - 1) / batches, .verbose = Verbose::silent,
                   .callbacks = {watch}, .shuffle = false});
    } else {
        const Structure x = inputs(model, o.batch_size, random);
        Stopwatch& stopwatch = static_cast<Stopwatch&>(watch.impl());
        const Tensors flat = x.flatten();
        for (int64_t i = 0; i < o.steps + warmup; ++i) {
            stopwatch.begin();
            if (flat.size() == 1 && model.output().is_leaf()) (void)model.predict(flat[0], {.batch_size = o.batch_size, .verbose = Verbose::silent}).to_host();
            else model.predict(x, {.batch_size = o.batch_size, .verbose = Verbose::silent}).for_each([](const Tensor& y) { (void)y.to_host(); });
            stopwatch.end();
        }
    }
    if (profile) profile->stop();
    std::sort(measured.ms.begin(), measured.ms.end());
    const auto at = [&](double part) { return measured.ms[static_cast<size_t>(part * static_cast<double>(measured.ms.size() - 1))]; };
    rusage usage = {};
    getrusage(RUSAGE_SELF, &usage);
    const auto per_step = [&](int64_t n) { return static_cast<double>(n) / static_cast<double>(measured.ms.size()); };
    const Json json = Json::object({{"model", o.model}, {"what", o.what}, {"backend", current_backend()->info().name},
        {"batch_size", o.batch_size}, {"steps", o.steps}, {"median_ms", at(0.5)}, {"min_ms", at(0)}, {"p99_ms", at(0.99)},
        {"compile_ms", std::max(0.0, measured.first_ms - at(0.5))}, {"load_ms", load_ms}, {"peak_memory_mb", static_cast<double>(usage.ru_maxrss) / 1024},
        {"allocations_per_step", per_step(measured.allocations.own)}, {"library_allocations_per_step", per_step(measured.allocations.library)}});
    if (!o.trace.empty()) profile->write_trace(o.trace);
    if (o.json) {
        std::cout << json.dump() << '\n';
        return 0;
    }
    for (const auto& [name, value] : json.as_object()) std::cout << name << ": " << (value.is_string() ? value.as_string() : value.dump()) << '\n';
    if (o.profile) std::cout << '\n' << profile->by_layer() << '\n' << profile->by_op();
    return 0;
}

}  // namespace

void add_bench(CLI::App& app, Run& run) {
    const auto o = std::make_shared<Options>();
    CLI::App* verb = app.add_subcommand("bench", "times warm training or prediction steps on random inputs");
    verb->add_option("model", o->model, "a .keras file")->required();
    verb->add_option("what", o->what, "fit or predict")->required()->check(CLI::IsMember({"fit", "predict"}));
    verb->add_option("--batch-size", o->batch_size, "samples a step")->capture_default_str()->check(CLI::PositiveNumber);
    verb->add_option("--steps", o->steps, "steps to time, after 5 to warm up")->capture_default_str()->check(CLI::Range(1, 1 << 16));
    CLI::Option* json = verb->add_flag("--json", o->json, "one JSON object");
    verb->add_flag("--profile", o->profile, "also where the time went, by layer and by op; costs a little")->excludes(json);
    verb->add_option("--trace", o->trace, "also a file of trace events, for chrome://tracing or Perfetto");
    o->engine.add_to(*verb);
    verb->callback([o, &run] { run = [o] { return bench(*o); }; });
}

}  // namespace cornu::cli
