#include "cornu/tensor/context.h"

#include <map>
#include <mutex>

#include "cornu/base/error.h"

namespace cornu {

struct Context::Impl {
    mutable std::recursive_mutex mutex;
    DType floatx = DType::float32;
    double epsilon = 1e-7;
    std::string image_data_format = "channels_last";
    std::shared_ptr<Backend> backend;
    std::map<std::string, int> name_counts;
    std::map<std::type_index, std::shared_ptr<void>> slots;
};

namespace {
thread_local Context* used = nullptr;
}

Context::Context() : impl_(std::make_unique<Impl>()) {}
Context::~Context() = default;

Context& Context::current() {
    static Context process_default;
    return used ? *used : process_default;
}

Context::Use::Use(Context& context) : outer_(used) { used = &context; }
Context::Use::~Use() { used = outer_; }

DType Context::floatx() const { return impl_->floatx; }
void Context::set_floatx(DType dtype) {
    if (dtype != DType::float16 && dtype != DType::bfloat16 && dtype != DType::float32 && dtype != DType::float64)
        throw ValueError(str("floatx must be float16, bfloat16, float32 or float64. Received: ", dtype));
    impl_->floatx = dtype;
}
double Context::epsilon() const { return impl_->epsilon; }
void Context::set_epsilon(double epsilon) { impl_->epsilon = epsilon; }
const std::string& Context::image_data_format() const { return impl_->image_data_format; }
void Context::set_image_data_format(std::string format) {
    if (format != "channels_last" && format != "channels_first")
        throw ValueError(str("image_data_format must be \"channels_last\" or \"channels_first\". Received: ", format));
    impl_->image_data_format = std::move(format);
}

std::shared_ptr<Backend> Context::backend() const {
    std::lock_guard lock(impl_->mutex);
    return impl_->backend;
}
void Context::set_backend(std::shared_ptr<Backend> backend) {
    std::lock_guard lock(impl_->mutex);
    impl_->backend = std::move(backend);
}

std::string Context::unique_name(const std::string& prefix) {
    std::lock_guard lock(impl_->mutex);
    const int count = impl_->name_counts[prefix]++;
    return count ? str(prefix, "_", count) : prefix;
}
void Context::reset_names() {
    std::lock_guard lock(impl_->mutex);
    impl_->name_counts.clear();
}

void* Context::slot(std::type_index type, std::shared_ptr<void> (*make)()) {
    std::lock_guard lock(impl_->mutex);
    std::shared_ptr<void>& slot = impl_->slots[type];
    if (!slot) slot = make();
    return slot.get();
}

}  // namespace cornu
