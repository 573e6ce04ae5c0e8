// A compiled graph on the native engine: kernels in order, and where every value lives. Memory is
// planned ahead: values share one arena by lifetime, kernels work in place where they may, donated
// inputs become their outputs; a warm run allocates nothing.
#pragma once

#include <memory>
#include <mutex>

#include "cornu/backend/backend.h"
#include "cornu/backend/profile.h"
#include "cornu/backends/native/lowering.h"

namespace cornu::native {

inline size_t bytes_of(const Spec& spec) { return static_cast<size_t>(bytes_for(spec.dtype, spec.shape.size())); }

class Plan {
public:
    explicit Plan(const Graph& graph, bool deterministic = false);   // fuses (fusion.h), then plans
    ~Plan();

    // Addresses of inputs and outputs in the graph's order; a donated input is written to, and its
    // output's address is not looked at. Thread-safe.
    void run(const void* const* inputs, void* const* outputs) const;
    size_t arena_bytes() const { return arena_bytes_; }
    size_t steps() const { return steps_.size(); }
    std::string to_string() const;

private:
    enum class Place : uint8_t { temporary, constant, input, output };
    struct Storage {            // one piece of memory, which several values may use in turn
        Place place = Place::temporary;
        int32_t index = 0;      // of the constant, input or output
        size_t bytes = 0, offset = 0;
        int first = -1, last = -1;   // the nodes between which it is alive
    };
    struct Step {
        Kernel kernel;
        size_t node;
        std::vector<int> in, out;    // storages
        int scratch = -1;
        size_t in_at = 0, out_at = 0;  // where this step's addresses start in a workspace
    };
    struct Copy { int from, to; size_t bytes; };
    struct Patch { size_t at; bool output; int32_t index; };  // an address that comes with each run
    struct Workspace;

    void plan_storage(const Graph& graph, std::vector<Kernel>& kernels);
    void place_outputs(const Graph& graph);
    void assign_offsets();
    void make_addresses();
    std::unique_ptr<Workspace> take_workspace() const;
    void* address(const Storage& storage, char* arena, const void* const* inputs, void* const* outputs) const;

    std::vector<Storage> storages_;
    std::vector<int> storage_of_;    // by value
    std::vector<Step> steps_;
    std::vector<Copy> copies_;
    std::vector<Patch> patches_;
    std::vector<Tensor> constants_;
    std::vector<std::shared_ptr<const ProfileLabel>> labels_;   // by node
    size_t addresses_ = 0, arena_bytes_ = 0;
    mutable std::mutex mutex_;
    mutable std::vector<std::unique_ptr<Workspace>> idle_;
};

class NativeExecutable final : public Executable {
public:
    explicit NativeExecutable(const Graph& graph, bool deterministic = false);
    void run(std::span<const Tensor* const> inputs, std::span<Tensor* const> outputs) override;
    size_t output_count() const override { return output_specs_.size(); }
    Statistics statistics() const override;
    std::string to_string() const override { return plan_.to_string(); }

private:
    Plan plan_;
    Specs input_specs_, output_specs_;
    std::vector<int32_t> donated_;
};

}  // namespace cornu::native
