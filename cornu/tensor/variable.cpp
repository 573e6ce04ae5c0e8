#include "cornu/tensor/variable.h"

namespace cornu {

struct Variable::Impl {
    std::shared_ptr<Cell> cell;
    Spec spec;
    VariableOptions options;
};

namespace {
thread_local StateScope* innermost_scope = nullptr;
thread_local ReadObserver* innermost_observer = nullptr;
thread_local Autocast* innermost_autocast = nullptr;
}  // namespace

Variable::Variable(Tensor value, VariableOptions options) : impl_(std::make_shared<Impl>()) {
    CORNU_CHECK(value.concrete(), "a variable starts from a concrete value");
    impl_->spec = {value.shape(), value.dtype()};
    impl_->cell = std::make_shared<Cell>(Cell{std::move(value)});
    if (options.path.empty()) options.path = options.name;
    impl_->options = std::move(options);
}

Tensor Variable::value() const {
    Tensor value = innermost_scope ? innermost_scope->read(*this) : stored();
    for (ReadObserver* observer = innermost_observer; observer; observer = observer->outer_)
        observer->on_read(*this, value);
    return innermost_autocast && options().autocast ? innermost_autocast->cast(value) : value;
}

void Variable::assign(const Tensor& value) {
    if (value.shape() != shape())
        throw ShapeError(str("variable ", path(), " has shape ", shape(), "; a value assigned to it must too. Received: ", value.shape()));
    if (value.dtype() != dtype())
        throw DTypeError(str("variable ", path(), " has dtype ", dtype(), "; a value assigned to it must too. Received: ", value.dtype()));
    if (innermost_scope) return innermost_scope->write(*this, value);
    CORNU_CHECK(value.concrete(), "a traced value was assigned to ", path(), " outside its trace");
    impl_->cell->value = value;
}

const Spec& Variable::spec() const {
    if (!impl_) throw ValueError("a variable that was never created was used; add_weight belongs in build().");
    return impl_->spec;
}
const std::string& Variable::name() const { return options().name; }
const std::string& Variable::path() const { return options().path; }
void Variable::set_path(std::string path) { options().path = std::move(path); }
bool Variable::trainable() const { return options().trainable; }
void Variable::set_trainable(bool trainable) { options().trainable = trainable; }
const VariableOptions& Variable::options() const { return spec(), impl_->options; }
VariableOptions& Variable::options() { return spec(), impl_->options; }

void Variable::share_value_with(const Variable& other) {
    if (spec() != other.spec())
        throw ShapeError(str("variables that share a value must agree in shape and dtype. Received: ",
                             path(), " ", spec(), " and ", other.path(), " ", other.spec()));
    impl_->cell = other.impl_->cell;
}
const void* Variable::value_id() const { return spec(), impl_->cell.get(); }
const Tensor& Variable::stored() const { return spec(), impl_->cell->value; }
Tensor& Variable::stored() { return spec(), impl_->cell->value; }

StateScope::StateScope() : outer_(innermost_scope) { innermost_scope = this; }
StateScope::~StateScope() { innermost_scope = outer_; }
StateScope* StateScope::innermost() { return innermost_scope; }

StateScopePause::StateScopePause() : saved_(innermost_scope) { innermost_scope = nullptr; }
StateScopePause::~StateScopePause() { innermost_scope = saved_; }

Autocast::Autocast() : outer_(innermost_autocast) { innermost_autocast = this; }
Autocast::~Autocast() { innermost_autocast = outer_; }

ReadObserver::ReadObserver() : outer_(innermost_observer) { innermost_observer = this; }
ReadObserver::~ReadObserver() { innermost_observer = outer_; }

}  // namespace cornu
