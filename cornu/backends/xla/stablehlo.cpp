#include "cornu/backends/xla/stablehlo.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <numeric>

#include "cornu/backend/lowering_table.h"
#include "cornu/backends/xla/pjrt_client.h"
#include "cornu/base/scope.h"

namespace cornu::xla {

namespace {

constexpr int64_t written_out = 1024;  // bytes; larger constants are passed as arguments

const char* element_text(DType dtype) {
    switch (dtype) {
        case DType::bool_:
            return "i1";
        case DType::uint8:
            return "ui8";
        case DType::uint16:
            return "ui16";
        case DType::uint32:
            return "ui32";
        case DType::uint64:
            return "ui64";
        case DType::int8:
            return "i8";
        case DType::int16:
            return "i16";
        case DType::int32:
            return "i32";
        case DType::int64:
            return "i64";
        case DType::float16:
            return "f16";
        case DType::bfloat16:
            return "bf16";
        case DType::float32:
            return "f32";
        case DType::float64:
            return "f64";
        case DType::float8_e4m3fn:
            return "f8E4M3FN";
        case DType::float8_e5m2:
            return "f8E5M2";
        case DType::complex64:
            return "complex<f32>";
        case DType::complex128:
            return "complex<f64>";
        default:
            break;
    }
    throw BackendError(str("the backend xla does not have the dtype ", dtype, "."));
}

std::string join(const Ints& values) {
    std::string out;
    for (const int64_t v : values) out += (out.empty() ? "" : ", ") + std::to_string(v);
    return out;
}

unsigned kind_of(DType dtype) {
    if (!has_type(dtype)) return 0;
    if (dtype == DType::bool_) return booleans;
    if (is_complex(dtype)) return complexes;
    if (is_float(dtype)) return floats;
    return is_signed_int(dtype) ? signed_ints : unsigned_ints;
}

// Bytes as MLIR's dense literals have them: "0x0A1B…", in memory order.
std::string hex_of(const void* data, size_t bytes) {
    constexpr char digits[] = "0123456789ABCDEF";
    std::string out = "0x";
    for (size_t i = 0; i < bytes; ++i) {
        const auto byte = static_cast<const uint8_t*>(data)[i];
        out.push_back(digits[byte >> 4]);
        out.push_back(digits[byte & 15]);
    }
    return out;
}

bool all_equal(const void* data, size_t width, size_t count) {
    const auto* bytes = static_cast<const char*>(data);
    for (size_t i = 1; i < count; ++i)
        if (std::memcmp(bytes, bytes + i * width, width) != 0) return false;
    return true;
}

}  // namespace

std::string type_text(const Shape& shape, DType dtype) {
    std::string out = "tensor<";
    for (const int64_t dim : shape) out += std::to_string(dim) + "x";
    return out + element_text(dtype) + ">";
}
std::string axes_text(const Ints& values) {
    return values.empty() ? "array<i64>" : "array<i64: " + join(values) + ">";
}
std::string list_text(const Ints& values) { return "[" + join(values) + "]"; }
std::string pairs_text(const Ints& low, const Ints& high) {
    const std::string type = str("> : tensor<", low.size(), "x2xi64>");
    if (low.empty()) return "dense<" + type;
    std::string out = "dense<[";
    for (size_t i = 0; i < low.size(); ++i) out += str(i ? ", [" : "[", low[i], ", ", high[i], "]");
    return out + "]" + type;
}

// ---- Body ----

std::string Body::fresh_name() { return "%" + std::to_string((*counter_)++); }

void Body::set_scope(const std::string& scope) {
    location_.clear();
    if (scope.empty()) return;
    location_ = " loc(\"";
    for (const char c : scope)
        if (static_cast<unsigned char>(c) >= ' ')
            location_ += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    location_ += "\")";
}

Values Body::calls(const std::string& name, const Values& in, const Specs& out,
                   const std::string& attributes, const std::vector<std::string>& regions) {
    Values results;
    std::string names, arguments, in_types, out_types;
    for (const Spec& spec : out) {
        results.push_back({fresh_name(), spec.shape, spec.dtype});
        names += (names.empty() ? "" : ", ") + results.back().name;
        out_types += (out_types.empty() ? "" : ", ") + type_text(spec.shape, spec.dtype);
    }
    for (const Value& x : in) {
        arguments += (arguments.empty() ? "" : ", ") + x.name;
        in_types += (in_types.empty() ? "" : ", ") + type_text(x.shape, x.dtype);
    }
    text_ += names + (names.empty() ? "\"" : " = \"") +
             (name.find('.') == std::string::npos ? "stablehlo." : "") + name + "\"(" + arguments +
             ")";
    for (size_t i = 0; i < regions.size(); ++i) text_ += (i ? ", " : " (") + regions[i];
    if (!regions.empty()) text_ += ")";
    if (!attributes.empty()) text_ += " {" + attributes + "}";
    text_ += " : (" + in_types + ") -> (" + out_types + ")" + location_ + "\n";
    return results;
}

Value Body::call(const std::string& name, const Values& in, const Shape& shape, DType dtype,
                 const std::string& attributes, const std::vector<std::string>& regions) {
    return calls(name, in, {{shape, dtype}}, attributes, regions)[0];
}

std::string Body::region(const Specs& arguments,
                         const std::function<Values(Body&, const Values&)>& write) {
    Body inner(*this, 0);
    Values values;
    std::string head;
    for (const Spec& spec : arguments) {
        values.push_back({fresh_name(), spec.shape, spec.dtype});
        head += (head.empty() ? "" : ", ") + values.back().name + ": " +
                type_text(spec.shape, spec.dtype);
    }
    inner.finish("stablehlo.return", write(inner, values));
    return "{\n" + (head.empty() ? "" : "^bb0(" + head + "):\n") + inner.text() + "}";
}

void Body::finish(const char* terminator, const Values& results) { calls(terminator, results, {}); }

Value Body::constant(const Tensor& tensor) {
    const Tensor host = tensor.to_host();
    const auto count = static_cast<size_t>(host.size()),
               width = count ? static_cast<size_t>(bytes_for(host.dtype(), 1)) : 0;
    std::string literal;
    if (host.dtype() == DType::bool_) {
        // Packed as hexadecimal, hence spelt out, in one row.
        const auto values = host.data<bool>();
        const bool same = all_equal(values.data(), 1, count);
        for (size_t i = 0; i < (same ? std::min<size_t>(count, 1) : count); ++i)
            literal += str(i ? ", " : "", values[i] ? "true" : "false");
        if (!same) {
            const Shape row{static_cast<int64_t>(count)};
            return reshape(
                call("constant", {}, row, DType::bool_,
                     "value = dense<[" + literal + "]> : " + type_text(row, DType::bool_)),
                host.shape());
        }
    } else if (count) {
        literal = "\"" +
                  hex_of(host.raw(), width * (all_equal(host.raw(), width, count) ? 1 : count)) +
                  "\"";
    }
    return call("constant", {}, host.shape(), host.dtype(),
                "value = dense<" + literal + "> : " + type_text(host.shape(), host.dtype()));
}

Value Body::scalar(double value, DType dtype) { return constant(Tensor::full({}, value, dtype)); }
Value Body::full(double value, const Shape& shape, DType dtype) {
    return broadcast(scalar(value, dtype), shape);
}

Value Body::both_parts(double value, DType dtype) {
    if (dtype == DType::complex64) {
        const auto part = static_cast<float>(value);
        return constant(Tensor::from(std::vector<std::complex<float>>{{part, part}}, Shape()));
    }
    return constant(Tensor::from(std::vector<std::complex<double>>{{value, value}}, Shape()));
}
Value Body::lowest(DType dtype) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if (is_complex(dtype)) return both_parts(-infinity, dtype);
    if (is_float(dtype)) return scalar(-infinity, dtype);
    if (!is_signed_int(dtype)) return scalar(0, dtype);
    return visit_dtype(dtype, [&](auto zero) {
        using T = decltype(zero);
        if constexpr (std::is_integral_v<T>)
            return constant(Tensor::from(std::vector<T>{std::numeric_limits<T>::min()}, Shape()));
        else
            return scalar(0, dtype);
    });
}
Value Body::highest(DType dtype) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if (is_complex(dtype)) return both_parts(infinity, dtype);
    if (is_float(dtype)) return scalar(infinity, dtype);
    if (dtype == DType::bool_) return scalar(1, dtype);
    return visit_dtype(dtype, [&](auto zero) {
        using T = decltype(zero);
        if constexpr (std::is_integral_v<T>)
            return constant(Tensor::from(std::vector<T>{std::numeric_limits<T>::max()}, Shape()));
        else
            return scalar(0, dtype);
    });
}

