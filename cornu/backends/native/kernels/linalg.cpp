#include "cornu/backends/native/kernels/linalg.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <vector>

#include "cornu/base/error.h"
#include "cornu/base/parallel.h"

#ifdef CORNU_HAS_LAPACK

// LAPACK as Fortran compilers export it: everything by pointer, and the lengths of strings last.
#define CORNU_LAPACK(p, T)                                                                                                                          \
    void p##potrf_(const char*, const int*, T*, const int*, int*, size_t);                                                                          \
    void p##getrf_(const int*, const int*, T*, const int*, int*, int*);                                                                             \
    void p##geqrf_(const int*, const int*, T*, const int*, T*, T*, const int*, int*);                                                               \
    void p##orgqr_(const int*, const int*, const int*, T*, const int*, const T*, T*, const int*, int*);                                             \
    void p##syevd_(const char*, const char*, const int*, T*, const int*, T*, T*, const int*, int*, const int*, int*, size_t, size_t);               \
    void p##geev_(const char*, const char*, const int*, T*, const int*, T*, T*, T*, const int*, T*, const int*, T*, const int*, int*, size_t, size_t); \
    void p##gesdd_(const char*, const int*, const int*, T*, const int*, T*, T*, const int*, T*, const int*, T*, const int*, int*, int*, size_t);

extern "C" {
CORNU_LAPACK(s, float)
CORNU_LAPACK(d, double)
}

namespace cornu::native {

namespace {

template <class T> struct Lapack;
#define CORNU_TYPED(p, T)                                                                                          \
    template <> struct Lapack<T> {                                                                                 \
        static constexpr auto potrf = p##potrf_;                                                                   \
        static constexpr auto getrf = p##getrf_;                                                                   \
        static constexpr auto geqrf = p##geqrf_;                                                                   \
        static constexpr auto orgqr = p##orgqr_;                                                                   \
        static constexpr auto syevd = p##syevd_;                                                                   \
        static constexpr auto geev = p##geev_;                                                                     \
        static constexpr auto gesdd = p##gesdd_;                                                                   \
    };
CORNU_TYPED(s, float)
CORNU_TYPED(d, double)
#undef CORNU_TYPED
#undef CORNU_LAPACK

template <class T> constexpr T nan = std::numeric_limits<T>::quiet_NaN();

// f(T{}, i) for each matrix of the batch, several at a time when there is work enough.
template <class F>
void for_each(const Matrices& m, F&& f) {
    const auto all = [&](auto zero) {
        const int64_t work = std::max<int64_t>(1, m.rows * m.columns * std::min(m.rows, m.columns));
        parallel_for(m.batch, std::max<int64_t>(1, 100000 / work), [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) f(zero, i);
        });
    };
    if (m.dtype == DType::float64) all(double());
    else all(float());
}

// Column-major, as LAPACK wants it.
template <class T>
struct Columns {
    int64_t rows, columns;
    std::vector<T> data;
    int leading;

