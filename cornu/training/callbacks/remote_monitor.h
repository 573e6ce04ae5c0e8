// RemoteMonitor: posts the figures of each epoch to a web server.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cornu/training/callback.h"

namespace cornu::callbacks {

struct RemoteMonitorConfig {
    std::string root = "http://localhost:9000";
    std::string path = "/publish/epoch/end/";
    std::string field = "data";              // of the form that is sent unless send_as_json is set
    std::vector<std::pair<std::string, std::string>> headers = {};
    bool send_as_json = false;               // the JSON itself, as application/json
};

// The JSON is an object: "epoch" and the figures by name. A server that cannot be reached, or does
// not take it within ten seconds, is a warning: training goes on. Plain HTTP only: ValueError for
// another kind of root (put an encrypting proxy on this machine in front), or for header names or
// values that HTTP does not allow.
class CORNU_API RemoteMonitor : public Callback {
public:
    explicit RemoteMonitor(RemoteMonitorConfig config = {});
};

}  // namespace cornu::callbacks
