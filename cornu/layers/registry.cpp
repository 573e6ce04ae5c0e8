#include "cornu/layers/registry.h"

#include <map>

#include "cornu/layers/layers.h"
#include "cornu/tensor/context.h"

namespace cornu {

namespace {

struct Registered {
    std::map<std::string, LayerClass> classes;
};

template <class Handle>
LayerClass item(const char* class_name) {
    using Config = typename Handle::Config;
    return {.class_name = class_name,
            .from_config = [class_name](const Json& json) -> Layer { return Handle(from_json<Config>(json, str("layers.", class_name))); },
            .schema = &schema_of<Config>()};
}

}  // namespace

namespace layers {

const std::vector<LayerClass>& layer_classes() {
    static const std::vector<LayerClass> classes = {
        // core
        item<InputLayer>("InputLayer"),
        item<Dense>("Dense"),
        item<EinsumDense>("EinsumDense"),
        item<Embedding>("Embedding"),
        item<Activation>("Activation"),
        item<Identity>("Identity"),
        item<Masking>("Masking"),
        item<Lambda>("Lambda"),
        item<ReversibleEmbedding>("ReversibleEmbedding"),
        item<Wrapper>("Wrapper"),
        item<TorchModuleWrapper>("TorchModuleWrapper"),
        // activations
        item<ReLU>("ReLU"),
        item<LeakyReLU>("LeakyReLU"),
        item<ELU>("ELU"),
        item<PReLU>("PReLU"),
        item<Softmax>("Softmax"),
        // convolutional
        item<Conv1D>("Conv1D"),
        item<Conv2D>("Conv2D"),
        item<Conv3D>("Conv3D"),
        item<Conv1DTranspose>("Conv1DTranspose"),
        item<Conv2DTranspose>("Conv2DTranspose"),
        item<Conv3DTranspose>("Conv3DTranspose"),
        item<DepthwiseConv1D>("DepthwiseConv1D"),
        item<DepthwiseConv2D>("DepthwiseConv2D"),
        item<SeparableConv1D>("SeparableConv1D"),
        item<SeparableConv2D>("SeparableConv2D"),
        // pooling
        item<MaxPooling1D>("MaxPooling1D"),
        item<MaxPooling2D>("MaxPooling2D"),
        item<MaxPooling3D>("MaxPooling3D"),
        item<AveragePooling1D>("AveragePooling1D"),
        item<AveragePooling2D>("AveragePooling2D"),
        item<AveragePooling3D>("AveragePooling3D"),
        item<GlobalMaxPooling1D>("GlobalMaxPooling1D"),
        item<GlobalMaxPooling2D>("GlobalMaxPooling2D"),
        item<GlobalMaxPooling3D>("GlobalMaxPooling3D"),
        item<GlobalAveragePooling1D>("GlobalAveragePooling1D"),
        item<GlobalAveragePooling2D>("GlobalAveragePooling2D"),
        item<GlobalAveragePooling3D>("GlobalAveragePooling3D"),
        item<AdaptiveAveragePooling1D>("AdaptiveAveragePooling1D"),
        item<AdaptiveAveragePooling2D>("AdaptiveAveragePooling2D"),
        item<AdaptiveAveragePooling3D>("AdaptiveAveragePooling3D"),
        item<AdaptiveMaxPooling1D>("AdaptiveMaxPooling1D"),
        item<AdaptiveMaxPooling2D>("AdaptiveMaxPooling2D"),
        item<AdaptiveMaxPooling3D>("AdaptiveMaxPooling3D"),
        // normalization
        item<BatchNormalization>("BatchNormalization"),
        item<LayerNormalization>("LayerNormalization"),
        item<RMSNormalization>("RMSNormalization"),
        item<GroupNormalization>("GroupNormalization"),
        item<SpectralNormalization>("SpectralNormalization"),
        item<UnitNormalization>("UnitNormalization"),
        // attention
        item<Attention>("Attention"),
        item<AdditiveAttention>("AdditiveAttention"),
        item<MultiHeadAttention>("MultiHeadAttention"),
        item<GroupQueryAttention>("GroupQueryAttention"),
        // merging
        item<Add>("Add"),
        item<Subtract>("Subtract"),
        item<Multiply>("Multiply"),
        item<Average>("Average"),
        item<Maximum>("Maximum"),
        item<Minimum>("Minimum"),
        item<Concatenate>("Concatenate"),
        item<Dot>("Dot"),
        // preprocessing
        item<CategoryEncoding>("CategoryEncoding"),
        item<Discretization>("Discretization"),
        item<HashedCrossing>("HashedCrossing"),
        item<Hashing>("Hashing"),
        item<IntegerLookup>("IntegerLookup"),
        item<MelSpectrogram>("MelSpectrogram"),
        item<Normalization>("Normalization"),
        item<Rescaling>("Rescaling"),
        item<STFTSpectrogram>("STFTSpectrogram"),
        item<StringLookup>("StringLookup"),
        item<TextVectorization>("TextVectorization"),
        item<Resizing>("Resizing"),
        item<CenterCrop>("CenterCrop"),
        item<RandomCrop>("RandomCrop"),
        item<RandomFlip>("RandomFlip"),
        item<RandomRotation>("RandomRotation"),
        item<RandomTranslation>("RandomTranslation"),
        item<RandomZoom>("RandomZoom"),
        item<RandomShear>("RandomShear"),
        item<RandomPerspective>("RandomPerspective"),
        item<RandomElasticTransform>("RandomElasticTransform"),
        item<RandomBrightness>("RandomBrightness"),
        item<RandomContrast>("RandomContrast"),
        item<RandomSaturation>("RandomSaturation"),
        item<RandomHue>("RandomHue"),
        item<RandomGrayscale>("RandomGrayscale"),
        item<RandomColorDegeneration>("RandomColorDegeneration"),
        item<RandomColorJitter>("RandomColorJitter"),
        item<RandomInvert>("RandomInvert"),
        item<RandomPosterization>("RandomPosterization"),
        item<Solarization>("Solarization"),
        item<RandomSharpness>("RandomSharpness"),
        item<RandomGaussianBlur>("RandomGaussianBlur"),
        item<AutoContrast>("AutoContrast"),
        item<Equalization>("Equalization"),
        item<ContrastLimitedAdaptiveHistogramEqualization>("ContrastLimitedAdaptiveHistogramEqualization"),
        item<MixUp>("MixUp"),
        item<CutMix>("CutMix"),
        item<RandomErasing>("RandomErasing"),
        item<RandAugment>("RandAugment"),
        item<AugMix>("AugMix"),
        item<MaxNumBoundingBoxes>("MaxNumBoundingBoxes"),
        item<Pipeline>("Pipeline"),
        // reshaping
        item<Flatten>("Flatten"),
        item<Reshape>("Reshape"),
        item<Permute>("Permute"),
        item<RepeatVector>("RepeatVector"),
        item<Cropping1D>("Cropping1D"),
        item<Cropping2D>("Cropping2D"),
        item<Cropping3D>("Cropping3D"),
        item<ZeroPadding1D>("ZeroPadding1D"),
        item<ZeroPadding2D>("ZeroPadding2D"),
        item<ZeroPadding3D>("ZeroPadding3D"),
        item<UpSampling1D>("UpSampling1D"),
        item<UpSampling2D>("UpSampling2D"),
        item<UpSampling3D>("UpSampling3D"),
        // rnn
        item<SimpleRNNCell>("SimpleRNNCell"),
        item<LSTMCell>("LSTMCell"),
        item<GRUCell>("GRUCell"),
        item<StackedRNNCells>("StackedRNNCells"),
        item<RNN>("RNN"),
        item<SimpleRNN>("SimpleRNN"),
        item<LSTM>("LSTM"),
        item<GRU>("GRU"),
        item<Bidirectional>("Bidirectional"),
        item<TimeDistributed>("TimeDistributed"),
        item<ConvLSTM1D>("ConvLSTM1D"),
        item<ConvLSTM2D>("ConvLSTM2D"),
        item<ConvLSTM3D>("ConvLSTM3D"),
        // regularization
        item<Dropout>("Dropout"),
        item<SpatialDropout1D>("SpatialDropout1D"),
        item<SpatialDropout2D>("SpatialDropout2D"),
        item<SpatialDropout3D>("SpatialDropout3D"),
        item<GaussianDropout>("GaussianDropout"),
        item<GaussianNoise>("GaussianNoise"),
        item<AlphaDropout>("AlphaDropout"),
        item<ActivityRegularization>("ActivityRegularization"),
    };
    return classes;
}

const LayerClass* find_layer_class(const SerializedObject& object) {
    const auto& own = Context::current().state<Registered>().classes;
    for (const std::string& name : {object.registered_name, object.class_name})
        if (const auto found = own.find(name); !name.empty() && found != own.end()) return &found->second;
    if (!object.module.empty() && object.module != "keras.layers" && object.module.rfind("keras.src.layers", 0) != 0) return nullptr;
    for (const LayerClass& item : layer_classes())
        if (item.class_name == object.class_name) return &item;
    return nullptr;
}

void register_layer_class(LayerClass layer_class) {
    const std::string name = layer_class.registered_name.empty() ? layer_class.class_name : layer_class.registered_name;
    Context::current().state<Registered>().classes[name] = std::move(layer_class);
}

bool is_model_class(const std::string& class_name) { return class_name == "Sequential" || class_name == "Functional" || class_name == "Model"; }

Json serialize(const Layer& layer) {
    const std::string class_name = layer.impl().class_name();
    SerializedObject object{.module = "keras.layers", .class_name = class_name, .registered_name = {}, .config = layer.get_config()};
    for (const auto& [name, item] : Context::current().state<Registered>().classes)
        if (item.class_name == class_name || name == class_name) {
            object.module = item.module;
            object.class_name = item.class_name;
            object.registered_name = name;
        }
    Json json = write_object(object);
    if (object.module.empty()) json.set("module", Json());
    if (const Json build = layer.impl().get_build_config(); !build.is_null()) json.set("build_config", build);
    return json;
}

Layer deserialize(const Json& json) {
    const SerializedObject object = read_object(json, "a layer");
    const LayerClass* found = find_layer_class(object);
    if (!found)
        throw ValueError(str("Could not locate the layer class '", describe_object(object),
                             "'. A class of one's own must be known by layers::register_layer<T>(\"package>Name\") first."));
    return found->from_config(object.config);
}

}  // namespace layers

Json Codec<Layer>::encode(const Layer& v) {
    if (!v.defined()) return {};
    return layers::is_model_class(v.impl().class_name()) ? layers::serialize_model(v) : layers::serialize(v);
}
void Codec<Layer>::decode(const Json& j, Layer& v) {
    if (j.is_null()) v = Layer();
    else v = layers::is_model_class(read_object(j, "a layer").class_name) ? layers::deserialize_model(j) : layers::deserialize(j);
}

}  // namespace cornu
