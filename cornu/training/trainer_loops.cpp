// fit, evaluate, predict: loops over batches around the steps.
#include <array>
#include <cstring>

#include "cornu/backend/profile.h"
#include "cornu/base/log.h"
#include "cornu/data/arrays.h"
#include "cornu/ops/host_call.h"
#include "cornu/training/trainer_state.h"

namespace cornu {

namespace {

const Logs no_logs;

Structure logs_to_structure(const Logs& logs, std::vector<std::string>& names) {
    Structure::List values;
    for (const auto& [name, value] : logs) {
        names.push_back(name);
        values.emplace_back(value);
    }
    return values;
}

Logs logs_of_outputs(const Structure& outputs, const std::vector<std::string>& names) {
    Logs logs;
    const Tensors flat = outputs.flatten();
    for (size_t i = 0; i < flat.size(); ++i) logs.set(flat.size() == 1 ? "outputs" : i < names.size() ? names[i] : str("outputs_", i), flat[i]);
    return logs;
}

// What is to happen however a function is left.
template <class F>
struct Finally {
    explicit Finally(F f) : f(std::move(f)) {}
    ~Finally() { f(); }
    Finally(const Finally&) = delete;
    Finally& operator=(const Finally&) = delete;
    F f;
};

// Rows of `from` written into `to` at `row`.
void put_rows(const Tensor& from, Tensor& to, int64_t row) {
    const Tensor host = from.to_host();
    if (from.shape().without_front() != to.shape().without_front())
        throw ShapeError(str("predict: the outputs of all batches must have the same shape but for the samples. Received: ", to.shape(), " and ", from.shape()));
    if (from.dtype() == DType::string) {   // `to` is fresh; nobody else sees it yet
        const auto strings = host.data<std::string>();
        std::copy(strings.begin(), strings.end(), static_cast<std::string*>(const_cast<void*>(to.raw())) + row * from.shape().without_front().size());
        return;
    }
    const int64_t bytes = bytes_for(from.dtype(), from.shape().without_front().size());
    std::memcpy(static_cast<std::byte*>(to.mutable_raw()) + row * bytes, host.raw(), static_cast<size_t>(from.shape().front() * bytes));
}

}  // namespace

// Runs steps of one kind, compiled or line by line.
class Trainer::Loop {
public:
    enum class Kind : uint8_t { train, test, predict };
    Loop(Trainer& trainer, Kind kind) : trainer_(trainer), state_(*trainer.state_), kind_(kind) {}

    // `whole`: all targets that batches are cut from, looked at once instead of batch by batch.
    void run(const Batch& batch, const Batch* whole = nullptr) {
        StepPrograms& programs = kind_ == Kind::train ? state_.train : kind_ == Kind::test ? state_.test : state_.predict;
        last_ = state_.line_by_line() ? nullptr : find(programs, batch);
        if (!last_) {
            eager_ = step(batch);
            return;
        }
        if (kind_ != Kind::predict && state_.loss && !(whole && checked_)) {
            state_.loss->check_targets(whole ? whole->y : batch.y);
            checked_ = true;
        }
        const Profile::Span span(label(kind_));
        last_->run(batch);
    }
    // Compiles the step, which makes all state that it needs, without taking it.
    void prepare(const Batch& batch) {
        if (!state_.needs_values) find(kind_ == Kind::train ? state_.train : state_.test, batch);
    }
    Logs logs() const {
        if (last_) return last_->logs();
        Logs logs;
        const Tensors values = eager_.values.flatten();
        for (size_t i = 0; i < values.size(); ++i) logs.set(eager_.names[i], values[i]);
        return logs;
    }
    StepPrograms::Entry* entry() { return last_; }
    Structure outputs() const { return last_ ? last_->outputs() : eager_.values; }
    Structure take_outputs() { return last_ ? last_->take_outputs() : std::move(eager_.values); }

private:
    static const std::shared_ptr<const ProfileLabel>& label(Kind kind) {
        static const auto make = [](const char* name) { return std::make_shared<const ProfileLabel>(ProfileLabel{name, ""}); };
        static const std::array labels{make("train step"), make("test step"), make("predict step")};
        return labels[static_cast<size_t>(kind)];
    }

