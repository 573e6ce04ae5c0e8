#include "cornu/backend/jit.h"

#include <unordered_map>

#include "cornu/backend/profile.h"
#include "cornu/graph/recorder.h"

namespace cornu {

namespace {

// While a program is traced: a variable read for the first time becomes an input, one assigned is
// remembered with its latest value.
class TracedState final : public StateScope {
public:
    explicit TracedState(Recorder& recorder) : recorder_(recorder) {}

    Tensor read(const Variable& variable) override { return slot(variable).value; }
    void write(const Variable& variable, const Tensor& value) override {
        if (value.origin() && !recorder_.made(value))
            throw ValueError(str("variable ", variable.path(), " was assigned inside the body of a loop or a branch; "
                                 "return the value from the body and assign it outside."));
        Slot& s = slot(variable);
        s.value = value;
        s.assigned = true;
    }

    struct Slot {
        Variable variable;
        Tensor value;
        bool assigned = false;
    };
    const std::vector<Slot>& slots() const { return slots_; }

private:
    Slot& slot(const Variable& variable) {
        const auto [found, fresh] = index_.try_emplace(variable.value_id(), slots_.size());
        if (fresh) slots_.push_back({variable, recorder_.input(variable.spec())});
        return slots_[found->second];
    }
    Recorder& recorder_;
    std::vector<Slot> slots_;
    std::unordered_map<const void*, size_t> index_;
};

}  // namespace

Program::Program(const std::function<Tensors(const Tensors&)>& fn, const Specs& specs, Backend& backend) : arg_count_(specs.size()) {
    CORNU_PROFILE("trace and compile");
    Recorder recorder;
    {
        const UseMode use(&recorder);
        const Unheard unheard;
        TracedState state(recorder);
        Tensors args;
        for (const Spec& spec : specs) args.push_back(recorder.input(spec));
        Tensors outputs = fn(args);
        result_count_ = outputs.size();
        std::vector<int32_t> donated(outputs.size(), -1);
        for (size_t i = 0; i < state.slots().size(); ++i) {
            const TracedState::Slot& slot = state.slots()[i];
            state_.push_back(slot.variable);
            if (!slot.assigned) continue;
            assigned_.push_back(i);
            outputs.push_back(slot.value);
            donated.push_back(static_cast<int32_t>(arg_count_ + i));
        }
        graph_ = recorder.finish(outputs);
        graph_.donated = std::move(donated);
    }
    CORNU_CHECK(graph_.inputs.size() == arg_count_ + state_.size(), "a program stands on its own");
    executable_ = compile(graph_, backend);
    in_.resize(graph_.inputs.size());
    out_.resize(graph_.outputs.size());
}

void Program::run(std::span<const Tensor* const> args, std::span<Tensor* const> results) {
    CORNU_CHECK(args.size() == arg_count_ && results.size() == result_count_, "wrong number of arguments or results");
    CORNU_PROFILE("program");
    const std::lock_guard lock(mutex_);
    std::copy(args.begin(), args.end(), in_.begin());
    std::copy(results.begin(), results.end(), out_.begin());
    for (size_t i = 0; i < state_.size(); ++i) in_[arg_count_ + i] = &state_[i].stored();
    for (size_t i = 0; i < assigned_.size(); ++i) out_[result_count_ + i] = &state_[assigned_[i]].stored();
    executable_->run(in_, out_);
}

Tensors Program::operator()(const Tensors& args) {
    std::vector<const Tensor*> in;
    for (const Tensor& arg : args) in.push_back(&arg);
    Tensors results(result_count_);
    std::vector<Tensor*> out;
    for (Tensor& result : results) out.push_back(&result);
    run(in, out);
    return results;
}

struct Jit::Impl {
    std::function<Structure(const Structure&)> fn;
    struct Compiled {
        Specs specs;
        std::shared_ptr<Backend> backend;
        std::unique_ptr<Program> program;
        Structure result;  // nesting of the result
    };
    std::mutex mutex;
    std::vector<std::unique_ptr<Compiled>> compiled;
};

Jit::Jit(std::function<Structure(const Structure&)> fn) : impl_(std::make_shared<Impl>()) { impl_->fn = std::move(fn); }

Structure Jit::operator()(const Structure& args) const {
    if (active_mode() || Listener::any_active()) return impl_->fn(args);
    const Tensors flat = args.flatten();
    const Specs specs = specs_of(flat);
    const std::shared_ptr<Backend> backend = current_backend();
    Impl::Compiled* found = nullptr;
    {
        const std::lock_guard lock(impl_->mutex);
        for (const auto& candidate : impl_->compiled)
            if (candidate->specs == specs && candidate->backend == backend) found = candidate.get();
        if (!found) {
            auto fresh = std::make_unique<Impl::Compiled>();
            fresh->specs = specs;
            fresh->backend = backend;
            fresh->program = std::make_unique<Program>(
                [&](const Tensors& traced) {
                    fresh->result = impl_->fn(args.pack(traced));
                    Tensors out = fresh->result.flatten();
                    fresh->result = fresh->result.map([](const Tensor&) { return Tensor(); });
                    return out;
                },
                specs, *backend);
            found = fresh.get();
            impl_->compiled.push_back(std::move(fresh));
        }
    }
    return found->result.pack((*found->program)(flat));
}

}  // namespace cornu
