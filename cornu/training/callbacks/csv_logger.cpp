#include "cornu/training/callbacks/csv_logger.h"

#include <filesystem>
#include <fstream>

#include "cornu/base/error.h"
#include "cornu/base/json.h"
#include "cornu/training/training_state.h"

namespace cornu::callbacks {

namespace {

class Logger final : public CustomCallback {
public:
    Logger(std::string path, std::string separator, bool append) : path_(std::move(path)), separator_(std::move(separator)), append_(append) {
        if (separator_.size() != 1) throw ValueError(str("[callbacks.CSVLogger] separator must be one character. Received: \"", separator_, "\""));
    }
    void on_train_begin(const Logs&) override {
        header_ = true;
        if (append_) header_ = std::ifstream(path_).peek() == std::ifstream::traits_type::eof();
        file_.open(path_, append_ ? std::ios::app : std::ios::trunc);
        check();
        keys_.clear();
    }
    void on_epoch_end(int64_t epoch, const Logs& logs) override {
        if (keys_.empty()) begin(logs.sorted());
        file_ << epoch;
        for (const std::string& key : keys_) file_ << separator_ << quoted(logs.contains(key) ? Json(logs[key]).dump() : "NA");
        file_ << "\r\n" << std::flush;
        check();
    }
    void on_train_end(const Logs&) override { file_.close(); }
    bool wants_batch_logs() const override { return false; }

    // Lines written after the state was taken are of epochs that will come again.
    void get_state(TrainingState& state) const override {
        std::error_code failed;
        const auto size = std::filesystem::file_size(path_, failed);
        state.values.set("size", failed ? int64_t{0} : static_cast<int64_t>(size));
    }
    void set_state(const TrainingState& state) override {
        if (!append_) return;
        std::error_code failed;
        const auto size = static_cast<std::uintmax_t>(state.values["size"].as_int());
        if (std::filesystem::file_size(path_, failed) > size && !failed) std::filesystem::resize_file(path_, size, failed);
        header_ = size == 0;
        check();
    }

private:
    void begin(const Logs& logs) {
        bool validated = false;
        for (const auto& [name, value] : logs) {
            keys_.push_back(name);
            validated = validated || name.starts_with("val_");
        }
        if (!validated)  // an epoch to come may be
            for (const auto& [name, value] : logs) keys_.push_back("val_" + name);
        if (!header_) return;
        file_ << "epoch";
        for (const std::string& key : keys_) file_ << separator_ << quoted(key);
        file_ << "\r\n";
    }
    // As Python's csv does: only what would be read as something else.
    std::string quoted(const std::string& text) const {
        if (text.find_first_of(separator_ + "\"\r\n") == text.npos) return text;
        std::string out = "\"";
        for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
        return out + "\"";
    }
    void check() const {
        if (!file_) throw FileError(str("[callbacks.CSVLogger] the file cannot be written: ", path_));
    }
    std::string path_, separator_;
    bool append_, header_ = true;
    std::ofstream file_;
    std::vector<std::string> keys_;
};

}  // namespace

CSVLogger::CSVLogger(std::string filename, std::string separator, bool append)
    : Callback(std::make_shared<Logger>(std::move(filename), std::move(separator), append)) {}

}  // namespace cornu::callbacks
