// Training that is killed and goes on: by SIGKILL at places of an epoch and at no place in
// particular, through full disks and damaged files.
#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "cornu/layers/layers.h"
#include "cornu/models/model.h"
#include "cornu/optimizers/adam.h"
#include "cornu/optimizers/sgd.h"
#include "cornu/random/seed_generator.h"
#include "cornu/saving/arrays.h"
#include "cornu/saving/keras_file.h"
#include "cornu/tensor/context.h"
#include "cornu/training/callbacks/callbacks.h"
#include "tests/messages.h"

using namespace cornu;
namespace fs = std::filesystem;

namespace {

struct Folder {
    fs::path path;
    explicit Folder(const std::string& name) : path(fs::temp_directory_path() / ("cornu_backup_" + name + std::to_string(::getpid()))) {
        fs::remove_all(path);
        fs::create_directories(path);
    }
    ~Folder() { fs::remove_all(path); }
    std::string file(const std::string& name) const { return (path / name).string(); }
};

constexpr int64_t samples = 44, batch_size = 8, epochs = 5;  // six batches, the last one smaller

Tensor inputs() {
    random::NumpyRandom rng(1);
    std::vector<float> values;
    for (int64_t i = 0; i < samples * 3; ++i) values.push_back(static_cast<float>(rng.uniform(-1, 1)));
    return Tensor::from(values, {samples, 3});
}
Tensor targets() {
    random::NumpyRandom rng(2);
    std::vector<float> values;
    for (int64_t i = 0; i < samples; ++i) values.push_back(static_cast<float>(rng.uniform(-1, 1)));
    return Tensor::from(values, {samples, 1});
}

// Everything that a backup must hold: dropout seeded by itself, shuffling, Adam's slots, metrics, a
// rate that follows a plateau, best weights put aside.
Model dropping() {
    const Model model = Sequential({layers::Input({.shape = {3}}), layers::Dense({.units = 8, .activation = "relu"}), layers::Dropout({.rate = 0.4}),
                                    layers::Dense({.units = 1})});
    model.compile({.optimizer = optimizers::Adam({.learning_rate = 0.02}), .loss = "mse", .metrics = {"mae"}});
    return model;
}

struct Training {
    std::string backup;
    std::optional<int64_t> save_freq = {};
    std::optional<int64_t> kill_at = {};       // batches of this process
    int64_t steps_per_epoch = 0;
    bool dataset = false;
};

// Trains from the same seed on and writes what came out: weights, figures of the epochs of this run,
// what was drawn afterwards.
void train(const Training& t, const std::string& result) {
    Context context;
    const Context::Use use(context);
    random::set_random_seed(9);
    const Model model = dropping();
    FitOptions options{.batch_size = batch_size, .epochs = epochs, .verbose = Verbose::silent, .validation_split = 0.25};
    int64_t batches = 0;
    if (t.kill_at)
        options.callbacks.push_back(callbacks::LambdaCallback({.on_train_batch_end = [&](int64_t, const Logs&) {
            if (++batches == *t.kill_at) std::raise(SIGKILL);
        }}));
    else options.callbacks.push_back(callbacks::LambdaCallback({}));
    options.callbacks.push_back(callbacks::EarlyStopping({.patience = 4, .restore_best_weights = true}));
    if (!t.backup.empty()) options.callbacks.push_back(callbacks::BackupAndRestore({.backup_dir = t.backup, .save_freq = t.save_freq, .double_checkpoint = true}));
    options.callbacks.push_back(callbacks::ReduceLROnPlateau({.factor = 0.5, .patience = 1}));
    if (t.steps_per_epoch) options.steps_per_epoch = t.steps_per_epoch;
    History history;
    if (t.dataset) {
        options.validation_split = 0;
        options.validation_data = Data(inputs(), targets());
        history = model.fit(Dataset::from_tensor_slices(inputs(), targets()).shuffle(20).batch(batch_size), options);
    } else {
        history = model.fit(inputs(), targets(), options);
    }
    NamedTensors out;
    for (const Variable& weight : model.weights()) out.emplace_back(weight.path(), weight.value());
    for (const Variable& slot : model.optimizer().variables()) out.emplace_back(slot.path(), slot.value());
    // No figures are left when it was killed after the last epoch.
    for (const char* name : {"loss", "val_mae"}) out.emplace_back(name, Tensor::from(history.contains(name) ? history[name] : std::vector<double>()));
    out.emplace_back("python", Tensor(random::python_random().random()));
    out.emplace_back("numpy", Tensor(random::numpy_random().random_sample()));
    save_npz(result, out);
}

// The same in a process of its own; its exit status. The program starts itself again, as a fork of
// one with threads could do little.
struct Child {
    pid_t pid;
    explicit Child(const Training& t, const std::string& result) {
        const std::string kill = t.kill_at ? std::to_string(*t.kill_at) : "", freq = t.save_freq ? std::to_string(*t.save_freq) : "";
        const std::string steps = std::to_string(t.steps_per_epoch);
        pid = ::fork();
        if (pid != 0) return;
        ::setenv("CORNU_TEST_BACKUP", t.backup.c_str(), 1);
        ::setenv("CORNU_TEST_KILL", kill.c_str(), 1);
        ::setenv("CORNU_TEST_FREQ", freq.c_str(), 1);
        ::setenv("CORNU_TEST_STEPS", steps.c_str(), 1);
        ::setenv("CORNU_TEST_DATASET", t.dataset ? "1" : "", 1);
        ::setenv("CORNU_TEST_RESULT", result.c_str(), 1);
        // What it says is looked at when it failed.
        ::dup2(::open((result + ".log").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666), 1);
        ::execl("/proc/self/exe", "test_training", "--test-case=a training that may be killed", "--no-skip", nullptr);
        ::_exit(99);
    }
    int status() const {
        int status = 0;
        ::waitpid(pid, &status, 0);
        return status;
    }
};
std::string text_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}
bool was_killed(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL; }
bool went_well(int status) { return WIFEXITED(status) && WEXITSTATUS(status) == 0; }

