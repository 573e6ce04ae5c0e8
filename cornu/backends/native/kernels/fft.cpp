#include "cornu/backends/native/kernels/fft.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "cornu/base/parallel.h"

namespace cornu::native {

namespace {

constexpr int64_t largest_radix = 31;   // beyond it Bluestein's way is quicker than n * radix products

// exp(sign * 2πi k/n), computed in double whatever T is.
template <class T>
void unit_root(int64_t k, int64_t n, double sign, T& re, T& im) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(k % n) / static_cast<double>(n);
    re = static_cast<T>(std::cos(angle));
    im = static_cast<T>(sign * std::sin(angle));
}

template <class T>
struct Complexes {
    T *re, *im;
};

// A mixed-radix transform: each stage does `radix` of them at once and reorders as it writes, so
// that no bits are reversed (Stockham). cc is (groups, radix, inner), ch (radix, groups, inner).
template <class T>
struct Stage {
    int64_t radix, groups, inner;
    std::vector<T> twiddle_re, twiddle_im;   // (radix - 1, inner)
    std::vector<T> root_re, root_im;         // radix: the roots of the small transform
};

template <class T>
void butterfly2(const Stage<T>& s, Complexes<const T> in, Complexes<T> out) {
    const int64_t step = s.groups * s.inner;
    const T *wr = s.twiddle_re.data(), *wi = s.twiddle_im.data();
    for (int64_t g = 0; g < s.groups; ++g) {
        const T *ar = in.re + 2 * g * s.inner, *ai = in.im + 2 * g * s.inner, *br = ar + s.inner, *bi = ai + s.inner;
        T *cr = out.re + g * s.inner, *ci = out.im + g * s.inner, *dr = cr + step, *di = ci + step;
        for (int64_t i = 0; i < s.inner; ++i) {
            const T xr = ar[i] - br[i], xi = ai[i] - bi[i];
            cr[i] = ar[i] + br[i];
            ci[i] = ai[i] + bi[i];
            dr[i] = xr * wr[i] - xi * wi[i];
            di[i] = xr * wi[i] + xi * wr[i];
        }
    }
}

template <class T>
void butterfly4(const Stage<T>& s, Complexes<const T> in, Complexes<T> out) {
    const int64_t n = s.inner, step = s.groups * n;
    const T *wr = s.twiddle_re.data(), *wi = s.twiddle_im.data();
    const T sign = s.root_im[1];   // ±1: the fourth root
    for (int64_t g = 0; g < s.groups; ++g) {
        const T *ar = in.re + 4 * g * n, *ai = in.im + 4 * g * n;
        T *yr = out.re + g * n, *yi = out.im + g * n;
        for (int64_t i = 0; i < n; ++i) {
            const T sr = ar[i] + ar[i + 2 * n], si = ai[i] + ai[i + 2 * n], dr = ar[i] - ar[i + 2 * n], di = ai[i] - ai[i + 2 * n];
            const T tr = ar[i + n] + ar[i + 3 * n], ti = ai[i + n] + ai[i + 3 * n];
            const T er = -sign * (ai[i + n] - ai[i + 3 * n]), ei = sign * (ar[i + n] - ar[i + 3 * n]);
            const auto put = [&](int64_t q, T re, T im) {
                const T cr = wr[(q - 1) * n + i], ci = wi[(q - 1) * n + i];
                yr[q * step + i] = re * cr - im * ci;
                yi[q * step + i] = re * ci + im * cr;
            };
            yr[i] = sr + tr;
            yi[i] = si + ti;
            put(1, dr + er, di + ei);
            put(2, sr - tr, si - ti);
            put(3, dr - er, di - ei);
        }
    }
}

template <class T>
void butterfly_any(const Stage<T>& s, Complexes<const T> in, Complexes<T> out) {
    const int64_t n = s.inner, step = s.groups * n, r = s.radix;
    for (int64_t g = 0; g < s.groups; ++g)
        for (int64_t q = 0; q < r; ++q)
            for (int64_t i = 0; i < n; ++i) {
                const T *ar = in.re + r * g * n + i, *ai = in.im + r * g * n + i;
                T re = 0, im = 0;
                for (int64_t j = 0, at = 0; j < r; ++j, at = at + q < r ? at + q : at + q - r) {
                    re += ar[j * n] * s.root_re[at] - ai[j * n] * s.root_im[at];
                    im += ar[j * n] * s.root_im[at] + ai[j * n] * s.root_re[at];
                }
                const T cr = q == 0 ? T(1) : s.twiddle_re[(q - 1) * n + i], ci = q == 0 ? T(0) : s.twiddle_im[(q - 1) * n + i];
                out.re[q * step + g * n + i] = re * cr - im * ci;
                out.im[q * step + g * n + i] = re * ci + im * cr;
            }
}

template <class T>
class MixedRadix {
public:
    MixedRadix() = default;
    MixedRadix(int64_t n, const std::vector<int64_t>& radices, double sign) : n_(n) {
        int64_t groups = 1;
        for (const int64_t radix : radices) {
            Stage<T>& s = stages_.emplace_back(Stage<T>{radix, groups, n / (groups * radix), {}, {}, {}, {}});
            s.twiddle_re.resize(static_cast<size_t>((radix - 1) * s.inner));
            s.twiddle_im = s.twiddle_re;
            for (int64_t q = 1; q < radix; ++q)
                for (int64_t i = 0; i < s.inner; ++i) {
                    const auto at = static_cast<size_t>((q - 1) * s.inner + i);
                    unit_root(q * i * groups, n, sign, s.twiddle_re[at], s.twiddle_im[at]);
                }
            s.root_re.resize(static_cast<size_t>(radix));
            s.root_im = s.root_re;
            for (int64_t j = 0; j < radix; ++j) unit_root(j, radix, sign, s.root_re[static_cast<size_t>(j)], s.root_im[static_cast<size_t>(j)]);
            if (radix == 4) s.root_im[1] = static_cast<T>(sign);
            groups *= radix;
        }
    }
    int64_t scratch() const { return 4 * n_; }
    void run(Complexes<const T> in, Complexes<T> out, T* scratch) const {
        const Complexes<T> a{scratch, scratch + n_}, b{scratch + 2 * n_, scratch + 3 * n_};
        Complexes<const T> from = in;
        for (size_t i = 0; i < stages_.size(); ++i) {
            const Complexes<T> to = i + 1 == stages_.size() ? out : i % 2 == 0 ? a : b;
            const Stage<T>& s = stages_[i];
            if (s.radix == 2) butterfly2(s, from, to);
            else if (s.radix == 4) butterfly4(s, from, to);
            else butterfly_any(s, from, to);
            from = {to.re, to.im};
        }
        if (stages_.empty() && n_ > 0) {   // of one number: itself
            out.re[0] = in.re[0];
            out.im[0] = in.im[0];
        }
    }

private:
    int64_t n_ = 0;
    std::vector<Stage<T>> stages_;
};

// The factors of n, fours first; none when a prime is too large.
std::vector<int64_t> radices_of(int64_t n, bool& smooth) {
    std::vector<int64_t> out;
    for (; n % 4 == 0 && n > 0; n /= 4) out.push_back(4);
    for (int64_t p = 2; p <= largest_radix && n > 1; ++p)
        for (; n % p == 0; n /= p) out.push_back(p);
    smooth = n <= 1;
    return out;
}

}  // namespace