Value Body::iota(const Shape& shape, int64_t axis, DType dtype) {
    return call("iota", {}, shape, dtype, str("iota_dimension = ", axis, " : i64"));
}

Value Body::broadcast(const Value& x, const Shape& shape, Ints at) {
    if (x.shape == shape) return x;
    if (at.empty()) {
        at.resize(static_cast<size_t>(x.shape.rank()));
        std::iota(at.begin(), at.end(), shape.rank() - x.shape.rank());
    }
    return call("broadcast_in_dim", {x}, shape, x.dtype, "broadcast_dimensions = " + axes_text(at));
}

Value Body::cast(const Value& x, DType dtype) {
    if (x.dtype == dtype) return x;
    if (dtype == DType::bool_) return compare("NE", x, full(0, x.shape, x.dtype));
    if (is_complex(x.dtype) && !is_complex(dtype)) {
        const DType part = x.dtype == DType::complex64 ? DType::float32 : DType::float64;
        return cast(call("real", {x}, x.shape, part), dtype);
    }
    return call("convert", {x}, x.shape, dtype);
}

Value Body::reshape(const Value& x, const Shape& shape) {
    return x.shape == shape ? x : call("reshape", {x}, shape, x.dtype);
}

Value Body::compare(const char* direction, const Value& a, const Value& b) {
    const std::string_view wanted = direction;
    if (!is_complex(a.dtype) || wanted == "EQ" || wanted == "NE")
        return call("compare", {a, b}, a.shape, DType::bool_,
                    str("comparison_direction = #stablehlo<comparison_direction ", direction, ">"));
    // By the real part, then the imaginary one, as in NumPy; StableHLO has no such order.
    const DType part = a.dtype == DType::complex64 ? DType::float32 : DType::float64;
    const auto parts = [&](const char* name, const char* how) {
        return compare(how, call(name, {a}, a.shape, part), call(name, {b}, b.shape, part));
    };
    const char* strictly = wanted.front() == 'L' ? "LT" : "GT";
    return binary("or", parts("real", strictly),
                  binary("and", parts("real", "EQ"), parts("imag", direction)));
}
Value Body::extremum(const char* target, const Value& a, const Value& b) {
    const bool ordered =
        std::string_view(target) == "maximum" || std::string_view(target) == "minimum";
    if (!ordered || !is_complex(a.dtype)) return binary(target, a, b);
    const char* behind = std::string_view(target) == "maximum" ? "LT" : "GT";
    const Value takes_b = binary("or", compare("NE", b, b), compare(behind, a, b));
    return select(binary("and", compare("EQ", a, a), takes_b), b, a);
}
Value Body::select(const Value& condition, const Value& a, const Value& b) {
    return call("select", {condition, a, b}, a.shape, a.dtype);
}

