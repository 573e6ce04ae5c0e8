#include "cornu/layers/preprocessing/hashing.h"

#include "cornu/layers/preprocessing/categories.h"
#include "cornu/layers/preprocessing/fingerprint.h"
#include "cornu/layers/preprocessing/lookup_layer.h"
#include "cornu/ops/host_call.h"
#include "cornu/tensor/context.h"

namespace cornu::layers {

namespace {

std::vector<int64_t> whole_numbers(const Tensor& x) { return x.to_vector<int64_t>(); }

// What both layers give: bins, as the mode says.
class Bins : public HostFunction {
public:
    Bins(const char* name, CategoryMode mode, int64_t count, DType dtype) : count_(count), mode_(mode), dtype_(dtype), name_(name) {}
    std::string name() const override { return name_; }

protected:
    Spec spec(const Shape& shape) const { return {encoded_shape(shape, mode_, count_), dtype_}; }
    Tensor encode(const std::vector<int64_t>& bins, const Shape& shape) const { return encode_categories(bins, shape, mode_, count_, dtype_); }
    int64_t count_;
    CategoryMode mode_;

private:
    DType dtype_;
    const char* name_;
};

class Hash final : public Bins {
public:
    Hash(const HashingConfig& config, CategoryMode mode, Salt salt, DType dtype)
        : Bins("Hashing", mode, config.num_bins, dtype), mask_(config.num_bins > 1 ? config.mask_value : Json()), salt_(salt) {}

    Specs infer(std::span<const Spec> in) const override {
        if (is_complex(in[0].dtype) || in[0].dtype == DType::bool_) throw DTypeError(str("the layer takes strings or numbers. Received: ", in[0]));
        if (!mask_.is_null() && mask_.is_string() != (in[0].dtype == DType::string))
            throw DTypeError(str("`mask_value` must be of the inputs' kind. Received: mask_value=", mask_, ", inputs of ", in[0].dtype));
        return {spec(in[0].shape)};
    }

    Tensors run(const Tensors& in) const override {
        std::vector<int64_t> bins;
        const auto add = [&](std::string_view text, bool masked) {
            if (mask_.is_null()) bins.push_back(hash_bucket(text, count_, salt_));
            else bins.push_back(masked ? 0 : 1 + hash_bucket(text, count_ - 1, salt_));
        };
        if (in[0].dtype() == DType::string) {
            for (const std::string& text : in[0].data<std::string>()) add(text, mask_.is_string() && text == mask_.as_string());
        } else {
            const std::vector<double> exact = mask_.is_null() ? std::vector<double>() : in[0].to_vector<double>();
            const std::vector<int64_t> numbers = whole_numbers(in[0]);
            for (size_t i = 0; i < numbers.size(); ++i) add(std::to_string(numbers[i]), !mask_.is_null() && exact[i] == mask_.as_double());
        }
        return {encode(bins, in[0].shape())};
    }

private:
    Json mask_;
    Salt salt_;
};

class Cross final : public Bins {
public:
    Cross(const HashedCrossingConfig& config, CategoryMode mode, DType dtype) : Bins("HashedCrossing", mode, config.num_bins, dtype) {}

    Specs infer(std::span<const Spec> in) const override {
        const Shape& shape = in[0].shape;
        for (const Spec& x : in) {
            if (x.shape.rank() > 2 || (x.shape.rank() == 2 && x.shape.back() != 1))
                throw ShapeError(str("All `HashedCrossing` inputs should have shape `()`, `(batch_size)` or `(batch_size, 1)`. Received: ", x));
            if (x.shape != shape) throw ShapeError(str("All `HashedCrossing` inputs should have equal shape. Received: ", shape, " and ", x.shape));
            if (!is_integer(x.dtype) && x.dtype != DType::string)
                throw DTypeError(str("All `HashedCrossing` inputs should have an integer or string dtype. Received: ", x));
        }
        return {spec(shape)};
    }