    Columns(int64_t r, int64_t c) : rows(r), columns(c), data(static_cast<size_t>(r * c)), leading(static_cast<int>(std::max<int64_t>(r, 1))) {}
    Columns(int64_t r, int64_t c, const T* row_major) : Columns(r, c) {
        for (int64_t i = 0; i < r; ++i)
            for (int64_t j = 0; j < c; ++j) at(i, j) = row_major[i * c + j];
    }
    T& at(int64_t i, int64_t j) { return data[static_cast<size_t>(i + j * rows)]; }
    T* raw() { return data.data(); }
    void store(T* row_major, int64_t r, int64_t c) {
        for (int64_t i = 0; i < r; ++i)
            for (int64_t j = 0; j < c; ++j) row_major[i * c + j] = at(i, j);
    }
    // Iterations are not made for infinite or missing numbers, of which every result is NaN.
    bool finite() const {
        return std::all_of(data.begin(), data.end(), [](T v) { return std::isfinite(v); });
    }
};
template <class T> Columns<T> symmetric_part(int64_t n, const T* a) {
    Columns<T> out(n, n);
    for (int64_t i = 0; i < n; ++i)
        for (int64_t j = 0; j < n; ++j) out.at(i, j) = (a[i * n + j] + a[j * n + i]) / 2;
    return out;
}

template <class T> const T* matrix(const void* data, int64_t i, int64_t size) { return static_cast<const T*>(data) + i * size; }
template <class T> T* matrix(void* data, int64_t i, int64_t size) { return static_cast<T*>(data) + i * size; }

int as_int(int64_t n) {
    if (n > std::numeric_limits<int>::max()) throw ShapeError(str("matrices may have at most 2^31 - 1 rows or columns. Received: ", n));
    return static_cast<int>(n);
}

// Calls f(work, size) twice: first to be told how large the work space must be.
template <class T, class F>
void with_work(F&& f) {
    T best = 0;
    f(&best, -1);
    std::vector<T> work(static_cast<size_t>(std::max<T>(best, 1)) + 1);
    f(work.data(), static_cast<int>(work.size()));
}

// What does not depend on the matrices when they have no elements.
template <class T>
void identity(int64_t n, T* out) {
    std::fill(out, out + n * n, T(0));
    for (int64_t i = 0; i < n; ++i) out[i * n + i] = 1;
}

template <class T>
void singular_value_decomposition(const Matrices& m, char job, int64_t i, const void* a, T* u, T* s, T* vt) {
    const int64_t k = std::min(m.rows, m.columns), us = job == 'A' ? m.rows : k, vs = job == 'A' ? m.columns : k;
    if (k == 0) {
        if (u) identity(us, u);
        if (vt) identity(vs, vt);
        return;
    }
    Columns<T> x(m.rows, m.columns, matrix<T>(a, i, m.rows * m.columns)), left(job == 'N' ? 1 : m.rows, job == 'N' ? 1 : us), right(job == 'N' ? 1 : vs, job == 'N' ? 1 : m.columns);
    const int rows = as_int(m.rows), columns = as_int(m.columns);
    std::vector<int> integers(static_cast<size_t>(8 * k));
    int info = -1;
    if (x.finite())
        with_work<T>([&](T* work, int size) {
            Lapack<T>::gesdd(&job, &rows, &columns, x.raw(), &x.leading, s, left.raw(), &left.leading, right.raw(), &right.leading, work, &size, integers.data(), &info, 1);
        });
    if (info != 0) {
        std::fill(s, s + k, nan<T>);
        std::fill(left.data.begin(), left.data.end(), nan<T>);
        std::fill(right.data.begin(), right.data.end(), nan<T>);
    }
    if (job == 'N') return;
    left.store(u, m.rows, us);
    right.store(vt, vs, m.columns);
}

}  // namespace

bool has_linalg() { return true; }

void cholesky(const Matrices& m, const void* a, void* lower) {
    for_each(m, [&](auto zero, int64_t i) {
        using T = decltype(zero);
        Columns<T> x = symmetric_part(m.rows, matrix<T>(a, i, m.rows * m.rows));
        const int n = as_int(m.rows);
        int info = 0;
        Lapack<T>::potrf("L", &n, x.raw(), &x.leading, &info, 1);
        for (int64_t r = 0; r < m.rows; ++r)
            for (int64_t c = 0; c < m.rows; ++c)
                if (c > r) x.at(r, c) = 0;
                else if (info != 0) x.at(r, c) = nan<T>;
        x.store(matrix<T>(lower, i, m.rows * m.rows), m.rows, m.rows);
    });
}

