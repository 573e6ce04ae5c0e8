// Layers on text and categories against what Keras recorded of them, and what they refuse.
#include <doctest/doctest.h>

#include <cstdlib>

#include "cornu/data/dataset.h"
#include "cornu/layers/layers.h"
#include "cornu/layers/registry.h"
#include "cornu/models/functional.h"
#include "cornu/ops/elementwise.h"
#include "cornu/saving/keras_file.h"
#include "cornu/saving/sink.h"
#include "cornu/tensor/context.h"
#include "cornu/testing/golden.h"
#include "cornu/testing/near.h"
#include "tests/golden.h"
#include "tests/messages.h"

using namespace cornu;

#define REFUSES(part, ...)                                             \
    do {                                                               \
        const std::string said = message_of([&] { (void)(__VA_ARGS__); }); \
        CHECK_MESSAGE(says(said, part), said);                         \
    } while (false)

namespace {

using Strings = std::vector<std::string>;

Json vocabulary_of(const Layer& layer, bool special) {
    const auto as_json = [](const auto& tokens) {
        Json list = Json::array();
        for (const auto& token : tokens) list.push_back(token);
        return list;
    };
    const std::string name = layer.impl().class_name();
    if (name == "IntegerLookup") return as_json(layers::IntegerLookup(layer).get_vocabulary(special));
    if (name == "StringLookup") return as_json(layers::StringLookup(layer).get_vocabulary(special));
    return as_json(layers::TextVectorization(layer).get_vocabulary(special));
}

template <class F>
void adapt(const Layer& layer, F&& f) {
    const std::string name = layer.impl().class_name();
    if (name == "IntegerLookup") f(layers::IntegerLookup(layer));
    else if (name == "StringLookup") f(layers::StringLookup(layer));
    else if (name == "Discretization") f(layers::Discretization(layer));
    else f(layers::TextVectorization(layer));
}

Structure nest(const Tensors& x) { return x.size() == 1 ? Structure(x[0]) : Structure(x); }

std::string gap(const Tensor& ours, const Tensor& theirs) {
    if (theirs.dtype() == DType::string) return ours.to_vector<std::string>() == theirs.to_vector<std::string>() ? "" : str(ours, " expected ", theirs);
    const DType dtype = is_float(ours.dtype()) ? DType::float32 : DType::int64;   // JAX narrows the latter
    return testing::difference_of_values(ops::cast(ours, dtype), ops::cast(theirs, dtype), 1e-6);
}

Model written_and_read(const Model& model) {
    return saving::load_model(saving::ByteSource::own("again.keras", [&] {
        saving::MemorySink sink;
        saving::ZipWriter zip(sink);
        saving::add_model(zip, model, saving::model_config(model));
        zip.finish();
        return sink.take();
    }()), {.compile = false});
}

}  // namespace

TEST_CASE("layers on text and categories do what Keras recorded of them; files for the oracle") {
    const char* folder = std::getenv("CORNU_WRITE_FILES");   // for tools/oracle/check_text.py
    const testing::Golden golden(golden_path("text.zip"));
    for (const Json& recorded : golden.cases()) {
        if (!recorded.find("layer")) continue;
        const std::string name = recorded["name"].as_string();
        CAPTURE(name);
        Context context;
        const Context::Use use(context);
        const Tensors x = golden.tensors(recorded["x"]);
        const Tensor expected = golden.tensor(recorded["outputs"]);
        if (const Json* fresh = recorded.find("fresh")) {
            const Layer layer = layers::deserialize(*fresh);
            const Tensors batches = golden.tensors(recorded["batches"]);
            if (recorded["adapted"].as_bool()) {
                const Batch first{.x = batches[0]};
                size_t next = 0;
                const Dataset data = Dataset::from_tensor_slices(Tensor::from(std::vector<float>(batches.size()))).map([&](Batch) { return Batch{.x = batches[next++]}; });
                adapt(layer, [&](const auto& it) { it.adapt(data); });
            } else {
                adapt(layer, [&](const auto& it) { it.adapt(batches[0]); });
            }
            if (recorded.find("vocabulary")) {
                CHECK(vocabulary_of(layer, true) == recorded["vocabulary"]);
                CHECK(vocabulary_of(layer, false) == recorded["tokens"]);
            }
            CHECK(gap(layer(x[0]), expected) == "");
        }
        if (!recorded.find("model")) {
            CHECK(gap(layers::deserialize(recorded["made"])(nest(x)).leaf(), expected) == "");
            continue;
        }
        for (Model model = saving::load_model(golden.file(recorded["model"]), {.compile = false}); const bool again : {false, true}) {
            CAPTURE(again);
            if (again) model = written_and_read(model);
            const Layer layer = model.layers().back();
            CHECK(layer.get_config() == recorded["made"]["config"]);
            if (folder && !again) saving::save_model(model, str(folder, "/", name, ".keras"));
            if (recorded.find("vocabulary")) CHECK(vocabulary_of(layer, true) == recorded["vocabulary"]);
            CHECK(gap(layer(nest(x)).leaf(), expected) == "");
            const Structure predicted = model.predict(nest(x));
            if (x[0].rank() > 1 || expected.rank() < 1 || expected.shape()[0] == x[0].shape()[0]) CHECK(gap(predicted.leaf(), expected) == "");
        }
    }
}

