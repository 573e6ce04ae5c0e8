#include "cornu/backends/native/kernels/sort.h"

#include <algorithm>
#include <complex>
#include <cstring>

#include "cornu/backends/native/kernels/numeric.h"
#include "cornu/base/error.h"
#include "cornu/base/parallel.h"

namespace cornu::native {

namespace {

template <class T>
struct Entry {
    Compute<T> key;
    int64_t index;
};

template <class T>
bool before(const Compute<T>& a, const Compute<T>& b, bool descending) {
    if (is_nan(a) || is_nan(b))
        return descending ? is_nan(a) && !is_nan(b) : is_nan(b) && !is_nan(a);
    return descending ? less(b, a) : less(a, b);
}

// Merge sort between two buffers given from outside: std::stable_sort would allocate.
template <class T>
const int64_t* order(const Sort::Lane& lane, const void* keys_, void* scratch) {
    const T* keys = static_cast<const T*>(keys_);
    const int64_t n = lane.length;
    Entry<T>* from = static_cast<Entry<T>*>(scratch);
    Entry<T>* to = from + n;
    for (int64_t i = 0; i < n; ++i) from[i] = {load_value(keys + i * lane.stride), i};
    const auto earlier = [&](const Entry<T>& a, const Entry<T>& b) {
        return before<T>(a.key, b.key, lane.descending);
    };
    constexpr int64_t run = 16;
    for (int64_t start = 0; start < n; start += run) {
        for (int64_t i = start + 1; i < std::min(n, start + run); ++i) {
            const Entry<T> entry = from[i];
            int64_t at = i;
            for (; at > start && earlier(entry, from[at - 1]); --at) from[at] = from[at - 1];
            from[at] = entry;
        }
    }
    for (int64_t width = run; width < n; width *= 2) {
        for (int64_t start = 0; start < n; start += 2 * width) {
            const int64_t middle = std::min(n, start + width), end = std::min(n, start + 2 * width);
            std::merge(from + start, from + middle, from + middle, from + end, to + start, earlier);
        }
        std::swap(from, to);
    }
    // The order alone, packed over the buffer that is not needed any more.
    int64_t* indices = reinterpret_cast<int64_t*>(to);
    for (int64_t i = 0; i < n; ++i) indices[i] = from[i].index;
    return indices;
}

template <class T>
void reorder(const Sort::Lane& lane, const int64_t* order, const void* x_, void* y_) {
    const T* x = static_cast<const T*>(x_);
    T* y = static_cast<T*>(y_);
    for (int64_t i = 0; i < lane.length; ++i) y[i * lane.stride] = x[order[i] * lane.stride];
}

struct Block16 {
    uint64_t words[2];
};

}  // namespace

Sort::Sort(const std::vector<DType>& dtypes, const Shape& shape, int64_t axis, bool descending) {
    CORNU_CHECK(!dtypes.empty(), "sorting needs a key");
    axis = normalize_axis(axis, shape.rank());
    outer_ = inner_ = 1;
    for (int64_t i = 0; i < axis; ++i) outer_ *= shape[i];
    for (int64_t i = axis + 1; i < shape.rank(); ++i) inner_ *= shape[i];
    lane_ = {shape[axis], inner_, descending};
    for (const DType dtype : dtypes) {
        visit_numeric(dtype, "sort", [](auto) {});
        bytes_.push_back(bits(dtype) / 8);
    }
    size_t entry = 0;
    order_ = visit_numeric(dtypes.front(), "sort", [&](auto t) -> Order {
        entry = sizeof(Entry<decltype(t)>);
        return order<decltype(t)>;
    });
    parts_ = std::min<int64_t>(16, std::max<int64_t>(1, outer_ * inner_));
    part_bytes_ = (static_cast<size_t>(lane_.length) * entry * 2 + 63) / 64 * 64;
}

void Sort::run(const void* const* in, void* const* out, void* scratch) const {
    const int64_t lanes = outer_ * inner_;
    if (lanes * lane_.length == 0) return;
    const int64_t grain = std::max<int64_t>(1, 256 / (lanes / parts_ * lane_.length + 1));
    parallel_for(parts_, grain, [&](int64_t begin, int64_t end) {
        for (int64_t part = begin; part < end; ++part) {
            char* own = static_cast<char*>(scratch) + static_cast<size_t>(part) * part_bytes_;
            for (int64_t lane = lanes * part / parts_; lane < lanes * (part + 1) / parts_; ++lane) {
                const int64_t start = lane / inner_ * lane_.length * inner_ + lane % inner_;
                const int64_t* order =
                    order_(lane_, static_cast<const char*>(in[0]) + start * bytes_[0], own);
                for (size_t k = 0; k < bytes_.size(); ++k) {
                    const char* x = static_cast<const char*>(in[k]) + start * bytes_[k];
                    char* y = static_cast<char*>(out[k]) + start * bytes_[k];
                    switch (bytes_[k]) {
                        case 1:
                            reorder<uint8_t>(lane_, order, x, y);
                            break;
                        case 2:
                            reorder<uint16_t>(lane_, order, x, y);
                            break;
                        case 4:
                            reorder<uint32_t>(lane_, order, x, y);
                            break;
                        case 8:
                            reorder<uint64_t>(lane_, order, x, y);
                            break;
                        default:
                            reorder<Block16>(lane_, order, x, y);
                            break;
                    }
                }
            }
        }
    });
}

}  // namespace cornu::native
