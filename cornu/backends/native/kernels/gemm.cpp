#include "cornu/backends/native/kernels/gemm.h"

#include <algorithm>

#include "cornu/backends/native/kernels/numeric.h"
#include "cornu/backends/native/kernels/simd.h"
#include "cornu/base/error.h"
#include "cornu/base/parallel.h"

namespace cornu::native {

namespace {

// Multiply-adds below which a call of oneDNN and its threads costs more than it saves.
constexpr int64_t small_product = 128 * 1024;
constexpr int64_t task_products = 64 * 1024;  // about 2 µs on one vector core

template <class T>
struct Operands {
    const T *a, *b, *bias;
    T* c;
};
template <class T>
Operands<T> at_batch(const GemmSpec& s, int64_t batch, const void* a, const void* b,
                     const void* bias, void* c) {
    return {static_cast<const T*>(a) + batch * s.stride_a,
            static_cast<const T*>(b) + batch * s.stride_b, static_cast<const T*>(bias),
            static_cast<T*>(c) + batch * s.stride_c};
}

template <class T>
auto vector_gemm(bool trans_b) {
    if constexpr (std::is_same_v<T, float>)
        return trans_b ? simd().gemm_nt_f32 : simd().gemm_nn_f32;
    else
        return trans_b ? simd().gemm_nt_f64 : simd().gemm_nn_f64;
}

// One block of rows and columns, in slices of k that keep a panel of B in the second-level cache.
template <class T>
void vector_block(const GemmSpec& s, const Operands<T>& o, int64_t row, int64_t rows,
                  int64_t column, int64_t columns) {
    const auto gemm = vector_gemm<T>(s.trans_b);
    const int64_t a_row = s.trans_a ? 1 : s.k, a_col = s.trans_a ? s.m : 1;
    const int64_t ldb = s.trans_b ? s.k : s.n;
    const T* a = o.a + row * a_row;
    T* c = o.c + row * s.n + column;
    constexpr int64_t depth = 512;
    for (int64_t p = 0; p == 0 || p < s.k; p += depth) {
        const bool last = p + depth >= s.k;
        TileEpilogue epilogue;
        epilogue.accumulate = s.accumulate || p > 0;
        epilogue.bias = s.bias && last ? o.bias + column : nullptr;
        epilogue.relu = s.relu && last;
        const T* b = s.trans_b ? o.b + column * ldb + p : o.b + p * ldb + column;
        gemm(a + p * a_col, a_row, a_col, b, ldb, c, s.n, rows, columns, std::min(depth, s.k - p),
             epilogue);
    }
}

// A column of results is a row of the transposed product, whose kernel reads along memory.
template <class T>
void vector_column(const GemmSpec& s, const Operands<T>& o) {
    TileEpilogue epilogue;
    epilogue.accumulate = s.accumulate;
    vector_gemm<T>(!s.trans_a)(o.b, s.k, 1, o.a, s.trans_a ? s.m : s.k, o.c, s.m, 1, s.m, s.k,
                               epilogue);
    for (int64_t i = 0; i < s.m; ++i) {
        T value = o.c[i];
        if (s.bias) value += o.bias[0];
        o.c[i] = s.relu && value < T(0) ? T(0) : value;
    }
}

template <class T>
void run_vector(const GemmSpec& s, const void* a, const void* b, const void* bias, void* c) {
    if (s.n == 1 && s.m > 1) {
        parallel_for(s.batch, std::max<int64_t>(1, task_products / (4 * s.m * s.k + 1)),
                     [&](int64_t begin, int64_t end) {
                         for (int64_t i = begin; i < end; ++i)
                             vector_column(s, at_batch<T>(s, i, a, b, bias, c));
                     });
        return;
    }
    // One row splits along columns, which read separate parts of B; more rows split along rows.
    const int64_t rows = s.m == 1 ? 1 : 64, columns = s.m == 1 ? 256 : 512;
    const int64_t down = (s.m + rows - 1) / rows, across = (s.n + columns - 1) / columns;
    const int64_t work = std::min(rows, s.m) * std::min(columns, s.n) * s.k * (s.m == 1 ? 4 : 1);
    parallel_for(s.batch * down * across, std::max<int64_t>(1, task_products / (work + 1)),
                 [&](int64_t begin, int64_t end) {
                     for (int64_t task = begin; task < end; ++task) {
                         const int64_t column = task % across * columns;
                         const int64_t row = task / across % down * rows;
                         vector_block(s, at_batch<T>(s, task / across / down, a, b, bias, c), row,
                                      std::min(rows, s.m - row), column,
                                      std::min(columns, s.n - column));
                     }
                 });
}

// Every other type: blocks of C summed in a wider type over panels of B copied to the stack.
template <class T>
void run_plain(const GemmSpec& s, const void* a_, const void* b_, const void* bias_, void* c_) {
    using Sum = std::conditional_t<is_small_float_v<T>, float,
                                   std::conditional_t<std::is_same_v<T, float>, double, T>>;
    constexpr int64_t rows = 16, columns = 32, depth = 64;
    const int64_t down = (s.m + rows - 1) / rows, across = (s.n + columns - 1) / columns;
    const int64_t a_row = s.trans_a ? 1 : s.k, a_col = s.trans_a ? s.m : 1;
    const int64_t b_row = s.trans_b ? 1 : s.n, b_col = s.trans_b ? s.k : 1;
    const int64_t work = std::min(rows, s.m) * std::min(columns, s.n) * s.k * 8;
    const auto tile = [&](int64_t task) {
        const auto o = at_batch<T>(s, task / across / down, a_, b_, bias_, c_);
        const int64_t i0 = task / across % down * rows, j0 = task % across * columns;
        const int64_t height = std::min(rows, s.m - i0), width = std::min(columns, s.n - j0);
        Sum sum[rows][columns] = {};
        Sum panel[depth][columns];
        for (int64_t p0 = 0; p0 < s.k; p0 += depth) {
            const int64_t length = std::min(depth, s.k - p0);
            for (int64_t p = 0; p < length; ++p)
                for (int64_t j = 0; j < width; ++j)
                    panel[p][j] =
                        static_cast<Sum>(load_value(o.b + (p0 + p) * b_row + (j0 + j) * b_col));
            for (int64_t i = 0; i < height; ++i) {
                for (int64_t p = 0; p < length; ++p) {
                    const Sum x =
                        static_cast<Sum>(load_value(o.a + (i0 + i) * a_row + (p0 + p) * a_col));
                    for (int64_t j = 0; j < width; ++j)
                        sum[i][j] = wrap_add(sum[i][j], wrap_mul(x, panel[p][j]));
                }
            }
        }
        for (int64_t i = 0; i < height; ++i) {
            for (int64_t j = 0; j < width; ++j) {
                T* to = o.c + (i0 + i) * s.n + j0 + j;
                Sum value = sum[i][j];
                if (s.bias) value = wrap_add(value, static_cast<Sum>(load_value(o.bias + j0 + j)));
                if (s.accumulate) value = wrap_add(value, static_cast<Sum>(load_value(to)));
                if constexpr (!is_complex_v<T>) {
                    if (s.relu && value < Sum(0)) value = Sum(0);
                }
                *to = from_compute<T>(value);
            }
        }
    };
    parallel_for(s.batch * down * across, std::max<int64_t>(1, task_products / (work + 1)),
                 [&](int64_t begin, int64_t end) {
                     for (int64_t task = begin; task < end; ++task) tile(task);
                 });
}

// A part of the result: which matrices of the batch, which rows and columns.
struct Part {
    int64_t batch, rows, columns;
};

onednn::Packed library_product(const GemmSpec& s, const Part& part, onednn::Threads threads) {
    const int64_t a_row = s.trans_a ? 1 : s.k, a_col = s.trans_a ? s.m : 1;
    const int64_t b_row = s.trans_b ? 1 : s.n, b_col = s.trans_b ? s.k : 1;
    onednn::Layout a{{part.batch, part.rows, s.k}, {s.stride_a, a_row, a_col}};
    onednn::Layout b{{part.batch, s.k, part.columns}, {s.stride_b, b_row, b_col}};
    onednn::Layout c{{part.batch, part.rows, part.columns}, {s.stride_c, s.n, 1}};
    if (s.stride_a == 0) {
        a.dims[0] = 1;
        a.strides[0] = s.m * s.k;
    }
    if (s.stride_b == 0) {
        b.dims[0] = 1;
        b.strides[0] = s.k * s.n;
    }
    if (s.pack_b && !s.trans_b) b.strides.clear();
    return onednn::matmul(s.dtype, a, b, c, {s.bias, s.relu, s.accumulate}, threads);
}

size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

// Enough pieces for many cores, each large enough to be worth a call.
constexpr int64_t most_pieces = 16;

}  // namespace

Gemm::Gemm(const GemmSpec& spec) : spec_(spec) {
    GemmSpec& s = spec_;
    if (s.m < 0 || s.n < 0 || s.k < 0 || s.batch < 0)
        throw ValueError(str("a matrix product needs sizes that are not negative. Received: m=",
                             s.m, ", n=", s.n, ", k=", s.k, ", batch=", s.batch, "."));
    if (s.stride_a < 0) s.stride_a = s.m * s.k;
    if (s.stride_b < 0) s.stride_b = s.k * s.n;
    if (s.stride_c < 0) s.stride_c = s.m * s.n;
    // One matrix against many is one taller product, if the rows follow on.
    if (s.batch > 1 && s.stride_b == 0 && !s.trans_a && s.stride_a == s.m * s.k &&
        s.stride_c == s.m * s.n) {
        s.m *= s.batch;
        s.batch = 1;
        s.stride_a = s.m * s.k;
        s.stride_c = s.m * s.n;
    }
    const bool tall = s.m > 1 && s.n > 1;
    const bool small = s.m * s.n * s.k <= small_product;
    const bool empty = s.m * s.n * s.k * s.batch == 0;
    const bool large = s.dtype == DType::float32    ? !small
                       : s.dtype == DType::bfloat16 ? s.m * s.n * s.k > small_product / 16
                                                    : false;
    if (large && tall && !empty) {
        if (s.by_shape)
            cut();
        else
            library_ = library_product(s, {s.batch, s.m, s.n}, onednn::Threads::all);
    }
    if (!pieces_.empty()) return;
    if (library_.main) {
        scratch_bytes_ = std::max(library_.main.scratch_bytes(), library_.pack.scratch_bytes());
    } else if (s.dtype == DType::float32) {
        function_ = run_vector<float>;
    } else if (s.dtype == DType::float64) {
        function_ = run_vector<double>;
    } else {
        function_ = visit_numeric(s.dtype, "matmul",
                                  [](auto t) -> Function { return run_plain<decltype(t)>; });
    }
}

// Cuts along the batch, else along the longer side of the result; sums are never cut.
void Gemm::cut() {
    GemmSpec& s = spec_;
    s.pack_b = false;
    const int64_t side = s.batch > 1 ? s.batch : std::max(s.m, s.n);
    const int64_t least = s.batch > 1 ? 1 : 32;  // rows or columns
    const int64_t count = std::clamp<int64_t>(side / least, 1, most_pieces);
    const bool rows = s.batch == 1 && s.m >= s.n;
    for (int64_t i = 0; i < count; ++i) {
        const int64_t begin = side * i / count, length = side * (i + 1) / count - begin;
        Part part{s.batch, s.m, s.n};
        Piece piece{{}, 0, 0, 0, 0, scratch_bytes_};
        if (s.batch > 1) {
            part.batch = length;
            piece.a = begin * s.stride_a;
            piece.b = begin * s.stride_b;
            piece.c = begin * s.stride_c;
        } else if (rows) {
            part.rows = length;
            piece.a = begin * (s.trans_a ? 1 : s.k);
            piece.c = begin * s.n;
        } else {
            part.columns = length;
            piece.b = begin * (s.trans_b ? s.k : 1);
            piece.c = piece.bias = begin;
        }
        piece.product = library_product(s, part, onednn::Threads::one);
        if (!piece.product.main) {
            pieces_.clear();
            scratch_bytes_ = 0;
            return;
        }
        scratch_bytes_ += aligned(piece.product.main.scratch_bytes());
        pieces_.push_back(std::move(piece));
    }
}

void Gemm::run_piece(Piece& piece, const void* a, const void* b, const void* bias, void* c,
                     void* scratch) const {
    const int64_t size = bits(spec_.dtype) / 8;
    const auto at = [&](const void* p, int64_t element) {
        return p ? static_cast<const char*>(p) + element * size : nullptr;
    };
    const void* pointers[] = {at(a, piece.a), at(b, piece.b), at(c, piece.c), at(bias, piece.bias)};
    piece.product.main.run(pointers, static_cast<char*>(scratch) + piece.scratch);
}

void Gemm::pack(const void* b, void* packed, void* scratch) {
    CORNU_CHECK(library_.packed_bytes > 0, "nothing to pack");
    const void* pointers[] = {b, packed};
    library_.pack.run(pointers, scratch);
}

void Gemm::run(const void* a, const void* b, const void* bias, void* c, void* scratch) {
    if (!pieces_.empty()) {
        parallel_for(static_cast<int64_t>(pieces_.size()), 1, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i)
                run_piece(pieces_[static_cast<size_t>(i)], a, b, bias, c, scratch);
        });
    } else if (library_.main) {
        const void* pointers[] = {a, b, c, bias};
        library_.main.run(pointers, scratch);
    } else if (spec_.m > 0 && spec_.n > 0 && spec_.batch > 0) {
        function_(spec_, a, b, bias, c);
    }
}

}  // namespace cornu::native
