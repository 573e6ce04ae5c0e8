#include "cornu/backends/native/plan.h"

#include <algorithm>
#include <cstring>

#include "cornu/backends/native/fusion.h"

namespace cornu::native {

namespace {

constexpr int after_all = 1 << 30;  // lifetime of what leaves the graph
constexpr size_t alignment = 64;

size_t aligned(size_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

}  // namespace

struct Plan::Workspace {
    BufferPtr arena;
    std::vector<void*> addresses;
};

Plan::Plan(const Graph& original, bool deterministic) {
    const Graph graph = fuse(original);
    for (const Tensor& constant : graph.constants) constants_.push_back(constant.to_host());
    std::vector<Kernel> kernels;
    for (const Graph::Node& node : graph.nodes) {
        Specs in, out;
        for (const ValueId id : node.in) in.push_back(graph.spec(id));
        for (const ValueId id : node.out) out.push_back(graph.spec(id));
        const Lowering* lowering = find_lowering(*node.op);
        CORNU_CHECK(lowering, "no lowering of ", node.op->name);
        kernels.push_back(lowering->lower({*node.op, node.attrs, in, out, deterministic}));
        labels_.push_back(std::make_shared<const ProfileLabel>(ProfileLabel{node.op->name, node.scope}));
    }
    plan_storage(graph, kernels);
    place_outputs(graph);
    assign_offsets();
    make_addresses();
}

Plan::~Plan() = default;

// Gives every value a storage: its own, its view's, or one it takes over in place.
void Plan::plan_storage(const Graph& graph, std::vector<Kernel>& kernels) {
    std::vector<int> last_use(graph.values.size(), -1);
    for (size_t n = 0; n < graph.nodes.size(); ++n)
        for (const ValueId id : graph.nodes[n].in) last_use[static_cast<size_t>(id)] = static_cast<int>(n);
    std::vector<int> donor(graph.values.size(), -1);  // the input that an output value takes over
    std::vector<char> donated(graph.inputs.size(), 0);
    for (size_t i = 0; i < graph.outputs.size(); ++i) {
        last_use[static_cast<size_t>(graph.outputs[i])] = after_all;
        if (i < graph.donated.size() && graph.donated[i] >= 0) {
            donor[static_cast<size_t>(graph.outputs[i])] = graph.donated[i];
            donated[static_cast<size_t>(graph.donated[i])] = 1;
        }
    }

    storage_of_.assign(graph.values.size(), -1);
    const auto add = [&](ValueId id, Place place, int32_t index, int first) {
        storage_of_[static_cast<size_t>(id)] = static_cast<int>(storages_.size());
        storages_.push_back({place, index, bytes_of(graph.spec(id)), 0, first, last_use[static_cast<size_t>(id)]});
    };
    for (size_t i = 0; i < graph.inputs.size(); ++i) add(graph.inputs[i], Place::input, static_cast<int32_t>(i), -1);
    for (size_t i = 0; i < graph.values.size(); ++i)
        if (graph.values[i].constant >= 0) add(static_cast<ValueId>(i), Place::constant, graph.values[i].constant, -1);

    for (size_t n = 0; n < graph.nodes.size(); ++n) {
        const Graph::Node& node = graph.nodes[n];
        const int now = static_cast<int>(n);
        const auto share = [&](ValueId id, int storage) {
            storage_of_[static_cast<size_t>(id)] = storage;
            storages_[static_cast<size_t>(storage)].last = std::max(storages_[static_cast<size_t>(storage)].last, last_use[static_cast<size_t>(id)]);
        };
        std::vector<int> taken;  // a storage goes to one output only
        const auto may_take = [&](int storage, ValueId out) {
            const Storage& s = storages_[static_cast<size_t>(storage)];
            const bool writable = s.place == Place::temporary || (s.place == Place::input && donated[static_cast<size_t>(s.index)]);
            // Another operand on the same memory would be overwritten while it is read.
            const auto uses = std::count_if(node.in.begin(), node.in.end(), [&](ValueId id) { return storage_of_[static_cast<size_t>(id)] == storage; });
            return writable && s.last == now && s.bytes == bytes_of(graph.spec(out)) && uses == 1 && std::find(taken.begin(), taken.end(), storage) == taken.end();
        };
        for (size_t k = 0; k < node.out.size(); ++k) {
            const ValueId id = node.out[k];
            if (k == 0 && kernels[n].view) {
                share(id, storage_of_[static_cast<size_t>(node.in[0])]);
                continue;
            }
            int chosen = -1;
            for (const auto& [output, input] : kernels[n].in_place) {
                if (output != static_cast<int>(k)) continue;
                const int storage = storage_of_[static_cast<size_t>(node.in[static_cast<size_t>(input)])];
                if (!may_take(storage, id)) continue;
                const Storage& s = storages_[static_cast<size_t>(storage)];
                const bool own_donor = s.place == Place::input && s.index == donor[static_cast<size_t>(id)];
                // Of several results one may be waited for by this very memory: others leave it alone.
                const bool free_for_all = s.place != Place::input || node.out.size() == 1;
                if (own_donor || (chosen < 0 && free_for_all)) chosen = storage;
                if (own_donor) break;
            }
            if (chosen < 0) add(id, Place::temporary, 0, now);
            else {
                share(id, chosen);
                taken.push_back(chosen);
            }
            Storage& s = storages_[static_cast<size_t>(storage_of_[static_cast<size_t>(id)])];
            s.last = std::max(s.last, now);  // a result nobody reads still needs room while it is made
        }
    }

    for (size_t n = 0; n < graph.nodes.size(); ++n) {
        if (kernels[n].view) continue;
        Step step{std::move(kernels[n]), n, {}, {}, -1, 0, 0};
        for (const ValueId id : graph.nodes[n].in) step.in.push_back(storage_of_[static_cast<size_t>(id)]);
        for (const ValueId id : graph.nodes[n].out) step.out.push_back(storage_of_[static_cast<size_t>(id)]);
        if (step.kernel.scratch_bytes) {
            step.scratch = static_cast<int>(storages_.size());
            storages_.push_back({Place::temporary, 0, step.kernel.scratch_bytes, 0, static_cast<int>(n), static_cast<int>(n)});
        }
        steps_.push_back(std::move(step));
    }
}

// Lets outputs be made where they are wanted; what cannot be is copied there at the end.
void Plan::place_outputs(const Graph& graph) {
    std::vector<int> input_storage(graph.inputs.size());
    for (size_t i = 0; i < graph.inputs.size(); ++i) input_storage[i] = storage_of_[static_cast<size_t>(graph.inputs[i])];
    for (size_t j = 0; j < graph.outputs.size(); ++j) {
        const int from = storage_of_[static_cast<size_t>(graph.outputs[j])];
        Storage& s = storages_[static_cast<size_t>(from)];
        const size_t bytes = bytes_of(graph.spec(graph.outputs[j]));
        const int donor = j < graph.donated.size() ? graph.donated[j] : -1;
        if (donor >= 0) {
            const int home = input_storage[static_cast<size_t>(donor)];
            if (from == home) continue;
            const Storage& h = storages_[static_cast<size_t>(home)];
            if (s.place == Place::temporary && h.last < s.first) {
                s.place = Place::input;
                s.index = donor;
            } else {
                copies_.push_back({from, home, bytes});
            }
        } else if (s.place == Place::temporary) {
            s.place = Place::output;
            s.index = static_cast<int32_t>(j);
        } else {
            storages_.push_back({Place::output, static_cast<int32_t>(j), bytes, 0, after_all, after_all});
            copies_.push_back({from, static_cast<int>(storages_.size()) - 1, bytes});
        }
    }
    // A copy may overwrite an input that another copy still reads (two donated inputs that change
    // places): such sources go through the arena first.
    std::vector<Copy> staged;
    for (Copy& copy : copies_) {
        const bool overwritten = std::any_of(copies_.begin(), copies_.end(), [&](const Copy& other) { return other.to == copy.from; });
        if (!overwritten) continue;
        storages_.push_back({Place::temporary, 0, copy.bytes, 0, 0, after_all});
        const int stage = static_cast<int>(storages_.size()) - 1;
        staged.push_back({copy.from, stage, copy.bytes});
        copy.from = stage;
    }
    copies_.insert(copies_.begin(), staged.begin(), staged.end());
}

// First fit by size: large storages first, each at the lowest offset free during its life.
void Plan::assign_offsets() {
    std::vector<size_t> order;
    for (size_t i = 0; i < storages_.size(); ++i)
        if (storages_[i].place == Place::temporary) order.push_back(i);
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return storages_[a].bytes > storages_[b].bytes; });
    std::vector<size_t> placed;
    for (const size_t i : order) {
        Storage& s = storages_[i];
        std::vector<std::pair<size_t, size_t>> busy;
        for (const size_t j : placed)
            if (storages_[j].first <= s.last && s.first <= storages_[j].last)
                busy.emplace_back(storages_[j].offset, storages_[j].offset + aligned(storages_[j].bytes));
        std::sort(busy.begin(), busy.end());
        size_t offset = 0;
        for (const auto& [begin, end] : busy) {
            if (begin >= offset + aligned(s.bytes)) break;
            offset = std::max(offset, end);
        }
        s.offset = offset;
        arena_bytes_ = std::max(arena_bytes_, offset + aligned(s.bytes));
        placed.push_back(i);
    }
}

