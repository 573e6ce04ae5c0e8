#include <CLI/CLI.hpp>
#include <iostream>

#include "cornu/backend/backend.h"
#include "cornu/base/version.h"
#include "cornu/cli/verbs.h"

namespace cornu::cli {

namespace {

Json to_json(const BackendStatus& status) {
    Json json = Json::object({{"name", status.name}, {"found", status.found}});
    if (!status.found) return json.set("reason", status.reason), json;
    json.set("version", status.info.version);
    Json devices = Json::array();
    for (const std::string& device : status.info.devices) devices.push_back(device);
    json.set("devices", devices);
    json.set("detail", status.info.detail);
    return json;
}

}  // namespace

void add_backends(CLI::App& app, Run& run) {
    const auto as_json = std::make_shared<bool>(false);
    CLI::App* verb = app.add_subcommand("backends", "each engine: found or not and why, version, devices");
    verb->add_flag("--json", *as_json, "one JSON object");
    verb->callback([as_json, &run] {
        run = [as_json] {
            Json all = Json::array();
            for (const BackendStatus& status : backend_statuses()) {
                if (*as_json) {
                    all.push_back(to_json(status));
                    continue;
                }
                std::cout << status.name << ": ";
                if (status.found) {
                    std::cout << status.info.version << ", devices";
                    for (const std::string& device : status.info.devices) std::cout << ' ' << device;
                    std::cout << (status.info.detail.empty() ? "" : ", " + status.info.detail) << '\n';
                } else {
                    std::cout << "not found. " << status.reason << '\n';
                }
            }
            if (*as_json) std::cout << Json::object({{"backends", all}}).dump() << '\n';
            return 0;
        };
    });
}

void add_version(CLI::App& app, Run& run) {
    CLI::App* verb = app.add_subcommand("version", "version, build and instruction set in use");
    verb->callback([&run] {
        run = [] {
            std::cout << "cornu " << version() << " (" << build_type() << ", " << compiler() << ", " << find_backend("native")->info().detail << ")\n";
            return 0;
        };
    });
}

}  // namespace cornu::cli