struct Fft::Plan {
    virtual ~Plan() = default;
    virtual size_t row_bytes() const = 0;   // of scratch
    virtual void run(int64_t begin, int64_t end, const void* re, const void* im, void* out_re, void* out_im, void* scratch) const = 0;
};

template <class T>
struct Fft::TypedPlan : Fft::Plan {
    TypedPlan(int64_t n, double sign) : n_(n) {
        bool smooth = false;
        const std::vector<int64_t> radices = radices_of(n, smooth);
        if (smooth) {
            direct_ = MixedRadix<T>(n, radices, sign);
            return;
        }
        // Bluestein: jk = (j² + k² - (k-j)²) / 2 makes the transform a convolution with a chirp,
        // which transforms of a larger, smooth size do.
        for (m_ = 1; m_ < 2 * n - 1;) m_ *= 2;
        bool power = false;
        direct_ = MixedRadix<T>(m_, radices_of(m_, power), -1);
        chirp_re_.resize(static_cast<size_t>(n));
        chirp_im_ = chirp_re_;
        std::vector<T> re(static_cast<size_t>(m_), T(0)), im(re);
        const T scale = T(1) / static_cast<T>(m_);
        for (int64_t k = 0; k < n; ++k) {
            const auto at = static_cast<size_t>(k);
            unit_root(k * k % (2 * n), 2 * n, sign, chirp_re_[at], chirp_im_[at]);
            for (const size_t place : {at, static_cast<size_t>((m_ - k) % m_)}) {
                re[place] = chirp_re_[at] * scale;
                im[place] = -chirp_im_[at] * scale;
            }
        }
        filter_re_.resize(static_cast<size_t>(m_));
        filter_im_ = filter_re_;
        std::vector<T> scratch(static_cast<size_t>(direct_.scratch()));
        direct_.run({re.data(), im.data()}, {filter_re_.data(), filter_im_.data()}, scratch.data());
    }
    size_t row_bytes() const override { return static_cast<size_t>(direct_.scratch() + 4 * m_) * sizeof(T); }
    void run(int64_t begin, int64_t end, const void* re, const void* im, void* out_re, void* out_im, void* scratch) const override {
        for (int64_t row = begin; row < end; ++row) {
            const Complexes<const T> in{static_cast<const T*>(re) + row * n_, static_cast<const T*>(im) + row * n_};
            const Complexes<T> out{static_cast<T*>(out_re) + row * n_, static_cast<T*>(out_im) + row * n_};
            if (m_ == 0) direct_.run(in, out, static_cast<T*>(scratch));
            else bluestein(in, out, static_cast<T*>(scratch));
        }
    }

private:
    void bluestein(Complexes<const T> in, Complexes<T> out, T* scratch) const {
        T *ar = scratch, *ai = ar + m_, *br = ai + m_, *bi = br + m_, *rest = bi + m_;
        for (int64_t k = 0; k < n_; ++k) {
            ar[k] = in.re[k] * chirp_re_[k] - in.im[k] * chirp_im_[k];
            ai[k] = in.re[k] * chirp_im_[k] + in.im[k] * chirp_re_[k];
        }
        std::fill(ar + n_, ar + m_, T(0));
        std::fill(ai + n_, ai + m_, T(0));
        direct_.run({ar, ai}, {br, bi}, rest);
        for (int64_t k = 0; k < m_; ++k) {
            ar[k] = br[k] * filter_re_[k] - bi[k] * filter_im_[k];
            ai[k] = br[k] * filter_im_[k] + bi[k] * filter_re_[k];
        }
        // With the parts exchanged on both sides the transform is its inverse.
        direct_.run({ai, ar}, {bi, br}, rest);
        for (int64_t k = 0; k < n_; ++k) {
            out.re[k] = br[k] * chirp_re_[k] - bi[k] * chirp_im_[k];
            out.im[k] = br[k] * chirp_im_[k] + bi[k] * chirp_re_[k];
        }
    }