void triangular_solve(const Matrices& m, Triangle t, const void* a, const void* b, void* x) {
    for_each(m, [&](auto zero, int64_t i) {
        using T = decltype(zero);
        const int64_t n = m.rows, k = m.columns;
        const T* f = matrix<T>(a, i, n * n);
        T* out = matrix<T>(x, i, n * k);
        std::copy_n(matrix<T>(b, i, n * k), n * k, out);
        // Row by row, each less what the rows before it say of it: a zero on the diagonal gives
        // inf or NaN, where LAPACK would refuse.
        const auto entry = [&](int64_t r, int64_t c) { return t.transpose ? f[c * n + r] : f[r * n + c]; };
        const bool forward = t.lower != t.transpose;
        for (int64_t step = 0; step < n; ++step) {
            const int64_t r = forward ? step : n - 1 - step;
            T* row = out + r * k;
            for (int64_t before = 0; before < step; ++before) {
                const int64_t c = forward ? before : n - 1 - before;
                const T factor = entry(r, c);
                for (int64_t j = 0; j < k; ++j) row[j] -= factor * out[c * k + j];
            }
            if (t.unit_diagonal) continue;
            const T pivot = entry(r, r);
            for (int64_t j = 0; j < k; ++j) row[j] /= pivot;
        }
    });
}

void lu(const Matrices& m, const void* a, void* lu, int32_t* pivots, int32_t* permutation) {
    const int64_t k = std::min(m.rows, m.columns);
    for_each(m, [&](auto zero, int64_t i) {
        using T = decltype(zero);
        Columns<T> x(m.rows, m.columns, matrix<T>(a, i, m.rows * m.columns));
        const int rows = as_int(m.rows), columns = as_int(m.columns);
        std::vector<int> swapped(static_cast<size_t>(k));
        int info = 0;
        if (k > 0) Lapack<T>::getrf(&rows, &columns, x.raw(), &x.leading, swapped.data(), &info);
        x.store(matrix<T>(lu, i, m.rows * m.columns), m.rows, m.columns);
        int32_t* order = permutation + i * m.rows;
        for (int64_t r = 0; r < m.rows; ++r) order[r] = static_cast<int32_t>(r);
        for (int64_t r = 0; r < k; ++r) {
            const int other = swapped[static_cast<size_t>(r)] - 1;   // Fortran counts from 1
            pivots[i * k + r] = other;
            std::swap(order[r], order[other]);
        }
    });
}

void qr(const Matrices& m, bool complete, const void* a, void* q, void* r) {
    const int64_t reflections = std::min(m.rows, m.columns), k = complete ? m.rows : reflections;
    for_each(m, [&](auto zero, int64_t i) {
        using T = decltype(zero);
        if (reflections == 0) {
            if (k > 0) identity(k, matrix<T>(q, i, m.rows * k));
            return;
        }
        Columns<T> x(m.rows, m.columns, matrix<T>(a, i, m.rows * m.columns)), full(m.rows, k);
        std::vector<T> tau(static_cast<size_t>(reflections));
        const int rows = as_int(m.rows), columns = as_int(m.columns), wide = as_int(k), count = as_int(reflections);
        int info = 0;
        with_work<T>([&](T* work, int size) { Lapack<T>::geqrf(&rows, &columns, x.raw(), &x.leading, tau.data(), work, &size, &info); });
        T* upper = matrix<T>(r, i, k * m.columns);
        for (int64_t row = 0; row < k; ++row)
            for (int64_t c = 0; c < m.columns; ++c) upper[row * m.columns + c] = c >= row ? x.at(row, c) : T(0);
        for (int64_t c = 0; c < reflections; ++c)
            for (int64_t row = 0; row < m.rows; ++row) full.at(row, c) = x.at(row, c);
        with_work<T>([&](T* work, int size) { Lapack<T>::orgqr(&rows, &wide, &count, full.raw(), &full.leading, tau.data(), work, &size, &info); });
        full.store(matrix<T>(q, i, m.rows * k), m.rows, k);
    });
}

