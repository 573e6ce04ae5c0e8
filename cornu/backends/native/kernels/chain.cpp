#include "cornu/backends/native/kernels/chain.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "cornu/base/error.h"
#include "cornu/base/parallel.h"

namespace cornu::native {

namespace {
constexpr int64_t register_floats = 8192;  // all registers together: 32 KiB
constexpr int64_t large_bytes =
    16 << 20;  // beyond this, memory is the limit and short blocks serve it best
}  // namespace

int ChainSpec::push(Value value) {
    const int id = static_cast<int>(values_.size());
    for (const int operand : {value.a, value.b, value.c}) {
        if (operand < -1 || operand >= id)
            throw ValueError(str("a chain's step uses values made before it. Received: ", operand,
                                 " of ", id, "."));
    }
    values_.push_back(std::move(value));
    return id;
}

int ChainSpec::input(DType dtype, const Shape& shape) {
    if (is_complex(dtype) || dtype == DType::string || dtype == DType::int4)
        throw DTypeError(
            str("a chain's inputs are real and not packed. Received: ", name(dtype), "."));
    const auto out = broadcast_shapes(shape, shape_);
    if (!out || *out != shape_)
        throw ShapeError(str("a chain's input must broadcast to its shape ", shape_,
                             ". Received: ", shape, "."));
    return push({.kind = Kind::input, .dtype = dtype, .shape = shape});
}

int ChainSpec::constant(float value) { return push({.kind = Kind::constant, .constant = value}); }

bool ChainSpec::supports(UnaryOp op) {
    return op != UnaryOp::bit_not && op != UnaryOp::conj && op != UnaryOp::real &&
           op != UnaryOp::imag;
}
bool ChainSpec::supports(BinaryOp op) { return is_compare(op) || op <= BinaryOp::logical_xor; }

int ChainSpec::unary(UnaryOp op, int a) {
    CORNU_CHECK(supports(op), "a chain cannot hold this operation");
    switch (op) {  // what gives a bool is a comparison
        case UnaryOp::is_nan:
            return binary(BinaryOp::ne, a, a);
        case UnaryOp::is_inf:
            return binary(BinaryOp::eq, unary(UnaryOp::abs, a),
                          constant(std::numeric_limits<float>::infinity()));
        case UnaryOp::is_finite:
            return binary(BinaryOp::lt, unary(UnaryOp::abs, a),
                          constant(std::numeric_limits<float>::infinity()));
        case UnaryOp::logical_not:
            return binary(BinaryOp::eq, a, constant(0));
        case UnaryOp::identity:
            return a;
        default:
            return push({.kind = Kind::unary, .op = static_cast<uint8_t>(op), .a = a});
    }
}

int ChainSpec::binary(BinaryOp op, int a, int b) {
    CORNU_CHECK(supports(op), "a chain cannot hold this operation");
    if (op == BinaryOp::logical_and) op = BinaryOp::mul;
    if (op == BinaryOp::logical_or) op = BinaryOp::max;
    if (op == BinaryOp::logical_xor) op = BinaryOp::ne;
    return push({.kind = Kind::binary, .op = static_cast<uint8_t>(op), .a = a, .b = b});
}

int ChainSpec::select(int condition, int a, int b) {
    return push({.kind = Kind::select, .a = condition, .b = a, .c = b});
}

void ChainSpec::output(int value, DType dtype) {
    if (value < 0 || value >= static_cast<int>(values_.size()))
        throw ValueError(str("a chain's output is one of its values. Received: ", value, "."));
    if (is_complex(dtype) || dtype == DType::string || dtype == DType::int4)
        throw DTypeError(
            str("a chain's outputs are real and not packed. Received: ", name(dtype), "."));
    outputs_.emplace_back(value, dtype);
}

Chain::Chain(const ChainSpec& spec) {
    using Kind = ChainSpec::Kind;
    const auto& values = spec.values_;
    const int count = static_cast<int>(values.size());
    size_ = spec.shape_.size();

    // How long each value is needed: until its last step, or to the end when it is an output.
    std::vector<int> last(values.size(), -1);
    for (int id = 0; id < count; ++id) {
        for (const int operand : {values[id].a, values[id].b, values[id].c}) {
            if (operand >= 0) last[operand] = id;
        }
    }
    for (const auto& [value, dtype] : spec.outputs_) last[value] = count;

    std::vector<Place> places(values.size());
    std::vector<int> free;
    int scalars = 0, operands = 0;
    const auto take = [&] {
        if (free.empty()) return registers_++;
        const int index = free.back();
        free.pop_back();
        return index;
    };
    const auto uniform = [&](int id) { return id < 0 || places[id].where == Place::scalar; };
    // select wants vectors: a scalar operand is spread into a register first.
    const auto spread = [&](int id) {
        if (places[id].where != Place::scalar) return places[id];
        Step step{};
        step.kind = Kind::constant;
        step.a = places[id];
        step.to = {Place::reg, take()};
        step.to_output = -1;
        steps_.push_back(step);
        return step.to;
    };

    for (int id = 0; id < count; ++id) {
        const ChainSpec::Value& v = values[id];
        Place& place = places[id];
        if (v.kind == Kind::constant) {
            place = {Place::scalar, scalars++};
            constants_.emplace_back(place.index, v.constant);
        } else if (v.kind == Kind::input) {
            Input input;
            input.operand = operands++;
            input.walk =
                make_walk<1>(spec.shape_.dims(), {broadcast_strides(v.shape, spec.shape_)});
            input.cast = v.dtype == DType::float32 ? nullptr : cast_loop(v.dtype, DType::float32);
            input.bytes = bits(v.dtype) / 8;
            input.dense = input.walk.axes == 1 && input.walk.step(0) == 1;
            const bool scalar =
                input.walk.axes == 1 && input.walk.step(0) == 0 && v.shape.size() == 1;
            // Read where it lies; but not as an output, which may be written over another's input.
            const bool direct = input.dense && !input.cast && last[id] < count;
            place = scalar   ? Place{Place::scalar, scalars++}
                    : direct ? Place{Place::direct, input.operand}
                             : Place{Place::reg, take()};
            input.to = place;
            if (last[id] < 0) {  // never used
                if (place.where == Place::reg) free.push_back(place.index);
                continue;
            }
            if (scalar)
                scalar_inputs_.push_back(input);
            else if (!direct)
                inputs_.push_back(input);
        } else {
            if (last[id] < 0) continue;
            Step step{};
            step.kind = v.kind;
            step.to_output = -1;
            const bool scalar = uniform(v.a) && uniform(v.b) && uniform(v.c);
            std::vector<int> spread_registers;
            const auto operand = [&](int o) {
                if (o < 0) return Place{Place::scalar, 0};
                if (v.kind != Kind::select || scalar) return places[o];
                const Place p = spread(o);
                if (places[o].where == Place::scalar) spread_registers.push_back(p.index);
                return p;
            };
            step.a = operand(v.a);
            step.b = operand(v.b);
            step.c = operand(v.c);
            if (v.kind == Kind::unary) {
                if (v.op < simd_unary_op_count)
                    step.unary = simd().unary[v.op];
                else
                    step.unary_loop =
                        native::unary_loop(static_cast<UnaryOp>(v.op), DType::float32);
            } else if (v.kind == Kind::binary) {
                const auto op = static_cast<BinaryOp>(v.op);
                for (int form = 0; form < 3; ++form) {
                    if (is_compare(op))
                        step.binary[form] = simd().mask[v.op - first_compare][form];
                    else if (v.op < simd_binary_op_count)
                        step.binary[form] = simd().binary[v.op][form];
                }
                if (!step.binary[0]) step.binary_loop = native::binary_loop(op, DType::float32);
            }
            // Operands that end here give up their registers first: every step may run in place.
            for (const int o : {v.a, v.b, v.c}) {
                if (o >= 0 && last[o] == id && places[o].where == Place::reg) {
                    last[o] = -2;  // once, though it be used twice
                    free.push_back(places[o].index);
                }
            }
            for (const int r : spread_registers) free.push_back(r);
            place = scalar ? Place{Place::scalar, scalars++} : Place{Place::reg, take()};
            step.to = place;
            (scalar ? scalar_steps_ : steps_).push_back(step);
        }
        if (scalars > max_scalars || registers_ > max_registers || operands > max_inputs)
            throw UnsupportedError(str("a chain holds at most ", max_inputs, " inputs, ",
                                       max_scalars, " scalars and ", max_registers,
                                       " vectors at a time."));
    }

    int64_t traffic = operands * 4;
    for (const auto& wanted : spec.outputs_) {
        const int value = wanted.first;
        const DType dtype = wanted.second;
        Output output{places[value], nullptr, bits(dtype) / 8, false};
        if (dtype != DType::float32) output.cast = cast_loop(DType::float32, dtype);
        traffic += output.bytes;
        // The last step may write its result where it belongs: all reading of the block is over.
        const bool is_last = !steps_.empty() && places[value].where == Place::reg &&
                             values[value].kind != Kind::input &&
                             steps_.back().to.index == places[value].index &&
                             steps_.back().to_output < 0;
        const bool shared = std::count_if(spec.outputs_.begin(), spec.outputs_.end(),
                                          [&](const auto& o) { return o.first == value; }) > 1;
        if (is_last && !shared && !output.cast) {
            steps_.back().to_output = static_cast<int64_t>(outputs_.size());
            output.done = true;
        }
        outputs_.push_back(output);
    }
    block_ = std::clamp<int64_t>(register_floats / std::max(registers_, 1) / 64 * 64, 256, 1024);
    if (size_ * traffic > large_bytes) block_ = 256;
    const int64_t work = static_cast<int64_t>(steps_.size() + inputs_.size() + outputs_.size());
    grain_ = std::max<int64_t>(1, 16384 / (block_ * std::max<int64_t>(work, 1)));
}

struct Chain::Frame {
    const void* const* in;
    void* const* out;
    float* registers;
    const float* scalars;
};

void Chain::apply(const Step& step, const float* a, const float* b, const float* c, float* to,
                  int64_t n) {
    const bool a_scalar = step.a.where == Place::scalar, b_scalar = step.b.where == Place::scalar;
    switch (step.kind) {
        case ChainSpec::Kind::unary:
            if (step.unary)
                step.unary(a, to, n);
            else
                step.unary_loop(a, to, n);
            break;
        case ChainSpec::Kind::binary:
            if (step.binary[0]) {
                const Form form = a_scalar == b_scalar ? Form::vector_vector
                                  : b_scalar           ? Form::vector_scalar
                                                       : Form::scalar_vector;
                step.binary[static_cast<int>(form)](a, b, to, n);
            } else {
                step.binary_loop(a, a_scalar ? 0 : 1, b, b_scalar ? 0 : 1, to, n);
            }
            break;
        case ChainSpec::Kind::select:
            simd().select_mask(a, b, c, to, n);
            break;
        case ChainSpec::Kind::constant:
            std::fill(to, to + n, *a);
            break;
        case ChainSpec::Kind::input:
            break;
    }
}

void Chain::block(const Frame& frame, int64_t begin, int64_t count) const {
    for (const Input& input : inputs_) {
        const char* from = static_cast<const char*>(frame.in[input.operand]);
        float* to = frame.registers + input.to.index * block_;
        const int64_t step = input.walk.step(0);
        float* at = to;
        walk_runs(input.walk, begin, begin + count, [&](const int64_t* offsets, int64_t n) {
            const char* run = from + offsets[0] * input.bytes;
            if (step == 1) {
                if (input.cast)
                    input.cast(run, at, n);
                else
                    std::memcpy(at, run, static_cast<size_t>(n) * sizeof(float));
            } else {
                float value;
                if (input.cast)
                    input.cast(run, &value, 1);
                else
                    std::memcpy(&value, run, sizeof value);
                std::fill(at, at + n, value);
            }
            at += n;
        });
    }
    const auto pointer = [&](const Place& place) -> const float* {
        switch (place.where) {
            case Place::scalar:
                return frame.scalars + place.index;
            case Place::direct:
                return static_cast<const float*>(frame.in[place.index]) + begin;
            default:
                return frame.registers + place.index * block_;
        }
    };
    for (const Step& step : steps_) {
        float* to = step.to_output >= 0 ? static_cast<float*>(frame.out[step.to_output]) + begin
                                        : frame.registers + step.to.index * block_;
        apply(step, pointer(step.a), pointer(step.b), pointer(step.c), to, count);
    }
    for (size_t i = 0; i < outputs_.size(); ++i) {
        const Output& output = outputs_[i];
        if (output.done) continue;
        char* to = static_cast<char*>(frame.out[i]) + begin * output.bytes;
        const float* from = pointer(output.from);
        if (output.from.where == Place::scalar) {
            if (!output.cast) {
                std::fill_n(reinterpret_cast<float*>(to), count, *from);
            } else {
                for (int64_t k = 0; k < count; ++k) output.cast(from, to + k * output.bytes, 1);
            }
        } else if (output.cast) {
            output.cast(from, to, count);
        } else {
            std::memcpy(to, from, static_cast<size_t>(count) * sizeof(float));
        }
    }
}

void Chain::run(const void* const* in, void* const* out) const {
    if (size_ == 0) return;
    float scalars[max_scalars];
    for (const auto& [slot, value] : constants_) scalars[slot] = value;
    for (const Input& input : scalar_inputs_) {
        if (input.cast)
            input.cast(in[input.operand], scalars + input.to.index, 1);
        else
            std::memcpy(scalars + input.to.index, in[input.operand], sizeof(float));
    }
    for (const Step& step : scalar_steps_)
        apply(step, scalars + step.a.index, scalars + step.b.index, scalars + step.c.index,
              scalars + step.to.index, 1);

    parallel_for((size_ + block_ - 1) / block_, grain_, [&](int64_t begin, int64_t end) {
        alignas(64) float registers[register_floats];
        const Frame frame{in, out, registers, scalars};
        for (int64_t b = begin; b < end; ++b)
            block(frame, b * block_, std::min(block_, size_ - b * block_));
    });
}

}  // namespace cornu::native