    int64_t n_, m_ = 0;   // m_: Bluestein's size, 0 without
    MixedRadix<T> direct_;
    std::vector<T> chirp_re_, chirp_im_, filter_re_, filter_im_;
};

namespace {
// Not threads(), which may change between planning and running.
int64_t parts_of(int64_t rows) { return std::clamp<int64_t>(rows, 1, 16); }
}  // namespace

Fft::Fft(DType dtype, int64_t n, bool inverse) {
    const double sign = inverse ? 1 : -1;
    if (dtype == DType::float64) plan_ = std::make_shared<TypedPlan<double>>(n, sign);
    else plan_ = std::make_shared<TypedPlan<float>>(n, sign);
}

size_t Fft::scratch_bytes(int64_t rows) const { return static_cast<size_t>(parts_of(rows)) * ((plan_->row_bytes() + 63) / 64 * 64); }

void Fft::run(int64_t rows, const void* re, const void* im, void* out_re, void* out_im, void* scratch) const {
    if (rows == 0) return;
    const size_t part = (plan_->row_bytes() + 63) / 64 * 64;
    const int64_t parts = parts_of(rows);
    parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
        for (int64_t p = begin; p < end; ++p)
            plan_->run(rows * p / parts, rows * (p + 1) / parts, re, im, out_re, out_im, static_cast<char*>(scratch) + static_cast<size_t>(p) * part);
    });
}

}  // namespace cornu::native
