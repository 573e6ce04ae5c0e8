// Linear algebra and Fourier transforms. Singular values and general eigenvalues, of which PJRT's
// plugins have no program of their own, run on the host.
#include "cornu/autodiff/control_flow.h"
#include "cornu/backends/xla/stablehlo.h"
#include "cornu/graph/recorder.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/fourier.h"
#include "cornu/ops/indexing.h"
#include "cornu/ops/linalg.h"
#include "cornu/ops/ops.h"

namespace cornu::xla {

namespace {

int64_t rows_of(const Shape& x) { return x.dim(-2); }
int64_t columns_of(const Shape& x) { return x.dim(-1); }

Shape with_matrix(Shape shape, int64_t rows, int64_t columns) {
    shape[shape.rank() - 2] = rows;
    shape[shape.rank() - 1] = columns;
    return shape;
}
Shape with_vector(const Shape& shape, int64_t size) {
    Shape out = shape;
    out.erase(out.rank() - 1);
    out[out.rank() - 1] = size;
    return out;
}

// Of no elements nothing is computed: the expanders of the compiler do not expect it.
bool is_empty(const Values& in) { return in[0].shape.size() == 0; }
Values empty_results(Body& body, const Call& call) {
    Values out;
    for (const Spec& spec : call.out) out.push_back(body.full(0, spec.shape, spec.dtype));
    return out;
}
// Unless a result has elements all the same, as the identity in a complete QR decomposition of an
// (m, 0) matrix does.
bool has_results_of_input(const Call& call) {
    if (call.in[0].shape.size() != 0) return true;
    for (const Spec& spec : infer_specs(call.op, call.in, call.attrs))
        if (spec.shape.size() != 0) return false;
    return true;
}

Value transposed(Body& body, const Value& x) {
    const int64_t rank = x.shape.rank();
    Ints axes;
    for (int64_t i = 0; i < rank; ++i) axes.push_back(i);
    std::swap(axes[axes.size() - 1], axes[axes.size() - 2]);
    return body.call("transpose", {x}, with_matrix(x.shape, columns_of(x.shape), rows_of(x.shape)),
                     x.dtype, "permutation = " + axes_text(axes));
}
Value symmetric(Body& body, const Value& x) {
    const Value sum = body.binary("add", x, transposed(body, x));
    return body.binary("multiply", sum, body.full(0.5, x.shape, x.dtype));
}
// The elements on one side of the diagonal, which counts as both; zeros elsewhere.
Value triangle(Body& body, const Value& x, bool lower) {
    const int64_t rank = x.shape.rank();
    const Value row = body.iota(x.shape, rank - 2, DType::int32),
                column = body.iota(x.shape, rank - 1, DType::int32);
    return body.select(body.compare(lower ? "GE" : "LE", row, column), x,
                       body.full(0, x.shape, x.dtype));
}
// The leading rows and columns.
Value corner(Body& body, const Value& x, int64_t rows, int64_t columns) {
    if (rows == rows_of(x.shape) && columns == columns_of(x.shape)) return x;
    const Shape shape = with_matrix(x.shape, rows, columns);
    const Ints start(static_cast<size_t>(shape.rank()), 0), ones(start.size(), 1);
    return body.call("slice", {x}, shape, x.dtype,
                     "start_indices = " + axes_text(start) + ", limit_indices = " +
                         axes_text(shape.dims()) + ", strides = " + axes_text(ones));
}

// Programs that the compiler expands itself, on every platform. It takes their operands at their
// word: wrong shapes would end the process.
Values expanded(Body& body, const char* target, const Values& in, const Specs& out,
                const std::string& config = {}) {
    return body.calls("custom_call", in, out,
                      str("call_target_name = \"", target, "\", backend_config = \"", config,
                          "\", api_version = 1 : i32"));
}

Values cholesky(Body& body, const Call& call, const Values& in) {
    if (is_empty(in)) return empty_results(body, call);
    const Value l =
        body.call("cholesky", {symmetric(body, in[0])}, in[0].shape, in[0].dtype, "lower = true");
    return {triangle(body, l, true)};  // what lies above is left undefined
}

Values triangular_solve(Body& body, const Call& call, const Values& in) {
    if (call.out[0].shape.size() == 0) return empty_results(body, call);
    const auto& a = call.as<TriangularSolveAttrs>();
    return {body.call("triangular_solve", in, call.out[0].shape, in[1].dtype,
                      str("left_side = true, lower = ", a.lower ? "true" : "false",
                          ", unit_diagonal = ", a.unit_diagonal ? "true" : "false",
                          ", transpose_a = #stablehlo<transpose ",
                          a.transpose ? "TRANSPOSE" : "NO_TRANSPOSE", ">"))};
}

Values qr(Body& body, const Call& call, const Values& in) {
    if (is_empty(in)) return empty_results(body, call);
    const Value& x = in[0];
    const int64_t m = rows_of(x.shape), n = columns_of(x.shape), k = columns_of(call.out[0].shape);
    const Values packed = expanded(
        body, "Qr", {x}, {{x.shape, x.dtype}, {with_vector(x.shape, std::min(m, n)), x.dtype}});
    // R above the diagonal of the first, the reflections below it; Q has k columns.
    Value reflections = corner(body, packed[0], m, std::min(n, k));
    if (k > n) {
        Ints none(static_cast<size_t>(x.shape.rank()), 0), high = none;
        high.back() = k - n;
        reflections = body.call(
            "pad", {packed[0], body.scalar(0, x.dtype)}, with_matrix(x.shape, m, k), x.dtype,
            "edge_padding_low = " + axes_text(none) + ", edge_padding_high = " + axes_text(high) +
                ", interior_padding = " + axes_text(none));
    }
    const Value q = expanded(body, "ProductOfElementaryHouseholderReflectors",
                             {reflections, packed[1]}, {{reflections.shape, x.dtype}})[0];
    return {q, triangle(body, corner(body, packed[0], k, n), false)};
}

// Jacobi's rotations until what is off the diagonal is rounding noise; the iterations are sweeps.
Values eigh(Body& body, const Call& call, const Values& in) {
    if (is_empty(in)) return empty_results(body, call);
    const Value x = symmetric(body, in[0]);
    const char* config = x.dtype == DType::float64 ? "1,1,100,1e-14" : "1,1,100,1e-7";
    const Values found =
        expanded(body, "Eigh", {x}, {{x.shape, x.dtype}, call.out[0]}, config);  // vectors first
    return {found[1], found[0]};
}

// ---- LU ----

// Gaussian elimination with the largest element of a column as its pivot, a column a step.
Tensors lu_by_columns(const Tensor& x) {
    const int64_t m = rows_of(x.shape()), n = columns_of(x.shape()), k = std::min(m, n);
    const Shape vector = with_vector(x.shape(), m);
    const Tensor rows = ops::arange(0, m), columns = ops::arange(0, n);
    const auto step = [&](const Tensors& carry, const Tensors& slice) -> ops::ScanResult {
        const Tensor& at = slice[0];
        const auto column_of = [&](const Tensor& a) {
            return ops::sum(ops::where(ops::equal(columns, at), a, ops::zeros_like(a)), {-1});
        };
        const auto row_of = [&](const Tensor& a) {
            return ops::sum(
                ops::where(ops::expand_dims(ops::equal(rows, at), -1), a, ops::zeros_like(a)), {-2},
                true);
        };
        const Tensor candidates = ops::abs(column_of(carry[0]));
        const Tensor pivot = ops::argmax(
            ops::where(rows >= at, candidates, ops::full_like(candidates, -1)), -1, true);
        const Tensor order = ops::broadcast_to(
            ops::where(ops::equal(rows, at), pivot, ops::where(ops::equal(rows, pivot), at, rows)),
            vector);
        Tensor a = ops::take_along_axis(
            carry[0], ops::broadcast_to(ops::expand_dims(order, -1), x.shape()), -2);
        const Tensor row = row_of(a), head = ops::expand_dims(column_of(a), -1),
                     at_pivot =
                         ops::sum(ops::where(ops::equal(columns, at), row, ops::zeros_like(row)),
                                  {-1}, true);
        // A column of zeros is left as it is.
        const Tensor divisor =
            ops::where(ops::equal(at_pivot, 0), ops::ones_like(at_pivot), at_pivot);
        const Tensor below = ops::expand_dims(rows > at, -1);
        const Tensor factors = ops::where(below, head / divisor, ops::zeros_like(head));
        a = a - factors * ops::where(columns > at, row, ops::zeros_like(row));
        a = ops::where(ops::logical_and(below, ops::equal(columns, at)), factors, a);
        return {{a, ops::take_along_axis(carry[1], order, -1)}, {ops::squeeze(pivot, {-1})}};
    };
    const ops::ScanResult done =
        ops::scan(step, {x, ops::broadcast_to(rows, vector)}, {ops::arange(0, k)});
    return {done.carry[0], ops::moveaxis(done.ys[0], {0}, {-1}), done.carry[1]};
}
Values lu(Body& body, const Call& call, const Values& in) {
    if (is_empty(in)) return empty_results(body, call);
    const Graph graph =
        trace([](const Tensors& x) { return lu_by_columns(x[0]); }, {{in[0].shape, in[0].dtype}});
    return emit_graph(body, prepare(graph, call.backend), in, call.backend);
}

// ---- Fourier ----

// The compiler's inverse divides by the size; ours has no factor.
Values fft_pair(Body& body, const Call& call, const Values& in) {
    const DType part = in[0].dtype;
    const Shape& shape = in[0].shape;
    if (shape.size() == 0) return empty_results(body, call);
    const DType dtype = part == DType::float64 ? DType::complex128 : DType::complex64;
    const bool inverse = call.as<FftAttrs>().inverse;
    const Value x = body.call("complex", in, shape, dtype);
    const Value y = body.call("fft", {x}, shape, dtype,
                              str("fft_type = #stablehlo<fft_type ", inverse ? "IFFT" : "FFT",
                                  ">, fft_length = ", axes_text({shape.back()})));
    Values out;
    for (const char* name : {"real", "imag"}) {
        out.push_back(body.call(name, {y}, shape, part));
        if (inverse)
            out.back() = body.binary("multiply", out.back(),
                                     body.full(static_cast<double>(shape.back()), shape, part));
    }
    return out;
}

bool wide_floats(const Call& call) { return bits(call.in[0].dtype) >= 32; }
bool decomposes(const Call& call) { return wide_floats(call) && has_results_of_input(call); }

constexpr Lowering table[] = {
    {"cholesky_lower", cholesky, floats, nullptr, decomposes},
    {"triangular_solve", triangular_solve, floats, nullptr, wide_floats},
    {"lu", lu, floats, nullptr, decomposes},
    {"qr", qr, floats, nullptr, decomposes},
    {"eigh", eigh, floats, nullptr, decomposes},
    {"fft_pair", fft_pair, floats, nullptr, wide_floats},
};

}  // namespace

std::span<const Lowering> linalg_lowerings() { return table; }

}  // namespace cornu::xla
