// Trains a small convolutional network on real handwritten digits, saves it, loads it again and shows
// a few digits with what the network sees in them. Run by `make demo`.
//
// The data: 1,797 images of 8 x 8 pixels from the UCI repository (CC BY 4.0, see examples/data/README.md).
// The last 360 are held back.
#include <cornu/cornu.h>

#include <chrono>
#include <cstdio>

using namespace cornu;

namespace {

// Two rows of pixels become one line of half blocks, dark to light.
void show(const std::vector<float>& pixels, int64_t first, const std::vector<int>& seen, const std::vector<int>& truth, int64_t count) {
    const char* shades[] = {"232", "236", "240", "245", "250", "255"};
    const auto shade = [&](int64_t image, int64_t row, int64_t column) {
        return shades[static_cast<size_t>(pixels[static_cast<size_t>((first + image) * 64 + row * 8 + column)] * 5.99f)];
    };
    for (int64_t row = 0; row < 8; row += 2) {
        for (int64_t image = 0; image < count; ++image) {
            for (int64_t column = 0; column < 8; ++column)
                std::printf("\x1b[38;5;%sm\x1b[48;5;%sm▀", shade(image, row, column), shade(image, row + 1, column));
            std::printf("\x1b[0m  ");
        }
        std::printf("\n");
    }
    for (int64_t image = 0; image < count; ++image) {
        const auto i = static_cast<size_t>(first + image);
        std::printf("%s saw %d %s", seen[i] == truth[i] ? "\x1b[32m" : "\x1b[31m", seen[i], "\x1b[0m  ");
    }
    std::printf("\n");
}

}  // namespace

int main() try {
    Tensor images, labels;
    for (const auto& [name, array] : load_arrays(CORNU_EXAMPLES_DIR "/data/digits.npz")) (name == "x" ? images : labels) = array;
    const Tensor x = ops::reshape(ops::cast(images, DType::float32) / 16.0, {-1, 8, 8, 1});
    const Tensor y = ops::cast(labels, DType::int32);
    const int64_t n = x.shape()[0], held_back = 360, train = n - held_back;
    const auto rows = [](const Tensor& t, int64_t from, int64_t to) {
        std::vector<int64_t> start(static_cast<size_t>(t.rank()), 0), stop = t.shape().dims();
        start[0] = from;
        stop[0] = to;
        return prim::slice(t, start, stop);
    };

    // The held-back digits are by other writers. Each training image also moved by one pixel in each
    // direction teaches the network not to care where a digit stands.
    Tensors moved_x{rows(x, 0, train)}, moved_y{rows(y, 0, train)};
    for (const auto& [down, right] : {std::pair{1, 0}, {-1, 0}, {0, 1}, {0, -1}}) {
        moved_x.push_back(prim::pad(moved_x[0], Tensor::full({}, 0), {0, down, right, 0}, {0, -down, -right, 0}));
        moved_y.push_back(moved_y[0]);
    }
    const Tensor train_x = ops::concatenate(moved_x), train_y = ops::concatenate(moved_y);

    random::set_random_seed(42);
    auto model = Sequential({
        layers::Input({.shape = {8, 8, 1}}),
        layers::Conv2D({.filters = 32, .kernel_size = 3, .padding = "same", .activation = "relu"}),
        layers::BatchNormalization({.momentum = 0.9}),
        layers::Conv2D({.filters = 64, .kernel_size = 3, .padding = "same", .activation = "relu"}),
        layers::MaxPooling2D(),
        layers::Dropout({.rate = 0.3}),
        layers::Conv2D({.filters = 64, .kernel_size = 3, .activation = "relu"}),
        layers::Flatten(),
        layers::Dropout({.rate = 0.5}),
        layers::Dense({.units = 128, .activation = "relu"}),
        layers::Dropout({.rate = 0.5}),
        layers::Dense({.units = 10, .activation = "softmax"}),
    });
    model.compile({.optimizer = optimizers::Adam({.learning_rate = 1e-3}),
                   .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"}});
    std::printf("%s\n", model.summary().c_str());

    const auto start = std::chrono::steady_clock::now();
    model.fit(train_x, train_y, {.batch_size = 64, .epochs = 5});
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

    model.save("digits.keras");
    const Model loaded = load_model("digits.keras");
    const Tensor test = rows(x, train, n);
    const std::vector<int> seen = ops::argmax(loaded.predict(test), 1).to_vector<int>(), truth = rows(y, train, n).to_vector<int>();
    int64_t right = 0;
    for (size_t i = 0; i < seen.size(); ++i) right += seen[i] == truth[i];
    const double accuracy = static_cast<double>(right) / static_cast<double>(held_back);

    std::printf("\n");
    show(test.to_vector<float>(), 0, seen, truth, 8);
    std::printf("\n%.2f %% of %lld held-back digits are right; training took %.1f s.\n", 100 * accuracy, static_cast<long long>(held_back), seconds);
    std::printf("Saved as digits.keras: Python Keras opens it with keras.models.load_model(\"digits.keras\").\n"
                "Next: `build/cornu summary digits.keras`, `build/cornu bench digits.keras fit`,\n"
                "change a layer in examples/digits.cpp, or read README.md.\n");
    if (accuracy < 0.97) {
        std::fprintf(stderr, "digits_demo: fewer than 97 %% are right.\n");
        return 1;
    }
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "digits_demo: %s\n", error.what());
    return 1;
}