    Tensors run(const Tensors& in) const override {
        constexpr uint64_t key = 0xdecafcaffe;   // TensorFlow's
        std::vector<uint64_t> crossed(static_cast<size_t>(in[0].size()), key);
        for (const Tensor& x : in) {
            const bool text = x.dtype() == DType::string;
            const std::vector<int64_t> numbers = text ? std::vector<int64_t>() : whole_numbers(x);
            for (size_t i = 0; i < crossed.size(); ++i)
                crossed[i] = fingerprint_of_two(crossed[i], text ? farm_fingerprint64(x.data<std::string>()[i]) : static_cast<uint64_t>(numbers[i]));
        }
        std::vector<int64_t> bins;
        for (const uint64_t hash : crossed) bins.push_back(static_cast<int64_t>(hash % static_cast<uint64_t>(count_)));
        return {encode(bins, in[0].shape())};
    }
};

class HashingLayer final : public ConfiguredLayer<HashingConfig> {
public:
    explicit HashingLayer(HashingConfig config) : ConfiguredLayer("Hashing", with_dtype(std::move(config))) {
        using enum CategoryMode;
        const CategoryMode mode = parse_category_mode(config_.output_mode, {index, one_hot, multi_hot, count});
        refuse_sparse(config_.sparse);
        const DType dtype = compute_dtype();
        if (mode == index && dtype != DType::int32 && dtype != DType::int64)
            throw ValueError(str("When `output_mode=\"int\"`, `dtype` should be an integer type, 'int32' or 'int64'. Received: dtype=", config_.dtype.name()));
        const Json& mask = config_.mask_value;
        if (!mask.is_null() && !mask.is_string() && !mask.is_number()) throw ValueError(str("`mask_value` must be a text, a number or null. Received: mask_value=", mask));
        const Salt salt = salt_of(config_.salt);
        function_ = std::make_shared<Hash>(config_, mode, salt, dtype);
        set_autocast(false);
    }
    using CustomLayer::call;
    Tensor call(const Tensor& x, const Call&) override { return host_call(function_, {x})[0]; }

private:
    static HashingConfig with_dtype(HashingConfig config) {
        if (config.dtype.is_default()) config.dtype = config.output_mode == "int" ? DType::int64 : Context::current().floatx();
        return config;
    }
    HostFunctionPtr function_;
};

// Its config holds a dtype's name, and not whether it is trainable, as Keras writes it.
class HashedCrossingLayer final : public CustomLayer {
public:
    explicit HashedCrossingLayer(HashedCrossingConfig config) : config_(std::move(config)) {
        using enum CategoryMode;
        validate(config_, "layers.HashedCrossing");
        const CategoryMode mode = parse_category_mode(config_.output_mode, {index, one_hot});
        refuse_sparse(config_.sparse);
        if (config_.dtype.empty()) config_.dtype = name_of_dtype(mode == index ? DType::int64 : DTypePolicy().resolved().compute_dtype());
        set_options({.name = config_.name, .dtype = config_.dtype});
        set_autocast(false);
        function_ = std::make_shared<Cross>(config_, mode, parse_dtype(config_.dtype));
    }
    std::string class_name() const override { return "HashedCrossing"; }
    Json get_config() const override {
        Json json = to_json(config_);
        json.set("name", name());
        return json;
    }
    void build(const ShapeTree&) override {}
    using CustomLayer::call;
    Structure call(const Structure& inputs, const Call&) override {
        const Tensors all = inputs.flatten();
        if (all.size() < 2) throw ValueError(str("`HashedCrossing` should be called on at least two inputs. Received: ", all.size()));
        return host_call(function_, all)[0];
    }

private:
    static std::string name_of_dtype(DType dtype) { return std::string(cornu::name(dtype)); }
    HashedCrossingConfig config_;
    HostFunctionPtr function_;
};

}  // namespace

void HashingConfig::describe(Schema<HashingConfig>& s) {
    using C = HashingConfig;
    describe_layer(s);
    s.field<&C::num_bins>("Number of bins.").positive();
    s.field<&C::salt>("Two numbers that change the bins.");
    s.field<&C::mask_value>("What gets bin 0.");
    s.field<&C::output_mode>("int, one_hot, multi_hot or count.");
    s.field<&C::sparse>("Refused when true.");
}
void HashedCrossingConfig::describe(Schema<HashedCrossingConfig>& s) {
    using C = HashedCrossingConfig;
    s.field<&C::num_bins>("Number of bins.").positive();
    s.field<&C::output_mode>("int or one_hot.");
    s.field<&C::sparse>("Refused when true.");
    s.field<&C::name>("Name; made from the class name when empty.");
    s.field<&C::dtype>("Dtype of the bins.");
}

Hashing::Hashing(HashingConfig config) : Layer(std::make_shared<HashingLayer>(std::move(config))) {}
HashedCrossing::HashedCrossing(HashedCrossingConfig config) : Layer(std::make_shared<HashedCrossingLayer>(std::move(config))) {}

}  // namespace cornu::layers
