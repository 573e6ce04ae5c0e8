#include "cornu/training/callbacks/monitor.h"

#include <cmath>

#include "cornu/base/error.h"
#include "cornu/base/log.h"
#include "cornu/training/trainer.h"

namespace cornu::callbacks {

MonitorCallback::MonitorCallback(std::string what, std::string monitor, const std::string& mode, double min_delta)
    : what_(std::move(what)), monitor_(std::move(monitor)), min_delta_(std::abs(min_delta)) {
    if (mode == "min") direction_ = Direction::down;
    else if (mode == "max") direction_ = Direction::up;
    else if (mode != "auto") throw ValueError(str("[callbacks.", what_, "] mode must be \"auto\", \"min\" or \"max\". Received: mode=\"", mode, "\""));
}

std::optional<double> MonitorCallback::watched(const Logs& logs) const {
    if (logs.contains(monitor_)) return logs[monitor_];
    std::string known;
    for (const auto& [name, value] : logs) known += (known.empty() ? "" : ", ") + name;
    log_once("monitor:" + what_ + monitor_ + known, LogLevel::warning,
             str("callbacks.", what_, " watches \"", monitor_, "\", which this training does not have. There are: ", known, "."));
    return {};
}

bool MonitorCallback::improves(double value, const std::optional<double>& than) {
    if (direction_ == Direction::unknown) {
        const std::string name = monitor_.starts_with("val_") ? monitor_.substr(4) : monitor_;
        direction_ = trainer().direction_of(name);
        if (direction_ == Direction::unknown)
            throw ValueError(str("[callbacks.", what_, "] whether the figure \"", monitor_, "\" should rise or fall is not known: say mode = \"max\" or \"min\"."));
    }
    if (!than) return true;
    return direction_ == Direction::up ? value - min_delta_ > *than : value + min_delta_ < *than;
}

}  // namespace cornu::callbacks
