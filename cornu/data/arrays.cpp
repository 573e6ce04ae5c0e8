#include "cornu/data/arrays.h"

#include <cmath>
#include <cstring>

#include "cornu/base/parallel.h"
#include "cornu/tensor/context.h"

namespace cornu::data {

namespace {

// Copying less than this is not worth waking another thread.
constexpr int64_t bytes_per_part = 256 << 10;

int64_t row_bytes(const Tensor& x) {
    int64_t per_row = 1;  // without making a shape: this runs for every batch
    for (int64_t axis = 1; axis < x.rank(); ++axis) per_row *= x.shape()[axis];
    if (x.dtype() == DType::int4 && per_row % 2 != 0)
        throw UnsupportedError(str("rows of packed int4 arrays must end on a byte. Received: shape ", x.shape()));
    return bytes_for(x.dtype(), per_row);
}

bool reusable(const Tensor& out, const Spec& spec) {
    return out.defined() && out.concrete() && out.spec() == spec && out.buffer()->on_host() && out.buffer()->writable() && out.sole_owner();
}

}  // namespace

bool missing(const Structure& arrays) {
    bool any = false;
    arrays.for_each([&](const Tensor& x) { any = any || x.defined(); });
    return !any;
}

int64_t sample_count(const Batch& arrays, const std::string& what) {
    if (missing(arrays.x)) throw ValueError(str(what, ": x must hold at least one array. Received: none"));
    int64_t count = -1;
    bool equal = true;
    std::string received;
    const auto look = [&](const Structure& structure, const char* name) {
        structure.for_each([&](const Tensor& x) {
            if (!x.defined()) return;
            if (x.rank() == 0) throw ValueError(str(what, ": the first axis of ", name, " must be the samples. Received: a scalar"));
            received += str(received.empty() ? "" : ", ", name, " of shape ", x.shape());
            equal = equal && (count < 0 || count == x.shape().front());
            count = x.shape().front();
        });
    };
    look(arrays.x, "x");
    look(arrays.y, "y");
    look(arrays.sample_weight, "sample_weight");
    if (!equal) throw ValueError(str(what, ": all arrays must hold the same number of samples. Received: ", received));
    arrays.x.for_each([&](const Tensor& x) {
        if (!x.defined()) throw ValueError(str(what, ": x has an entry without an array. Received: ", received));
    });
    if (count == 0) throw ValueError(str(what, ": the arrays must hold at least one sample. Received: ", received));
    return count;
}

Tensor slice_rows(const Tensor& x, int64_t begin, int64_t end) {
    CORNU_CHECK(0 <= begin && begin <= end && end <= x.shape().front(), "rows in range");
    Spec spec = x.spec();
    spec.shape[0] = end - begin;
    if (begin == 0 && end == x.shape().front()) return x;
    const Tensor host = x.to_host();
    if (x.dtype() == DType::string) {
        const auto values = host.data<std::string>();
        const int64_t per_row = x.shape().without_front().size();
        return Tensor::strings({values.begin() + begin * per_row, values.begin() + end * per_row}, spec.shape);
    }
    const int64_t bytes = row_bytes(x);
    auto* first = static_cast<std::byte*>(const_cast<void*>(host.raw())) + begin * bytes;
    return Tensor::on(wrap_host(first, static_cast<size_t>((end - begin) * bytes), host.buffer()), spec);
}

void gather_rows(const Tensor& x, std::span<const int64_t> rows, Tensor& out) {
    const int64_t count = static_cast<int64_t>(rows.size());
    const Tensor host = x.to_host();
    if (x.dtype() == DType::string) {
        const auto values = host.data<std::string>();
        const int64_t per_row = x.shape().without_front().size();
        std::vector<std::string> gathered;
        for (const int64_t row : rows) gathered.insert(gathered.end(), values.begin() + row * per_row, values.begin() + (row + 1) * per_row);
        out = Tensor::strings(std::move(gathered), x.shape().without_front().with_front(count));
        return;
    }
    const bool fits = out.defined() && out.dtype() == x.dtype() && out.rank() == x.rank() && out.shape().front() == count &&
                      std::equal(out.shape().begin() + 1, out.shape().end(), x.shape().begin() + 1) && reusable(out, out.spec());
    if (!fits) out = Tensor::uninitialized(x.shape().without_front().with_front(count), x.dtype());
    const size_t bytes = static_cast<size_t>(row_bytes(x));
    const auto* from = static_cast<const std::byte*>(host.raw());
    auto* to = static_cast<std::byte*>(out.mutable_raw());
    const auto copy = [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
            std::memcpy(to + static_cast<size_t>(i) * bytes, from + static_cast<size_t>(rows[static_cast<size_t>(i)]) * bytes, bytes);
    };
    const int64_t grain = std::max<int64_t>(1, bytes_per_part / std::max<int64_t>(1, static_cast<int64_t>(bytes)));
    if (count <= grain) copy(0, count);
    else parallel_for(count, grain, copy);
}

std::pair<Batch, Batch> split(const Batch& arrays, double validation_split) {
    if (!(validation_split > 0 && validation_split < 1))
        throw ValueError(str("fit: validation_split must lie in (0, 1). Received: validation_split=", validation_split));
    const int64_t count = sample_count(arrays, "fit");
    const int64_t at = static_cast<int64_t>(std::floor(static_cast<double>(count) * (1.0 - validation_split)));
    if (at == 0 || at == count)
        throw ValueError(str("fit: training data of ", count, " samples is not enough to be split. Either provide more data, or another "
                             "value for validation_split. Received: validation_split=", validation_split));
    return {map_arrays(arrays, [&](const Tensor& x) { return slice_rows(x, 0, at); }),
            map_arrays(arrays, [&](const Tensor& x) { return slice_rows(x, at, count); })};
}

Tensor class_weights(const Tensor& y, const std::map<int64_t, double>& class_weight) {
    const int64_t count = y.shape().front();
    const std::vector<double> values = y.to_vector<double>();
    const size_t classes = y.rank() > 1 ? static_cast<size_t>(y.shape().back()) : 1;
    if (values.size() != static_cast<size_t>(count) * classes)
        throw ValueError(str("fit: class_weight needs targets of one class per sample: shape (samples,), (samples, 1) or one-hot "
                             "(samples, classes). Received: y of shape ", y.shape()));
    std::vector<float> weights;
    for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
        const auto row = values.begin() + static_cast<std::ptrdiff_t>(i * classes);
        const int64_t label = classes > 1 ? std::max_element(row, row + static_cast<std::ptrdiff_t>(classes)) - row
                                          : static_cast<int64_t>(std::nearbyint(*row));
        const auto found = class_weight.find(label);
        weights.push_back(found == class_weight.end() ? 1.0f : static_cast<float>(found->second));
    }
    return Tensor::from(weights);
}

}  // namespace cornu::data
