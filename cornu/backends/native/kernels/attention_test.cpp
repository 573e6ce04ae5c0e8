#include "cornu/backends/native/kernels/attention.h"

#include <cstring>
#include <limits>
#include <memory>

#include "cornu/backends/native/kernels/for_tests.h"
#include "cornu/backends/native/kernels/simd.h"
#include "cornu/base/parallel.h"

using namespace cornu;
using namespace cornu::native;
using namespace cornu::native::testing;

namespace {

struct Scratch {
    explicit Scratch(size_t bytes)
        : data(static_cast<char*>(std::aligned_alloc(64, (bytes + 127) / 64 * 64)), std::free) {
        std::memset(data.get(), 0xff, (bytes + 127) / 64 * 64);  // NaN: nothing is read unwritten
    }
    std::unique_ptr<char, void (*)(void*)> data;
};

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

// How far a bias or mask of these axes reaches: one value, or one for each.
AttentionSpec::Strides strides(const std::array<int64_t, 4>& dims, size_t& size) {
    AttentionSpec::Strides out{};
    size = 1;
    for (size_t i = 4; i-- > 0;) {
        out[i] = dims[i] == 1 ? 0 : static_cast<int64_t>(size);
        size *= static_cast<size_t>(dims[i]);
    }
    return out;
}

struct Case {
    AttentionSpec spec;
    Floats query, key, value, dout, bias;
    std::unique_ptr<bool[]> mask;

