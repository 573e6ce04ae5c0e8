// Small matrix products from registers: for sizes at which calling a library costs more than the
// work, for one row (a memory-bound product with a vector), and for float64.
#pragma once

#include "cornu/backends/native/kernels/simd_rows.h"

namespace cornu::native::SIMD_NAMESPACE {

// `count` vectors of V times `rows` rows of C, accumulated over k.
template <class T, class V, int rows, int count>
CORNU_INLINE void tile_nn(const T* a, int64_t a_row, int64_t a_col, const T* b, int64_t ldb, T* c,
                          int64_t ldc, int64_t k, const T* bias, const TileEpilogue& epilogue) {
    constexpr int width = sizeof(V) / sizeof(T);
    V acc[rows][count] = {};
    for (int64_t p = 0; p < k; ++p) {
        V row[count];
        for (int v = 0; v < count; ++v) row[v] = load<V>(b + p * ldb + v * width);
        for (int r = 0; r < rows; ++r) {
            const T scale = a[r * a_row + p * a_col];
            for (int v = 0; v < count; ++v) acc[r][v] += row[v] * scale;
        }
    }
    for (int v = 0; v < count; ++v) {
        V shift = {};
        if (bias) shift = load<V>(bias + v * width);
        for (int r = 0; r < rows; ++r) {
            T* to = c + r * ldc + v * width;
            V value = acc[r][v] + shift;
            if (epilogue.accumulate) value += load<V>(to);
            if (epilogue.relu) {
                const V zero = {};
                value = value < zero ? zero : value;
            }
            store(to, value);
        }
    }
}

template <class T>
CORNU_INLINE T finish(T sum, const T* bias, const T* to, const TileEpilogue& epilogue) {
    if (bias) sum += *bias;
    if (epilogue.accumulate) sum += *to;
    if (epilogue.relu && sum < T(0)) sum = T(0);
    return sum;
}

template <class T, int rows>
CORNU_INLINE void strip_nn(const T* a, int64_t a_row, int64_t a_col, const T* b, int64_t ldb, T* c,
                           int64_t ldc, int64_t n, int64_t k, const TileEpilogue& epilogue) {
    using V = Vector<T, SIMD_BYTES>;
    using Half = Vector<T, 16>;
    constexpr int width = sizeof(V) / sizeof(T), half = sizeof(Half) / sizeof(T);
    constexpr int count = rows == 1 ? 4 : SIMD_BYTES == 64 ? 4 : 2;
    const T* bias = static_cast<const T*>(epilogue.bias);
    int64_t j = 0;
    const auto at = [&](int64_t column) { return bias ? bias + column : nullptr; };
    for (; j + count * width <= n; j += count * width)
        tile_nn<T, V, rows, count>(a, a_row, a_col, b + j, ldb, c + j, ldc, k, at(j), epilogue);
    for (; j + width <= n; j += width)
        tile_nn<T, V, rows, 1>(a, a_row, a_col, b + j, ldb, c + j, ldc, k, at(j), epilogue);
    if constexpr (half < width) {
        for (; j + half <= n; j += half)
            tile_nn<T, Half, rows, 1>(a, a_row, a_col, b + j, ldb, c + j, ldc, k, at(j), epilogue);
    }
    for (; j < n; ++j) {
        T sum[rows] = {};
        for (int64_t p = 0; p < k; ++p)
            for (int r = 0; r < rows; ++r) sum[r] += a[r * a_row + p * a_col] * b[p * ldb + j];
        for (int r = 0; r < rows; ++r)
            c[r * ldc + j] = finish(sum[r], at(j), c + r * ldc + j, epilogue);
    }
}

template <class T>
inline void gemm_nn(const T* a, int64_t a_row, int64_t a_col, const T* b, int64_t ldb, T* c,
                    int64_t ldc, int64_t m, int64_t n, int64_t k, const TileEpilogue& epilogue) {
    int64_t i = 0;
    for (; i + 4 <= m; i += 4)
        strip_nn<T, 4>(a + i * a_row, a_row, a_col, b, ldb, c + i * ldc, ldc, n, k, epilogue);
    for (; i < m; ++i)
        strip_nn<T, 1>(a + i * a_row, a_row, a_col, b, ldb, c + i * ldc, ldc, n, k, epilogue);
}

// The sum of a vector's values, by halves.
template <class T, class V>
CORNU_INLINE T horizontal_sum(V v) {
    if constexpr (sizeof(V) > 16) {
        using Half = Vector<T, sizeof(V) / 2>;
        Half halves[2];
        __builtin_memcpy(halves, &v, sizeof v);
        return horizontal_sum<T>(halves[0] + halves[1]);
    } else if constexpr (sizeof(T) == 4) {
        return (v[0] + v[1]) + (v[2] + v[3]);
    } else {
        return v[0] + v[1];
    }
}

// One row times `columns` columns: dot products along contiguous k.
template <class T, int columns>
CORNU_INLINE void tile_nt(const T* a, const T* b, int64_t ldb, T* c, int64_t k, const T* bias,
                          const TileEpilogue& epilogue) {
    using V = Vector<T, SIMD_BYTES>;
    constexpr int width = sizeof(V) / sizeof(T);
    V acc[columns] = {};
    int64_t p = 0;
    for (; p + width <= k; p += width) {
        const V x = load<V>(a + p);
        for (int j = 0; j < columns; ++j) acc[j] += x * load<V>(b + j * ldb + p);
    }
    for (int j = 0; j < columns; ++j) {
        T sum = horizontal_sum<T>(acc[j]);
        for (int64_t q = p; q < k; ++q) sum += a[q] * b[j * ldb + q];
        c[j] = finish(sum, bias ? bias + j : nullptr, c + j, epilogue);
    }
}

template <class T>
inline void gemm_nt_rows(const T* a, int64_t a_row, const T* b, int64_t ldb, T* c, int64_t ldc,
                         int64_t m, int64_t n, int64_t k, const TileEpilogue& epilogue) {
    const T* bias = static_cast<const T*>(epilogue.bias);
    const auto at = [&](int64_t column) { return bias ? bias + column : nullptr; };
    for (int64_t i = 0; i < m; ++i, a += a_row, c += ldc) {
        int64_t j = 0;
        for (; j + 4 <= n; j += 4) tile_nt<T, 4>(a, b + j * ldb, ldb, c + j, k, at(j), epilogue);
        for (; j < n; ++j) tile_nt<T, 1>(a, b + j * ldb, ldb, c + j, k, at(j), epilogue);
    }
}

// With enough rows it pays to turn a panel of B over and multiply as in nn.
template <class T>
inline void gemm_nt(const T* a, int64_t a_row, int64_t a_col, const T* b, int64_t ldb, T* c,
                    int64_t ldc, int64_t m, int64_t n, int64_t k, const TileEpilogue& epilogue) {
    if (m < 8 && a_col == 1) return gemm_nt_rows(a, a_row, b, ldb, c, ldc, m, n, k, epilogue);
    constexpr int64_t columns = 256 / sizeof(T), depth = 128;
    T panel[depth * columns];
    for (int64_t j = 0; j < n; j += columns) {
        const int64_t width = n - j < columns ? n - j : columns;
        for (int64_t p = 0; p < k || p == 0; p += depth) {
            const int64_t height = k - p < depth ? k - p : depth;
            for (int64_t jj = 0; jj < width; ++jj)
                for (int64_t pp = 0; pp < height; ++pp)
                    panel[pp * columns + jj] = b[(j + jj) * ldb + p + pp];
            const bool last = p + depth >= k;
            TileEpilogue part;
            part.accumulate = epilogue.accumulate || p > 0;
            part.relu = epilogue.relu && last;
            part.bias = epilogue.bias && last ? static_cast<const T*>(epilogue.bias) + j : nullptr;
            gemm_nn(a + p * a_col, a_row, a_col, panel, columns, c + j, ldc, m, width, height,
                    part);
        }
    }
}

}  // namespace cornu::native::SIMD_NAMESPACE