void Plan::make_addresses() {
    const auto note = [&](int storage) {
        const Storage& s = storages_[static_cast<size_t>(storage)];
        if (s.place == Place::input || s.place == Place::output) patches_.push_back({addresses_, s.place == Place::output, s.index});
        ++addresses_;
    };
    for (Step& step : steps_) {
        step.in_at = addresses_;
        for (const int storage : step.in) note(storage);
        step.out_at = addresses_;
        for (const int storage : step.out) note(storage);
    }
}

void* Plan::address(const Storage& s, char* arena, const void* const* inputs, void* const* outputs) const {
    switch (s.place) {
        case Place::temporary: return arena + s.offset;
        case Place::constant: return const_cast<void*>(constants_[static_cast<size_t>(s.index)].raw());
        case Place::input: return inputs ? const_cast<void*>(inputs[s.index]) : nullptr;
        case Place::output: return outputs ? outputs[s.index] : nullptr;
    }
    return nullptr;
}

std::unique_ptr<Plan::Workspace> Plan::take_workspace() const {
    {
        std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            std::unique_ptr<Workspace> workspace = std::move(idle_.back());
            idle_.pop_back();
            return workspace;
        }
    }
    auto workspace = std::make_unique<Workspace>();
    workspace->arena = allocate_host(arena_bytes_);
    workspace->addresses.resize(addresses_);
    char* arena = static_cast<char*>(workspace->arena->data());
    for (const Step& step : steps_) {
        size_t at = step.in_at;
        for (const int storage : step.in) workspace->addresses[at++] = address(storages_[static_cast<size_t>(storage)], arena, nullptr, nullptr);
        for (const int storage : step.out) workspace->addresses[at++] = address(storages_[static_cast<size_t>(storage)], arena, nullptr, nullptr);
    }
    return workspace;
}