    // Which axes bias and mask have of their own: a bit each for batch, head, query and key.
    Case(const AttentionSpec& s, int bias_axes = -1, int mask_axes = -1, double visible = 0.6)
        : spec(s) {
        Noise noise;
        const auto draw = [&](int64_t n) {
            Floats out(static_cast<size_t>(n));
            for (float& v : out) v = static_cast<float>(noise.uniform(-1.5, 1.5));
            return out;
        };
        query = draw(s.batch * s.queries * s.heads * s.depth);
        key = draw(s.batch * s.keys * s.key_heads * s.depth);
        value = draw(s.batch * s.keys * s.key_heads * s.value_depth);
        dout = draw(s.batch * s.queries * s.heads * s.value_depth);
        const auto dims = [&](int axes) {
            return std::array<int64_t, 4>{axes & 8 ? s.batch : 1, axes & 4 ? s.heads : 1,
                                          axes & 2 ? s.queries : 1, axes & 1 ? s.keys : 1};
        };
        size_t size = 0;
        if (bias_axes >= 0) {
            spec.bias = strides(dims(bias_axes), size);
            bias = draw(static_cast<int64_t>(size));
        }
        if (mask_axes >= 0) {
            spec.mask = strides(dims(mask_axes), size);
            mask = std::make_unique<bool[]>(size);
            for (size_t i = 0; i < size; ++i) mask[i] = noise.uniform(0, 1) < visible;
        }
    }
    AttentionInputs inputs() const {
        return {query.data(), key.data(), value.data(), bias.data(), mask.get()};
    }
};

struct Results {
    Floats out, query, key, value, bias;
    bool operator==(const Results&) const = default;
};
Results run(const Case& c, bool bias_gradient) {
    Results r;
    const float unset = std::numeric_limits<float>::quiet_NaN();
    r.out.assign(c.dout.size(), unset);
    r.query.assign(c.query.size(), unset);
    r.key.assign(c.key.size(), unset);
    r.value.assign(c.value.size(), unset);
    if (bias_gradient) r.bias.assign(c.bias.size(), unset);
    const Attention forward(c.spec);
    forward.run(c.inputs(), r.out.data(), Scratch(forward.scratch_bytes()).data.get());
    const AttentionGrad backward(c.spec, bias_gradient);
    backward.run(c.dout.data(), c.inputs(),
                 {r.query.data(), r.key.data(), r.value.data(), r.bias.data()},
                 Scratch(backward.scratch_bytes()).data.get());
    return r;
}

struct Expected {
    Doubles out, query, key, value, bias;
};
// The definition, one score at a time, in double.
Expected reference(const Case& c) {
    const AttentionSpec& s = c.spec;
    Expected e;
    e.out.resize(c.dout.size());
    e.query.resize(c.query.size());
    e.key.resize(c.key.size());
    e.value.resize(c.value.size());
    e.bias.resize(c.bias.size());
    for (int64_t b = 0; b < s.batch; ++b)
        for (int64_t h = 0; h < s.heads; ++h)
            for (int64_t t = 0; t < s.queries; ++t) {
                const int64_t kh = h / (s.heads / s.key_heads);
                const auto q = static_cast<size_t>(((b * s.queries + t) * s.heads + h) * s.depth);
                const auto y =
                    static_cast<size_t>(((b * s.queries + t) * s.heads + h) * s.value_depth);
                const auto k_at = [&](int64_t k) {
                    return static_cast<size_t>(((b * s.keys + k) * s.key_heads + kh) * s.depth);
                };
                const auto v_at = [&](int64_t k) {
                    return static_cast<size_t>(((b * s.keys + k) * s.key_heads + kh) *
                                               s.value_depth);
                };
                const auto of = [&](const AttentionSpec::Strides& at, int64_t k) {
                    return static_cast<size_t>(b * at[0] + h * at[1] + t * at[2] + k * at[3]);
                };
                Doubles p(static_cast<size_t>(s.keys)), dp(p.size());
                std::vector<bool> hidden(p.size());
                double high = -std::numeric_limits<double>::infinity(), sum = 0, mean = 0;
                for (size_t k = 0; k < p.size(); ++k) {
                    const auto at = static_cast<int64_t>(k);
                    double dot = 0;
                    for (size_t i = 0; i < static_cast<size_t>(s.depth); ++i)
                        dot += static_cast<double>(c.query[q + i]) *
                               static_cast<double>(c.key[k_at(at) + i]);
                    p[k] = dot * static_cast<double>(s.scale);
                    if (s.bias) p[k] += static_cast<double>(c.bias[of(*s.bias, at)]);
                    hidden[k] = (s.mask && !c.mask[of(*s.mask, at)]) || (s.is_causal && at > t);
                    if (hidden[k])
                        p[k] = -0.7 * static_cast<double>(std::numeric_limits<float>::max());
                    high = std::max(high, p[k]);
                }
                for (double& x : p) sum += x = std::exp(x - high);
                for (size_t k = 0; k < p.size(); ++k) {
                    p[k] /= sum;
                    for (size_t i = 0; i < static_cast<size_t>(s.value_depth); ++i) {
                        const size_t v = v_at(static_cast<int64_t>(k)) + i;
                        const double dy = static_cast<double>(c.dout[y + i]);
                        e.out[y + i] += p[k] * static_cast<double>(c.value[v]);
                        e.value[v] += p[k] * dy;
                        dp[k] += dy * static_cast<double>(c.value[v]);
                    }
                    mean += p[k] * dp[k];
                }
                for (size_t k = 0; k < p.size(); ++k) {
                    const auto at = static_cast<int64_t>(k);
                    const double ds = hidden[k] ? 0 : p[k] * (dp[k] - mean);
                    if (s.bias) e.bias[of(*s.bias, at)] += ds;
                    for (size_t i = 0; i < static_cast<size_t>(s.depth); ++i) {
                        const size_t x = k_at(at) + i;
                        const double scaled = ds * static_cast<double>(s.scale);
                        e.query[q + i] += scaled * static_cast<double>(c.key[x]);
                        e.key[x] += scaled * static_cast<double>(c.query[q + i]);
                    }
                }
            }
    return e;
}

void check(const Case& c) {
    const AttentionSpec& s = c.spec;
    CAPTURE(s.batch);
    CAPTURE(s.queries);
    CAPTURE(s.keys);
    CAPTURE(s.heads);
    CAPTURE(s.key_heads);
    CAPTURE(s.depth);
    CAPTURE(s.value_depth);
    CAPTURE(s.is_causal);
    const Results r = run(c, s.bias.has_value());
    const Expected e = reference(c);
    CHECK(near(r.out, e.out, 1e-5));
    CHECK(near(r.query, e.query, 1e-5));
    CHECK(near(r.key, e.key, 1e-5));
    CHECK(near(r.value, e.value, 1e-5));
    if (!s.bias) return;
    if ((*s.bias)[3] != 0) CHECK(near(r.bias, e.bias, 1e-5));
    // What raises all of a row's scores changes no weight: zero, but for rounding.
    else
        for (const float x : r.bias) CHECK(std::abs(x) < 1e-6f);
}

AttentionSpec sizes(int64_t batch, int64_t queries, int64_t keys, int64_t heads, int64_t key_heads,
                    int64_t depth, int64_t value_depth, bool is_causal = false) {
    AttentionSpec s;
    s.batch = batch;
    s.queries = queries;
    s.keys = keys;
    s.heads = heads;
    s.key_heads = key_heads;
    s.depth = depth;
    s.value_depth = value_depth;
    s.scale = static_cast<float>(1 / std::sqrt(static_cast<double>(depth)));
    s.is_causal = is_causal;
    return s;
}

}  // namespace