    // Null when there can be no program: steps are run line by line then.
    StepPrograms::Entry* find(StepPrograms& programs, const Batch& batch) {
        try {
            return &programs.find(batch, [this](const Batch& traced) { return step(traced); });
        } catch (const NeedsValuesError& error) {
            log_once(str("needs values: ", error.what()), LogLevel::info, str(error.what(), " Steps are run line by line."));
            state_.needs_values = true;
            return nullptr;
        }
    }

    StepPrograms::Result step(const Batch& batch) {
        StepPrograms::Result result;
        if (kind_ == Kind::predict) {
            result.values = trainer_.predict_step(batch);
        } else {
            const Logs logs = kind_ == Kind::train ? trainer_.train_step(batch) : trainer_.test_step(batch);
            if (logs.empty()) throw ValueError("a training or test step must return at least one figure, such as {\"loss\", loss}. Received: none");
            result.values = logs_to_structure(logs, result.names);
        }
        if (active_mode()) trainer_.as_layer().clear_losses();  // they belong to the trace
        return result;
    }

    Trainer& trainer_;
    State& state_;
    Kind kind_;
    bool checked_ = false;
    StepPrograms::Entry* last_ = nullptr;
    StepPrograms::Result eager_;
};

namespace {

void check_epochs(const FitOptions& o) {
    if (o.epochs < 0) throw ValueError(str("fit: epochs must not be negative. Received: epochs=", o.epochs));
    if (o.validation_freq < 1) throw ValueError(str("fit: validation_freq must be a positive integer. Received: validation_freq=", o.validation_freq));
    if (o.initial_epoch < 0) throw ValueError(str("fit: initial_epoch must not be negative. Received: initial_epoch=", o.initial_epoch));
}

}  // namespace

History Trainer::fit(const Data& given, const FitOptions& o) {
    State& s = *state_;
    s.need_compiled("fit");
    s.check_trained("fit", layer());
    check_epochs(o);
    Data data = given, validation = given;
    bool validates = o.validation_data.has_value();
    if (!data.dataset && data::missing(data.sample_weight)) data.sample_weight = o.sample_weight;
    if (validates) {
        validation = *o.validation_data;
    } else if (o.validation_split != 0) {
        if (data.dataset) throw ValueError("fit: validation_split is for arrays; give a Dataset as validation_data.");
        auto [first, rest] = data::split({data.x, data.y, data.sample_weight}, o.validation_split);
        data = Data(first.x, first.y, first.sample_weight);
        validation = Data(rest.x, rest.y, rest.sample_weight);
        validates = true;
    }
    Feed feed(data, {.what = "fit", .batch_size = o.batch_size, .shuffle = o.shuffle, .steps = o.steps_per_epoch, .class_weight = o.class_weight});
    std::optional<Feed> validation_feed;
    if (validates) validation_feed.emplace(validation, FeedOptions{.what = "fit: validation_data", .batch_size = o.validation_batch_size.value_or(o.batch_size), .steps = o.validation_steps});
    // Keras builds what is not built yet from a first batch, which draws a permutation of its own.
    if (!as_layer().built() || (s.loss && !s.loss->built()) || (s.metrics && !s.metrics->built())) feed.draw_unused_permutation();

    CallbackList callbacks(o.callbacks, *this, {.verbose = o.verbose, .epochs = o.epochs, .steps = feed.batches()});
    Loop train(*this, Loop::Kind::train), test(*this, Loop::Kind::test);
    History history;
    Logs epoch_logs;
    s.stop = false;
    FitInProgress at{.feed = feed, .validation = validation_feed ? &*validation_feed : nullptr, .callbacks = callbacks, .epoch = o.initial_epoch};
    FitInProgress* const outer = std::exchange(s.fit, &at);
    const Finally restore([&] { s.fit = outer; });
    callbacks.call(&CustomCallback::on_train_begin, no_logs);
    if (at.resume) put_back(*at.resume, *this, at, false);
    for (; at.epoch < o.epochs && !(at.resume && s.stop); ++at.epoch) {
        reset_metrics();
        callbacks.call(&CustomCallback::on_epoch_begin, at.epoch, no_logs);
        if (!at.within_epoch) {
            at.done = 0;
            feed.begin_epoch();
        }
        bool more = feed.next();
        if (std::exchange(at.within_epoch, false)) {             // what on_epoch_begin did was done already, before training was ended
            train.prepare(feed.batch());
            put_back(*at.resume, *this, at, true);
        }
        at.resume.reset();
        while (more) {
            callbacks.call(&CustomCallback::on_train_batch_begin, at.done, no_logs);
            for (int64_t i = 0; i < s.options.steps_per_execution; ++i, ++at.done) {
                if (i > 0 && !(more = feed.next())) break;
                train.run(feed.batch(), feed.arrays());
            }
            callbacks.batch_end(&CustomCallback::on_train_batch_end, at.done - 1, [&] { return train.logs().sorted(); });
            more = more && feed.next();
            if (more) at.stand(FitInProgress::Place::between_batches, [&] { callbacks.call(&CustomCallback::on_resumable, false); });
            if (s.stop) break;             // after a batch, as in Keras: an epoch without figures would be none
        }
        epoch_logs = train.logs().sorted();
        if (validation_feed && (at.epoch + 1) % o.validation_freq == 0) {
            callbacks.call(&CustomCallback::on_test_begin, no_logs);
            reset_metrics();
            validation_feed->begin_epoch();
            int64_t batch = 0;
            while (validation_feed->next()) {
                callbacks.call(&CustomCallback::on_test_batch_begin, batch, no_logs);
                test.run(validation_feed->batch(), validation_feed->arrays());
                callbacks.batch_end(&CustomCallback::on_test_batch_end, batch++, [&] { return test.logs().sorted(); });
            }
            const Logs figures = test.logs().sorted();
            callbacks.call(&CustomCallback::on_test_end, figures);
            for (const auto& [name, value] : figures) epoch_logs.set("val_" + name, value);
        }
        callbacks.call(&CustomCallback::add_epoch_logs, at.epoch, epoch_logs);
        callbacks.call(&CustomCallback::on_epoch_end, at.epoch, std::as_const(epoch_logs));
        history.append(at.epoch, epoch_logs);
        at.stand(FitInProgress::Place::between_epochs, [&] { callbacks.call(&CustomCallback::on_resumable, true); });
        if (s.stop) break;
    }
    s.remember_trained(layer());
    s.options.optimizer.impl().finalize_variable_values(layer().trainable_weights());
    callbacks.call(&CustomCallback::on_train_end, std::as_const(epoch_logs));
    return history;
}

Logs Trainer::evaluate(const Data& given, const EvaluateOptions& o) {
    State& s = *state_;
    s.need_compiled("evaluate");
    Data data = given;
    if (!data.dataset && data::missing(data.sample_weight)) data.sample_weight = o.sample_weight;
    Feed feed(data, {.what = "evaluate", .batch_size = o.batch_size, .steps = o.steps});
    CallbackList callbacks(o.callbacks, *this, {.verbose = o.verbose, .steps = feed.batches()});
    Loop test(*this, Loop::Kind::test);
    s.stop = false;
    callbacks.call(&CustomCallback::on_test_begin, no_logs);
    reset_metrics();
    feed.begin_epoch();
    int64_t done = 0;
    while (!s.stop && feed.next()) {
        callbacks.call(&CustomCallback::on_test_batch_begin, done, no_logs);
        test.run(feed.batch(), feed.arrays());
        callbacks.batch_end(&CustomCallback::on_test_batch_end, done++, [&] { return test.logs().sorted(); });
    }
    const Logs logs = test.logs().sorted();
    callbacks.call(&CustomCallback::on_test_end, logs);
    return logs;
}

Structure Trainer::predict(const Data& data, const PredictOptions& o) {
    State& s = *state_;
    Feed feed(data, {.what = "predict", .batch_size = o.batch_size, .steps = o.steps});
    const std::optional<int64_t> batches = feed.batches();
    // One batch is over before a bar would be seen.
    const bool brief = o.verbose == Verbose::automatic && batches == 1;
    CallbackList callbacks(o.callbacks, *this, {.verbose = brief ? Verbose::silent : o.verbose, .steps = batches});
    Loop predict(*this, Loop::Kind::predict);
    s.stop = false;
    callbacks.call(&CustomCallback::on_predict_begin, no_logs);
    feed.begin_epoch();

    Structure nesting, only;
    std::vector<Tensors> parts;        // by output, when their number is not known before
    Tensors whole;                     // by output, when it is
    int64_t done = 0, row = 0;
    while (!s.stop && feed.next()) {
        callbacks.call(&CustomCallback::on_predict_batch_begin, done, no_logs);
        predict.run(feed.batch());
        callbacks.batch_end(&CustomCallback::on_predict_batch_end, done, [&] { return logs_of_outputs(predict.outputs(), output_names()); });
        if (++done == 1 && batches == 1) {
            only = predict.take_outputs();
            continue;
        }
        nesting = predict.outputs();
        const Tensors outputs = nesting.flatten();
        const bool fixed = feed.arrays() && !o.steps;
        if (done == 1) parts.resize(outputs.size());
        for (size_t i = 0; i < outputs.size(); ++i) {
            if (outputs[i].rank() == 0) throw ShapeError("predict: each output must have the samples as its first axis. Received: a scalar");
            if (fixed && outputs[i].shape().front() == (done < *batches ? o.batch_size : feed.samples() - row)) {
                if (whole.size() <= i) whole.push_back(Tensor::uninitialized(outputs[i].shape().without_front().with_front(feed.samples()), outputs[i].dtype()));
                put_rows(outputs[i], whole[i], row);
            } else {
                if (fixed) throw ShapeError(str("predict: each output must have one row per sample of the batch. Received: output of shape ", outputs[i].shape()));
                parts[i].push_back(outputs[i].with_new_identity());
            }
        }
        row += outputs.empty() ? 0 : outputs[0].shape().front();
        if (!fixed) predict.take_outputs();
    }
    callbacks.call(&CustomCallback::on_predict_end, no_logs);
    if (done == 0) throw ValueError("predict: there must be at least one batch. Received: none");
    if (batches == 1 && done == 1) return only;
    if (whole.empty())
        for (const Tensors& rows : parts) {
            int64_t count = 0, at = 0;
            for (const Tensor& part : rows) count += part.shape().front();
            Tensor joined = Tensor::uninitialized(rows[0].shape().without_front().with_front(count), rows[0].dtype());
            for (const Tensor& part : rows) {
                put_rows(part, joined, at);
                at += part.shape().front();
            }
            whole.push_back(joined);
        }
    else if (row < feed.samples())     // stopped early
        for (Tensor& output : whole) output = data::slice_rows(output, 0, row);
    return nesting.pack(whole);
}

Tensor Trainer::predict(const Tensor& x, const PredictOptions& o) {
    State& s = *state_;
    const bool plain = o.callbacks.empty() && !o.steps && (o.verbose == Verbose::automatic || o.verbose == Verbose::silent);
    if (plain && s.fast && x.defined() && x.spec() == s.fast_spec && x.shape().front() <= o.batch_size && current_backend().get() == s.fast_backend) {
        Tensor result;
        s.fast->run(x, result);
        return result;
    }
    const Structure out = predict(Data(x), o);
    if (!out.is_leaf()) throw ValueError(str("predict: the model has ", out.leaf_count(), " outputs; give x as a Structure to get them all."));
    s.fast = nullptr;
    if (x.shape().front() <= o.batch_size && !s.line_by_line()) {
        StepPrograms::Entry& entry = s.predict.find({.x = x}, {});
        if (entry.one_to_one()) {
            s.fast = &entry;
            s.fast_spec = x.spec();
            s.fast_backend = current_backend().get();
        }
    }
    return out.leaf();
}

// ---- one batch ----

Logs Trainer::train_on_batch(const Batch& batch) {
    state_->need_compiled("train_on_batch");
    state_->check_trained("train_on_batch", layer());
    data::sample_count(batch, "train_on_batch");
    reset_metrics();
    Loop train(*this, Loop::Kind::train);
    train.run(batch);
    state_->remember_trained(layer());
    return train.logs().sorted();
}

Logs Trainer::test_on_batch(const Batch& batch) {
    state_->need_compiled("test_on_batch");
    data::sample_count(batch, "test_on_batch");
    reset_metrics();
    Loop test(*this, Loop::Kind::test);
    test.run(batch);
    return test.logs().sorted();
}

Structure Trainer::predict_on_batch(const Structure& x) {
    const Batch batch{.x = x};
    data::sample_count(batch, "predict_on_batch");
    Loop predict(*this, Loop::Kind::predict);
    predict.run(batch);
    return predict.take_outputs();
}

}  // namespace cornu
