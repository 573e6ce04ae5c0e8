#include "cornu/layers/layer.h"

#include "cornu/base/naming.h"
#include "cornu/base/scope.h"
#include "cornu/graph/recorder.h"
#include "cornu/layers/deferred_weights.h"
#include "cornu/layers/weight_budget.h"
#include "cornu/metrics/metric.h"
#include "cornu/ops/elementwise.h"
#include "cornu/tensor/codec.h"
#include "cornu/tensor/context.h"

namespace cornu {

struct CustomLayer::Frame {
    CustomLayer* layer;
    Flag training;
    Frame* outer;

    Frame(CustomLayer* layer, Flag training) : layer(layer), training(training), outer(frame_) { frame_ = this; }
    ~Frame() { frame_ = outer; }

    // While weights are made, no call is in progress: a layer called then belongs to the one being built.
    struct Pause {
        Frame* saved = std::exchange(frame_, nullptr);
        ~Pause() { frame_ = saved; }
    };
};
thread_local CustomLayer::Frame* CustomLayer::frame_ = nullptr;

namespace {

// Shapes are found out by tracing call() on inputs of which only shapes are known. Variables are
// read as they are; what the call assigns is forgotten.
class ScratchState final : public StateScope {
public:
    Tensor read(const Variable& variable) override {
        const auto found = values_.find(variable.value_id());
        return found == values_.end() ? variable.stored() : found->second;
    }
    void write(const Variable& variable, const Tensor& value) override { values_[variable.value_id()] = value; }

private:
    std::map<const void*, Tensor> values_;
};

// Weights of a layer with a mixed policy are read in its compute dtype.
class CastTo final : public Autocast {
public:
    explicit CastTo(DType dtype) : dtype_(dtype) {}
    Tensor cast(const Tensor& value) const override {
        return is_float(value.dtype()) && value.dtype() != dtype_ ? ops::cast(value, dtype_) : value;
    }

private:
    DType dtype_;
};

Structure cast_inputs(const Structure& inputs, DType dtype) {
    if (!is_float(dtype)) return inputs;
    return inputs.map([&](const Tensor& x) {
        if (!x.defined() || !is_float(x.dtype()) || x.dtype() == dtype) return x;
        const Tensor cast = ops::cast(x, dtype);
        cast.set_mask(x.mask());
        return cast;
    });
}

ShapeTree shapes_of(const Structure& inputs) {
    return inputs.map([](const Tensor& x) { return x.shape(); });
}

bool any_symbolic(const Structure& inputs) {
    bool any = false;
    inputs.for_each([&](const Tensor& x) { any = any || x.symbolic(); });
    return any;
}

bool any_defined(const Structure& tensors) {
    bool any = false;
    tensors.for_each([&](const Tensor& x) { any = any || x.defined(); });
    return any;
}

void add_unique(Variables& all, const Variables& some) {
    for (const Variable& variable : some)
        if (std::none_of(all.begin(), all.end(), [&](const Variable& v) { return v.id() == variable.id(); })) all.push_back(variable);
}

}  // namespace

CustomLayer::CustomLayer() = default;
CustomLayer::~CustomLayer() = default;

void CustomLayer::build(const Shape&) {}
void CustomLayer::build(const ShapeTree& inputs) {
    if (inputs.is_leaf()) build(inputs.leaf());
}
Tensor CustomLayer::call(const Tensor&, const Call&) {
    throw UnsupportedError(str("the layer ", class_name(), " must override call(const Tensor&, const Call&) or call(const Structure&, const Call&)."));
}
Structure CustomLayer::call(const Structure& inputs, const Call& call) {
    if (!inputs.is_leaf()) throw ValueError(str("the layer takes one input. Received: ", inputs.leaf_count(), " inputs"));
    return this->call(inputs.leaf(), call);
}
Structure CustomLayer::compute_mask(const Structure&, const Structure& mask) { return supports_masking() ? mask : Structure(); }
std::string CustomLayer::class_name() const { return "CustomLayer"; }
Json CustomLayer::get_config() const {
    return Json::object({{"name", name_}, {"trainable", trainable_}, {"dtype", Codec<DTypePolicy>::encode(policy_)}});
}

const CallSignature& CustomLayer::call_signature() const {
    static const CallSignature one_input;
    return one_input;
}

SpecTree CustomLayer::compute_output_spec(const SpecTree& inputs, const Call& call) {
    Recorder recorder;
    const UseMode use(&recorder);
    const Unheard unheard;
    ScratchState state;
    const Structure traced = inputs.map([&](const Spec& spec) { return recorder.input(spec); });
    Call known = call;
    if (!known.training.given()) known.training = false;
    known.visit_tensors([&](std::string_view, Structure& tensors) {
        tensors = tensors.map([&](const Tensor& x) { return x.defined() && x.symbolic() ? recorder.input(x.spec()) : x; });
    });
    const Structure out = call_cast(autocast_ ? cast_inputs(traced, compute_dtype()) : traced, known);
    return out.map([](const Tensor& y) { return Spec{y.shape(), y.dtype()}; });
}

Variable CustomLayer::add_weight(const WeightOptions& options) {
    if (!options.shape.is_static())
        throw ShapeError(str("the shape of weight \"", options.name, "\" must be known when the layer is built. Received: ", options.shape));
    WeightBudget::spend(options.shape, options.name);
    const DType dtype = options.dtype.value_or(variable_dtype());
    Initializer initializer = options.initializer;
    if (!initializer.defined()) initializer = is_float(dtype) ? "glorot_uniform" : "zeros";   // Keras's null
    initializer.resolve();
    const StateScopePause pause;
    const UseMode eagerly(nullptr);
    const Unheard unheard;
    VariableOptions made{.name = options.name.empty() ? "variable" : options.name, .trainable = options.trainable && trainable_,
                         .constraint = options.constraint, .regularizer = options.regularizer, .autocast = options.autocast};
    const std::string scope = path_.empty() ? Scope::path() : path_;
    made.path = scope.empty() ? made.name : scope + "/" + made.name;
    const Variable variable = DeferredWeights::variable(
        options.shape, dtype, [initializer, dtype, shape = options.shape] { return initializer(shape, dtype); }, std::move(made));
    variables_.push_back(variable);
    return variable;
}

void CustomLayer::add_loss(const Tensor& loss) { losses_.push_back(loss); }
void CustomLayer::track_metric(const Metric& metric) {
    if (!metric.shared()) throw ValueError("track_metric: a metric object is needed, such as metrics::Mean({.name = ...}). Received: one without a class, such as \"accuracy\"");
    metrics_.push_back(metric);
}
void CustomLayer::track_variable(const Variable& variable) { variables_.push_back(variable); }

void CustomLayer::track_layer(std::string attribute, const Layer& layer) {
    for (const Child& child : children_)
        if (child.layer == layer) return;
    children_.push_back({std::move(attribute), layer});
}

void CustomLayer::set_options(const LayerOptions& options) {
    // A name of its own is taken at once, so that layers are numbered in the order they are made in.
    name_ = options.name.empty() ? Context::current().unique_name(utils::default_name(class_name())) : options.name;
    policy_ = options.dtype.resolved();
    trainable_ = options.trainable;
    activity_regularizer_ = options.activity_regularizer;
}

DType CustomLayer::compute_dtype() const { return policy_.compute_dtype(); }
DType CustomLayer::variable_dtype() const { return policy_.variable_dtype(); }

void CustomLayer::set_trainable(bool trainable) {
    trainable_ = trainable;
    for (const Child& child : children()) child.layer.set_trainable(trainable);
}

Variables CustomLayer::all_variables() const {
    Variables all;
    add_unique(all, variables_);
    for (const Child& child : children()) add_unique(all, child.layer.variables());
    return all;
}

namespace {
Json encode_shapes(const ShapeTree& shapes) {
    if (shapes.is_leaf()) return Codec<Shape>::encode(shapes.leaf());
    if (shapes.is_list()) {
        Json list = Json::array();
        for (const ShapeTree& item : shapes.list()) list.push_back(encode_shapes(item));
        return list;
    }
    Json dict = Json::object();
    for (const auto& [key, item] : shapes.dict()) dict.set(key, encode_shapes(item));
    return dict;
}

// A list of dimensions is a shape, a list of lists is a list of shapes.
ShapeTree decode_shapes(const Json& json) {
    if (json.is_object()) {
        ShapeTree::Dict dict;
        for (const auto& [key, item] : json.as_object()) dict.emplace(key, decode_shapes(item));
        return dict;
    }
    const Json::Array& items = json.as_array();
    if (!items.empty() && (items[0].is_array() || items[0].is_object())) {
        ShapeTree::List list;
        for (const Json& item : items) list.push_back(decode_shapes(item));
        return list;
    }
    Shape shape;
    Codec<Shape>::decode(json, shape);
    return shape;
}
ShapeTree some_shape(ShapeTree shapes) {
    if (shapes.leaf_count() == 0) throw ValueError("a build_config must hold the shape of an input at least. Received: none");
    return shapes;
}
}  // namespace

Json CustomLayer::get_build_config() const {
    if (!build_shapes_) return {};
    const std::vector<std::string>& names = call_signature().inputs;
    if (names.empty()) return Json::object({{"input_shape", encode_shapes(*build_shapes_)}});
    Json shapes = Json::object();
    const ShapeTree::List& given = build_shapes_->list();
    for (size_t i = 0; i < given.size(); ++i) shapes.set(names.at(i) + "_shape", encode_shapes(given[i]));
    return Json::object({{"shapes_dict", std::move(shapes)}});
}

void CustomLayer::build_from_config(const Json& config) {
    if (built_) return;
    if (const Json& shapes = config.get("shapes_dict"); shapes.is_object()) {
        ShapeTree::List list;
        for (const std::string& name : call_signature().inputs)
            if (const Json* shape = shapes.find(name + "_shape"); shape && !shape->is_null()) list.push_back(decode_shapes(*shape));
        build_once(some_shape(std::move(list)));
    } else if (const Json& shape = config.get("input_shape"); !shape.is_null()) {
        build_once(some_shape(decode_shapes(shape)));
    }
}

void CustomLayer::unbuild() {
    built_ = false;
    build_shapes_.reset();
}

Structure CustomLayer::call_operation(const Structure& inputs, const Call& call) { return invoke(inputs, call); }

const std::string& CustomLayer::label() {
    if (label_.empty()) label_ = "layers." + class_name();
    return label_;
}

void CustomLayer::build_once(const ShapeTree& inputs) {
    if (built_) return;
    if (name_.empty()) name_ = Context::current().unique_name(utils::default_name(class_name()));
    const Scope scope(label(), name_);
    path_ = Scope::path();
    const StateScopePause pause;
    const UseMode eagerly(nullptr);
    const Unheard unheard;
    const Frame::Pause frames;
    build(inputs);
    build_shapes_ = inputs;
    built_ = true;
}

Structure CustomLayer::call_cast(const Structure& inputs, const Call& call) {
    if (!autocast_ || compute_dtype() == variable_dtype() || !is_float(compute_dtype())) return this->call(inputs, call);
    const CastTo weights(compute_dtype());
    return this->call(inputs, call);
}

Structure CustomLayer::invoke(const Structure& inputs, const Call& call) {
    if (name_.empty()) name_ = Context::current().unique_name(utils::default_name(class_name()));
    if (frame_ && frame_->layer != this) {
        std::vector<Child>& siblings = frame_->layer->children_;
        const Layer self(std::static_pointer_cast<CustomLayer>(shared_from_this()));
        const auto known = frame_->layer->children();
        if (std::none_of(known.begin(), known.end(), [&](const Child& c) { return c.layer == self; })) siblings.push_back({name_, self});
    }
    if (any_symbolic(inputs)) return invoke_symbolic(inputs, call);
    prepare(inputs);

    Call resolved = call;
    if (!resolved.training.given() && frame_) resolved.training = frame_->training;
    // Not given it stays so, which is false: each layer within has its own default.
    if (!resolved.training.given() && default_training()) resolved.training = true;
    // As in Keras: a layer that gets tensors beside its inputs is not given their masks, which go on to
    // the outputs all the same.
    Structure masks = resolved.mask;
    if (!any_defined(masks)) {
        masks = inputs.map([](const Tensor& x) { return x.mask(); });
        bool alone = true;
        resolved.visit_tensors([&](std::string_view, const Structure& tensors) { alone = alone && !any_defined(tensors); });
        if (alone || !call_signature().inputs.empty()) resolved.mask = masks;
    }
    if (!frame_) clear_losses();
    const Frame frame(this, resolved.training);
    const Scope scope(label(), name_);
    const Structure cast = autocast_ ? cast_inputs(inputs, compute_dtype()) : inputs;
    Structure outputs = call_cast(cast, resolved);
    if (activity_regularizer_.defined())
        outputs.for_each([&](const Tensor& y) {   // a mean over the batch, as in Keras
            const Tensor penalty = activity_regularizer_(y);
            add_loss(y.rank() > 0 ? penalty / static_cast<double>(std::max<int64_t>(y.shape()[0], 1)) : penalty);
        });
    if (any_defined(masks)) {
        masks = compute_mask(cast, masks);
        if (masks.is_leaf() && outputs.is_leaf()) {
            if (masks.leaf().defined()) outputs.leaf().set_mask(masks.leaf());
        } else if (masks.leaf_count() == outputs.leaf_count()) {
            const Tensors flat = masks.flatten();
            size_t i = 0;
            outputs.for_each([&](const Tensor& y) {
                if (flat[i].defined()) y.set_mask(flat[i]);
                ++i;
            });
        }
    } else {
        masks = compute_mask(cast, Structure());  // layers that make masks: Embedding, Masking
        if (masks.is_leaf() && masks.leaf().defined() && outputs.is_leaf()) outputs.leaf().set_mask(masks.leaf());
    }
    return outputs;
}

// Building may tell more about the inputs, so they are checked before and after.
void CustomLayer::prepare(const Structure& inputs) {
    const auto check = [&] {
        if (input_specs_.empty()) return;
        const Scope scope(label(), name_);
        check_inputs(input_specs_, inputs, name_);
    };
    check();
    if (built_) return;
    build_once(shapes_of(inputs));
    check();
}

Structure CustomLayer::invoke_symbolic(const Structure& inputs, const Call& call) {
    inputs.for_each([&](const Tensor& x) {
        if (!x.defined() || !x.symbolic()) throw ValueError(str("a layer called on symbolic inputs takes only those. Received: ", x));
    });
    prepare(inputs);
    const Frame frame(this, call.training.given() ? call.training : Flag(false));
    const Scope scope(label(), name_);
    SpecTree outputs = compute_output_spec(inputs.map([](const Tensor& x) { return x.spec(); }), call);
    return add_symbolic_node(shared_from_this(), inputs, call, std::move(outputs));
}

std::vector<Tensor> CustomLayer::collect_losses() const {
    std::vector<Tensor> all = losses_;
    for (const Child& child : children())
        for (Tensor& loss : child.layer.impl().collect_losses()) all.push_back(std::move(loss));
    return all;
}

std::vector<Metric> CustomLayer::collect_metrics() const {
    std::vector<Metric> all = metrics_;
    for (const Child& child : children())
        for (Metric& metric : child.layer.impl().collect_metrics())
            if (std::none_of(all.begin(), all.end(), [&](const Metric& m) { return m.shared() == metric.shared(); })) all.push_back(std::move(metric));
    return all;
}

void CustomLayer::clear_losses() {
    losses_.clear();
    for (const Child& child : children()) child.layer.impl().clear_losses();
}

// ---- the handle ----

CustomLayer& Layer::impl() const {
    if (!impl_) throw ValueError("an empty layer handle was used.");
    return *impl_;
}

Tensor Layer::operator()(const Tensor& x, const Call& call) const { return only_output(impl().invoke(x, call)); }
Tensor Layer::operator()(std::initializer_list<Tensor> xs, const Call& call) const { return (*this)(Tensors(xs), call); }
Tensor Layer::operator()(const Tensors& xs, const Call& call) const { return only_output(impl().invoke(Structure(xs), call)); }
Structure Layer::operator()(const Structure& inputs, const Call& call) const { return impl().invoke(inputs, call); }

Tensor Layer::only_output(const Structure& outputs) const {
    if (outputs.leaf_count() != 1)
        throw ValueError(str("the layer \"", name(), "\" has ", outputs.leaf_count(), " outputs; call it on a Structure to get them all: layer(Structure(x))."));
    return outputs.flatten()[0];
}

const std::string& Layer::name() const { return impl().name(); }
bool Layer::built() const { return impl().built(); }
void Layer::build(const ShapeTree& inputs) const { impl().build_once(inputs); }
Variables Layer::variables() const { return impl().all_variables(); }
bool Layer::trainable() const { return impl().trainable(); }
void Layer::set_trainable(bool trainable) const { impl().set_trainable(trainable); }

namespace {
// A seed generator's state is a variable but no weight.
bool is_weight(const Variable& variable) { return variable.name() != "seed_generator_state"; }

void collect_weights(const Layer& layer, bool outer_trainable, Variables& trainable, Variables& frozen) {
    const bool active = outer_trainable && layer.trainable();
    for (const Variable& variable : layer.impl().own_variables()) {
        if (!is_weight(variable)) continue;
        add_unique(active && variable.trainable() ? trainable : frozen, {variable});
    }
    for (const CustomLayer::Child& child : layer.impl().children()) collect_weights(child.layer, active, trainable, frozen);
}
}  // namespace

Variables Layer::trainable_weights() const {
    Variables trainable, frozen;
    collect_weights(*this, true, trainable, frozen);
    return trainable;
}
Variables Layer::non_trainable_weights() const {
    Variables trainable, frozen;
    collect_weights(*this, true, trainable, frozen);
    return frozen;
}
Variables Layer::weights() const {
    Variables all;
    for (const Variable& variable : variables())
        if (is_weight(variable)) all.push_back(variable);
    return all;
}
int64_t Layer::count_params() const {
    int64_t n = 0;
    for (const Variable& variable : weights()) n += variable.shape().size();
    return n;
}
Tensors Layer::get_weights() const {
    Tensors values;
    for (const Variable& variable : weights()) values.push_back(variable.value());
    return values;
}
void Layer::set_weights(const Tensors& values) const {
    const Variables all = weights();
    if (values.size() != all.size())
        throw ValueError(str("the layer \"", name(), "\" has ", all.size(), " weights; set_weights takes as many. Received: ", values.size()));
    for (size_t i = 0; i < values.size(); ++i) {
        Variable variable = all[i];
        variable.assign(values[i]);
    }
}
Json Layer::get_config() const { return impl().get_config(); }
std::vector<Tensor> Layer::losses() const {
    std::vector<Tensor> all = impl().collect_losses();
    for (const Variable& variable : weights())
        if (variable.options().regularizer && variable.trainable()) all.push_back(variable.options().regularizer(variable.value()));
    return all;
}

}  // namespace cornu