TEST_CASE("attention and its gradients equal their definition for many sizes") {
    for (const bool causal : {false, true}) {
        check(sizes(1, 1, 1, 1, 1, 1, 1, causal));
        check(sizes(2, 3, 5, 4, 2, 7, 3, causal));  // fewer queries than packing pays for
        check(sizes(2, 8, 9, 3, 1, 5, 6, causal));
        check(sizes(1, 64, 64, 2, 2, 16, 16, causal));
        check(sizes(2, 128, 128, 4, 4, 64, 64, causal));
        check(sizes(1, 67, 131, 2, 1, 33, 70, causal));  // no size a multiple of a vector
        check(sizes(1, 130, 65, 6, 3, 8, 20, causal));   // more queries than keys
        check(sizes(1, 20, 4200, 1, 1, 4, 4, causal));   // blocks of fewer queries
    }
    AttentionSpec negative = sizes(1, 10, 12, 2, 2, 6, 6);
    negative.scale = -2;
    check(negative);
}

TEST_CASE("bias and mask may be repeated along any axis") {
    for (int axes = 0; axes < 16; ++axes) {
        CAPTURE(axes);
        check(Case(sizes(2, 9, 70, 4, 2, 6, 5), axes));
        check(Case(sizes(2, 9, 70, 4, 2, 6, 5), -1, axes));
        check(Case(sizes(2, 9, 70, 4, 2, 6, 5, true), axes, 15 - axes));
        check(Case(sizes(2, 4, 11, 2, 1, 6, 5, true), axes, axes));
    }
}

TEST_CASE("a row that may look at nothing is uniform, and its scores have no gradient") {
    for (const bool causal : {false, true}) {
        const Case c(sizes(1, 10, 80, 2, 2, 4, 4, causal), -1, 15, 0.0);
        check(c);
        const Results r = run(c, false);
        CHECK(r.query == Floats(r.query.size(), 0.f));
        CHECK(r.key == Floats(r.key.size(), 0.f));
    }
    check(
        Case(sizes(1, 40, 80, 2, 2, 4, 4, true), -1, 15, 0.03));  // rows that see few keys or none
}

TEST_CASE("what attention does not look at may be anything finite; NaN stays in its row") {
    Case c(sizes(1, 12, 12, 1, 1, 4, 4, true));
    c.query[0] = std::numeric_limits<float>::quiet_NaN();
    const Results r = run(c, false);
    for (size_t i = 0; i < r.out.size(); ++i) CHECK(std::isnan(r.out[i]) == (i < 4));
    Case far(sizes(1, 12, 12, 1, 1, 4, 4, true));
    for (size_t i = 44; i < 48; ++i) far.key[i] = 1e30f;  // the last key, which the last query sees
    const Results f = run(far, false), plain = run(Case(sizes(1, 12, 12, 1, 1, 4, 4, true)), false);
    for (size_t i = 0; i < 44; ++i) CHECK(f.out[i] == plain.out[i]);
}

TEST_CASE("the number of threads changes no bit of attention") {
    struct Threads {
        ~Threads() { set_threads(0); }
    } restored;
    for (const int bias_axes : {-1, 7, 15}) {
        const Case c(sizes(2, 150, 170, 4, 2, 24, 16, true), bias_axes, bias_axes);
        set_threads(1);
        const Results one = run(c, bias_axes >= 0);
        for (const int count : {2, 3, 5}) {
            set_threads(count);
            CHECK(run(c, bias_axes >= 0) == one);
        }
    }
}
