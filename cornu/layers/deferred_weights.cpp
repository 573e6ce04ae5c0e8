#include "cornu/layers/deferred_weights.h"

#include <sys/mman.h>

namespace cornu {

namespace {

thread_local DeferredWeights* innermost = nullptr;

constexpr int64_t worth_deferring = 64 << 10;   // bytes

// Pages that the system makes when they are first touched; they are not, as a rule.
Tensor untouched_zeros(const Shape& shape, DType dtype) {
    const auto bytes = static_cast<size_t>(bytes_for(dtype, shape.size())) + 64;   // kernels may read on
    void* memory = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return {};
    const std::shared_ptr<const void> owner(memory, [bytes](void* at) { ::munmap(at, bytes); });
    return Tensor::wrap(memory, shape, dtype, owner);
}

}  // namespace

DeferredWeights::DeferredWeights() : outer_(innermost) { innermost = this; }
DeferredWeights::~DeferredWeights() { innermost = outer_; }

void DeferredWeights::finish() {
    for (Pending& item : pending_)
        if (item.variable.stored().id() == item.placeholder) item.variable.assign(item.make());
    pending_.clear();
}

Variable DeferredWeights::variable(const Shape& shape, DType dtype, std::function<Tensor()> make, VariableOptions options) {
    if (innermost && dtype != DType::string && bytes_for(dtype, shape.size()) >= worth_deferring) {
        if (const Tensor placeholder = untouched_zeros(shape, dtype); placeholder.defined()) {
            Variable variable(placeholder, std::move(options));
            innermost->pending_.push_back({variable, variable.stored().id(), std::move(make)});
            return variable;
        }
    }
    return Variable(make(), std::move(options));
}

}  // namespace cornu
