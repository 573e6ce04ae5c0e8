// A Graph written as a StableHLO module, the text that XLA compiles. Each op has a row in the table
// of its family (emit_FAMILY.cpp); ops without one are decomposed before they get here.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "cornu/backend/backend.h"

namespace cornu::xla {

// A value of the text: "%12".
struct Value {
    std::string name;
    Shape shape;
    DType dtype = DType::float32;
};
using Values = std::vector<Value>;
using Ints = std::vector<int64_t>;

std::string type_text(const Shape& shape, DType dtype);  // "tensor<2x3xf32>"
std::string axes_text(const Ints& values);               // "array<i64: 0, 2>"
std::string list_text(const Ints& values);  // "[0, 2]", within #stablehlo.… attributes
std::string pairs_text(const Ints& low,
                       const Ints& high);  // "dense<[[0, 1], …]> : tensor<2x2xi64>"

// Products of float32 are float32's: left to itself, a GPU would round the factors to 10 bits.
inline constexpr const char* full_precision = "precision_config = [#stablehlo<precision HIGHEST>, #stablehlo<precision HIGHEST>]";

// The text of a function's body, or of a region within: one line a call, in MLIR's generic form.
class Body {
public:
    Body() : counter_(std::make_shared<int64_t>(0)) {}

    // name "add" is stablehlo.add; one with a dot in it is taken as it is ("chlo.erf").
    Value call(const std::string& name, const Values& in, const Shape& shape, DType dtype,
               const std::string& attributes = {}, const std::vector<std::string>& regions = {});
    Values calls(const std::string& name, const Values& in, const Specs& out,
                 const std::string& attributes = {}, const std::vector<std::string>& regions = {});
    // A region that takes `arguments` and returns what `write` does.
    std::string region(const Specs& arguments,
                       const std::function<Values(Body&, const Values&)>& write);

    Value constant(const Tensor& host);  // written out: small ones only
    Value scalar(double value, DType dtype);
    Value full(double value, const Shape& shape, DType dtype);
    Value lowest(DType dtype);  // scalar: what a maximum starts from
    Value highest(DType dtype);
    Value both_parts(double value, DType dtype);  // complex scalar
    Value iota(const Shape& shape, int64_t axis, DType dtype);

    // The shapes must differ by broadcasting only; axes of x stand at `at` (default: the last
    // ones).
    Value broadcast(const Value& x, const Shape& shape, Ints at = {});
    Value cast(const Value& x, DType dtype);  // as ops::cast
    Value reshape(const Value& x, const Shape& shape);
    Value compare(const char* direction, const Value& a,
                  const Value& b);  // "EQ", "LT", …; same shapes
    Value select(const Value& condition, const Value& a, const Value& b);
    // `target` is "maximum" or "minimum" (any other: as binary); NaN wins.
    Value extremum(const char* target, const Value& a, const Value& b);
    Value binary(const char* name, const Value& a, const Value& b) {
        return call(name, {a, b}, a.shape, a.dtype);
    }
    Value unary(const char* name, const Value& x) { return call(name, {x}, x.shape, x.dtype); }

    // Lines written from now on carry this scope, so that the compiler's errors and profiles do.
    void set_scope(const std::string& scope);
    std::string fresh_name();
    const std::string& text() const { return text_; }
    void finish(const char* terminator,
                const Values& results);  // "func.return", "stablehlo.return"

private:
    explicit Body(const Body& outer, int) : counter_(outer.counter_), location_(outer.location_) {}
    std::string text_;
    std::shared_ptr<int64_t> counter_;  // names are unique in the whole module
    std::string location_;
};

// ---- rows of the tables ----

enum Kinds : unsigned {
    booleans = 1,
    signed_ints = 2,
    unsigned_ints = 4,
    floats = 8,
    complexes = 16,
    ints = signed_ints | unsigned_ints,
    reals = ints | floats,
    numbers = reals | complexes,
    anything = numbers | booleans,
};

struct Lowering;
struct Call {
    const Op& op;
    const Attrs& attrs;
    std::span<const Spec> in;
    std::span<const Spec> out;  // empty while it is only asked whether the call is supported
    const Lowering& lowering;
    Backend& backend;  // for bodies of loops, which are prepared like any graph

    template <class T>
    const T& as() const {
        return attrs.as<T>();
    }
};
struct Lowering {
    std::string_view op;
    Values (*emit)(Body& body, const Call& call, const Values& in);
    unsigned takes = anything;     // kinds of dtypes that inputs may have
    const char* target = nullptr;  // the StableHLO op, where the emitter serves several
    bool (*supports)(const Call& call) = nullptr;
};

std::span<const Lowering> elementwise_lowerings();
std::span<const Lowering> reduction_lowerings();
std::span<const Lowering> shape_lowerings();
std::span<const Lowering> contraction_lowerings();
std::span<const Lowering> convolution_lowerings();
std::span<const Lowering> indexing_lowerings();
std::span<const Lowering> random_lowerings();
std::span<const Lowering> control_flow_lowerings();
std::span<const Lowering> linalg_lowerings();

const Lowering* find_lowering(const Op& op);
bool supports(const Op& op, std::span<const Spec> in, const Attrs& attrs, Backend& backend);

// The calls of a prepared graph, written into `body`; `inputs` stand for the graph's. Constants too
// large to be written out are asked for by `large_constant`; none: all are written out.
Values emit_graph(Body& body, const Graph& graph, const Values& inputs, Backend& backend,
                  const std::function<Value(const Tensor&)>& large_constant = {});

// 16-bit floats are added up and multiplied in float32, as all engines do.
inline DType accumulator_of(DType dtype) {
    return is_float(dtype) && bits(dtype) == 16 ? DType::float32 : dtype;
}

struct Module {
    std::string text;
    Tensors constants;  // arguments after the graph's own
};
Module to_stablehlo(const Graph& graph, Backend& backend);

}  // namespace cornu::xla
