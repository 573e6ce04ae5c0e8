// What callbacks that watch one figure share: its name, and which way it gets better.
#pragma once

#include <optional>
#include <string>

#include "cornu/metrics/metric.h"
#include "cornu/training/callback.h"

namespace cornu::callbacks {

class CORNU_API MonitorCallback : public CustomCallback {
public:
    bool wants_batch_logs() const override { return false; }

protected:
    // mode: "min", "max" or "auto": by the figure's name. `what` names the callback in messages.
    MonitorCallback(std::string what, std::string monitor, const std::string& mode, double min_delta);

    // The figure watched; none, with a warning, when the epoch has none of that name.
    std::optional<double> watched(const Logs& logs) const;
    // Throws ValueError when "auto" cannot tell which way is better.
    bool improves(double value, const std::optional<double>& than);
    const std::string& monitor() const { return monitor_; }

private:
    std::string what_, monitor_;
    Direction direction_ = Direction::unknown;
    double min_delta_;
};

}  // namespace cornu::callbacks