void Plan::run(const void* const* inputs, void* const* outputs) const {
    std::unique_ptr<Workspace> workspace = take_workspace();
    void** addresses = workspace->addresses.data();
    char* arena = static_cast<char*>(workspace->arena->data());
    for (const Patch& patch : patches_) addresses[patch.at] = patch.output ? outputs[patch.index] : const_cast<void*>(inputs[patch.index]);
    const auto run_step = [&](const Step& step) {
        step.kernel.run(addresses + step.in_at, addresses + step.out_at,
                        step.scratch < 0 ? nullptr : arena + storages_[static_cast<size_t>(step.scratch)].offset);
    };
    if (Profile::active()) {
        for (const Step& step : steps_) {
            const Profile::Span span(labels_[step.node]);
            run_step(step);
        }
    } else {
        for (const Step& step : steps_) run_step(step);
    }
    for (const Copy& copy : copies_)
        std::memcpy(address(storages_[static_cast<size_t>(copy.to)], arena, inputs, outputs),
                    address(storages_[static_cast<size_t>(copy.from)], arena, inputs, outputs), copy.bytes);
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(workspace));
}

std::string Plan::to_string() const {
    std::ostringstream out;
    const auto place = [&](int storage) {
        const Storage& s = storages_[static_cast<size_t>(storage)];
        const char* names[] = {"arena+", "constant ", "input ", "output "};
        out << names[static_cast<size_t>(s.place)] << (s.place == Place::temporary ? s.offset : static_cast<size_t>(s.index));
    };
    const auto list = [&](const std::vector<int>& storages) {
        for (size_t i = 0; i < storages.size(); ++i) {
            out << (i ? ", " : "");
            place(storages[i]);
        }
    };
    for (const Step& step : steps_) {
        list(step.out);
        const ProfileLabel& label = *labels_[step.node];
        out << " = " << label.op << (label.layer.empty() ? "" : " in ") << label.layer << " (";
        list(step.in);
        out << ")\n";
    }
    for (const Copy& copy : copies_) {
        place(copy.to);
        out << " = copy of ";
        place(copy.from);
        out << '\n';
    }
    out << "arena: " << arena_bytes_ << " bytes\n";
    return out.str();
}

