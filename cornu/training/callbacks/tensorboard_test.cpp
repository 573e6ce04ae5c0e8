// Event files read back by a small reader of this test's own; tools/oracle/check_tensorboard.py has
// TensorBoard read them.
#include "cornu/training/callbacks/tensorboard.h"

#include <doctest/doctest.h>

#include <unistd.h>

#include <bit>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>

#include "cornu/layers/layers.h"
#include "cornu/models/model.h"
#include "cornu/optimizers/sgd.h"
#include "cornu/tensor/context.h"
#include "cornu/training/callbacks/event_file.h"
#include "tests/messages.h"

using namespace cornu;
namespace fs = std::filesystem;

namespace {

// Where the files go; CORNU_TENSORBOARD_DIR keeps those of the test that writes all kinds.
struct Folder {
    const char* kept = nullptr;
    fs::path path = fs::temp_directory_path() / ("cornu_tensorboard" + std::to_string(::getpid()));
    explicit Folder(bool may_be_kept = false) {
        if (may_be_kept) kept = std::getenv("CORNU_TENSORBOARD_DIR");
        if (kept) path = kept;
        else fs::remove_all(path);
    }
    ~Folder() {
        if (!kept) fs::remove_all(path);
    }
};

uint64_t little(std::string_view bytes) {
    uint64_t value = 0;
    for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
}

// field -> values: numbers as their bits, the rest as bytes.
std::multimap<int, std::string> fields(std::string_view message) {
    std::multimap<int, std::string> out;
    size_t at = 0;
    const auto varint = [&] {
        uint64_t value = 0;
        for (int shift = 0;; shift += 7) {
            const auto byte = static_cast<unsigned char>(message.at(at++));
            value |= static_cast<uint64_t>(byte & 0x7F) << shift;
            if (byte < 0x80) return value;
        }
    };
    while (at < message.size()) {
        const uint64_t key = varint();
        const int wire = key & 7;
        if (wire == 0) {
            out.emplace(key >> 3, std::to_string(varint()));
            continue;
        }
        const size_t size = wire == 1 ? 8 : wire == 5 ? 4 : varint();
        out.emplace(key >> 3, std::string(message.substr(at, size)));
        at += size;
    }
    return out;
}
std::string field(std::string_view message, int number) {
    const auto all = fields(message);
    const auto found = all.find(number);
    return found == all.end() ? "" : found->second;
}

struct Value {
    std::string tag, plugin, tensor;
    int64_t step;
};
std::vector<Value> values_in(const fs::path& folder) {
    std::vector<Value> out;
    for (const auto& entry : fs::directory_iterator(folder)) {
        CHECK(entry.path().filename().string().starts_with("events.out.tfevents."));
        std::ifstream in(entry.path(), std::ios::binary);
        const std::string bytes(std::istreambuf_iterator<char>(in), {});
        size_t at = 0;
        for (bool first = true; at < bytes.size(); first = false) {
            const std::string_view length(bytes.data() + at, 8);
            CHECK(little(std::string_view(bytes).substr(at + 8, 4)) == callbacks::masked_crc32c(length));
            const std::string_view data = std::string_view(bytes).substr(at + 12, little(length));
            REQUIRE(data.size() == little(length));
            CHECK(little(std::string_view(bytes).substr(at + 12 + data.size(), 4)) == callbacks::masked_crc32c(data));
            at += 16 + data.size();
            if (first) {
                CHECK(field(data, 3) == "brain.Event:2");
                continue;
            }
            const std::string value = field(field(data, 5), 1), step = field(data, 2);
            out.push_back({field(value, 1), field(field(field(value, 9), 1), 1), field(value, 8), step.empty() ? 0 : std::stoll(step)});
        }
    }
    return out;
}
std::vector<int64_t> steps_of(const std::vector<Value>& values, const std::string& tag) {
    std::vector<int64_t> steps;
    for (const Value& value : values)
        if (value.tag == tag) steps.push_back(value.step);
    return steps;
}


Model small() {
    const Model model = Sequential({layers::Input({.shape = {2}}), layers::Dense({.units = 3, .kernel_initializer = "ones", .name = "hidden"}), layers::Dense({.units = 1})});
    model.compile({.optimizer = optimizers::SGD({.learning_rate = 0.001}), .loss = "mse"});
    return model;
}
const Tensor x = Tensor::from(std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8}, {4, 2}), y = Tensor::from(std::vector<float>{1, 2, 3, 4}, {4, 1});

}  // namespace

TEST_CASE("the CRC of TFRecords") {
    // RFC 3720's check values, masked.
    const auto masked = [](uint32_t crc) { return (crc >> 15 | crc << 17) + 0xA282EAD8u; };
    CHECK(callbacks::masked_crc32c("123456789") == masked(0xE3069283u));
    CHECK(callbacks::masked_crc32c(std::string(32, '\0')) == masked(0x8A9136AAu));
}

