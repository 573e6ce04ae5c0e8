#include "cornu/testing/check_op.h"

#include <cmath>

#include "cornu/autodiff/tape.h"
#include "cornu/graph/recorder.h"
#include "cornu/ops/creation.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/testing/near.h"

namespace cornu::testing {

namespace {

struct Noise {
    uint64_t state;
    explicit Noise(uint64_t seed) : state(seed * 0x9E3779B97F4A7C15u + 1) {}
    uint64_t next() {
        state ^= state << 13;
        state ^= state >> 7;
        return state ^= state << 17;
    }
    double uniform(double low, double high) { return low + (high - low) * static_cast<double>(next() >> 11) / 9007199254740992.0; }
    int64_t integer(int64_t low, int64_t high) { return low + static_cast<int64_t>(next() % static_cast<uint64_t>(high - low + 1)); }
};

Tensor random_like(const Tensor& x, Noise& noise) {
    std::vector<double> values(static_cast<size_t>(x.size()));
    for (double& v : values) v = noise.uniform(-1, 1);
    return Tensor::from(values, x.shape());
}

// The sum of products, and the sum of their absolute values, which says how exact it can be.
struct Inner {
    double sum = 0, absolute = 0;
    void add(const Tensor& a, const Tensor& b) {
        const auto x = a.to_vector<double>(), y = b.to_vector<double>();
        for (size_t i = 0; i < x.size(); ++i) {
            sum += x[i] * y[i];
            absolute += std::abs(x[i] * y[i]);
        }
    }
};

Tensors gradients(const Function& fn, const Tensors& inputs, const std::vector<size_t>& sources, const Tensors& cotangents) {
    GradientTape tape;
    Tensors wanted;
    for (const size_t i : sources) wanted.push_back(inputs[i]);
    const Tensors out = fn(inputs);
    Tensors targets, weights;
    size_t next = 0;
    for (const Tensor& y : out)
        if (y.dtype() == DType::float64) {
            targets.push_back(y);
            weights.push_back(cotangents[next++]);
        }
    Tensors grads = tape.gradient(targets, wanted, weights);
    for (size_t i = 0; i < grads.size(); ++i)
        if (!grads[i].defined()) grads[i] = ops::zeros(wanted[i].shape(), DType::float64);
    return grads;
}

std::string check_order(const Function& fn, const Tensors& inputs, const GradientOptions& options, int order) {
    Noise noise(options.seed + static_cast<uint64_t>(order));
    std::vector<size_t> sources;
    for (size_t i = 0; i < inputs.size(); ++i)
        if (inputs[i].dtype() == DType::float64) sources.push_back(i);
    const Tensors at = fn(inputs);
    Tensors cotangents;
    for (const Tensor& y : at)
        if (y.dtype() == DType::float64) cotangents.push_back(random_like(y, noise));
    if (sources.empty() || cotangents.empty()) return {};

    Tensors forward = inputs, backward = inputs, directions;
    for (const size_t i : sources) {
        directions.push_back(random_like(inputs[i], noise));
        forward[i] = inputs[i] + directions.back() * options.step;
        backward[i] = inputs[i] - directions.back() * options.step;
    }
    const Tensors after = fn(forward), before = fn(backward);
    Inner numeric, symbolic;
    size_t next = 0;
    for (size_t i = 0; i < at.size(); ++i)
        if (at[i].dtype() == DType::float64) numeric.add((after[i] - before[i]) / (2 * options.step), cotangents[next++]);
    const Tensors grads = gradients(fn, inputs, sources, cotangents);
    for (size_t i = 0; i < grads.size(); ++i) {
        if (!(grads[i].shape() == directions[i].shape())) return str("order ", order, ": the gradient of input ", sources[i], " has shape ", grads[i].shape(), ", not ", directions[i].shape());
        symbolic.add(grads[i], directions[i]);
    }
    const double scale = std::max({numeric.absolute, symbolic.absolute, 1e-3}), gap = std::abs(numeric.sum - symbolic.sum);
    if (!(gap <= options.tolerance * scale * std::pow(10.0, order - 1)))
        return str("order ", order, ": the gradient gives ", symbolic.sum, " along a direction, the difference ", numeric.sum);
    if (order == options.order) return {};
    const Function slope = [&](const Tensors& x) { return gradients(fn, x, sources, cotangents); };
    return check_order(slope, inputs, options, order + 1);
}

// What the diagonals of random matrices get on top for ops that need them definite, or far from
// singular.
double diagonal_of(const Op& op) {
    for (const char* name : {"cholesky_lower", "cholesky", "cholesky_inverse", "triangular_solve", "lu", "lu_factor", "solve", "solve_triangular", "inv", "det", "slogdet", "logdet"})
        if (op.name == std::string_view(name)) return 4;
    for (const char* name : {"qr", "pinv", "lstsq", "matrix_rank"})
        if (op.name == std::string_view(name)) return 1;
    return 0;
}

std::string describe(const Specs& specs, const Attrs& attrs) {
    std::string out;
    for (const Spec& s : specs) out += str(out.empty() ? "" : ", ", s);
    return attrs.empty() ? out : str(out, " ", attrs.to_string());
}

Tensors compiled(const Graph& graph, Backend& backend, const Tensors& inputs) { return (*compile(graph, backend))(inputs); }

// One node of the op itself, whatever it is composed of.
Tensors run_whole(const Op& op, Backend& backend, const Tensors& inputs, const Attrs& attrs) {
    Recorder recorder;
    Tensors in;
    for (const Tensor& x : inputs) in.push_back(recorder.input(x.spec()));
    return compiled(recorder.finish(recorder.apply(op, in, attrs)), backend, inputs);
}

double epsilon_of(DType dtype) {
    switch (dtype) {
        case DType::float16: return std::ldexp(1.0, -10);
        case DType::bfloat16: return std::ldexp(1.0, -7);
        case DType::float8_e4m3fn: return std::ldexp(1.0, -3);
        case DType::float8_e5m2: return std::ldexp(1.0, -2);
        case DType::float32:
        case DType::complex64: return std::ldexp(1.0, -23);
        case DType::float64:
        case DType::complex128: return std::ldexp(1.0, -52);
        default: return 0;
    }
}

class Checker {
public:
    Checker(const Op& op, Backend& backend) : op_(op), backend_(backend) {}