TEST_CASE("models that begin with text predict and learn as Keras does") {
    const testing::Golden golden(golden_path("text.zip"));
    for (const Json& recorded : golden.cases()) {
        if (recorded.find("layer")) continue;
        const std::string name = recorded["name"].as_string();
        for (const bool again : {false, true}) {
            CAPTURE(name);
            CAPTURE(again);
            Model model = saving::load_model(golden.file(recorded["model"]));
            if (again) model = written_and_read(model);
            const Tensors x = golden.tensors(recorded["x"]);
            const Tensor y = golden.tensor(recorded["y"]), expected = golden.tensor(recorded["predictions"]);
            if (name != "varying_length")   // whose rows are filled up to the longest of a batch
                CHECK(testing::difference_of_values(model.predict(nest(x), {.batch_size = 2}).leaf(), expected, 1e-5) == "");
            CHECK(testing::difference_of_values(model.predict(nest(x)).leaf(), expected, 1e-5) == "");
            CHECK(testing::difference_of_values(static_cast<const Layer&>(model)(nest(x)).leaf(), expected, 1e-5) == "");
            if (again) continue;
            for (const Json& loss : recorded["losses"].as_array()) {
                CHECK(model.train_on_batch(nest(x), y)["loss"] == doctest::Approx(loss.as_double()).epsilon(1e-4));
            }
            const Variables weights = model.weights();
            REQUIRE(weights.size() == recorded["weights"].size());
            for (size_t i = 0; i < weights.size(); ++i)
                CHECK(testing::difference_of_values(weights[i].value(), golden.tensor(recorded["weights"][i]["value"]), 1e-4) == "");
        }
    }
}

TEST_CASE("a vocabulary that changes is seen by programs that exist") {
    const Tensor in = Input({.shape = {1}, .dtype = "string"});
    const layers::StringLookup lookup({.vocabulary = {"a", "b"}});
    const Model model(in, lookup(in));
    const Tensor x = Tensor::from(Strings{"b", "c"}, Shape{2, 1});
    CHECK(model.predict(x).to_vector<int64_t>() == std::vector<int64_t>{2, 0});
    lookup.set_vocabulary({"c", "b"});
    CHECK(model.predict(x).to_vector<int64_t>() == std::vector<int64_t>{2, 1});
}

TEST_CASE("words come out of a model, batch by batch") {
    const Tensor in = Input({.shape = {2}, .dtype = "int64"});
    const layers::StringLookup words({.vocabulary = {"a", "b"}, .invert = true});
    const Model model(in, words(in));
    const Tensor x = Tensor::from(std::vector<int64_t>{1, 2, 0, 9, 2, 2}, Shape{3, 2});
    const Tensor out = model.predict(x, {.batch_size = 2});
    CHECK(out.shape() == Shape{3, 2});
    CHECK(out.to_vector<std::string>() == Strings{"a", "b", "[UNK]", "[UNK]", "b", "b"});
}

TEST_CASE("a vocabulary that no file can hold is not written") {
    const Tensor in = Input({.shape = {1}, .dtype = "string"});
    const layers::TextVectorization characters({.standardize = std::nullopt, .split = "character", .output_sequence_length = 4});
    characters.adapt(Tensor::from(Strings{"a\nb"}));
    const Model model(in, characters(in));
    REFUSES("a token with a line break cannot be kept in a vocabulary file", written_and_read(model));
}

TEST_CASE("an .h5 file is refused where it would lose a vocabulary") {
    const Tensor in = Input({.shape = {1}, .dtype = "string"});
    const layers::StringLookup lookup({.name = "lookup"});
    lookup.adapt(Tensor::from(Strings{"b", "a", "a"}));
    REFUSES("no place for the vocabulary of the layer \"lookup\"", saving::save_model(Model(in, lookup(in)), "never_written.h5"));
}

