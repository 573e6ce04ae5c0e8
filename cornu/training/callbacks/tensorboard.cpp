#include "cornu/training/callbacks/tensorboard.h"

#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "cornu/base/error.h"
#include "cornu/tensor/context.h"
#include "cornu/training/callbacks/event_file.h"
#include "cornu/training/callbacks/profile_file.h"
#include "cornu/training/trainer.h"
#include "cornu/training/training_state.h"

namespace cornu::callbacks {

namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Weights as at most three images: (image, row, column, channel) over the tensor's own axes.
struct Images {
    std::array<int64_t, 4> sizes{1, 1, 1, 1}, strides{0, 0, 0, 0};
    bool possible = true;
};
Images images_of(const Shape& whole, bool channels_last) {
    std::vector<int64_t> sizes, strides;
    int64_t stride = 1;
    for (int64_t i = whole.rank() - 1; i >= 0; --i) {
        if (whole[i] != 1) {
            sizes.insert(sizes.begin(), whole[i]);
            strides.insert(strides.begin(), stride);
        }
        stride *= whole[i];
    }
    Images out;
    const auto axis = [&](size_t to, size_t from) {
        out.sizes[to] = sizes[from];
        out.strides[to] = strides[from];
    };
    switch (sizes.size()) {
        case 1: axis(1, 0); break;
        case 2: axis(1, sizes[0] > sizes[1]), axis(2, sizes[0] <= sizes[1]); break;
        case 3:
            if (channels_last) axis(0, 2), axis(1, 0), axis(2, 1);
            else axis(0, 0), axis(1, 1), axis(2, 2);
            break;
        case 4:
            for (size_t i = 0; i < 4; ++i) axis(i, i);
            out.possible = sizes[3] == 3 || sizes[3] == 4;
            break;
        default: out.possible = false;
    }
    return out;
}

class Writer final : public CustomCallback {
public:
    explicit Writer(TensorBoardConfig config) : config_(std::move(config)) {
        const auto check = [](const char* name, int64_t value, int64_t least) {
            if (value < least) throw ValueError(str("[callbacks.TensorBoard] ", name, " must be at least ", least, ". Received: ", name, "=", value));
        };
        check("histogram_freq", config_.histogram_freq, 0);
        check("embeddings_freq", config_.embeddings_freq, 0);
        if (config_.update_freq) check("update_freq", *config_.update_freq, 1);
        const auto [first, last] = config_.profile_batch;
        if (first < 0 || last < first || (first == 0 && last > 0))
            throw ValueError(str("[callbacks.TensorBoard] profile_batch must be the first and the last batch, counted from 1, or {0, 0}. Received: profile_batch={", first, ", ", last, "}"));
        if (config_.log_dir.empty()) throw ValueError("[callbacks.TensorBoard] log_dir must name a folder. Received: log_dir=\"\"");
    }
    bool wants_batch_logs() const override { return in_train_ && batch_is_due(); }

    void on_train_begin(const Logs&) override {
        train_batches_ = test_batches_ = 0;
        in_train_ = true;
        const CustomLayer& model = trainer().layer().impl();
        const std::string kind = model.class_name();
        if (config_.write_graph && (kind == "Functional" || kind == "Sequential"))
            train().keras_model("keras", Json::object({{"module", "keras"}, {"class_name", kind}, {"config", model.get_config()}}).dump(), 0);
        if (config_.embeddings_freq) configure_embeddings();
    }
    void on_train_end(const Logs&) override {
        in_train_ = false;
        end_profile();             // of fewer batches than were asked for
        train_.reset();
        validation_.reset();
    }
    void on_epoch_begin(int64_t, const Logs&) override {
        epoch_iterations_ = iterations();
        epoch_start_ = Clock::now();
    }
    void on_epoch_end(int64_t epoch, const Logs& logs) override {
        for (const auto& [name, value] : logs) {
            const bool validation = name.starts_with("val_");
            (validation ? this->validation() : train()).scalar("epoch_" + (validation ? name.substr(4) : name), value.item<double>(), epoch);
        }
        if (!logs.empty() && !logs.contains("learning_rate")) train().scalar("epoch_learning_rate", trainer().optimizer().learning_rate(), epoch);
        if (config_.write_steps_per_second)
            train().scalar("epoch_steps_per_second", static_cast<double>(iterations() - epoch_iterations_) / seconds_since(epoch_start_), epoch);
        if (config_.histogram_freq && epoch % config_.histogram_freq == 0) write_weights(epoch);
        if (config_.embeddings_freq && epoch % config_.embeddings_freq == 0)
            trainer().save((fs::path(config_.log_dir) / "train" / str("keras_embedding.ckpt-", epoch, ".weights.h5")).string(), true);
        if (train_) train_->flush();
        if (validation_) validation_->flush();
    }
    void on_train_batch_begin(int64_t, const Logs&) override {
        if (++train_batches_ == config_.profile_batch.first) profile_.emplace();
        if (config_.write_steps_per_second) batch_start_ = Clock::now();
    }
    void on_train_batch_end(int64_t, const Logs& logs) override {
        if (train_batches_ == config_.profile_batch.second) end_profile();
        if (!batch_is_due()) return;
        if (config_.write_steps_per_second) train().scalar("batch_steps_per_second", 1 / seconds_since(batch_start_), train_batches_);
        for (const auto& [name, value] : logs) train().scalar("batch_" + name, value.item<double>(), train_batches_);
    }
    void on_test_batch_begin(int64_t, const Logs&) override { ++test_batches_; }
    void on_test_end(const Logs& logs) override {
        for (const auto& [name, value] : logs) validation().scalar("evaluation_" + name + "_vs_iterations", value.item<double>(), iterations());
        validation().flush();
    }