    OpReport run() {
        const auto samples = samples_of(op_);
        for (size_t i = 0; i < samples.size(); ++i) check_sample(samples[i], i);
        for (const DType dtype : other_dtypes()) check_dtype(samples, dtype);
        check_refusals(samples);
        return std::move(report_);
    }

private:
    void fail(const std::string& what) { report_.failures.push_back(str(op_.name, ": ", what)); }
    void expect(const std::string& problem, const std::string& where) {
        ++report_.checks;
        if (!problem.empty()) fail(str(where, ": ", problem));
    }

    static std::vector<DType> other_dtypes() {
        std::vector<DType> out;
        for (int i = 0; i < dtype_count; ++i) {
            const auto t = static_cast<DType>(i);
            if (t != DType::float64 && t != DType::string) out.push_back(t);
        }
        return out;
    }

    // Runs a call every way there is; the eager result.
    Tensors check_modes(const OpSample& sample, const Tensors& inputs, const std::string& where, double t) {
        const Specs rule = rule_of(sample);
        const Tensors eager = apply(op_, inputs, sample.attrs);
        ++report_.checks;
        if (eager.size() != rule.size()) {
            fail(str(where, ": ", eager.size(), " results, ", rule.size(), " by the rule"));
            return eager;
        }
        for (size_t i = 0; i < eager.size(); ++i)
            if (!(eager[i].shape() == rule[i].shape) || eager[i].dtype() != rule[i].dtype)
                fail(str(where, ": result ", i, " is ", eager[i].spec(), ", by the rule ", rule[i]));
        const Graph traced = trace([&](const Tensors& in) { return apply(op_, in, sample.attrs); }, specs_of(inputs));
        const Tensors from_trace = compiled(traced, backend_, inputs), whole = run_whole(op_, backend_, promoted(inputs), sample.attrs);
        for (size_t i = 0; i < eager.size(); ++i) {
            expect(difference(from_trace[i], eager[i], t), str(where, ": traced"));
            expect(difference(whole[i], eager[i], t), str(where, ": compiled whole"));
        }
        return eager;
    }
    // The rule speaks of inputs as apply() hands them on: promoted.
    Specs rule_of(const OpSample& sample) const {
        Specs in = sample.in;
        if (op_.traits.promote != Promote::none && !in.empty()) {
            std::vector<PromotionOperand> operands;
            for (const Spec& s : in) operands.push_back({s.dtype, s.weak});
            const DType common = operands.size() == 1 ? in[0].dtype : result_type(operands);
            for (Spec& s : in) s.dtype = op_.traits.promote == Promote::to_float ? to_float_dtype(common) : common;
        }
        return infer_specs(op_, in, sample.attrs);
    }
    Tensors promoted(const Tensors& inputs) const {
        if (op_.traits.promote == Promote::none || inputs.empty()) return inputs;
        DType common = inputs[0].dtype();
        for (const Tensor& x : inputs)
            if (x.dtype() != common) common = result_type(common, x.dtype());
        if (op_.traits.promote == Promote::to_float) common = to_float_dtype(common);
        Tensors out;
        for (const Tensor& x : inputs) out.push_back(ops::cast(x, common));
        return out;
    }

