#include "cornu/backends/xla/pjrt_client.h"

#include <dlfcn.h>
#include <pjrt_c_api.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "cornu/backend/backend.h"
#include "cornu/backend/engine_folders.h"
#include "cornu/backend/library.h"
#include "cornu/backends/xla/program_cache.h"

namespace cornu::xla {

namespace {

constexpr const char* plugin_file = "xla_cpu_pjrt.so";
constexpr const char* advice =
    "Run `tools/engines xla` for the one that Cornu was tested with, or set CORNU_PJRT_PLUGIN to "
    "another's file (see docs/engines.md).";

// Every struct of the API begins with its own size, by which a plugin tells what its caller knows.
template <class Args>
Args args_of(size_t size) {
    Args args{};
    args.struct_size = size;
    return args;
}
#define CORNU_PJRT_ARGS(NAME) args_of<NAME>(NAME##_STRUCT_SIZE)

PJRT_Buffer_Type type_of(DType dtype) {
    switch (dtype) {
        case DType::bool_:
            return PJRT_Buffer_Type_PRED;
        case DType::uint8:
            return PJRT_Buffer_Type_U8;
        case DType::uint16:
            return PJRT_Buffer_Type_U16;
        case DType::uint32:
            return PJRT_Buffer_Type_U32;
        case DType::uint64:
            return PJRT_Buffer_Type_U64;
        case DType::int8:
            return PJRT_Buffer_Type_S8;
        case DType::int16:
            return PJRT_Buffer_Type_S16;
        case DType::int32:
            return PJRT_Buffer_Type_S32;
        case DType::int64:
            return PJRT_Buffer_Type_S64;
        case DType::float16:
            return PJRT_Buffer_Type_F16;
        case DType::bfloat16:
            return PJRT_Buffer_Type_BF16;
        case DType::float32:
            return PJRT_Buffer_Type_F32;
        case DType::float64:
            return PJRT_Buffer_Type_F64;
        case DType::float8_e4m3fn:
            return PJRT_Buffer_Type_F8E4M3FN;
        case DType::float8_e5m2:
            return PJRT_Buffer_Type_F8E5M2;
        case DType::complex64:
            return PJRT_Buffer_Type_C64;
        case DType::complex128:
            return PJRT_Buffer_Type_C128;
        default:
            return PJRT_Buffer_Type_INVALID;
    }
}

// ---- CompileOptionsProto, of which three numbers and two switches are needed ----

void put_varint(std::string& out, uint64_t value) {
    for (; value >= 128; value >>= 7) out.push_back(static_cast<char>((value & 127) | 128));
    out.push_back(static_cast<char>(value));
}
void put_number(std::string& out, int field, int64_t value) {
    put_varint(out, static_cast<uint64_t>(field) << 3);
    put_varint(out, static_cast<uint64_t>(value));
}
void put_bytes(std::string& out, int field, const std::string& bytes) {
    put_varint(out, static_cast<uint64_t>(field) << 3 | 2);
    put_varint(out, bytes.size());
    out += bytes;
}
std::string compile_options(const std::string& platform) {
    std::string build, out;
    put_number(build, 1, -1);  // device_ordinal: any
    put_number(build, 4, 1);   // num_replicas
    put_number(build, 5, 1);   // num_partitions
    put_bytes(out, 3, build);  // executable_build_options
    if (platform == "cpu") {
        // With the first a maximum may lose the NaN that it was given. The second keeps a product's
        // right side in a packed copy for as long as its address stays: donated weights change in
        // place, and the next step would read the old ones.
        for (const char* off : {"xla_cpu_enable_fast_min_max", "xla_cpu_use_xnnpack"}) {
            std::string value, entry;
            put_number(value, 2, 0);  // bool_field
            put_bytes(entry, 1, off);
            put_bytes(entry, 2, value);
            put_bytes(out, 7, entry);  // env_option_overrides
        }
    }
    return out;
}

}  // namespace

bool has_type(DType dtype) { return type_of(dtype) != PJRT_Buffer_Type_INVALID; }

std::string find_plugin() {
    // A file named outright is taken at its word: any other would be a surprise.
    if (const char* named = std::getenv("CORNU_PJRT_PLUGIN"); named && *named) return named;
    std::string message;
    for (const std::string& folder : engine_folders("xla")) {
        const std::string path = folder + "/" + plugin_file;
        if (access(path.c_str(), R_OK) == 0) return path;
        message += "\n  " + path;
    }
    throw BackendError(
        str("the backend xla needs a PJRT plugin. ", advice, " Looked for:", message));
}

// ---- Client ----

Client::Client(const std::string& plugin) : plugin_(plugin) {
    // Local: its symbols, MLIR and protobuf among them, must not meet those of another engine.
    std::string why;
    void* library = open_library(plugin, why);
    if (!library)
        throw BackendError(str("the PJRT plugin cannot be opened: ", why, ". ", advice));
    const auto get_api = reinterpret_cast<const PJRT_Api* (*)()>(dlsym(library, "GetPjrtApi"));
    if (!get_api)
        throw BackendError(str(plugin, " is no PJRT plugin: it has no GetPjrtApi. ", advice));
    api_ = get_api();
    const PJRT_Api_Version& api = api_->pjrt_api_version;
    version_ = str(api.major_version, ".", api.minor_version);
    // The table grows at its end; all that is called here stands before this entry.
    constexpr size_t needed = offsetof(PJRT_Api, PJRT_Buffer_ToHostBuffer) + sizeof(void*);
    if (api.major_version != PJRT_API_MAJOR || api_->struct_size < needed)
        throw BackendError(str(plugin, " speaks version ", version_,
                               " of the PJRT API; Cornu was built with ", PJRT_API_MAJOR, ".",
                               PJRT_API_MINOR, ". ", advice));
    auto initialize = CORNU_PJRT_ARGS(PJRT_Plugin_Initialize_Args);
    check(api_->PJRT_Plugin_Initialize(&initialize), "starting the plugin");

    // One device: the CPU plugin would make four of one processor. Others ignore the name.
    auto option = CORNU_PJRT_ARGS(PJRT_NamedValue);
    option.name = "cpu_device_count";
    option.name_size = std::string_view(option.name).size();
    option.type = PJRT_NamedValue_kInt64;
    option.int64_value = 1;
    option.value_size = 1;
    auto create = CORNU_PJRT_ARGS(PJRT_Client_Create_Args);
    create.create_options = &option;
    create.num_options = 1;
    check(api_->PJRT_Client_Create(&create), "making a client");
    client_ = create.client;

    auto platform = CORNU_PJRT_ARGS(PJRT_Client_PlatformName_Args);
    platform.client = client_;
    check(api_->PJRT_Client_PlatformName(&platform), "asking for the platform");
    platform_.assign(platform.platform_name, platform.platform_name_size);

    auto devices = CORNU_PJRT_ARGS(PJRT_Client_AddressableDevices_Args);
    devices.client = client_;
    check(api_->PJRT_Client_AddressableDevices(&devices), "asking for the devices");
    if (devices.num_addressable_devices == 0) throw BackendError(str(plugin, " has no device."));
    device_ = devices.addressable_devices[0];  // the one that is used
    auto platform_version = CORNU_PJRT_ARGS(PJRT_Client_PlatformVersion_Args);
    platform_version.client = client_;
    check(api_->PJRT_Client_PlatformVersion(&platform_version),
          "asking for the platform's version");
    platform_version_.assign(platform_version.platform_version,
                             platform_version.platform_version_size);
    cache_ = std::make_unique<const ProgramCache>(cache_folder(), stamp());
}
Client::~Client() = default;

std::string Client::device() const {
    if (platform_ == "cpu") return "cpu";
    return (platform_ == "cuda" || platform_ == "rocm" ? "gpu" : platform_) + ":0";
}

// Serialized programs are for the very plugin that made them.
std::string Client::stamp() const {
    std::error_code failed;
    const auto bytes = std::filesystem::file_size(plugin_, failed);
    const auto written =
        std::filesystem::last_write_time(plugin_, failed).time_since_epoch().count();
    return str(platform_, "\n", platform_version_, "\n", version_, "\n", bytes, " ", written, "\n",
               processor_features(), "\n");
}

void Client::check(PJRT_Error* error, const char* what) const {
    if (!error) return;
    auto message = CORNU_PJRT_ARGS(PJRT_Error_Message_Args);
    message.error = error;
    api_->PJRT_Error_Message(&message);
    std::string text(message.message, message.message_size);
    auto destroy = CORNU_PJRT_ARGS(PJRT_Error_Destroy_Args);
    destroy.error = error;
    api_->PJRT_Error_Destroy(&destroy);
    throw BackendError(str("xla, ", what, ": ", text));
}

void Client::await(PJRT_Event* event, const char* what) const {
    auto wait = CORNU_PJRT_ARGS(PJRT_Event_Await_Args);
    wait.event = event;
    PJRT_Error* error = api_->PJRT_Event_Await(&wait);
    auto destroy = CORNU_PJRT_ARGS(PJRT_Event_Destroy_Args);
    destroy.event = event;
    api_->PJRT_Event_Destroy(&destroy);
    check(error, what);
}

std::shared_ptr<Program> Client::load(const std::string& bytes) {
    auto load = CORNU_PJRT_ARGS(PJRT_Executable_DeserializeAndLoad_Args);
    load.client = client_;
    load.serialized_executable = bytes.data();
    load.serialized_executable_size = bytes.size();
    try {
        check(api_->PJRT_Executable_DeserializeAndLoad(&load), "loading a program");
    } catch (const BackendError&) {
        return nullptr;
    }
    return std::make_shared<Program>(*this, load.loaded_executable);
}

std::string Client::serialized(PJRT_LoadedExecutable* executable) const {
    auto get = CORNU_PJRT_ARGS(PJRT_LoadedExecutable_GetExecutable_Args);
    get.loaded_executable = executable;
    auto serialize = CORNU_PJRT_ARGS(PJRT_Executable_Serialize_Args);
    std::string out;
    try {
        check(api_->PJRT_LoadedExecutable_GetExecutable(&get), "serializing");
        serialize.executable = get.executable;
        check(api_->PJRT_Executable_Serialize(&serialize), "serializing");
        out.assign(serialize.serialized_bytes, serialize.serialized_bytes_size);
        serialize.serialized_executable_deleter(serialize.serialized_executable);
    } catch (const BackendError&) {  // not every plugin can
    }
    if (get.executable) {
        auto destroy = CORNU_PJRT_ARGS(PJRT_Executable_Destroy_Args);
        destroy.executable = get.executable;
        api_->PJRT_Executable_Destroy(&destroy);
    }
    return out;
}

std::shared_ptr<Program> Client::compile(const std::string& text) {
    const std::string options = compile_options(platform_),
                      key = str(options.size(), " ", options, text);
    if (const auto kept = cache_->find(key))
        if (auto program = load(*kept)) return program;
    const auto started = std::chrono::steady_clock::now();
    auto program = CORNU_PJRT_ARGS(PJRT_Program);
    program.code = const_cast<char*>(text.data());  // read only, says the API
    program.code_size = text.size();
    program.format = "mlir";
    program.format_size = 4;
    auto compile = CORNU_PJRT_ARGS(PJRT_Client_Compile_Args);
    compile.client = client_;
    compile.program = &program;
    compile.compile_options = options.data();
    compile.compile_options_size = options.size();
    try {
        check(api_->PJRT_Client_Compile(&compile), "compiling");
    } catch (const BackendError&) {
        throw;
    } catch (
        const std::exception& error) {  // of the plugin's own, which should not get here but do
        throw BackendError(str("xla, compiling: ", error.what()));
    }
    // A file for each small program would cost more than it saves.
    if (std::chrono::steady_clock::now() - started > std::chrono::milliseconds(50))
        if (const std::string bytes = serialized(compile.executable); !bytes.empty())
            cache_->put(key, bytes);
    return std::make_shared<Program>(*this, compile.executable);
}

std::shared_ptr<DeviceBuffer> Client::upload(const Tensor& host, Backend& backend) const {
    auto put = CORNU_PJRT_ARGS(PJRT_Client_BufferFromHostBuffer_Args);
    put.client = client_;
    put.data = host.raw();
    put.type = type_of(host.dtype());
    put.dims = host.shape().dims().data();
    put.num_dims = host.shape().dims().size();
    // Copied at once: the host's memory may be written again right after.
    put.host_buffer_semantics = PJRT_HostBufferSemantics_kImmutableOnlyDuringCall;
    put.device = device_;
    check(api_->PJRT_Client_BufferFromHostBuffer(&put), "uploading");
    auto buffer = std::make_shared<DeviceBuffer>(*this, backend, put.buffer, host.spec());
    await(put.done_with_host_buffer, "uploading");
    return buffer;
}

// ---- DeviceBuffer, Program ----

DeviceBuffer::DeviceBuffer(const Client& client, Backend& backend, PJRT_Buffer* handle,
                           const Spec& spec)
    : Buffer(nullptr, static_cast<size_t>(bytes_for(spec.dtype, spec.shape.size())), false,
             &backend),
      client_(client),
      handle_(handle),
      rank_(spec.shape.rank()) {}

DeviceBuffer::~DeviceBuffer() {
    auto destroy = CORNU_PJRT_ARGS(PJRT_Buffer_Destroy_Args);
    destroy.buffer = handle_;
    client_.api_->PJRT_Buffer_Destroy(&destroy);
}

void DeviceBuffer::copy_to_host(void* out) const {
    // Row-major whatever the compiler chose for its own use.
    std::vector<int64_t> minor_to_major;
    for (int64_t axis = rank_; axis-- > 0;) minor_to_major.push_back(axis);
    auto layout = CORNU_PJRT_ARGS(PJRT_Buffer_MemoryLayout);
    layout.type = PJRT_Buffer_MemoryLayout_Type_Tiled;
    layout.tiled = CORNU_PJRT_ARGS(PJRT_Buffer_MemoryLayout_Tiled);
    layout.tiled.minor_to_major = minor_to_major.data();
    layout.tiled.minor_to_major_size = minor_to_major.size();
    auto get = CORNU_PJRT_ARGS(PJRT_Buffer_ToHostBuffer_Args);
    get.src = handle_;
    get.host_layout = &layout;
    get.dst = out;
    get.dst_size = bytes();
    client_.check(client_.api_->PJRT_Buffer_ToHostBuffer(&get), "downloading");
    client_.await(get.event, "running");  // a run that failed says so here
}

void Pending::begin() {
    const std::lock_guard lock(mutex_);
    ++count_;
}
void Pending::end() {
    const std::lock_guard lock(mutex_);
    if (--count_ == 0) none_.notify_all();
}
void Pending::wait() {
    std::unique_lock lock(mutex_);
    none_.wait(lock, [&] { return count_ == 0; });
}

Program::~Program() {
    synchronize();
    auto destroy = CORNU_PJRT_ARGS(PJRT_LoadedExecutable_Destroy_Args);
    destroy.executable = handle_;
    client_.api_->PJRT_LoadedExecutable_Destroy(&destroy);
}

void Program::run(std::span<PJRT_Buffer* const> arguments, std::span<const int64_t> kept,
                  std::span<PJRT_Buffer*> results) {
    auto options = CORNU_PJRT_ARGS(PJRT_ExecuteOptions);
    options.non_donatable_input_indices = kept.data();
    options.num_non_donatable_input_indices = kept.size();
    PJRT_Buffer* const* argument_list = arguments.data();
    PJRT_Buffer** result_list = results.data();
    auto execute = CORNU_PJRT_ARGS(PJRT_LoadedExecutable_Execute_Args);
    execute.executable = handle_;
    execute.options = &options;
    execute.argument_lists = &argument_list;
    execute.num_devices = 1;
    execute.num_args = arguments.size();
    execute.output_lists = &result_list;
    PJRT_Event* done = nullptr;
    execute.device_complete_events = &done;
    client_.check(client_.api_->PJRT_LoadedExecutable_Execute(&execute), "running");

    client_.pending_.begin();
    pending_.begin();
    auto notify = CORNU_PJRT_ARGS(PJRT_Event_OnReady_Args);
    notify.event = done;
    notify.user_arg = this;
    notify.callback = [](PJRT_Error* error, void* program) {
        auto* self = static_cast<Program*>(program);
        Client& client = self->client_;
        if (error) {  // those who read the results are told
            auto destroy = CORNU_PJRT_ARGS(PJRT_Error_Destroy_Args);
            destroy.error = error;
            client.api_->PJRT_Error_Destroy(&destroy);
        }
        self->pending_.end();
        client.pending_.end();
    };
    PJRT_Error* const error = client_.api_->PJRT_Event_OnReady(&notify);
    if (error) {
        pending_.end();
        client_.pending_.end();
    }
    client_.check(error, "running");
    auto destroy = CORNU_PJRT_ARGS(PJRT_Event_Destroy_Args);
    destroy.event = done;
    client_.check(client_.api_->PJRT_Event_Destroy(&destroy), "running");
}

}  // namespace cornu::xla
