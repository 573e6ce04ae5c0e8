#include "cornu/backends/native/kernels/conv.h"

#include <complex>
#include <memory>

#include "cornu/backends/native/kernels/for_tests.h"
#include "cornu/base/error.h"
#include "cornu/base/parallel.h"

using namespace cornu;
using namespace cornu::native;
using namespace cornu::native::testing;

namespace {

struct Case {
    std::vector<int64_t> input, kernel, stride, dilation, low, high, holes;
    int64_t in = 3, out = 4, groups = 1, batch = 2;
};

ConvSpec spec_of(const Case& c, ConvPass pass) {
    ConvSpec s{.pass = pass,
               .batch = c.batch,
               .in_channels = c.in,
               .out_channels = c.out,
               .groups = c.groups,
               .input = c.input,
               .kernel = c.kernel,
               .stride = c.stride,
               .dilation = c.dilation,
               .pad_low = c.low,
               .pad_high = c.high,
               .input_dilation = c.holes};
    for (size_t i = 0; i < c.input.size(); ++i) {
        const int64_t span = (c.input[i] - 1) * c.holes[i] + 1 + c.low[i] + c.high[i];
        s.output.push_back((span - (c.kernel[i] - 1) * c.dilation[i] - 1) / c.stride[i] + 1);
    }
    return s;
}

int64_t product(const std::vector<int64_t>& v) {
    int64_t p = 1;
    for (const int64_t d : v) p *= d;
    return p;
}

// Calls f(x index, w index, y index) for every multiply-add of the convolution.
template <class F>
void each_product(const ConvSpec& s, F f) {
    const int64_t fan = s.in_channels / s.groups, width = s.out_channels / s.groups;
    const size_t rank = s.input.size();
    for (int64_t b = 0; b < s.batch; ++b)
        for (int64_t o = 0; o < product(s.output); ++o)
            for (int64_t t = 0; t < product(s.kernel); ++t) {
                int64_t oo = o, tt = t, from = 0, scale = 1;
                bool inside = true;
                for (size_t i = rank; i-- > 0;) {
                    const int64_t p = oo % s.output[i] * s.stride[i] +
                                      tt % s.kernel[i] * s.dilation[i] - s.pad_low[i];
                    inside = inside && p >= 0 && p % s.input_dilation[i] == 0 &&
                             p / s.input_dilation[i] < s.input[i];
                    if (!inside) break;
                    from += p / s.input_dilation[i] * scale;
                    scale *= s.input[i];
                    oo /= s.output[i];
                    tt /= s.kernel[i];
                }
                if (!inside) continue;
                for (int64_t c = 0; c < s.out_channels; ++c)
                    for (int64_t i = 0; i < fan; ++i)
                        f((b * product(s.input) + from) * s.in_channels + c / width * fan + i,
                          (t * fan + i) * s.out_channels + c,
                          (b * product(s.output) + o) * s.out_channels + c);
            }
}

template <class T>
void check_case(const Case& c, double tolerance, bool library) {
    using W = std::conditional_t<is_small_float_v<T> || std::is_same_v<T, float>, double, T>;
    Noise noise;
    ConvSpec s = spec_of(c, ConvPass::forward);
    s.dtype = dtype_of<T>;
    const auto x = values<T>(noise, c.batch * product(c.input) * c.in);
    const auto w = values<T>(noise, product(c.kernel) * (c.in / c.groups) * c.out);
    const auto y = values<T>(noise, c.batch * product(s.output) * c.out);
    const auto bias = values<T>(noise, c.out);
    for (const ConvPass pass :
         {ConvPass::forward, ConvPass::backward_data, ConvPass::backward_weights}) {
        for (const auto [extras, by_shape] : {std::pair(false, false), std::pair(true, false), std::pair(false, true), std::pair(true, true)}) {
            CAPTURE(by_shape);
            CAPTURE(static_cast<int>(pass));
            CAPTURE(extras);
            CAPTURE(name(s.dtype));
            s.pass = pass;
            s.bias = s.relu = extras && pass == ConvPass::forward;
            s.packed_weights = extras;
            s.by_shape = by_shape;
            const auto& shape = pass == ConvPass::forward         ? y
                                : pass == ConvPass::backward_data ? x
                                                                  : w;
            std::vector<W> expected(shape.size(), W(0));
            each_product(s, [&](int64_t ix, int64_t iw, int64_t iy) {
                if (pass == ConvPass::forward)
                    expected[iy] = wrap_add(expected[iy], wrap_mul(W(x[ix]), W(w[iw])));
                else if (pass == ConvPass::backward_data)
                    expected[ix] = wrap_add(expected[ix], wrap_mul(W(y[iy]), W(w[iw])));
                else
                    expected[iw] = wrap_add(expected[iw], wrap_mul(W(x[ix]), W(y[iy])));
            });
            if (s.bias) {
                for (size_t i = 0; i < expected.size(); ++i) {
                    expected[i] = wrap_add(expected[i], W(bias[i % c.out]));
                    if constexpr (!is_complex_v<T>) {
                        if (expected[i] < W(0)) expected[i] = W(0);
                    }
                }
            }
            Conv conv(s);
            CHECK(conv.uses_library() == library);
            std::vector<T> result(shape.size());
            const auto aligned = [](size_t n) {
                return std::unique_ptr<void, void (*)(void*)>(
                    std::aligned_alloc(64, (n + 127) / 64 * 64), std::free);
            };
            const auto scratch = aligned(conv.scratch_bytes()),
                       packed = aligned(conv.packed_bytes());
            const void* weights = w.data();
            if (pass != ConvPass::backward_weights && conv.packed_bytes() > 0) {
                conv.pack(weights, packed.get(), scratch.get());
                weights = packed.get();
            }
            const void* in[] = {pass == ConvPass::backward_data ? y.data() : x.data(),
                                pass == ConvPass::backward_weights ? y.data() : weights,
                                bias.data()};
            void* out[] = {result.data()};
            conv.run(in, out, scratch.get());
            if constexpr (is_complex_v<T>) {
                for (size_t i = 0; i < result.size(); ++i)
                    REQUIRE(std::abs(result[i] - expected[i]) < 1e-3);
            } else {
                CHECK(near(result, expected, tolerance));
            }
        }
    }
}

const Case dense2{{9, 8}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 16, 24};
const Case strided2{{11, 8}, {3, 2}, {2, 3}, {1, 1}, {0, 1}, {1, 2}, {1, 1}};
const Case dilated2{{12, 10}, {3, 2}, {1, 2}, {2, 3}, {2, 0}, {1, 3}, {1, 1}, 5, 6};
const Case grouped2{{6, 7}, {3, 3}, {1, 2}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 6, 9, 3};
const Case depthwise2{{6, 7}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 8, 16, 8};
const Case line{{20}, {4}, {2}, {2}, {3}, {0}, {1}, 3, 5};
const Case volume{{5, 6, 4}, {2, 3, 2}, {1, 2, 1}, {1, 1, 2}, {1, 0, 1}, {0, 1, 1}, {1, 1, 1}};
const Case holes2{{5, 4}, {3, 3}, {1, 1}, {1, 1}, {2, 1}, {1, 2}, {2, 3}};
const Case cropped{{8, 8}, {3, 3}, {1, 1}, {1, 1}, {-1, 0}, {0, -2}, {1, 1}};

}  // namespace