// All but the figures of epochs that an earlier process has seen.
void check_same(const std::string& path, const std::string& expected_path) {
    const NamedTensors got = load_arrays(path), expected = load_arrays(expected_path);
    REQUIRE(got.size() == expected.size());
    for (size_t i = 0; i < got.size(); ++i) {
        CAPTURE(got[i].first);
        CHECK(got[i].first == expected[i].first);
        const std::vector<double> a = got[i].second.to_vector<double>(), b = expected[i].second.to_vector<double>();
        REQUIRE(a.size() <= b.size());
        if (got[i].first != "loss" && got[i].first != "val_mae") REQUIRE(a.size() == b.size());
        CHECK(std::equal(a.begin(), a.end(), b.end() - static_cast<std::ptrdiff_t>(a.size())));
    }
}

}  // namespace

TEST_CASE("a training that may be killed" * doctest::skip()) {
    const auto number = [](const char* name) {
        const char* text = std::getenv(name);
        return text && *text ? std::optional<int64_t>(std::atoll(text)) : std::nullopt;
    };
    const char* result = std::getenv("CORNU_TEST_RESULT");
    REQUIRE(result);
    train({.backup = std::getenv("CORNU_TEST_BACKUP"), .save_freq = number("CORNU_TEST_FREQ"), .kill_at = number("CORNU_TEST_KILL"),
           .steps_per_epoch = *number("CORNU_TEST_STEPS"), .dataset = number("CORNU_TEST_DATASET").has_value()}, result);
}

