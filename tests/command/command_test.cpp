// The `cornu` command as a shell sees it.
#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "cornu/base/json.h"
#include "cornu/layers/layers.h"
#include "cornu/models/model.h"
#include "cornu/optimizers/adam.h"
#include "cornu/random/seed_generator.h"
#include "cornu/saving/arrays.h"
#include "cornu/saving/keras_file.h"
#include "cornu/tensor/context.h"

using namespace cornu;
namespace fs = std::filesystem;

namespace {

struct Folder {
    fs::path path = fs::temp_directory_path() / ("cornu_command" + std::to_string(::getpid()));
    Folder() {
        fs::remove_all(path);
        fs::create_directories(path);
    }
    ~Folder() { fs::remove_all(path); }
    std::string operator()(const std::string& name) const { return (path / name).string(); }
};

std::string text_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}
bool says(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

// A run of the command; its output goes to files beside.
class Command {
public:
    Command(const Folder& folder, std::vector<std::string> arguments) : out_(folder("out.txt")), err_(folder("err.txt")) {
        arguments.insert(arguments.begin(), CORNU_COMMAND);
        std::vector<char*> argv;
        for (std::string& argument : arguments) argv.push_back(argument.data());
        argv.push_back(nullptr);
        pid_ = ::fork();
        if (pid_ != 0) return;
        ::dup2(::open(out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666), 1);
        ::dup2(::open(err_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666), 2);
        ::execv(argv[0], argv.data());
        ::_exit(99);
    }
    void kill(int signal) const { ::kill(pid_, signal); }
    // The exit status; 1000 and the signal for one that was killed.
    int wait() const {
        int status = 0;
        ::waitpid(pid_, &status, 0);
        return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
    }
    std::string out() const { return text_of(out_); }
    std::string err() const { return text_of(err_); }

private:
    std::string out_, err_;
    pid_t pid_;
};

constexpr int64_t samples = 64;

// A model with dropout and Adam, and data for it.
void prepare(const Folder& folder) {
    Context context;
    const Context::Use use(context);
    random::set_random_seed(4);
    const Model model = Sequential({layers::Input({.shape = {4}}), layers::Dense({.units = 16, .activation = "relu"}), layers::Dropout({.rate = 0.3}),
                                    layers::Dense({.units = 1})}, "small");
    model.compile({.optimizer = optimizers::Adam({.learning_rate = 0.01}), .loss = "mse", .metrics = {"mae"}});
    model.save(folder("m.keras"));
    random::NumpyRandom rng(3);
    std::vector<float> x, y;
    for (int64_t i = 0; i < samples * 4; ++i) x.push_back(static_cast<float>(rng.uniform(-1, 1)));
    for (int64_t i = 0; i < samples; ++i) y.push_back(x[static_cast<size_t>(4 * i)] - x[static_cast<size_t>(4 * i + 1)]);
    save_npz(folder("d.npz"), {{"x0", Tensor::from(x, {samples, 4})}, {"y0", Tensor::from(y, {samples, 1})}});
}

std::vector<std::string> fit(const Folder& folder, std::vector<std::string> more) {
    std::vector<std::string> all = {"fit", folder("m.keras"), "--data", folder("d.npz"), "--seed", "7", "--validation-split", "0.25"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

void wait_until(const std::function<bool()>& f) {
    for (int i = 0; i < 3000 && !f(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    REQUIRE(f());
}

void check_same_weights(const std::string& path, const std::string& expected_path) {
    const Tensors a = load_model(path).get_weights(), b = load_model(expected_path).get_weights();
    REQUIRE(a.size() == b.size());
    for (size_t i = 0; i < a.size(); ++i) CHECK(a[i].to_vector<float>() == b[i].to_vector<float>());
}

}  // namespace

TEST_CASE("cornu fit writes what it is asked for") {
    const Folder folder;
    prepare(folder);
    const Command run(folder, fit(folder, {"--epochs", "3", "--history", folder("h.json"), "--csv-log", folder("log.csv"), "--tensorboard", folder("tb"),
                                           "--checkpoint", folder("c-{epoch}.keras"), "--backup", folder("b"), "--output", folder("o.keras")}));
    CHECK(run.wait() == 0);
    CHECK(run.out() == "");
    const Json history = Json::parse(text_of(folder("h.json")));
    for (const char* name : {"loss", "mae", "val_loss", "val_mae"}) CHECK(history[name].size() == 3);
    CHECK(text_of(folder("log.csv")).starts_with("epoch,loss,mae,val_loss,val_mae\r\n0,"));
    CHECK(fs::exists(folder("tb/train")));
    CHECK(fs::exists(folder("tb/validation")));
    CHECK(fs::exists(folder("c-1.keras")));
    check_same_weights(folder("c-3.keras"), folder("o.keras"));
    CHECK(!fs::exists(folder("b")));
}

TEST_CASE("cornu fit --early-stopping") {
    const Folder folder;
    prepare(folder);
    // The best that can be is not to be bettered by so much.
    CHECK(Command(folder, fit(folder, {"--epochs", "500", "--early-stopping", "val_loss:2", "--history", folder("h.json")})).wait() == 0);
    const size_t epochs = Json::parse(text_of(folder("h.json")))["loss"].size();
    CHECK(epochs > 2);
    CHECK(epochs < 500);
    for (const char* wrong : {"val_loss:", ":3", "val_loss:x", "val_loss:-1"}) {
        const Command refused(folder, fit(folder, {"--early-stopping", wrong}));
        CHECK(refused.wait() == 2);
        CHECK(says(refused.err(), "METRIC:patience"));
    }
    const Command unknown(folder, fit(folder, {"--checkpoint", folder("c.h5")}));
    CHECK(unknown.wait() == 1);
    CHECK(unknown.err().starts_with("cornu: [callbacks.ModelCheckpoint] filepath must end in .keras"));
}

TEST_CASE("cornu fit: SIGINT and SIGTERM end it with what was asked for") {
    const Folder folder;
    prepare(folder);
    for (const auto& [signal, status] : {std::pair(SIGINT, 130), std::pair(SIGTERM, 143)}) {
        fs::remove(folder("log.csv"));
        const Command run(folder, fit(folder, {"--epochs", "100000", "--history", folder("h.json"), "--csv-log", folder("log.csv"), "--output", folder("o.keras")}));
        wait_until([&] { return text_of(folder("log.csv")).size() > 200; });
        run.kill(signal);
        CHECK(run.wait() == status);
        CHECK(Json::parse(text_of(folder("h.json")))["loss"].size() > 1);
        CHECK(load_model(folder("o.keras")).built());
        CHECK(run.err().find("error") == std::string::npos);
    }
}

TEST_CASE("cornu fit --backup: killed or interrupted, the same command goes on and ends alike") {
    const Folder folder;
    prepare(folder);
    const std::vector<std::string> common = {"--epochs", "400", "--batch-size", "8"};
    const auto command = [&](std::vector<std::string> more) {
        more.insert(more.begin(), common.begin(), common.end());
        return fit(folder, more);
    };
    REQUIRE(Command(folder, command({"--output", folder("whole.keras"), "--history", folder("whole.json"), "--csv-log", folder("whole.csv")})).wait() == 0);
    const auto backed_up = command({"--output", folder("o.keras"), "--history", folder("h.json"), "--csv-log", folder("log.csv"), "--backup", folder("b")});
    int kills = 0, interruptions = 0;
    for (int attempt = 0; attempt < 200 && (!fs::exists(folder("o.keras")) || fs::exists(folder("b"))); ++attempt) {
        const Command run(folder, backed_up);
        std::this_thread::sleep_for(std::chrono::milliseconds(60 + 20 * attempt));
        run.kill(attempt % 3 == 2 ? SIGINT : SIGKILL);
        const int status = run.wait();
        CHECK((status == 0 || status == 130 || status == 1000 + SIGKILL || status == 1000 + SIGINT));
        kills += status == 1000 + SIGKILL;
        if (status != 130) continue;
        ++interruptions;  // it writes what it has, and leaves the backup
        CHECK(fs::exists(folder("b/latest.keras")));
        fs::remove(folder("o.keras"));
    }
    CHECK(kills + interruptions > 0);
    check_same_weights(folder("o.keras"), folder("whole.keras"));
    CHECK(text_of(folder("h.json")) == text_of(folder("whole.json")));
    CHECK(text_of(folder("log.csv")) == text_of(folder("whole.csv")));
    CHECK(!fs::exists(folder("b")));
}

TEST_CASE("cornu plot") {
    const Folder folder;
    prepare(folder);
    CHECK(Command(folder, {"plot", folder("m.keras"), folder("m.svg")}).wait() == 0);
    CHECK(says(text_of(folder("m.svg")), "in: (None, 16)"));
    CHECK(Command(folder, {"plot", folder("m.keras"), folder("m.dot")}).wait() == 0);
    CHECK(says(text_of(folder("m.dot")), "digraph"));
    const Command png(folder, {"plot", folder("m.keras"), folder("m.png")});
    CHECK(png.wait() == 1);
    CHECK(png.err().starts_with("cornu: plot_model: a picture is written to a .svg or .dot file"));
    CHECK(Command(folder, {"plot", folder("d.npz"), folder("m.svg")}).wait() == 1);
}

TEST_CASE("cornu describe") {
    const Folder folder;
    const auto out = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "describe");
        const Command run(folder, arguments);
        CHECK(run.wait() == 0);
        return run.out();
    };
    for (const auto& [kind, member] : {std::pair("activations", "relu"), std::pair("initializers", "GlorotUniform"), std::pair("layers", "Dense"), std::pair("losses", "MeanSquaredError"),
                                       std::pair("metrics", "Accuracy"), std::pair("optimizers", "Adam"), std::pair("schedules", "ExponentialDecay")})
        CHECK(says("\n" + out({kind}), str("\n", member, "\n")));
    const std::string dense = out({"layers", "dense"});
    CHECK(says(dense, "keras.layers.Dense\n"));
    CHECK(says(dense, "units (required)"));
    CHECK(says(dense, "use_bias = true"));
    CHECK(says(dense, "kernel_initializer = \"GlorotUniform\""));
    CHECK(says(out({"optimizers", "adam"}), "beta_1 = 0.9\n"));
    CHECK(says(out({"losses", "mse"}), "keras.losses.MeanSquaredError"));
    const std::string ops = out({"ops"});
    CHECK(ops.starts_with("op "));
    CHECK(says(ops, "native"));
    CHECK(says(ops, "keras.src.ops.numpy.Tanh"));
    CHECK(says(out({"ops", "tanh"}), "native: kernel"));
    const Command unknown(folder, {"describe", "layers", "Dens"});
    CHECK(unknown.wait() == 1);
    CHECK(unknown.err() == "cornu: there is no Dens among the layers; `cornu describe layers` lists them.\n");
    CHECK(Command(folder, {"describe", "things"}).wait() == 2);
}