TEST_CASE("float32 convolutions, forward and both gradients") {
    for (const Case& c : {dense2, strided2, dilated2, grouped2, depthwise2, line, volume})
        check_case<float>(c, 1e-6, true);
    for (const Case& c : {holes2, cropped}) check_case<float>(c, 1e-6, false);
}

TEST_CASE("convolutions of other dtypes") {
    for (const Case& c : {strided2, grouped2, depthwise2, line, volume, holes2, cropped}) {
        check_case<double>(c, 1e-14, false);
        check_case<int32_t>(c, 0, false);
        check_case<uint8_t>(c, 0, false);
        check_case<float16>(c, 1e-3, false);
        check_case<std::complex<float>>(c, 1e-6, false);
    }
    // oneDNN takes bfloat16 only where the machine has the instructions.
    ConvSpec bfloat = spec_of(dense2, ConvPass::forward);
    bfloat.dtype = DType::bfloat16;
    check_case<bfloat16>(dense2, 8e-3, Conv(bfloat).uses_library());
}

TEST_CASE("convolutions cut by shape have the same bits for any number of threads") {
    Case c = dense2;
    c.batch = 21;
    for (const ConvPass pass : {ConvPass::forward, ConvPass::backward_data, ConvPass::backward_weights}) {
        ConvSpec s = spec_of(c, pass);
        s.by_shape = true;
        Noise noise;
        const auto x = values<float>(noise, c.batch * product(c.input) * c.in),
                   w = values<float>(noise, product(c.kernel) * c.in * c.out),
                   y = values<float>(noise, c.batch * product(s.output) * c.out);
        std::vector<float> first;
        for (const int count : {1, 2, 3, 8}) {
            set_threads(count);
            Conv conv(s);
            const std::unique_ptr<void, void (*)(void*)> scratch(std::aligned_alloc(64, (conv.scratch_bytes() + 127) / 64 * 64), std::free);
            std::vector<float> result((pass == ConvPass::forward ? y : pass == ConvPass::backward_data ? x : w).size());
            const void* in[] = {pass == ConvPass::backward_data ? y.data() : x.data(), pass == ConvPass::backward_weights ? y.data() : w.data()};
            void* out[] = {result.data()};
            conv.run(in, out, scratch.get());
            if (first.empty()) first = result;
            CHECK(result == first);
        }
        set_threads(0);
    }
}

TEST_CASE("an empty batch gives an empty result and a zero weight gradient") {
    Case c = strided2;
    c.batch = 0;
    std::vector<float> dw(static_cast<size_t>(3 * 2 * 3 * 4), 7.f);
    const void* in[] = {nullptr, nullptr};
    void* out[] = {dw.data()};
    Conv(spec_of(c, ConvPass::backward_weights)).run(in, out, nullptr);
    CHECK(dw == std::vector<float>(dw.size(), 0.f));
    Conv(spec_of(c, ConvPass::forward)).run(in, out, nullptr);
}

TEST_CASE("convolutions whose sizes don't fit are refused") {
    ConvSpec s = spec_of(strided2, ConvPass::forward);
    s.output[0] += 1;
    CHECK_THROWS_AS(Conv{s}, ValueError);
    s = spec_of(strided2, ConvPass::forward);
    s.groups = 2;
    CHECK_THROWS_AS(Conv{s}, ValueError);
    s = spec_of(strided2, ConvPass::forward);
    s.stride[1] = 0;
    CHECK_THROWS_AS(Conv{s}, ValueError);
}
