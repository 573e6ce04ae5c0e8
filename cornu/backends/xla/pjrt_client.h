// The PJRT C API behind a few calls: what XLA's plugins for CPUs, GPUs and TPUs all speak. The
// plugin's library is opened at run time; its header is seen by pjrt_client.cpp only.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "cornu/tensor/tensor.h"

struct PJRT_Api;
struct PJRT_Buffer;
struct PJRT_Client;
struct PJRT_Device;
struct PJRT_Error;
struct PJRT_Event;
struct PJRT_LoadedExecutable;

namespace cornu::xla {

class Client;
class ProgramCache;

// A value in the device's memory. It may still be on its way there: reading waits.
class DeviceBuffer final : public Buffer {
public:
    DeviceBuffer(const Client& client, Backend& backend, PJRT_Buffer* handle, const Spec& spec);
    ~DeviceBuffer() override;
    void copy_to_host(void* out) const override;
    PJRT_Buffer* handle() const { return handle_; }
    const Client& client() const { return client_; }

private:
    const Client& client_;
    PJRT_Buffer* handle_;
    int64_t rank_;
};

// How many runs have begun and not ended.
class Pending {
public:
    void begin();
    void end();
    void wait();  // until there are none

private:
    std::mutex mutex_;
    std::condition_variable none_;
    size_t count_ = 0;
};

// A compiled program, ready on the device.
class Program {
public:
    Program(Client& client, PJRT_LoadedExecutable* handle) : client_(client), handle_(handle) {}
    ~Program();
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    // Starts a run. Arguments in `kept` (indices) stay valid even where the program says it takes
    // their memory over. Writes one handle per result; the caller destroys them.
    void run(std::span<PJRT_Buffer* const> arguments, std::span<const int64_t> kept,
             std::span<PJRT_Buffer*> results);
    void synchronize() { pending_.wait(); }  // returns when no run of it is under way

private:
    Client& client_;
    PJRT_LoadedExecutable* handle_;
    Pending pending_;
};

// One plugin, one device. Never destroyed: buffers may outlive whoever made it, and the plugin's
// threads may be at work when a process ends.
class Client {
public:
    // Throws BackendError when the file is no PJRT plugin or starts no client.
    explicit Client(const std::string& plugin);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    const std::string& plugin() const { return plugin_; }      // the file
    const std::string& platform() const { return platform_; }  // "cpu"
    const std::string& version() const { return version_; }    // of the PJRT API it speaks
    std::string device() const;                                // "cpu", "gpu:0"

    // `text` is a StableHLO module. Throws BackendError with what the compiler says. What takes
    // long is kept on disk.
    std::shared_ptr<Program> compile(const std::string& text);
    std::shared_ptr<DeviceBuffer> upload(const Tensor& host, Backend& backend) const;
    void synchronize() { pending_.wait(); }  // returns when no run is under way

private:
    friend class DeviceBuffer;
    friend class Program;
    void check(PJRT_Error* error, const char* what) const;
    void await(PJRT_Event* event, const char* what) const;  // and destroys it

    std::shared_ptr<Program> load(const std::string& bytes);          // null when it cannot
    std::string serialized(PJRT_LoadedExecutable* executable) const;  // empty likewise
    std::string stamp() const;

    std::string plugin_, platform_, version_, platform_version_;
    std::unique_ptr<const ProgramCache> cache_;
    const PJRT_Api* api_ = nullptr;
    PJRT_Client* client_ = nullptr;
    PJRT_Device* device_ = nullptr;
    Pending pending_;
};

// The plugin's file by the order that docs/engines.md gives. Throws BackendError with what was
// tried.
std::string find_plugin();
// Whether PJRT has a type for it that Cornu's memory layout fits.
bool has_type(DType dtype);

}  // namespace cornu::xla
