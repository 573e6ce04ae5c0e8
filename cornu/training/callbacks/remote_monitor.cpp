#include "cornu/training/callbacks/remote_monitor.h"

#include "cornu/base/error.h"
#include "cornu/base/json.h"
#include "cornu/base/log.h"
#include "cornu/training/callbacks/http_post.h"

namespace cornu::callbacks {

namespace {

// As browsers send forms.
std::string form_encoded(const std::string& text) {
    constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~') out += c;
        else if (c == ' ') out += '+';
        else (out += '%') += {digits[byte >> 4], digits[byte & 15]};
    }
    return out;
}

class Monitor final : public CustomCallback {
public:
    explicit Monitor(RemoteMonitorConfig config) : config_(std::move(config)) {
        try {
            url_ = parse_url(config_.root + config_.path);
            check_headers(config_.headers);
        } catch (const ValueError& error) {
            throw ValueError(str("[callbacks.RemoteMonitor] ", error.what()));
        }
    }
    bool wants_batch_logs() const override { return false; }
    void on_epoch_end(int64_t epoch, const Logs& logs) override {
        Json figures = Json::object({{"epoch", epoch}});
        for (const auto& [name, value] : logs.sorted()) figures.set(name, value.item<double>());
        HttpHeaders headers = config_.headers;
        const auto typed = [](const auto& header) { return header.first == "Content-Type" || header.first == "content-type"; };
        if (std::none_of(headers.begin(), headers.end(), typed))
            headers.emplace_back("Content-Type", config_.send_as_json ? "application/json" : "application/x-www-form-urlencoded");
        const std::string body = config_.send_as_json ? figures.dump() : form_encoded(config_.field) + "=" + form_encoded(figures.dump());
        const std::string problem = http_post(url_, headers, body, 10);
        if (!problem.empty()) log_message(LogLevel::warning, str("Could not reach RemoteMonitor root server at ", config_.root, ": ", problem));
    }

private:
    RemoteMonitorConfig config_;
    HttpUrl url_;
};

}  // namespace

RemoteMonitor::RemoteMonitor(RemoteMonitorConfig config) : Callback(std::make_shared<Monitor>(std::move(config))) {}

}  // namespace cornu::callbacks