TEST_CASE("BackupAndRestore: killed at any place of an epoch, a rerun ends as if it had not been") {
    const Folder folder("kill");
    const std::string undisturbed = folder.file("undisturbed.npz"), result = folder.file("result.npz"), backup = folder.file("backup");
    train({}, undisturbed);
    // Five batches an epoch: places in the first, at its end, in later ones.
    for (const std::optional<int64_t> freq : {std::optional<int64_t>(), std::optional<int64_t>(1), std::optional<int64_t>(3)})
        for (const int64_t place : {1, 3, 5, 6, 10, 14}) {
            CAPTURE(place);
            CAPTURE(freq.value_or(0));
            CHECK(was_killed(Child({.backup = backup, .save_freq = freq, .kill_at = place}, result).status()));
            CHECK(!fs::exists(result));
            CHECK(went_well(Child({.backup = backup, .save_freq = freq}, result).status()));
            check_same(result, undisturbed);
            CHECK(!fs::exists(backup));  // finished
            fs::remove(result);
        }
}

TEST_CASE("BackupAndRestore: killed again and again, at any moment") {
    const Folder folder("often");
    const std::string undisturbed = folder.file("undisturbed.npz"), result = folder.file("result.npz"), backup = folder.file("backup");
    train({}, undisturbed);
    int kills = 0;
    for (int attempt = 0; attempt < 400; ++attempt) {
        const Child child({.backup = backup, .save_freq = 1}, result);
        std::this_thread::sleep_for(std::chrono::milliseconds(15 + 7 * attempt));
        ::kill(child.pid, SIGKILL);
        const int status = child.status();
        if (went_well(status)) break;
        INFO(text_of(result + ".log"));
        REQUIRE(was_killed(status));
        ++kills;
    }
    CHECK(kills > 0);
    check_same(result, undisturbed);
}

TEST_CASE("BackupAndRestore: epochs that go on where the last ended, shuffled datasets") {
    const Folder folder("steps");
    const std::string undisturbed = folder.file("undisturbed.npz"), result = folder.file("result.npz"), backup = folder.file("backup");
    for (const bool dataset : {false, true}) {
        Training t{.steps_per_epoch = 3, .dataset = dataset};
        train(t, undisturbed);
        t.backup = backup;
        t.save_freq = 1;
        for (const int64_t place : {2, 5, 9, 13}) {
            CAPTURE(place);
            CAPTURE(dataset);
            t.kill_at = place;
            CHECK(was_killed(Child(t, result).status()));
            t.kill_at.reset();
            CHECK(went_well(Child(t, result).status()));
            check_same(result, undisturbed);
        }
    }
}

namespace {

// Ends the training by an exception once so many epochs are over.
struct Interruption : Error {
    using Error::Error;
};
void train_until(const callbacks::BackupAndRestoreConfig& config, int64_t epoch, const Model& model = dropping()) {
    const callbacks::LambdaCallback stop({.on_epoch_begin = [epoch](int64_t at, const Logs&) {
        if (at == epoch) throw Interruption("interrupted");
    }});
    model.fit(inputs(), targets(), {.batch_size = batch_size, .epochs = epochs, .verbose = Verbose::silent, .callbacks = {callbacks::BackupAndRestore(config), stop}});
}

}  // namespace