// ---- graphs ----

const Lowering* find_lowering(const Op& op) {
    static const LoweringTable<Lowering> table{
        elementwise_lowerings(), reduction_lowerings(), shape_lowerings(),
        contraction_lowerings(), convolution_lowerings(), indexing_lowerings(),
        random_lowerings(), control_flow_lowerings(), linalg_lowerings()};
    return table.find(op);
}

bool supports(const Op& op, std::span<const Spec> in, const Attrs& attrs, Backend& backend) {
    const Lowering* lowering = find_lowering(op);
    if (!lowering) return false;
    for (const Spec& spec : in)
        if (!(kind_of(spec.dtype) & lowering->takes)) return false;
    return !lowering->supports || lowering->supports({op, attrs, in, {}, *lowering, backend});
}

namespace {

// Float8 is for storage: a call computes in float32, which loses nothing, and rounds its results
// once. Loops hold graphs that say so themselves; what rereads or converts bytes must see them.
bool is_float8(DType dtype) { return is_float(dtype) && bits(dtype) == 8; }
Values emit_call(Body& body, const Call& call, const Values& in) {
    const auto has_float8 = [](std::span<const Spec> specs) {
        return std::any_of(specs.begin(), specs.end(),
                           [](const Spec& s) { return is_float8(s.dtype); });
    };
    const std::string_view name = call.op.name;
    const bool as_it_is = name == "cast" || name == "bitcast" || name == "iota" || name == "scan" ||
                          name == "while_loop" || name == "cond";
    if (as_it_is || (!has_float8(call.in) && !has_float8(call.out)))
        return call.lowering.emit(body, call, in);
    Values wide = in;
    Specs wide_in(call.in.begin(), call.in.end()), wide_out(call.out.begin(), call.out.end());
    for (size_t i = 0; i < wide.size(); ++i)
        if (is_float8(wide_in[i].dtype)) {
            wide[i] = body.cast(wide[i], DType::float32);
            wide_in[i].dtype = DType::float32;
        }
    for (Spec& spec : wide_out)
        if (is_float8(spec.dtype)) spec.dtype = DType::float32;
    Values results = call.lowering.emit(
        body, {call.op, call.attrs, wide_in, wide_out, call.lowering, call.backend}, wide);
    for (size_t i = 0; i < results.size(); ++i)
        results[i] = body.cast(results[i], call.out[i].dtype);
    return results;
}

}  // namespace