    void check_sample(const OpSample& sample, size_t number) {
        const std::string where = str("sample ", number, " (", describe(sample.in, sample.attrs), ")");
        try {
            const Tensors inputs = sample_inputs(op_, sample.in, number + 1);
            check_modes(sample, inputs, where, 1e-12);
            if (!differentiable()) return;
            const Function call = [&](const Tensors& in) { return apply(op_, in, sample.attrs); };
            expect(check_gradients(call, inputs, {.seed = number + 1}), where);
        } catch (const std::exception& error) {
            fail(str(where, ": ", error.what()));
        }
    }
    // stop_gradient is the one op whose derivative is not that of its value.
    bool differentiable() const { return !op_.traits.not_differentiable && (op_.vjp || op_.decompose) && op_.name != std::string_view("stop_gradient"); }

    // The samples with their float64 inputs in another dtype.
    void check_dtype(const std::vector<OpSample>& samples, DType dtype) {
        for (size_t number = 0; number < samples.size(); ++number) {
            OpSample sample = samples[number];
            bool changed = false;
            for (Spec& s : sample.in)
                if (s.dtype == DType::float64) {
                    s.dtype = dtype;
                    changed = true;
                }
            if (!changed) continue;
            const std::string where = str("sample ", number, " (", describe(sample.in, sample.attrs), ")");
            try {
                rule_of(sample);
            } catch (const Error&) {
                return;  // the rule refuses this dtype
            }
            try {
                const Tensors wide = sample_inputs(op_, samples[number].in, number + 1);
                Tensors inputs = wide;
                for (size_t i = 0; i < inputs.size(); ++i)
                    if (inputs[i].dtype() != sample.in[i].dtype) inputs[i] = ops::cast(wide[i], sample.in[i].dtype);
                const double epsilon = epsilon_of(dtype);
                const Tensors results = check_modes(sample, inputs, where, 64 * epsilon);
                if (is_float(dtype) && bits(dtype) >= 16) check_against_float64(samples[number], inputs, results, where, epsilon);
            } catch (const ValueError& error) {
                // Composed of what refuses the dtype.
                if (!dynamic_cast<const DTypeError*>(&error)) fail(str(where, ": ", error.what()));
                else note_unsupported(dtype);
                return;
            } catch (const BackendError&) {
                return note_unsupported(dtype);
            } catch (const UnsupportedError&) {
                return note_unsupported(dtype);
            } catch (const std::exception& error) {
                fail(str(where, ": ", error.what()));
            }
        }
    }
    void note_unsupported(DType dtype) {
        if (report_.unsupported.empty() || report_.unsupported.back() != dtype) report_.unsupported.push_back(dtype);
    }
    // The same rounded inputs, computed in float64.
    void check_against_float64(const OpSample& wide, const Tensors& inputs, const Tensors& results, const std::string& where, double epsilon) {
        Tensors exact = inputs;
        for (size_t i = 0; i < exact.size(); ++i)
            if (exact[i].dtype() != wide.in[i].dtype) exact[i] = ops::cast(exact[i], DType::float64);
        const Tensors expected = apply(op_, exact, wide.attrs);
        for (size_t i = 0; i < results.size(); ++i)
            if (is_float(results[i].dtype())) expect(difference_of_values(results[i], expected[i], 64 * epsilon), str(where, ": against float64"));
    }

