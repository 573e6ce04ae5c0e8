#include "cornu/training/training_state.h"

#include <typeinfo>

#include "cornu/random/seed_generator.h"
#include "cornu/training/trainer_state.h"

namespace cornu {

namespace {

constexpr int64_t format_number = 1;

Tensor words(const std::vector<uint32_t>& values) { return Tensor::from(values); }

void add_words(TrainingState& state, const std::string& name, const std::vector<uint32_t>& values) {
    if (!values.empty()) state.add(name, words(values));
}
std::vector<uint32_t> find_words(const TrainingState& state, const std::string& name) {
    const Tensor* found = state.find(name);
    return found ? found->to_vector<uint32_t>() : std::vector<uint32_t>();
}

Variables seeds_of(Trainer& trainer) {
    Variables seeds;
    for (const Variable& variable : trainer.layer().impl().all_variables())
        if (variable.name() == "seed_generator_state") seeds.push_back(variable);
    return seeds;
}
Variables metric_variables(Trainer& trainer) {
    Variables all;
    for (const Metric& metric : trainer.metrics())
        for (const Variable& variable : metric.variables()) all.push_back(variable);
    return all;
}

void add_values(TrainingState& state, const std::string& what, const Variables& variables) {
    for (size_t i = 0; i < variables.size(); ++i) state.add(str(what, "/", i), variables[i].value());
    state.values.set(what, static_cast<int64_t>(variables.size()));
}
void assign_values(const TrainingState& state, const std::string& what, const Variables& variables) {
    const int64_t count = state.values[what].as_int();
    if (count != static_cast<int64_t>(variables.size()))
        throw ValueError(str("the model must have as many ", what, " as the one that was trained, ", count, ". Received: ", variables.size()));
    for (size_t i = 0; i < variables.size(); ++i) {
        Variable variable = variables[i];
        const Tensor& value = state.at(str(what, "/", i));
        if (value.spec() != variable.spec())
            throw ValueError(str(what, "/", i, " must be ", variable.spec(), " as in the model (", variable.path(), "). Received: ", value.spec()));
        variable.assign(value);
    }
}

void add_position(TrainingState& state, const std::string& what, const FeedPosition& position) {
    state.values.set(what, Json::object({{"passes", position.passes}, {"seen", position.seen}, {"step", position.step}}));
    add_words(state, what + "/shuffled_by", position.shuffled_by);
}
FeedPosition position_in(const TrainingState& state, const std::string& what) {
    const Json& at = state.values[what];
    return {at["passes"].as_int(), at["seen"].as_int(), at["step"].as_int(), find_words(state, what + "/shuffled_by")};
}

void add_random(TrainingState& state) {
    const random::RandomState random = random::random_state();
    add_words(state, "random/python", random.python);
    add_words(state, "random/numpy", random.numpy);
    if (random.global.defined()) state.add("random/global", random.global);
}
void put_random_back(const TrainingState& state) {
    random::RandomState random{.python = find_words(state, "random/python"), .numpy = find_words(state, "random/numpy")};
    if (const Tensor* global = state.find("random/global")) random.global = *global;
    random::set_random_state(random);
}

// Only those that have something to remember; by place in the list, and what they are.
void add_callbacks(TrainingState& state, const CallbackList& callbacks) {
    Json all = Json::array();
    for (size_t i = 0; i < callbacks.list().size(); ++i) {
        const CustomCallback& callback = *callbacks.list()[i];
        TrainingState own;
        callback.get_state(own);
        if (own.values.size() == 0 && own.arrays.empty()) continue;
        all.push_back(Json::object({{"place", static_cast<int64_t>(i)}, {"kind", typeid(callback).name()}, {"values", own.values}}));
        for (auto& [name, value] : own.arrays) state.add(str("callbacks/", i, "/", name), std::move(value));
    }
    state.values.set("callbacks", all);
}
void put_callbacks_back(const TrainingState& state, const CallbackList& callbacks) {
    for (const Json& entry : state.values["callbacks"].as_array()) {
        const auto place = static_cast<size_t>(entry["place"].as_int());
        CustomCallback* callback = place < callbacks.list().size() ? callbacks.list()[place].get() : nullptr;
        if (!callback || entry["kind"].as_string() != typeid(*callback).name())
            throw ValueError(str("training goes on with the callbacks that it began with, in their order. Received: ",
                                 callback ? "another callback" : "none", " at place ", place));
        TrainingState own{.values = entry["values"]};
        const std::string prefix = str("callbacks/", place, "/");
        for (const auto& [name, value] : state.arrays)
            if (name.starts_with(prefix)) own.add(name.substr(prefix.size()), value);
        callback->set_state(own);
    }
}

}  // namespace

const Tensor* TrainingState::find(const std::string& name) const {
    for (const auto& [key, value] : arrays)
        if (key == name) return &value;
    return nullptr;
}

const Tensor& TrainingState::at(const std::string& name) const {
    if (const Tensor* found = find(name)) return *found;
    throw ValueError(str("the array ", name, " is missing."));
}

TrainingState Trainer::training_state() {
    using Place = FitInProgress::Place;
    FitInProgress* fit = state_->fit;
    if (!fit || fit->place == Place::elsewhere) throw ValueError("training_state is for on_resumable, a hook of callbacks.");
    const bool within = fit->place == Place::between_batches;
    TrainingState state;
    state.values = Json::object({{"format", format_number},
                                 {"epoch", within ? fit->epoch : fit->epoch + 1},
                                 {"batch", within ? fit->done : 0},
                                 {"stopped", state_->stop.load()}});
    add_position(state, "data", within ? fit->feed.position_before_batch() : fit->feed.position());
    if (fit->validation) add_position(state, "validation_data", fit->validation->position());
    add_random(state);
    add_values(state, "seeds", seeds_of(*this));
    add_values(state, "metrics", within ? metric_variables(*this) : Variables());
    add_callbacks(state, fit->callbacks);
    return state;
}

void Trainer::resume_from(TrainingState state) {
    if (!state_->fit) throw ValueError("resume_from is for on_train_begin, a hook of callbacks.");
    state_->fit->resume = std::move(state);
}

void put_back(const TrainingState& state, Trainer& trainer, FitInProgress& fit, bool with_metrics) {
    try {
        const int64_t format = state.values["format"].as_int();
        if (format != format_number) throw ValueError(str("the format must be ", format_number, ". Received: ", format));
        for (const auto& [variable, value] : state.variables) Variable(variable).assign(value);
        assign_values(state, "seeds", seeds_of(trainer));
        if (with_metrics) {
            assign_values(state, "metrics", metric_variables(trainer));
        } else {
            fit.epoch = state.values["epoch"].as_int();
            fit.done = state.values["batch"].as_int();
            fit.within_epoch = fit.done > 0;
            if (fit.epoch < 0 || fit.done < 0) throw ValueError("epoch and batch must not be negative.");
            fit.feed.go_to(position_in(state, "data"));
            if (fit.validation && state.values.contains("validation_data")) fit.validation->go_to(position_in(state, "validation_data"));
            if (state.values["stopped"].as_bool()) trainer.stop_training();
        }
        put_random_back(state);  // after the data, which may have been shuffled again
        put_callbacks_back(state, fit.callbacks);
    } catch (const ValueError& error) {
        throw FileError(str(state.source, ": training cannot go on from this file: ", error.what()));
    }
}

}  // namespace cornu