TEST_CASE("BackupAndRestore: what is kept, what is removed, Keras's own file") {
    const Folder folder("kept");
    const callbacks::BackupAndRestoreConfig config{.backup_dir = folder.file("b"), .double_checkpoint = true};
    CHECK(message_of([&] { train_until(config, 3); }) == "interrupted");
    CHECK(fs::exists(folder.file("b/latest.keras")));
    CHECK(fs::exists(folder.file("b/previous.keras")));
    const Model backed_up = load_model(folder.file("b/latest.keras"));
    CHECK(backed_up.optimizer().impl().iterations().item<int>() == 18);
    const History rest = dropping().fit(inputs(), targets(), {.batch_size = batch_size, .epochs = epochs, .verbose = Verbose::silent,
        .callbacks = {callbacks::BackupAndRestore({.backup_dir = folder.file("b"), .delete_checkpoint = false})}});
    CHECK(rest.epoch == std::vector<int64_t>{3, 4});
    CHECK(fs::exists(folder.file("b/latest.keras")));
    // Nothing is left to do, and nothing is done.
    const Model done = dropping();
    CHECK(done.fit(inputs(), targets(), {.batch_size = batch_size, .epochs = epochs, .verbose = Verbose::silent, .callbacks = {callbacks::BackupAndRestore(config)}}).epoch.empty());
    CHECK(done.optimizer().impl().iterations().item<int>() == 30);
    CHECK(!fs::exists(folder.file("b")));
    CHECK(says(message_of([] { callbacks::BackupAndRestore({.backup_dir = ""}); }), "backup_dir"));
    CHECK(says(message_of([] { callbacks::BackupAndRestore({.backup_dir = "b", .save_freq = 0}); }), "save_freq=0"));
    const Model unbuilt = Sequential({layers::Dense({.units = 1})});
    unbuilt.compile({.loss = "mse"});
    CHECK(says(message_of([&] { train_until(config, 1, unbuilt); }), "must be built"));
}

TEST_CASE("BackupAndRestore: interrupted, the backup stays") {
    const Folder folder("interrupt");
    const callbacks::BackupAndRestore backup({.backup_dir = folder.file("b")});
    const Model model = dropping();
    const callbacks::LambdaCallback stop({.on_train_batch_end = [&](int64_t batch, const Logs&) {
        if (batch != 2) return;
        backup.interrupt();
        model.stop_training();
    }});
    CHECK(model.fit(inputs(), targets(), {.batch_size = batch_size, .epochs = epochs, .verbose = Verbose::silent, .callbacks = {backup, stop}}).epoch.size() == 1);
    CHECK(fs::exists(folder.file("b/latest.keras")));
    const Model again = dropping();
    CHECK(again.fit(inputs(), targets(), {.batch_size = batch_size, .epochs = epochs, .verbose = Verbose::silent, .callbacks = {backup}}).epoch.size() == 5);
    CHECK(again.optimizer().impl().iterations().item<int>() == 30);
    CHECK(!fs::exists(folder.file("b")));
}

