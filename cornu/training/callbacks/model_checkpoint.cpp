#include "cornu/training/callbacks/model_checkpoint.h"

#include <cstdio>
#include <filesystem>

#include "cornu/base/error.h"
#include "cornu/base/json.h"
#include "cornu/training/callbacks/monitor.h"
#include "cornu/training/progress_bar.h"
#include "cornu/training/trainer.h"

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

class Checkpoint final : public MonitorCallback {
public:
    explicit Checkpoint(ModelCheckpointConfig config)
        : MonitorCallback("ModelCheckpoint", config.monitor, config.mode, 0), config_(std::move(config)), best_(config_.initial_value_threshold) {
        const std::string& path = config_.filepath;
        if (config_.save_weights_only && !path.ends_with(".weights.h5"))
            throw ValueError(str("[callbacks.ModelCheckpoint] filepath must end in .weights.h5 when save_weights_only is set. Received: filepath=\"", path, "\""));
        if (!config_.save_weights_only && !path.ends_with(".keras"))
            throw ValueError(str("[callbacks.ModelCheckpoint] filepath must end in .keras. Received: filepath=\"", path, "\""));
        if (config_.save_freq && *config_.save_freq < 1)
            throw ValueError(str("[callbacks.ModelCheckpoint] save_freq must be a positive number of batches. Received: save_freq=", *config_.save_freq));
    }
    bool wants_batch_logs() const override { return config_.save_freq.has_value(); }
    void on_epoch_begin(int64_t epoch, const Logs&) override {
        epoch_ = epoch;
        last_batch_ = -1;
    }
    void on_train_batch_end(int64_t batch, const Logs& logs) override {
        if (!config_.save_freq) return;
        since_ += batch - last_batch_;
        last_batch_ = batch;
        if (since_ < *config_.save_freq) return;
        since_ = 0;
        save(logs, batch);
    }
    void on_epoch_end(int64_t, const Logs& logs) override {
        if (!config_.save_freq) save(logs, {});
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
            if (now && !improves(*now, best_)) return say(monitor(), " did not improve from ", *best_);
            if (now) {
                say(monitor(), " improved from ", best_ ? str(*best_) : std::string("None"), " to ", *now, ", saving model to ", path);
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
    }
    ModelCheckpointConfig config_;
    std::optional<double> best_;
    int64_t epoch_ = 0, last_batch_ = -1, since_ = 0;
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
