#include "cornu/backends/native/kernels/chain.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <sstream>

#include "cornu/base/error.h"
#include "cornu/base/parallel.h"

namespace cornu::native {

namespace {

constexpr int64_t register_floats = 8192;    // all registers of a block together, where rows allow: 32 KiB
constexpr int64_t short_columns = 256;       // spread over a block once, rather than met row by row
constexpr int64_t most_parts = 16, part_work = 32768;   // of sums of columns
constexpr int64_t large_bytes = 16 << 20;    // beyond this, memory is the limit and short blocks serve it best

void refuse_dtype(DType dtype, const char* what) {
    if (is_complex(dtype) || dtype == DType::string || dtype == DType::int4)
        throw DTypeError(str("a chain's ", what, " are real and not packed. Received: ", name(dtype), "."));
}

}  // namespace

// ---- the program ----

ChainSpec::ChainSpec(Shape shape, bool by_rows) : shape_(std::move(shape)), by_rows_(by_rows && shape_.rank() > 0) {}

int ChainSpec::push(Value value) {
    const int id = static_cast<int>(values_.size());
    Extent widest = Extent::scalar;
    for (const int operand : {value.a, value.b, value.c}) {
        if (operand < -1 || operand >= id)
            throw ValueError(str("a chain's step uses values made before it. Received: ", operand, " of ", id, "."));
        if (operand >= 0) widest = std::max(widest, extent(operand));
    }
    if (value.kind == Kind::unary || value.kind == Kind::binary || value.kind == Kind::select)
        value.extent = widest == Extent::column ? Extent::full : widest;
    values_.push_back(std::move(value));
    return id;
}

int ChainSpec::input(DType dtype, const Shape& shape) {
    const auto out = broadcast_shapes(shape, shape_);
    if (!out || *out != shape_)
        throw ShapeError(str("a chain's input must broadcast to its shape ", shape_, ". Received: ", shape, "."));
    return input(dtype, broadcast_strides(shape, shape_), 0);
}

int ChainSpec::input(DType dtype, std::vector<int64_t> strides, int64_t offset) {
    refuse_dtype(dtype, "inputs");
    CORNU_CHECK(static_cast<int64_t>(strides.size()) == shape_.rank(), "a stride for each axis");
    const auto moves = [&](int64_t axis) { return strides[static_cast<size_t>(axis)] != 0 && shape_[axis] != 1; };
    const int64_t last = shape_.rank() - 1;
    bool rows = false, rows_dense = true;
    int64_t step = 1;
    for (int64_t axis = last - 1; axis >= 0; --axis) {
        rows = rows || moves(axis);
        rows_dense = rows_dense && (shape_[axis] == 1 || strides[static_cast<size_t>(axis)] == step);
        step *= shape_[axis];
    }
    const bool columns = last >= 0 && moves(last);
    Extent extent = Extent::full;
    if (!rows && !columns) extent = Extent::scalar;
    else if (by_rows_ && !columns && rows_dense) extent = Extent::row;
    else if (by_rows_ && !rows && strides.back() == 1) extent = Extent::column;
    return push({.kind = Kind::input, .dtype = dtype, .strides = std::move(strides), .offset = offset, .extent = extent});
}

int ChainSpec::constant(float value) { return push({.kind = Kind::constant, .constant = value}); }

bool ChainSpec::supports(UnaryOp op) {
    return op != UnaryOp::bit_not && op != UnaryOp::conj && op != UnaryOp::real && op != UnaryOp::imag;
}
bool ChainSpec::supports(BinaryOp op) { return is_compare(op) || op <= BinaryOp::logical_xor; }

int ChainSpec::unary(UnaryOp op, int a) {
    CORNU_CHECK(supports(op), "a chain cannot hold this operation");
    const auto infinity = [this] { return constant(std::numeric_limits<float>::infinity()); };
    switch (op) {  // what gives a bool is a comparison
        case UnaryOp::is_nan: return binary(BinaryOp::ne, a, a);
        case UnaryOp::is_inf: return binary(BinaryOp::eq, unary(UnaryOp::abs, a), infinity());
        case UnaryOp::is_finite: return binary(BinaryOp::lt, unary(UnaryOp::abs, a), infinity());
        case UnaryOp::logical_not: return binary(BinaryOp::eq, a, constant(0));
        case UnaryOp::identity: return a;
        default: return push({.kind = Kind::unary, .op = static_cast<uint8_t>(op), .a = a});
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

int ChainSpec::reduce(ReduceOp op, int a) {
    CORNU_CHECK(supports(op), "a chain cannot hold this reduction");
    const int id = push({.kind = Kind::reduce, .op = static_cast<uint8_t>(op), .a = a, .extent = Extent::row});
    if (!by_rows_ || extent(a) != Extent::full) throw UnsupportedError("a chain reduces rows of its full shape, when it goes by rows.");
    return id;
}

int ChainSpec::sum_columns(int a) {
    const int id = push({.kind = Kind::sum_columns, .a = a, .extent = Extent::column});
    if (!by_rows_ || extent(a) != Extent::full) throw UnsupportedError("a chain sums columns of its full shape, when it goes by rows.");
    return id;
}

int ChainSpec::sum_all(int a) {
    const int id = push({.kind = Kind::sum_all, .a = a, .extent = Extent::scalar});
    if (extent(a) != Extent::full) throw UnsupportedError("a chain sums all of its full shape.");
    return id;
}

void ChainSpec::output(int value, DType dtype, Extent extent) {
    if (value < 0 || value >= static_cast<int>(values_.size()))
        throw ValueError(str("a chain's output is one of its values. Received: ", value, "."));
    refuse_dtype(dtype, "outputs");
    const Kind kind = values_[static_cast<size_t>(value)].kind;
    const bool sums = sums_blocks(kind);
    const bool wide = sums ? extent == (kind == Kind::sum_all ? Extent::scalar : Extent::column) && dtype == DType::float32 : extent == Extent::full || (extent == Extent::row && by_rows_ && this->extent(value) <= Extent::row);
    if (!wide) throw ValueError("a chain's output covers its shape, or has one element a row, or is a float32 sum over all rows.");
    outputs_.push_back({value, dtype, extent});
}

std::string ChainSpec::to_string() const {
    std::ostringstream out;
    const char* kinds[] = {"input", "constant", "unary", "binary", "pair", "select", "reduce", "sum_columns", "sum_all"};
    const char* extents[] = {"", "/row", "/column", "/full"};
    for (size_t i = 0; i < values_.size(); ++i) {
        const Value& v = values_[i];
        out << (i ? "; " : "") << '%' << i << extents[static_cast<size_t>(v.extent)] << " = " << kinds[static_cast<size_t>(v.kind)];
        if (v.kind == Kind::constant) out << ' ' << v.constant;
        else if (v.kind != Kind::input && v.kind != Kind::select) out << ' ' << static_cast<int>(v.op);
        for (const int operand : {v.a, v.b, v.c})
            if (operand >= 0) out << " %" << operand;
    }
    for (const Result& result : outputs_) out << "; -> %" << result.value;
    return out.str();
}

void ChainSpec::join_pairs() {
    std::vector<int> uses(values_.size(), 0);
    for (const Value& v : values_)
        for (const int operand : {v.a, v.b, v.c})
            if (operand >= 0) ++uses[static_cast<size_t>(operand)];
    for (const Result& result : outputs_) ++uses[static_cast<size_t>(result.value)];

    struct First {
        PairFirst op;
        int a, b;
    };
    const auto first_of = [&](int id, Extent extent) -> std::optional<First> {
        if (id < 0 || uses[static_cast<size_t>(id)] != 1) return {};
        const Value& v = values_[static_cast<size_t>(id)];
        if (v.extent != extent) return {};
        if (v.kind == Kind::unary && static_cast<UnaryOp>(v.op) == UnaryOp::square) return First{PairFirst::mul, v.a, v.a};
        if (v.kind != Kind::binary) return {};
        switch (static_cast<BinaryOp>(v.op)) {
            case BinaryOp::add: return First{PairFirst::add, v.a, v.b};
            case BinaryOp::sub: return First{PairFirst::sub, v.a, v.b};
            case BinaryOp::mul: return First{PairFirst::mul, v.a, v.b};
            default: return {};
        }
    };
    for (Value& v : values_) {
        if (v.extent != Extent::full || (v.kind != Kind::unary && v.kind != Kind::binary)) continue;
        const auto join = [&](const First& first, int c, PairSecond second) {
            v = {.kind = Kind::pair, .op = static_cast<uint8_t>(first.op), .second = static_cast<uint8_t>(second), .a = first.a, .b = first.b, .c = c, .extent = v.extent};
        };
        const auto left = first_of(v.a, v.extent);
        if (v.kind == Kind::unary) {
            if (!left) continue;
            if (static_cast<UnaryOp>(v.op) == UnaryOp::sqrt) join(*left, left->a, PairSecond::sqrt);
            else if (static_cast<UnaryOp>(v.op) == UnaryOp::relu) join(*left, left->a, PairSecond::relu);
            continue;
        }
        const auto right = left ? std::nullopt : first_of(v.b, v.extent);
        if (!left && !right) continue;
        switch (static_cast<BinaryOp>(v.op)) {
            case BinaryOp::add: left ? join(*left, v.b, PairSecond::add) : join(*right, v.a, PairSecond::add); break;
            case BinaryOp::mul: left ? join(*left, v.b, PairSecond::mul) : join(*right, v.a, PairSecond::mul); break;
            case BinaryOp::sub: left ? join(*left, v.b, PairSecond::sub) : join(*right, v.a, PairSecond::from); break;
            case BinaryOp::div: left ? join(*left, v.b, PairSecond::div) : join(*right, v.a, PairSecond::under); break;
            default: break;
        }
    }
}

// ---- from the program to steps ----

class Chain::Builder {
public:
    Builder(Chain& chain, const ChainSpec& spec) : chain_(chain), spec_(spec), last_(spec.values_.size(), -1), places_(spec.values_.size()) {
        const int count = static_cast<int>(spec.values_.size());
        // How long each value is needed: until its last step, or to the end when it is an output.
        for (int id = 0; id < count; ++id)
            for (const int operand : operands(id))
                if (operand >= 0) last(operand) = id;
        for (const auto& result : spec.outputs_) last(result.value) = count;
        for (int id = 0; id < count; ++id) {
            if (value(id).kind == Kind::constant) {
                place(id) = {Place::scalar, Extent::scalar, scalars_++};
                chain_.constants_.emplace_back(place(id).index, value(id).constant);
            } else if (value(id).kind == Kind::input) {
                add_input(id, last(id) == count);
            } else if (last(id) >= 0) {
                add_step(id);
            }
            if (scalars_ > max_scalars || chain_.registers_ + chain_.row_registers_ > max_registers || operands_ > max_inputs)
                throw UnsupportedError(str("a chain holds at most ", max_inputs, " inputs, ", max_scalars, " scalars and ", max_registers, " vectors at a time."));
        }
        for (const auto& result : spec.outputs_) add_output(result);
        size_blocks();
    }

private:
    using Kind = ChainSpec::Kind;
    const ChainSpec::Value& value(int id) const { return spec_.values_[static_cast<size_t>(id)]; }
    std::array<int, 3> operands(int id) const { return {value(id).a, value(id).b, value(id).c}; }
    int& last(int id) { return last_[static_cast<size_t>(id)]; }
    Place& place(int id) { return places_[static_cast<size_t>(id)]; }

    Place take(Extent extent) {
        std::vector<int>& free = extent == Extent::row ? free_rows_ : free_;
        int& made = extent == Extent::row ? chain_.row_registers_ : chain_.registers_;
        if (free.empty()) return {Place::reg, extent, made++};
        const int index = free.back();
        free.pop_back();
        return {Place::reg, extent, index};
    }
    void give_back(const Place& p) {
        if (p.where == Place::reg) (p.extent == Extent::row ? free_rows_ : free_).push_back(p.index);
    }

    void add_input(int id, bool is_output) {
        const ChainSpec::Value& v = value(id);
        Input input;
        input.operand = operands_++;
        input.walk = make_walk<1>(spec_.shape_.dims(), {v.strides});
        input.cast = v.dtype == DType::float32 ? nullptr : cast_loop(v.dtype, DType::float32);
        input.bytes = bits(v.dtype) / 8;
        input.offset = v.offset;
        chain_.offsets_.push_back(v.offset);
        if (v.extent == Extent::row) input.walk = make_walk<1>({chain_rows()}, {std::vector<int64_t>{1}});
        if (v.extent == Extent::column) input.walk = make_walk<1>({spec_.shape_.back()}, {std::vector<int64_t>{1}});
        // Read where it lies; but not as an output, which may be written over another's input.
        const bool dense = input.walk.axes == 1 && (input.walk.step(0) == 1 || input.walk.size == 1);
        const bool lies = v.extent != Extent::scalar && dense && !input.cast && !is_output;
        // Every block holds the same spread column: made once, its register is kept.
        const bool resident = v.extent == Extent::column && (!lies || spec_.shape_.back() < short_columns);
        const Extent extent = resident ? Extent::full : v.extent;
        if (resident) {
            if (last(id) < 0) return;
            input.walk = make_walk<1>(spec_.shape_.dims(), {v.strides});
            last(id) = static_cast<int>(spec_.values_.size());
            place(id) = input.to = Place{Place::reg, Extent::full, chain_.registers_++};
            chain_.resident_.push_back(input);
            return;
        }
        place(id) = v.extent == Extent::scalar ? Place{Place::scalar, Extent::scalar, scalars_++}
                    : lies                     ? Place{Place::operand, extent, input.operand}
                                               : take(extent);
        input.to = place(id);
        if (last(id) < 0) give_back(place(id));  // never used
        else if (v.extent == Extent::scalar) chain_.scalar_inputs_.push_back(input);
        else if (!lies) add_load(input);
    }

    // A load is a step among others: its register may have been another value's before.
    void add_load(const Input& input) {
        Step step{};
        step.kind = Kind::input;
        step.a.index = static_cast<int>(chain_.inputs_.size());
        step.to = input.to;
        step.to_output = -1;
        chain_.steps_.push_back(step);
        chain_.inputs_.push_back(input);
    }

    int64_t chain_rows() const { return spec_.shape_.back() ? spec_.shape_.size() / spec_.shape_.back() : 0; }

    // A value spread over a register: select and outputs want all of it.
    Place spread(const Place& from, Extent extent) {
        Step step{};
        step.kind = Kind::constant;
        step.a = from;
        step.to = take(extent);
        step.each_row = from.extent == Extent::row || from.extent == Extent::column;
        step.to_output = -1;
        chain_.steps_.push_back(step);
        return step.to;
    }

    void add_step(int id) {
        const ChainSpec::Value& v = value(id);
        Step step{};
        step.kind = v.kind;
        step.to_output = -1;
        std::vector<Place> spread_places;
        Place* to[] = {&step.a, &step.b, &step.c};
        const auto ids = operands(id);
        for (size_t i = 0; i < 3; ++i) {
            if (ids[i] < 0) continue;
            *to[i] = place(ids[i]);
            const bool narrow = v.kind == Kind::select && v.extent != Extent::scalar && to[i]->extent < v.extent && to[i]->extent != Extent::column;
            if (narrow) spread_places.push_back(*to[i] = spread(*to[i], v.extent));
            if (v.extent == Extent::full && (to[i]->extent == Extent::row || to[i]->extent == Extent::column)) step.each_row = true;
        }
        if (v.kind == Kind::unary) {
            if (v.op < simd_unary_op_count) step.unary = simd().unary[v.op];
            else step.unary_loop = native::unary_loop(static_cast<UnaryOp>(v.op), DType::float32);
        } else if (v.kind == Kind::binary) {
            const auto op = static_cast<BinaryOp>(v.op);
            for (int form = 0; form < 3; ++form) {
                if (is_compare(op)) step.binary[form] = simd().mask[v.op - first_compare][form];
                else if (v.op < simd_binary_op_count) step.binary[form] = simd().binary[v.op][form];
            }
            if (!step.binary[0]) step.binary_loop = native::binary_loop(op, DType::float32);
        } else if (v.kind == Kind::pair) {
            step.pair = simd().pair[v.op][v.second];
        } else if (v.kind == Kind::reduce) {
            step.reduce = static_cast<ReduceOp>(v.op);
        }
        // Operands that end here give up their registers first: every step may run in place.
        for (const int o : ids)
            if (o >= 0 && last(o) == id) {
                last(o) = -2;  // once, though it be used twice
                give_back(place(o));
            }
        for (const Place& p : spread_places) give_back(p);
        if (ChainSpec::sums_blocks(v.kind)) {
            step.to = place(id) = {Place::operand, v.extent, static_cast<int>(chain_.sums_++)};
            chain_.steps_.push_back(step);
            return;
        }
        place(id) = v.extent == Extent::scalar ? Place{Place::scalar, Extent::scalar, scalars_++} : take(v.extent);
        step.to = place(id);
        (v.extent == Extent::scalar ? chain_.scalar_steps_ : chain_.steps_).push_back(step);
    }

    void add_output(const ChainSpec::Result& result) {
        Place from = place(result.value);
        if (ChainSpec::sums_blocks(value(result.value).kind)) {
            chain_.outputs_.push_back({from, result.extent, nullptr, 4, true});
            return;
        }
        if (from.extent != result.extent && from.extent != Extent::scalar) from = spread(from, result.extent);
        Output output{from, result.extent, nullptr, bits(result.dtype) / 8, false};
        if (result.dtype != DType::float32) output.cast = cast_loop(DType::float32, result.dtype);
        chain_.outputs_.push_back(output);
        if (chain_.outputs_.size() < spec_.outputs_.size() || chain_.steps_.empty()) return;
        // The last step may write its result where it belongs: all reading of the block is over.
        Step& step = chain_.steps_.back();
        if (step.kind == Kind::input || ChainSpec::sums_blocks(step.kind)) return;
        int readers = 0;
        for (const Output& o : chain_.outputs_)
            if (o.from.where == Place::reg && o.from.extent == step.to.extent && o.from.index == step.to.index) ++readers;
        for (size_t i = 0; i < chain_.outputs_.size(); ++i) {
            Output& o = chain_.outputs_[i];
            if (readers != 1 || o.cast || o.from.where != Place::reg || o.from.extent != step.to.extent || o.from.index != step.to.index) continue;
            step.to_output = static_cast<int64_t>(i);
            o.done = true;
        }
    }

    void size_blocks() {
        const int64_t size = spec_.shape_.size(), registers = std::max(chain_.registers_, 1);
        int64_t traffic = operands_ * 4;
        for (const Output& output : chain_.outputs_) traffic += output.bytes;
        int64_t elements = std::clamp<int64_t>(register_floats / registers / 64 * 64, 256, 1024);
        if (size * traffic > large_bytes) {
            elements = 256;
            for (const Place& p : places_)
                if (p.where == Place::operand && p.extent == Extent::full) chain_.fetched_ahead_.push_back(p.index);
        }
        chain_.unit_ = spec_.by_rows_ ? std::max<int64_t>(spec_.shape_.back(), 1) : 1;
        chain_.units_ = spec_.by_rows_ ? chain_rows() : size;
        chain_.block_ = spec_.by_rows_ ? std::max<int64_t>(elements / chain_.unit_, 1) : elements;
        if (chain_.block_ * (chain_.registers_ * chain_.unit_ + chain_.row_registers_) > max_floats)
            throw UnsupportedError(str("a chain's rows are too long to be worked on in registers. Received: ", chain_.unit_, "."));
        const int64_t work = static_cast<int64_t>(chain_.steps_.size() + chain_.outputs_.size());
        chain_.grain_ = std::max<int64_t>(1, 16384 / (chain_.block_ * chain_.unit_ * std::max<int64_t>(work, 1)));
        const int64_t blocks = (chain_.units_ + chain_.block_ - 1) / chain_.block_;
        if (chain_.sums_) chain_.parts_ = std::clamp<int64_t>(size * work / part_work, 1, std::clamp<int64_t>(blocks, 1, most_parts));
    }

    Chain& chain_;
    const ChainSpec& spec_;
    std::vector<int> last_;
    std::vector<Place> places_;
    std::vector<int> free_, free_rows_;
    int scalars_ = 0, operands_ = 0;
};

Chain::Chain(const ChainSpec& given) {
    ChainSpec spec = given;
    spec.join_pairs();
    Builder(*this, spec);
}

// ---- running ----

struct Chain::Frame {
    const void* const* in;
    void* const* out;
    float* registers;
    float* rows;          // registers of values with one number a row
    const float* scalars;
    double* sums;
};

void Chain::apply(const Step& step, const float* a, const float* b, const float* c, float* to, int64_t n) {
    // Within one row a value of a row is a scalar too.
    const auto single = [&](const Place& p) { return p.extent == Extent::scalar || (p.extent == Extent::row && step.to.extent != Extent::row); };
    switch (step.kind) {
        case ChainSpec::Kind::unary:
            if (step.unary) step.unary(a, to, n);
            else step.unary_loop(a, to, n);
            break;
        case ChainSpec::Kind::binary: {
            const bool a_single = single(step.a), b_single = single(step.b);
            if (step.binary[0]) {
                const Form form = a_single == b_single ? Form::vector_vector : b_single ? Form::vector_scalar : Form::scalar_vector;
                if (a_single && b_single && n > 1) {
                    float value;
                    step.binary[0](a, b, &value, 1);
                    std::fill(to, to + n, value);
                } else {
                    step.binary[static_cast<int>(form)](a, b, to, n);
                }
            } else {
                step.binary_loop(a, a_single ? 0 : 1, b, b_single ? 0 : 1, to, n);
            }
            break;
        }
        case ChainSpec::Kind::pair: {
            constexpr int copies = 16;   // as many as the widest vector has lanes
            alignas(64) float spread[3][copies];
            const float* from[] = {a, b, c};
            int64_t steps[3];
            const Place* const places[] = {&step.a, &step.b, &step.c};
            for (int i = 0; i < 3; ++i) {
                steps[i] = single(*places[i]) ? 0 : 1;
                if (steps[i]) continue;
                std::fill(spread[i], spread[i] + copies, *from[i]);
                from[i] = spread[i];
            }
            step.pair(from[0], steps[0], from[1], steps[1], from[2], steps[2], to, n);
            break;
        }
        case ChainSpec::Kind::select:
            simd().select_mask(a, b, c, to, n);
            break;
        case ChainSpec::Kind::constant:
            if (single(step.a)) std::fill(to, to + n, *a);
            else if (to != a) std::memcpy(to, a, static_cast<size_t>(n) * sizeof(float));
            break;
        case ChainSpec::Kind::reduce:
            *to = step.reduce == ReduceOp::sum ? static_cast<float>(simd().sum(a, n)) : step.reduce == ReduceOp::max ? simd().max(a, n) : simd().min(a, n);
            break;
        case ChainSpec::Kind::input: case ChainSpec::Kind::sum_columns: case ChainSpec::Kind::sum_all:
            break;
    }
}

// Fills a register with the positions [begin, begin + count) of an input.
void Chain::load(const Input& input, const Frame& frame, int64_t begin, int64_t count) const {
    const char* from = static_cast<const char*>(frame.in[input.operand]) + input.offset * input.bytes;
    float* to = input.to.extent == Extent::row ? frame.rows + input.to.index * block_ : frame.registers + input.to.index * block_ * unit_;
    const int64_t step = input.walk.step(0);
    walk_runs(input.walk, begin, begin + count, [&](const int64_t* offsets, int64_t n) {
        const char* run = from + offsets[0] * input.bytes;
        if (step == 1) {
            if (input.cast) input.cast(run, to, n);
            else std::memcpy(to, run, static_cast<size_t>(n) * sizeof(float));
        } else if (step == 0) {
            float value;
            if (input.cast) input.cast(run, &value, 1);
            else std::memcpy(&value, run, sizeof value);
            std::fill(to, to + n, value);
        } else {
            for (int64_t i = 0; i < n; ++i) {
                if (input.cast) input.cast(run + i * step * input.bytes, to + i, 1);
                else std::memcpy(to + i, run + i * step * input.bytes, sizeof(float));
            }
        }
        to += n;
    });
}

void Chain::store(const Output& output, char* to, const float* from, int64_t count) const {
    if (output.from.where == Place::scalar) {
        if (output.cast) for (int64_t k = 0; k < count; ++k) output.cast(from, to + k * output.bytes, 1);
        else std::fill_n(reinterpret_cast<float*>(to), count, *from);
    } else if (output.cast) {
        output.cast(from, to, count);
    } else {
        std::memcpy(to, from, static_cast<size_t>(count) * sizeof(float));
    }
}

void Chain::block(const Frame& frame, int64_t first, int64_t units) const {
    const int64_t begin = first * unit_, count = units * unit_;
    const auto pointer = [&](const Place& p) -> const float* {
        if (p.where == Place::scalar) return frame.scalars + p.index;
        if (p.where == Place::reg) return p.extent == Extent::row ? frame.rows + p.index * block_ : frame.registers + p.index * block_ * unit_;
        const float* at = static_cast<const float*>(frame.in[p.index]) + offsets_[static_cast<size_t>(p.index)];
        return p.extent == Extent::row ? at + first : p.extent == Extent::full ? at + begin : at;
    };
    // How far a place moves from one row to the next.
    const auto stride = [&](const Place& p) -> int64_t { return p.extent == Extent::row ? 1 : p.extent == Extent::full ? unit_ : 0; };
    size_t fetched = 0;
    for (const Step& step : steps_) {
        // What the next block reads is on its way while this one is worked on, an operand a step.
        if (fetched < fetched_ahead_.size()) {
            const auto operand = static_cast<size_t>(fetched_ahead_[fetched++]);
            const float* next = static_cast<const float*>(frame.in[operand]) + offsets_[operand] + begin + count;
            for (int64_t i = 0; i < count; i += 16) __builtin_prefetch(next + i);
        }
        const bool row = step.to.extent == Extent::row;
        if (step.kind == ChainSpec::Kind::input) {
            load(inputs_[static_cast<size_t>(step.a.index)], frame, row ? first : begin, row ? units : count);
            continue;
        }
        if (step.kind == ChainSpec::Kind::sum_columns) {
            simd().add_rows(pointer(step.a), units, unit_, unit_, frame.sums + step.to.index * unit_);
            continue;
        }
        if (step.kind == ChainSpec::Kind::sum_all) {
            frame.sums[step.to.index * unit_] += simd().sum(pointer(step.a), count);
            continue;
        }
        float* to = step.to_output >= 0 ? static_cast<float*>(frame.out[step.to_output]) + (row ? first : begin) : const_cast<float*>(pointer(step.to));
        const float *a = pointer(step.a), *b = pointer(step.b), *c = pointer(step.c);
        if (step.each_row || step.kind == ChainSpec::Kind::reduce) {
            for (int64_t r = 0; r < units; ++r)
                apply(step, a + r * stride(step.a), b + r * stride(step.b), c + r * stride(step.c), to + r * (row ? 1 : unit_), unit_);
        } else {
            apply(step, a, b, c, to, row ? units : count);
        }
    }
    for (size_t i = 0; i < outputs_.size(); ++i) {
        const Output& output = outputs_[i];
        if (output.done) continue;
        const bool row = output.extent == Extent::row;
        store(output, static_cast<char*>(frame.out[i]) + (row ? first : begin) * output.bytes, pointer(output.from), row ? units : count);
    }
}

void Chain::run(const void* const* in, void* const* out, void* scratch) const {
    float scalars[max_scalars];
    for (const auto& [slot, value] : constants_) scalars[slot] = value;
    for (const Input& input : scalar_inputs_) {
        const char* from = static_cast<const char*>(in[input.operand]) + input.offset * input.bytes;
        if (input.cast) input.cast(from, scalars + input.to.index, 1);
        else std::memcpy(scalars + input.to.index, from, sizeof(float));
    }
    for (const Step& step : scalar_steps_)
        apply(step, scalars + step.a.index, scalars + step.b.index, scalars + step.c.index, scalars + step.to.index, 1);

    const int64_t blocks = (units_ + block_ - 1) / block_;
    const auto work = [&](int64_t begin, int64_t end, double* sums) {
        alignas(64) float registers[max_floats];
        const Frame frame{in, out, registers, registers + registers_ * block_ * unit_, scalars, sums};
        for (const Input& input : resident_) load(input, frame, 0, std::min(block_, units_) * unit_);
        for (int64_t b = begin; b < end; ++b) block(frame, b * block_, std::min(block_, units_ - b * block_));
    };
    if (!sums_) {
        if (blocks) parallel_for(blocks, grain_, [&](int64_t begin, int64_t end) { work(begin, end, nullptr); });
        return;
    }
    const int64_t width = sums_ * unit_;
    double* sums = static_cast<double*>(scratch);
    std::fill(sums, sums + parts_ * width, 0.0);
    parallel_for(parts_, 1, [&](int64_t begin, int64_t end) {
        for (int64_t p = begin; p < end; ++p) work(blocks * p / parts_, blocks * (p + 1) / parts_, sums + p * width);
    });
    for (size_t i = 0; i < outputs_.size(); ++i) {
        const Extent extent = outputs_[i].extent;
        if (extent != Extent::column && extent != Extent::scalar) continue;
        for (int64_t k = 0; k < (extent == Extent::column ? unit_ : 1); ++k) {
            double total = 0;
            for (int64_t p = 0; p < parts_; ++p) total += sums[p * width + outputs_[i].from.index * unit_ + k];
            static_cast<float*>(out[i])[k] = static_cast<float>(total);
        }
    }
}

}  // namespace cornu::native