NativeExecutable::NativeExecutable(const Graph& graph, bool deterministic)
    : plan_(graph, deterministic), input_specs_(graph.input_specs()), output_specs_(graph.output_specs()), donated_(graph.donated) {
    donated_.resize(output_specs_.size(), -1);
}

void NativeExecutable::run(std::span<const Tensor* const> inputs, std::span<Tensor* const> outputs) {
    CORNU_CHECK(inputs.size() == input_specs_.size() && outputs.size() == output_specs_.size(), "wrong number of inputs or outputs");
    constexpr size_t many = 64;  // addresses of most calls fit on the stack
    const void* in_stack[many];
    void* out_stack[many];
    std::vector<const void*> in_heap(inputs.size() > many ? inputs.size() : 0);
    std::vector<void*> out_heap(outputs.size() > many ? outputs.size() : 0);
    const void** in = inputs.size() > many ? in_heap.data() : in_stack;
    void** out = outputs.size() > many ? out_heap.data() : out_stack;

    Tensors fetched;   // host copies of what another engine left on its device
    for (size_t i = 0; i < inputs.size(); ++i) {
        const Tensor& x = *inputs[i];
        if (x.shape() != input_specs_[i].shape || x.dtype() != input_specs_[i].dtype)
            throw ShapeError(str("input ", i, " of a compiled graph must be ", input_specs_[i], ". Received: ", x.spec()));
        if (x.buffer()->on_host()) {
            in[i] = x.raw();
        } else {
            fetched.push_back(x.to_host());
            in[i] = fetched.back().raw();
        }
    }
    for (size_t j = 0; j < outputs.size(); ++j) {
        Tensor& y = *outputs[j];
        if (donated_[j] >= 0) {
            const auto i = static_cast<size_t>(donated_[j]);
            // Only memory that nobody else can see is overwritten; otherwise the run works on a copy.
            if (inputs[i] == &y && y.sole_owner() && y.buffer()->on_host() && y.buffer()->writable()) continue;
            Tensor fresh = Tensor::uninitialized(output_specs_[j].shape, output_specs_[j].dtype);
            std::memcpy(fresh.mutable_raw(), in[i], bytes_of(output_specs_[j]));
            in[i] = fresh.raw();
            y = std::move(fresh);
        } else {
            const bool reusable = y.concrete() && y.sole_owner() && y.buffer()->on_host() && y.buffer()->writable() &&
                                  y.shape() == output_specs_[j].shape && y.dtype() == output_specs_[j].dtype;
            if (!reusable) y = Tensor::uninitialized(output_specs_[j].shape, output_specs_[j].dtype);
            out[j] = y.mutable_raw();
        }
    }
    plan_.run(in, out);
}

Executable::Statistics NativeExecutable::statistics() const { return {plan_.steps(), plan_.arena_bytes(), 0}; }

}  // namespace cornu::native
