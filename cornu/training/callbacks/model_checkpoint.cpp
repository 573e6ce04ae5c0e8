#include "cornu/training/callbacks/model_checkpoint.h"

#include <cstdio>
#include <filesystem>

#include "cornu/base/error.h"
#include "cornu/base/json.h"
#include "cornu/training/callbacks/monitor.h"
#include "cornu/training/callbacks/save_freq.h"
#include "cornu/training/progress_bar.h"
#include "cornu/training/trainer.h"
#include "cornu/training/training_state.h"

namespace cornu::callbacks {

namespace {

// ":[0][width][.precision][d|f|e|g]" of Python.
std::string formatted(const Tensor& value, const std::string& spec, const std::string& path) {
    const bool whole = is_integer(value.dtype());
    const double number = value.item<double>();
    if (spec.empty()) return whole ? str(static_cast<int64_t>(number)) : Json(number).dump();
    size_t i = 0;
    const auto digits = [&] {
        const size_t begin = i;
        while (i < spec.size() && spec[i] >= '0' && spec[i] <= '9') ++i;
        return spec.substr(begin, i - begin);
    };
    const std::string width = digits();
    std::string precision;
    const bool has_precision = i < spec.size() && spec[i] == '.';
    if (has_precision) {
        ++i;
        precision = digits();
    }
    const char kind = i < spec.size() ? spec[i++] : whole ? 'd' : 'g';
    if (i != spec.size() || width.size() > 2 || precision.size() > 2 || (has_precision && precision.empty()) || std::string("dfeg").find(kind) == std::string::npos || (kind == 'd' && (!whole || has_precision)))
        throw ValueError(str("[callbacks.ModelCheckpoint] a figure in the path is formatted as in Python: {epoch:02d}, {val_loss:.2f}. Received: \":", spec, "\" in \"", path, "\""));
    char text[400];
    if (kind == 'd') std::snprintf(text, sizeof text, ("%" + width + "lld").c_str(), static_cast<long long>(number));
    else std::snprintf(text, sizeof text, ("%" + width + (has_precision ? "." + precision : "") + kind).c_str(), number);
    return text;
}

std::string five_digits(double value) {
    char text[400];
    std::snprintf(text, sizeof text, "%.5f", value);
    return text;
}

class Checkpoint final : public MonitorCallback {
public:
    explicit Checkpoint(ModelCheckpointConfig config)
        : MonitorCallback("ModelCheckpoint", config.monitor, config.mode, 0), config_(std::move(config)), frequency_(config_.save_freq, "ModelCheckpoint"), best_(config_.initial_value_threshold) {
        const std::string& path = config_.filepath;
        if (config_.save_weights_only && !path.ends_with(".weights.h5"))
            throw ValueError(str("[callbacks.ModelCheckpoint] filepath must end in .weights.h5 when save_weights_only is set. Received: filepath=\"", path, "\""));
        if (!config_.save_weights_only && !path.ends_with(".keras"))
            throw ValueError(str("[callbacks.ModelCheckpoint] filepath must end in .keras. Received: filepath=\"", path, "\""));
    }
    bool wants_batch_logs() const override { return !frequency_.by_epoch(); }
    void on_epoch_begin(int64_t epoch, const Logs&) override {
        epoch_ = epoch;
        frequency_.new_epoch();
    }
    void on_train_batch_end(int64_t batch, const Logs& logs) override {
        if (frequency_.due(batch)) save(logs, batch);
    }
    void on_epoch_end(int64_t, const Logs& logs) override {
        if (frequency_.by_epoch()) save(logs, {});
    }
    void get_state(TrainingState& state) const override {
        state.values = Json::object({{"since", frequency_.since()}, {"last", frequency_.last()}, {"best", best_ ? Json(*best_) : Json()}});
    }
    void set_state(const TrainingState& state) override {
        frequency_.go_on(state.values["since"].as_int(), state.values["last"].as_int());
        best_ = state.values["best"].is_null() ? std::optional<double>() : state.values["best"].as_double();
    }

private:
    void save(const Logs& logs, std::optional<int64_t> batch) {
        Logs figures = logs;
        figures.set("epoch", Tensor(epoch_ + 1));
        if (batch) figures.set("batch", Tensor(*batch + 1));
        const std::string path = format_path(config_.filepath, figures);
        const auto say = [&](const auto&... parts) {
            if (config_.verbose > 0) progress_message(str("Epoch ", epoch_ + 1, ": ", parts...));
        };
        if (config_.save_best_only) {
            const std::optional<double> now = watched(logs);
            const std::string before = best_ ? five_digits(*best_) : "None";
            if (now && !improves(*now, best_)) return say(monitor(), " did not improve from ", before);
            if (now) {
                say(monitor(), " improved from ", before, " to ", five_digits(*now), ", saving model to ", path);
                best_ = now;
            }
        } else {
            say("saving model to ", path);
        }
        const std::filesystem::path folder = std::filesystem::path(path).parent_path();
        std::error_code failed;
        if (!folder.empty()) std::filesystem::create_directories(folder, failed);
        if (failed) throw FileError(str("the folder ", folder.string(), " for a checkpoint cannot be made: ", failed.message()));
        trainer().save(path, config_.save_weights_only);
        say("finished saving model to ", path);
    }
    ModelCheckpointConfig config_;
    SaveFrequency frequency_;
    std::optional<double> best_;
    int64_t epoch_ = 0;
};

}  // namespace

std::string format_path(const std::string& path, const Logs& figures) {
    std::string out;
    for (size_t i = 0; i < path.size();) {
        const char c = path[i];
        if ((c == '{' || c == '}') && i + 1 < path.size() && path[i + 1] == c) {  // doubled: itself
            out += c;
            i += 2;
        } else if (c == '{') {
            const size_t end = path.find('}', i);
            if (end == std::string::npos) throw ValueError(str("[callbacks.ModelCheckpoint] a { in the path needs its }. Received: \"", path, "\""));
            const std::string field = path.substr(i + 1, end - i - 1);
            const size_t colon = field.find(':');
            out += formatted(figures.tensor(field.substr(0, colon)), colon == std::string::npos ? "" : field.substr(colon + 1), path);
            i = end + 1;
        } else {
            out += c;
            ++i;
        }
    }
    return out;
}

ModelCheckpoint::ModelCheckpoint(ModelCheckpointConfig config) : Callback(std::make_shared<Checkpoint>(std::move(config))) {}

}  // namespace cornu::callbacks