Values emit_graph(Body& body, const Graph& graph, const Values& inputs, Backend& backend,
                  const std::function<Value(const Tensor&)>& large_constant) {
    Values values(graph.values.size());
    for (size_t i = 0; i < graph.inputs.size(); ++i)
        values[static_cast<size_t>(graph.inputs[i])] = inputs[i];
    const auto value_of = [&](ValueId id) -> const Value& {
        Value& value = values[static_cast<size_t>(id)];
        if (value.name.empty()) {
            const Tensor& constant = graph.constant(id);
            const bool large =
                large_constant && bytes_for(constant.dtype(), constant.size()) > written_out;
            value = large ? large_constant(constant) : body.constant(constant);
        }
        return value;
    };
    for (const Graph::Node& node : graph.nodes) {
        const Scope scope("", node.scope);
        const Lowering* lowering = find_lowering(*node.op);
        CORNU_CHECK(lowering, "no lowering of ", node.op->name);
        body.set_scope(node.scope);
        Specs in, out;
        Values arguments;
        for (const ValueId id : node.in) {
            in.push_back(graph.spec(id));
            arguments.push_back(value_of(id));
        }
        for (const ValueId id : node.out) out.push_back(graph.spec(id));
        const Values results =
            emit_call(body, {*node.op, node.attrs, in, out, *lowering, backend}, arguments);
        CORNU_CHECK(results.size() == out.size(), "results of ", node.op->name);
        for (size_t i = 0; i < out.size(); ++i) {
            CORNU_CHECK(results[i].shape == out[i].shape && results[i].dtype == out[i].dtype,
                        node.op->name, ": ", type_text(results[i].shape, results[i].dtype),
                        " is not ", out[i]);
            values[static_cast<size_t>(node.out[i])] = results[i];
        }
    }
    body.set_scope({});
    Values outputs;
    for (const ValueId id : graph.outputs) outputs.push_back(value_of(id));
    return outputs;
}

Module to_stablehlo(const Graph& graph, Backend& backend) {
    Module module;
    Body body;
    Values inputs, large;
    std::string arguments, results;
    for (size_t i = 0; i < graph.inputs.size(); ++i) {
        const Spec& spec = graph.spec(graph.inputs[i]);
        inputs.push_back({body.fresh_name(), spec.shape, spec.dtype});
        arguments +=
            (i ? ", " : "") + inputs.back().name + ": " + type_text(spec.shape, spec.dtype);
        for (size_t j = 0; j < graph.donated.size(); ++j)
            if (graph.donated[j] == static_cast<int32_t>(i)) {
                arguments += str(" {tf.aliasing_output = ", j, " : i32}");
                break;
            }
    }
    const Values outputs = emit_graph(body, graph, inputs, backend, [&](const Tensor& constant) {
        large.push_back({body.fresh_name(), constant.shape(), constant.dtype()});
        module.constants.push_back(constant);
        return large.back();
    });
    for (const Value& value : large)
        arguments += (arguments.empty() ? "" : ", ") + value.name + ": " +
                     type_text(value.shape, value.dtype);
    for (const Value& value : outputs)
        results += (results.empty() ? "" : ", ") + type_text(value.shape, value.dtype);
    body.finish("func.return", outputs);
    module.text = "module @cornu {\nfunc.func public @main(" + arguments + ") -> (" + results +
                  ") {\n" + body.text() + "}\n}\n";
    return module;
}

}  // namespace cornu::xla