TEST_CASE("TensorBoard: figures, weights, images and the model") {
    Context context;
    const Context::Use use(context);
    const Folder folder(true);
    const Model model = small();
    const callbacks::TensorBoard board({.log_dir = folder.path.string(), .histogram_freq = 2, .write_images = true, .write_steps_per_second = true, .update_freq = 2, .profile_batch = {3, 5}});
    const History history = model.fit(x, y, {.batch_size = 1, .epochs = 3, .verbose = Verbose::silent, .callbacks = {board}, .validation_data = Data(x, y)});
    const std::vector<Value> train = values_in(folder.path / "train"), validation = values_in(folder.path / "validation");
    const std::string kernel = model.weights()[0].path();
    CHECK(steps_of(train, "epoch_loss") == std::vector<int64_t>{0, 1, 2});
    CHECK(steps_of(train, "epoch_learning_rate") == std::vector<int64_t>{0, 1, 2});
    CHECK(steps_of(train, "epoch_steps_per_second") == std::vector<int64_t>{0, 1, 2});
    CHECK(steps_of(train, "batch_loss") == std::vector<int64_t>{2, 4, 6, 8, 10, 12});
    CHECK(steps_of(train, "batch_steps_per_second") == std::vector<int64_t>{2, 4, 6, 8, 10, 12});
    CHECK(steps_of(train, kernel + "/histogram") == std::vector<int64_t>{0, 2});
    CHECK(steps_of(train, kernel + "/image") == std::vector<int64_t>{0, 2});
    CHECK(steps_of(validation, "epoch_loss") == std::vector<int64_t>{0, 1, 2});
    CHECK(steps_of(validation, "evaluation_loss_vs_iterations") == std::vector<int64_t>{4, 8, 12});
    for (const Value& value : train) {
        if (value.tag == "epoch_loss") {
            const std::string bytes = field(value.tensor, 5);
            CHECK(std::bit_cast<float>(static_cast<uint32_t>(little(bytes))) == static_cast<float>(history["loss"][static_cast<size_t>(value.step)]));
            CHECK(value.plugin == "scalars");
        }
        if (value.tag == "keras") {
            CHECK(value.plugin == "graph_keras_model");
            CHECK(Json::parse(field(value.tensor, 8))["config"]["layers"].size() == 3);
        }
    }
    CHECK(steps_of(train, "keras").size() == 1);
    const fs::path run = fs::directory_iterator(folder.path / "plugins/profile")->path();
    const fs::path file = fs::directory_iterator(run)->path();
    CHECK(says(file.filename().string(), ".xplane.pb"));
    std::ifstream in(file, std::ios::binary);
    const std::string profile(std::istreambuf_iterator<char>(in), {});
    CHECK(says(profile, "dot_general"));
    CHECK(says(profile, "/hidden"));
}

TEST_CASE("histograms have thirty buckets, and room for all kinds of values") {
    std::vector<double> values = {std::numeric_limits<double>::quiet_NaN()};
    for (int i = 0; i <= 300; ++i) values.push_back(i);
    const std::vector<double> buckets = callbacks::histogram_buckets(values);
    REQUIRE(buckets.size() == 90);
    CHECK(buckets[0] == 0);
    CHECK(buckets[1] == 10);
    CHECK(buckets[2] == 10);
    CHECK(buckets[88] == 300);
    CHECK(buckets[89] == 11);
    const std::vector<double> same = callbacks::histogram_buckets(std::vector<double>{2, 2});
    CHECK(same[87] == 2);
    CHECK(same[89] == 2);
    CHECK(callbacks::histogram_buckets({}) == std::vector<double>(90, 0.0));
}

TEST_CASE("TensorBoard: options and files that cannot be") {
    const Folder folder;
    CHECK(says(message_of([] { callbacks::TensorBoard({.log_dir = ""}); }), "log_dir"));
    CHECK(says(message_of([] { callbacks::TensorBoard({.histogram_freq = -1}); }), "histogram_freq=-1"));
    CHECK(says(message_of([] { callbacks::TensorBoard({.update_freq = 0}); }), "update_freq=0"));
    CHECK(says(message_of([] { callbacks::TensorBoard({.profile_batch = {5, 3}}); }), "profile_batch={5, 3}"));
    CHECK(says(message_of([] { callbacks::TensorBoard({.profile_batch = {0, 3}}); }), "profile_batch={0, 3}"));
    const auto fit = [](const callbacks::TensorBoardConfig& config) {
        return message_of([&] { small().fit(x, y, {.verbose = Verbose::silent, .callbacks = {callbacks::TensorBoard(config)}}); });
    };
    CHECK(says(fit({.log_dir = "/proc/none"}), "[callbacks.TensorBoard] the folder /proc/none/train cannot be made"));
    CHECK(says(fit({.log_dir = folder.path.string(), .embeddings_freq = 1, .embeddings_metadata = {{"none", "words.tsv"}}}), "Embedding layers"));
    const Model words = Sequential({layers::Input({.shape = {2}}), layers::Embedding({.input_dim = 9, .output_dim = 2, .name = "words"}), layers::Flatten(), layers::Dense({.units = 1})});
    words.compile({.loss = "mse"});
    words.fit(x, y, {.epochs = 3, .verbose = Verbose::silent,
                     .callbacks = {callbacks::TensorBoard({.log_dir = folder.path.string(), .embeddings_freq = 2, .embeddings_metadata = {{"words", "words.tsv"}}})}});
    CHECK(fs::exists(folder.path / "train/keras_embedding.ckpt-2.weights.h5"));
    std::ifstream projector(folder.path / "projector_config.pbtxt");
    CHECK(says(std::string(std::istreambuf_iterator<char>(projector), {}), "metadata_path: \"words.tsv\""));
}