    void get_state(TrainingState& state) const override { state.values = Json::object({{"train_batches", train_batches_}, {"test_batches", test_batches_}}); }
    void set_state(const TrainingState& state) override {
        train_batches_ = state.values["train_batches"].as_int();
        test_batches_ = state.values["test_batches"].as_int();
    }

private:
    bool batch_is_due() const { return config_.update_freq && train_batches_ % *config_.update_freq == 0; }
    int64_t iterations() const { return trainer().optimizer().impl().iterations().item<int64_t>(); }
    void end_profile() {
        if (!profile_) return;
        profile_->stop();
        write_profile(*profile_, config_.log_dir);
        profile_.reset();
    }
    EventFile& train() { return made(train_, "train"); }
    EventFile& validation() { return made(validation_, "validation"); }
    EventFile& made(std::unique_ptr<EventFile>& file, const char* name) const {
        if (!file) file = std::make_unique<EventFile>((fs::path(config_.log_dir) / name).string());
        return *file;
    }

    void write_weights(int64_t epoch) {
        for (const Variable& weight : trainer().layer().weights()) {
            std::string tag = weight.path();
            std::replace(tag.begin(), tag.end(), ':', '_');
            const std::vector<double> values = weight.value().to_vector<double>();
            train().histogram(tag + "/histogram", values, epoch);
            if (config_.write_images) write_images(tag + "/image", values, weight.shape(), epoch);
        }
    }
    void write_images(const std::string& tag, const std::vector<double>& values, const Shape& shape, int64_t epoch) {
        const Images images = images_of(shape, Context::current().image_data_format() == "channels_last");
        if (!images.possible || values.empty()) return;
        const auto& [count, height, width, channels] = images.sizes;
        std::vector<std::string> pngs;
        for (int64_t n = 0; n < std::min<int64_t>(count, 3); ++n) {
            std::vector<uint8_t> pixels;
            for (int64_t y = 0; y < height; ++y)
                for (int64_t x = 0; x < width; ++x)
                    for (int64_t c = 0; c < channels; ++c) {
                        const int64_t at = n * images.strides[0] + y * images.strides[1] + x * images.strides[2] + c * images.strides[3];
                        const double level = std::floor(values[static_cast<size_t>(at)] * 255.5);
                        pixels.push_back(level > 0 ? static_cast<uint8_t>(std::min(level, 255.0)) : uint8_t{0});  // NaN: 0
                    }
            pngs.push_back(encode_png(pixels, height, width, channels));
        }
        train().images(tag, pngs, height, width, epoch);
    }
    // What TensorBoard's projector is told about the embeddings.
    void configure_embeddings() const {
        std::map<std::string, std::string> unknown = config_.embeddings_metadata;
        std::string text;
        for (const CustomLayer::Child& child : trainer().layer().impl().children()) {
            if (child.layer.impl().class_name() != "Embedding") continue;
            text += "embeddings {\n  tensor_name: \"layer_with_weights-0/embeddings/.ATTRIBUTES/VARIABLE_VALUE\"\n";
            if (const auto found = unknown.find(child.layer.name()); found != unknown.end()) {
                text += "  metadata_path: " + Json(found->second).dump() + "\n";
                unknown.erase(found);
            }
            text += "}\n";
        }
        if (!unknown.empty()) throw ValueError(str("[callbacks.TensorBoard] embeddings_metadata must name Embedding layers of the model. Received: \"", unknown.begin()->first, "\""));
        std::error_code failed;
        fs::create_directories(config_.log_dir, failed);
        const fs::path path = fs::path(config_.log_dir) / "projector_config.pbtxt";
        if (!(std::ofstream(path) << text << std::flush)) throw FileError(str("[callbacks.TensorBoard] the file cannot be written: ", path.string()));
    }

    TensorBoardConfig config_;
    std::unique_ptr<EventFile> train_, validation_;
    std::optional<Profile> profile_;
    bool in_train_ = false;
    int64_t train_batches_ = 0, test_batches_ = 0, epoch_iterations_ = 0;
    Clock::time_point epoch_start_, batch_start_;
};

}  // namespace

TensorBoard::TensorBoard(TensorBoardConfig config) : Callback(std::make_shared<Writer>(std::move(config))) {}

}  // namespace cornu::callbacks