TEST_CASE("hostile vocabularies are refused, not believed") {
    const Tensor in = Input({.shape = {1}, .dtype = "string"});
    const layers::StringLookup lookup({.name = "lookup"});
    lookup.adapt(Tensor::from(Strings{"b", "a", "a"}));
    const Model model(in, lookup(in));
    const auto read = [&](std::optional<std::string_view> vocabulary, saving::LoadLimits limits = {}) {
        saving::MemorySink all, changed;
        saving::ZipWriter whole(all);
        saving::add_model(whole, model, saving::model_config(model));
        whole.finish();
        const saving::ZipReader file(saving::ByteSource::own("whole", all.take()));
        saving::ZipWriter zip(changed);
        for (const saving::ZipMember& member : file.members())
            if (!member.name.starts_with("assets/")) zip.add(member.name, file.open(member.name).bytes());
        if (vocabulary) zip.add("assets/layers/string_lookup/vocabulary.txt", *vocabulary);
        zip.finish();
        return saving::load_model(saving::ByteSource::own("hostile.keras", changed.take()), {.limits = limits});
    };
    const Model right = read("[UNK]\na\nb");
    CHECK(layers::StringLookup(right.layers()[1]).get_vocabulary() == Strings{"[UNK]", "a", "b"});
    CHECK(layers::StringLookup(read("[UNK]\r\na\r\nb\n\n").layers()[1]).get_vocabulary() == Strings{"[UNK]", "a", "b"});
    CHECK(layers::StringLookup(read("").layers()[1]).get_vocabulary() == Strings{"[UNK]"});
    REFUSES("repeated terms are: ['a']", read("[UNK]\na\na"));
    REFUSES("must be UTF-8", read("[UNK]\na\n\xff\xfe"));
    REFUSES("LoadLimits::max_vocabulary", read("[UNK]\na\nb\nc", {.max_vocabulary = 3}));
    REFUSES("missing: assets/layers/string_lookup/vocabulary.txt", read(std::nullopt));
    REFUSES("LoadLimits", read(std::string(64 << 20, '\n'), {.max_vocabulary = 1000}));
}

TEST_CASE("what layers on text refuse") {
    using namespace layers;
    const Tensor text = Tensor::from(Strings{"a", "q"}, Shape{2, 1});
    REFUSES("`max_tokens` must be greater than 1", StringLookup({.max_tokens = 1}));
    REFUSES("repeated terms are: ['a']", StringLookup({.vocabulary = {"a", "b", "a"}}));
    REFUSES("Found reserved mask token", StringLookup({.mask_token = "m", .vocabulary = {"a", "m"}}));
    REFUSES("larger than the maximum vocab size", StringLookup({.max_tokens = 2, .vocabulary = {"a", "b"}}));
    REFUSES("Cannot set an empty vocabulary", StringLookup({.vocabulary = std::vector<std::string>()}));
    REFUSES("`idf_weights` argument must also be provided", StringLookup({.vocabulary = {"a"}, .output_mode = "tf_idf"}));
    REFUSES("Received: output_mode=two_hot", StringLookup({.output_mode = "two_hot"}));
    REFUSES("when `invert` is true", StringLookup({.invert = true, .output_mode = "count"}));
    REFUSES("sparse tensors are not supported", StringLookup({.sparse = true}));
    REFUSES("Received: encoding=latin-1", StringLookup({.encoding = "latin-1"}));
    REFUSES("found OOV values ['q']", StringLookup({.num_oov_indices = 0, .vocabulary = {"a"}})(text));
    REFUSES("the layer takes strings", StringLookup({.vocabulary = {"a"}})(Tensor::from(std::vector<int32_t>{1})));
    REFUSES("you must set the layer's vocabulary", StringLookup({.output_mode = "count"})(text));
    REFUSES("Cannot adapt", StringLookup({.vocabulary = {"a"}}).adapt(text));
    REFUSES("`salt` can only be used when", IntegerLookup({.salt = {{1, 2}}}));
    REFUSES("the layer takes integers", IntegerLookup()(text));
    REFUSES("ragged tensors are not supported", TextVectorization({.ragged = true}));
    REFUSES("`ngrams` must be positive", TextVectorization({.ngrams = 0}));
    REFUSES("`output_sequence_length` must not be set", TextVectorization({.output_mode = "count", .output_sequence_length = 3}));
    REFUSES("last shape dimension must be 1", TextVectorization()(Tensor::from(Strings{"a", "b"}, Shape{1, 2})));
    REFUSES("num_bins must be positive", Hashing({.num_bins = 0}));
    REFUSES("should be an integer type", Hashing({.num_bins = 3, .dtype = "float32"}));
    REFUSES("must be of the inputs' kind", Hashing({.num_bins = 3, .mask_value = 5})(text));
    REFUSES("at least two inputs", HashedCrossing({.num_bins = 3})({text}));
    REFUSES("should have equal shape", HashedCrossing({.num_bins = 3})({text, Tensor::from(Strings{"a"})}));
    REFUSES("Received: output_mode=int", CategoryEncoding({.num_tokens = 3, .output_mode = "int"}));
    REFUSES("either `num_bins` or `bin_boundaries`", Discretization(DiscretizationConfig{}));
    REFUSES("before you can start using", Discretization({.num_bins = 3})(Tensor::from(std::vector<float>{1})));
    REFUSES("never opened", deserialize(Json::parse(R"({"module": "keras.layers", "class_name": "StringLookup", "registered_name": null,
        "config": {"vocabulary": "/etc/passwd"}})")));
    REFUSES("standardize", deserialize(Json::parse(R"({"module": "keras.layers", "class_name": "TextVectorization", "registered_name": null,
        "config": {"standardize": {"class_name": "function", "config": "os.system"}}})")));
    REFUSES("a layer of class StringLookup was expected. Received: Hashing", StringLookup(Layer(Hashing({.num_bins = 2}))));
}