TEST_CASE("BackupAndRestore: full disks and damaged files") {
    const Folder folder("full");
    const callbacks::BackupAndRestoreConfig config{.backup_dir = folder.file("b"), .double_checkpoint = true};
    CHECK(message_of([&] { train_until(config, 2); }) == "interrupted");
    const std::string good = text_of(folder.file("b/latest.keras"));

    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    const auto ignored = ::signal(SIGXFSZ, SIG_IGN);
    rlimit small = before;
    small.rlim_cur = good.size() / 2;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    const std::string full = message_of([&] { train_until(config, 4); });
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
    ::signal(SIGXFSZ, ignored);
    CHECK(says(full, "The file is as it was before"));
    CHECK(text_of(folder.file("b/latest.keras")) == good);
    CHECK(message_of([&] { train_until(config, 3); }) == "interrupted");  // and goes on from it

    // A damaged backup: the one before it serves, or there is a clear error.
    for (const size_t kept : {good.size() / 3, size_t{0}, good.size() - 10}) {
        std::ofstream(folder.file("b/latest.keras"), std::ios::binary | std::ios::trunc) << good.substr(0, kept);
        std::ofstream(folder.file("b/previous.keras"), std::ios::binary | std::ios::trunc) << good;
        const Model model = dropping();
        std::vector<int64_t> heard;
        model.fit(inputs(), targets(), {.batch_size = batch_size, .epochs = epochs, .verbose = Verbose::silent,
            .callbacks = {callbacks::BackupAndRestore({.backup_dir = folder.file("b"), .delete_checkpoint = false}),
                          callbacks::LambdaCallback({.on_epoch_begin = [&](int64_t epoch, const Logs&) { heard.push_back(epoch); }})}});
        CHECK(heard == std::vector<int64_t>{2, 3, 4});
        std::ofstream(folder.file("b/latest.keras"), std::ios::binary | std::ios::trunc) << good.substr(0, kept);
        fs::remove(folder.file("b/previous.keras"));
        CHECK(says(message_of([&] { train_until(config, 4); }), "latest.keras"));
    }
    // Of another model, or other data.
    std::ofstream(folder.file("b/latest.keras"), std::ios::binary | std::ios::trunc) << good;
    const Model other = Sequential({layers::Input({.shape = {3}}), layers::Dense({.units = 1})});
    other.compile({.loss = "mse"});
    CHECK(says(message_of([&] { train_until(config, 4, other); }), "another model"));
    CHECK(says(message_of([&] {
        dropping().fit(inputs(), targets(), {.batch_size = 20, .epochs = epochs, .verbose = Verbose::silent, .callbacks = {callbacks::BackupAndRestore(config)}});
    }), "the data, batch size and shuffling that it began with"));
    // With other callbacks.
    train_until({.backup_dir = folder.file("c")}, epochs);
    CHECK(message_of([&] { train_until({.backup_dir = folder.file("c")}, 1); }) == "interrupted");
    CHECK(says(message_of([&] {
        dropping().fit(inputs(), targets(), {.batch_size = batch_size, .epochs = epochs, .verbose = Verbose::silent,
            .callbacks = {callbacks::CSVLogger(folder.file("l.csv")), callbacks::BackupAndRestore({.backup_dir = folder.file("c")})}});
    }), "the callbacks that it began with"));
    fs::remove_all(folder.file("b"));
    std::ofstream(folder.file("b")) << "a file";
    CHECK(says(message_of([&] { train_until(config, 4); }), "cannot be made"));
}

TEST_CASE("OrbaxCheckpoint: numbered steps, the last few kept, whole or not at all") {
    const Folder folder("orbax");
    const auto fit = [&](callbacks::OrbaxCheckpointConfig config) {
        dropping().fit(inputs(), targets(), {.batch_size = batch_size, .epochs = 4, .verbose = Verbose::silent, .callbacks = {callbacks::OrbaxCheckpoint(config)}});
    };
    const auto steps = [&](const std::string& name) {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(folder.path / name)) names.push_back(entry.path().filename().string());
        std::sort(names.begin(), names.end());
        return names;
    };
    fit({.directory = folder.file("epochs"), .max_to_keep = 2});
    CHECK(steps("epochs") == std::vector<std::string>{"2", "3"});
    CHECK(callbacks::latest_checkpoint(folder.file("epochs")) == 3);
    CHECK(load_model(folder.file("epochs/3/checkpoint.keras")).optimizer().impl().iterations().item<int>() == 24);
    fit({.directory = folder.file("epochs")});  // over those of the training before
    CHECK(steps("epochs") == std::vector<std::string>{"3"});
    fit({.directory = folder.file("batches"), .save_freq = 5, .max_to_keep = {}});
    CHECK(steps("batches") == std::vector<std::string>{"10", "15", "20", "5"});
    fit({.directory = folder.file("weights"), .save_weights_only = true});
    CHECK(fs::exists(folder.file("weights/3/checkpoint.weights.h5")));
    fit({.directory = folder.file("best"), .monitor = "loss", .save_best_only = true, .initial_value_threshold = -1});
    CHECK(!fs::exists(folder.file("best")));
    CHECK(!callbacks::latest_checkpoint(folder.file("best")));
    CHECK(says(message_of([&] { fit({.directory = "/proc/none"}); }), "cannot be written"));
    CHECK(says(message_of([&] { fit({.directory = ""}); }), "directory"));
    CHECK(says(message_of([&] { fit({.directory = "d", .max_to_keep = 0}); }), "max_to_keep=0"));
}