    // What makes no sense is refused with an error of ours: never a crash, never "internal".
    void check_refusals(const std::vector<OpSample>& samples) {
        if (samples.empty()) return;
        const OpSample& sample = samples[0];
        const Tensors inputs = sample_inputs(op_, sample.in);
        if (op_.inputs > 0) {
            Tensors more = inputs;
            more.push_back(more.back());
            expect(refusal(more, sample.attrs, true), "one input too many");
            expect(refusal({inputs.begin(), inputs.end() - 1}, sample.attrs, true), "one input too few");
        }
        for (size_t i = 0; i < inputs.size(); ++i) {
            for (const Shape& shape : {Shape{}, Shape{0}, Shape{2}, Shape{3, 1, 2, 1, 2, 1, 2}}) {
                Tensors odd = inputs;
                odd[i] = ops::zeros(shape, inputs[i].dtype());
                expect(refusal(odd, sample.attrs, false), str("input ", i, " of shape ", shape));
            }
        }
        if (op_.traits.elementwise && op_.inputs == 2) {
            const Tensors apart{ops::zeros({2, 3}, inputs[0].dtype()), ops::zeros({4}, inputs[0].dtype())};
            expect(refusal(apart, sample.attrs, true), "shapes that do not broadcast");
        }
    }
    std::string refusal(const Tensors& inputs, const Attrs& attrs, bool must_refuse) {
        try {
            apply(op_, inputs, attrs);
        } catch (const InternalError& error) {
            return str("an internal error: ", error.what());
        } catch (const Error&) {
            return {};
        } catch (const std::exception& error) {
            return str("an error that is not Cornu's: ", error.what());
        }
        return must_refuse ? "no error" : "";
    }

    const Op& op_;
    Backend& backend_;
    OpReport report_;
};

}  // namespace

std::string check_gradients(const Function& fn, const Tensors& inputs, const GradientOptions& options) {
    Tensors apart;  // one tensor given twice is two inputs
    for (const Tensor& x : inputs) apart.push_back(x.with_new_identity());
    return check_order(fn, apart, options, 1);
}

Tensors sample_inputs(const Op& op, const Specs& specs, uint64_t seed) {
    const OpSamples& domain = op.samples;
    Noise noise(seed);
    int64_t total = 0;
    for (const Spec& s : specs) total += s.shape.size();
    // Without ties: places of a shuffled ladder over the domain.
    std::vector<int64_t> ladder(static_cast<size_t>(total));
    for (size_t i = 0; i < ladder.size(); ++i) ladder[i] = static_cast<int64_t>(i);
    for (size_t i = ladder.size(); i > 1; --i) std::swap(ladder[i - 1], ladder[static_cast<size_t>(noise.integer(0, static_cast<int64_t>(i) - 1))]);
    size_t next = 0;
    const auto value = [&] {
        if (domain.distinct) return domain.low + (domain.high - domain.low) * (static_cast<double>(ladder[next++]) + 0.5) / static_cast<double>(total);
        for (;;) {
            const double v = noise.uniform(domain.low, domain.high);
            if (!domain.away_from_integers || std::abs(v - std::round(v)) > 0.05) return v;
        }
    };
    Tensors out;
    for (const Spec& spec : specs) {
        std::vector<double> values(static_cast<size_t>(spec.shape.size()));
        if (is_float(spec.dtype) || is_complex(spec.dtype)) {
            for (double& v : values) v = value();
        } else {
            const double least = is_unsigned_int(spec.dtype) ? std::max(0.0, domain.low) : domain.low;
            const auto low = static_cast<int64_t>(std::ceil(least)), high = std::max(low, static_cast<int64_t>(std::ceil(domain.high)) - 1);
            for (double& v : values) v = static_cast<double>(spec.dtype == DType::bool_ ? noise.integer(0, 1) : noise.integer(low, high));
        }
        if (const double more = diagonal_of(op); more != 0 && spec.shape.rank() >= 2) {
            const int64_t rows = spec.shape.dim(-2), columns = spec.shape.back();
            for (int64_t i = 0; i < spec.shape.size(); ++i)
                if (i / columns % rows == i % columns) values[static_cast<size_t>(i)] += more;
        }
        out.push_back(ops::cast(Tensor::from(values, spec.shape), spec.dtype));
    }
    return out;
}

std::vector<OpSample> samples_of(const Op& op) {
    if (op.samples.cases) return op.samples.cases();
    const auto spec = [](Shape shape) { return Spec{std::move(shape), DType::float64}; };
    if (!op.traits.elementwise || op.inputs == 0) return {};
    if (op.inputs == 1) return {{{spec({7, 13})}}, {{spec({})}}, {{spec({1})}}, {{spec({0, 3})}}, {{spec({4, 1, 3})}}};
    if (op.inputs == 2)
        return {{{spec({7, 13}), spec({7, 13})}}, {{spec({7, 13}), spec({13})}}, {{spec({7, 1}), spec({13})}}, {{spec({}), spec({5})}}, {{spec({0, 3}), spec({1, 3})}}, {{spec({1}), spec({1})}}};
    return {{{spec({2, 5}), spec({5}), spec({2, 1})}}, {{spec({4}), spec({4}), spec({4})}}, {{spec({0}), spec({0}), spec({1})}}};
}

OpReport check_op(const Op& op, Backend& backend) { return Checker(op, backend).run(); }

}  // namespace cornu::testing
