#include "cornu/training/callbacks/profile_file.h"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>

#include "cornu/base/error.h"
#include "cornu/training/callbacks/event_file.h"

namespace cornu::callbacks {

namespace {

// The fields of tsl/profiler/protobuf/xplane.proto.
std::string xspace(const Profile& profile, const std::string& host) {
    constexpr uint64_t thread = 1, layer_stat = 1, root_stat = 2, step_stat = 3;
    std::map<std::pair<std::string, std::string>, uint64_t> ids;   // op and layer -> event metadata
    ProtoMessage line, plane;
    uint64_t steps = 0;
    line.integer(1, thread).bytes(2, "cornu");
    line.integer(3, static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(profile.started_at().time_since_epoch()).count()));
    for (const Profile::Call& call : profile.calls()) {
        const uint64_t id = ids.try_emplace({call.label->op, call.label->layer}, ids.size() + 1).first->second;
        ProtoMessage event;
        event.integer(1, id).integer(2, static_cast<uint64_t>(call.start) * 1000).integer(3, static_cast<uint64_t>(call.duration) * 1000);
        if (call.label->op == "train step")   // by these two xprof knows a training step
            event.message(4, ProtoMessage().integer(1, root_stat).integer(4, 1)).message(4, ProtoMessage().integer(1, step_stat).integer(4, steps++));
        line.message(4, event);
    }
    plane.integer(1, 1).bytes(2, "/host:CPU").message(3, line);
    for (const auto& [label, id] : ids) {
        ProtoMessage metadata;
        metadata.integer(1, id).bytes(2, label.first);
        if (!label.second.empty()) metadata.message(5, ProtoMessage().integer(1, layer_stat).bytes(5, label.second));
        plane.message(4, ProtoMessage().integer(1, id).message(2, metadata));
    }
    for (const auto& [stat, name] : {std::pair(layer_stat, "layer"), std::pair(root_stat, "_r"), std::pair(step_stat, "step_num")})
        plane.message(5, ProtoMessage().integer(1, stat).message(2, ProtoMessage().integer(1, stat).bytes(2, name)));
    return ProtoMessage().message(1, plane).bytes(4, host).str();
}

}  // namespace

void write_profile(const Profile& profile, const std::string& folder) {
    const std::time_t time = std::chrono::system_clock::to_time_t(profile.started_at());
    std::tm local = {};
    ::localtime_r(&time, &local);
    char name[32];
    std::strftime(name, sizeof name, "%Y_%m_%d_%H_%M_%S", &local);
    const std::filesystem::path run = std::filesystem::path(folder) / "plugins" / "profile" / name;
    std::error_code failed;
    std::filesystem::create_directories(run, failed);
    if (failed) throw FileError(str("[callbacks.TensorBoard] the folder ", run.string(), " cannot be made: ", failed.message()));
    const std::string host = host_name();
    const std::filesystem::path path = run / (host + ".xplane.pb");
    std::ofstream file(path, std::ios::binary);
    file << xspace(profile, host);
    file.close();
    if (!file) throw FileError(str("[callbacks.TensorBoard] the file ", path.string(), " cannot be written: ", std::strerror(errno)));
}

}  // namespace cornu::callbacks