void eigh(const Matrices& m, const void* a, void* values, void* vectors) {
    const int64_t n = m.rows;
    if (n == 0) return;
    for_each(m, [&](auto zero, int64_t i) {
        using T = decltype(zero);
        Columns<T> x = symmetric_part(n, matrix<T>(a, i, n * n));
        T* w = matrix<T>(values, i, n);
        const int size = as_int(n);
        int info = -1;
        if (x.finite()) {
            T best = 0;
            int best_integers = 0, ask = -1;
            Lapack<T>::syevd("V", "L", &size, x.raw(), &x.leading, w, &best, &ask, &best_integers, &ask, &info, 1, 1);
            // Rounded up: in float32 the size may have lost its last digits.
            std::vector<T> work(static_cast<size_t>(std::max<int64_t>(static_cast<int64_t>(best) + 1, 1 + 6 * n + 2 * n * n)));
            std::vector<int> integers(static_cast<size_t>(std::max(best_integers, 1)));
            const int works = as_int(static_cast<int64_t>(work.size())), count = static_cast<int>(integers.size());
            Lapack<T>::syevd("V", "L", &size, x.raw(), &x.leading, w, work.data(), &works, integers.data(), &count, &info, 1, 1);
        }
        if (info != 0) {
            std::fill(w, w + n, nan<T>);
            std::fill(x.data.begin(), x.data.end(), nan<T>);
        }
        x.store(matrix<T>(vectors, i, n * n), n, n);
    });
}

void eig(const Matrices& m, const void* a, void* values, void* vectors) {
    const int64_t n = m.rows;
    if (n == 0) return;
    for_each(m, [&](auto zero, int64_t i) {
        using T = decltype(zero);
        using C = std::complex<T>;
        Columns<T> x(n, n, matrix<T>(a, i, n * n)), right(n, n);
        std::vector<T> re(static_cast<size_t>(n)), im(re);
        C *w = matrix<C>(values, i, n), *v = matrix<C>(vectors, i, n * n);
        const int size = as_int(n), one = 1;
        int info = -1;
        T none = 0;
        if (x.finite())
            with_work<T>([&](T* work, int room) {
                Lapack<T>::geev("N", "V", &size, x.raw(), &x.leading, re.data(), im.data(), &none, &one, right.raw(), &right.leading, work, &room, &info, 1, 1);
            });
        if (info != 0) {
            std::fill(w, w + n, C(nan<T>, nan<T>));
            std::fill(v, v + n * n, C(nan<T>, nan<T>));
            return;
        }
        // Of a conjugate pair the first column holds the real part, the second the imaginary.
        for (int64_t c = 0; c < n; ++c) {
            const T imag = im[static_cast<size_t>(c)];
            w[c] = {re[static_cast<size_t>(c)], imag};
            for (int64_t r = 0; r < n; ++r)
                v[r * n + c] = imag == 0 ? C(right.at(r, c)) : imag > 0 ? C(right.at(r, c), right.at(r, c + 1)) : C(right.at(r, c - 1), -right.at(r, c));
        }
    });
}

void svd(const Matrices& m, bool full, const void* a, void* u, void* s, void* vt) {
    const int64_t k = std::min(m.rows, m.columns);
    for_each(m, [&](auto zero, int64_t i) {
        using T = decltype(zero);
        singular_value_decomposition<T>(m, full ? 'A' : 'S', i, a, matrix<T>(u, i, m.rows * (full ? m.rows : k)), matrix<T>(s, i, k), matrix<T>(vt, i, (full ? m.columns : k) * m.columns));
    });
}

void singular_values(const Matrices& m, const void* a, void* s) {
    for_each(m, [&](auto zero, int64_t i) {
        using T = decltype(zero);
        singular_value_decomposition<T>(m, 'N', i, a, nullptr, matrix<T>(s, i, std::min(m.rows, m.columns)), nullptr);
    });
}

}  // namespace cornu::native

#else

namespace cornu::native {

namespace {
[[noreturn]] void missing() { throw InternalError("a decomposition ran in a build without LAPACK"); }
}  // namespace

bool has_linalg() { return false; }
void cholesky(const Matrices&, const void*, void*) { missing(); }
void triangular_solve(const Matrices&, Triangle, const void*, const void*, void*) { missing(); }
void lu(const Matrices&, const void*, void*, int32_t*, int32_t*) { missing(); }
void qr(const Matrices&, bool, const void*, void*, void*) { missing(); }
void eigh(const Matrices&, const void*, void*, void*) { missing(); }
void eig(const Matrices&, const void*, void*, void*) { missing(); }
void svd(const Matrices&, bool, const void*, void*, void*, void*) { missing(); }
void singular_values(const Matrices&, const void*, void*) { missing(); }

}  // namespace cornu::native

#endif
