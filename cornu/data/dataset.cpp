#include "cornu/data/dataset.h"

#include <cstring>
#include <numeric>

#include "cornu/data/arrays.h"
#include "cornu/random/seed_generator.h"

namespace cornu {

namespace {

using Source = Dataset::Source;
using Iterator = Dataset::Iterator;
using SourcePtr = std::shared_ptr<Source>;

// One sample: a row without its first axis.
Tensor row_of(const Tensor& x, int64_t i) {
    const Tensor row = data::slice_rows(x, i, i + 1);
    if (x.dtype() == DType::string) return Tensor::strings(row.to_vector<std::string>(), x.shape().without_front());
    return Tensor::on(row.buffer(), {x.shape().without_front(), x.dtype()});
}

// ---- rows of arrays in memory, in some order ----

class Rows : public Source {
public:
    Rows(Batch arrays, int64_t count) : arrays_(std::move(arrays)), count_(count) {}
    std::optional<int64_t> size() const override { return count_; }
    const Batch* arrays() const override { return &arrays_; }
    std::vector<int64_t> order() override {
        std::vector<int64_t> all(static_cast<size_t>(count_));
        std::iota(all.begin(), all.end(), 0);
        return all;
    }
    std::unique_ptr<Iterator> iterate() override {
        struct Walk final : Iterator {
            Batch arrays;
            std::vector<int64_t> order;
            size_t at = 0;
            bool next(Batch& out) override {
                if (at == order.size()) return false;
                const int64_t row = order[at++];
                out = data::map_arrays(arrays, [&](const Tensor& x) { return row_of(x, row); });
                return true;
            }
        };
        auto walk = std::make_unique<Walk>();
        walk->arrays = arrays_;
        walk->order = order();
        return walk;
    }

private:
    Batch arrays_;
    int64_t count_;
};

// ---- shuffled ----

random::NumpyRandom make_random(const std::optional<int64_t>& seed) {
    return random::NumpyRandom(static_cast<uint32_t>(seed ? *seed : random::numpy_random().randint(0, int64_t{1} << 31)));
}

// Gives out what a buffer of that size would: each step one of those read but not given out yet.
template <class T>
class ShuffleBuffer {
public:
    ShuffleBuffer(int64_t size, random::NumpyRandom random) : size_(static_cast<size_t>(size)), random_(std::move(random)) {}
    // `read(item)` fetches one more, or says that there is none.
    template <class Read>
    bool next(T& out, Read&& read) {
        T item;
        while (buffer_.size() < size_ && read(item)) buffer_.push_back(std::move(item));
        if (buffer_.empty()) return false;
        const size_t chosen = static_cast<size_t>(random_.randint(0, static_cast<int64_t>(buffer_.size())));
        std::swap(buffer_[chosen], buffer_.back());
        out = std::move(buffer_.back());
        buffer_.pop_back();
        return true;
    }

private:
    size_t size_;
    random::NumpyRandom random_;
    std::vector<T> buffer_;
};

class Shuffled final : public Source {
public:
    Shuffled(SourcePtr from, int64_t buffer, std::optional<int64_t> seed) : from_(std::move(from)), buffer_(buffer), random_(make_random(seed)) {}
    std::optional<int64_t> size() const override { return from_->size(); }
    const Batch* arrays() const override { return from_->arrays(); }
    std::vector<int64_t> order() override {
        const std::vector<int64_t> rows = from_->order();
        ShuffleBuffer<int64_t> buffer(buffer_, next_random());
        std::vector<int64_t> out;
        size_t at = 0;
        int64_t row;
        while (buffer.next(row, [&](int64_t& item) { return at < rows.size() && (item = rows[at++], true); })) out.push_back(row);
        return out;
    }
    std::unique_ptr<Iterator> iterate() override {
        struct Walk final : Iterator {
            Walk(std::unique_ptr<Iterator> from, int64_t size, random::NumpyRandom random) : from(std::move(from)), buffer(size, std::move(random)) {}
            std::unique_ptr<Iterator> from;
            ShuffleBuffer<Batch> buffer;
            bool next(Batch& out) override {
                return buffer.next(out, [&](Batch& item) { return from->next(item); });
            }
        };
        return std::make_unique<Walk>(from_->iterate(), buffer_, next_random());
    }

private:
    random::NumpyRandom next_random() { return random::NumpyRandom(static_cast<uint32_t>(random_.randint(0, int64_t{1} << 31))); }
    SourcePtr from_;
    int64_t buffer_;
    random::NumpyRandom random_;
};

// ---- batched ----

// Samples put together along a new first axis.
Tensor stacked(const std::vector<const Tensor*>& rows) {
    const Tensor& first = *rows[0];
    const Shape shape = first.shape().with_front(static_cast<int64_t>(rows.size()));
    if (first.dtype() == DType::string) {
        std::vector<std::string> values;
        for (const Tensor* row : rows)
            for (std::string& value : row->to_vector<std::string>()) values.push_back(std::move(value));
        return Tensor::strings(std::move(values), shape);
    }
    Tensor out = Tensor::uninitialized(shape, first.dtype());
    const size_t bytes = static_cast<size_t>(bytes_for(first.dtype(), first.size()));
    auto* to = static_cast<std::byte*>(out.mutable_raw());
    for (const Tensor* row : rows) {
        if (row->shape() != first.shape() || row->dtype() != first.dtype())
            throw ShapeError(str("Dataset.batch: the samples of a batch must have one shape and dtype. Received: ", first.spec(), " and ", row->spec()));
        std::memcpy(to, row->to_host().raw(), bytes);
        to += bytes;
    }
    return out;
}

Structure stacked(const std::vector<Batch>& samples, Structure Batch::*part) {
    std::vector<Tensors> flat;
    for (const Batch& sample : samples) flat.push_back((sample.*part).flatten());
    size_t leaf = 0;
    return (samples[0].*part).map([&](const Tensor& x) {
        std::vector<const Tensor*> rows;
        for (const Tensors& leaves : flat) rows.push_back(&leaves[leaf]);
        ++leaf;
        return x.defined() ? stacked(rows) : Tensor();
    });
}

class Batched final : public Source {
public:
    Batched(SourcePtr from, int64_t size, bool drop) : from_(std::move(from)), size_(size), drop_(drop) {}
    std::optional<int64_t> size() const override {
        const std::optional<int64_t> samples = from_->size();
        if (!samples) return samples;
        return drop_ ? *samples / size_ : (*samples + size_ - 1) / size_;
    }
    std::unique_ptr<Iterator> iterate() override {
        if (from_->arrays()) return std::make_unique<Gather>(from_, size_, drop_);
        return std::make_unique<Stack>(from_->iterate(), size_, drop_);
    }

private:
    struct Gather final : Iterator {   // straight from the arrays
        Gather(const SourcePtr& source, int64_t size, bool drop) : from(source), order(source->order()), size(static_cast<size_t>(size)), drop(drop) {}
        SourcePtr from;
        std::vector<int64_t> order;
        size_t size, at = 0;
        bool drop;
        bool next(Batch& out) override {
            const size_t count = std::min(size, order.size() - at);
            if (count == 0 || (drop && count < size)) return false;
            const std::span<const int64_t> rows(order.data() + at, count);
            at += count;
            bool in_row = true;
            for (size_t i = 1; i < count; ++i) in_row = in_row && rows[i] == rows[i - 1] + 1;
            out = data::map_arrays(*from->arrays(), [&](const Tensor& x) {
                if (in_row) return data::slice_rows(x, rows.front(), rows.back() + 1);
                Tensor gathered;
                data::gather_rows(x, rows, gathered);
                return gathered;
            });
            return true;
        }
    };
    struct Stack final : Iterator {
        Stack(std::unique_ptr<Iterator> from, int64_t size, bool drop) : from(std::move(from)), size(static_cast<size_t>(size)), drop(drop) {}
        std::unique_ptr<Iterator> from;
        size_t size;
        bool drop;
        bool next(Batch& out) override {
            std::vector<Batch> samples;
            Batch sample;
            while (samples.size() < size && from->next(sample)) samples.push_back(std::move(sample));
            if (samples.empty() || (drop && samples.size() < size)) return false;
            out = {stacked(samples, &Batch::x), stacked(samples, &Batch::y), stacked(samples, &Batch::sample_weight)};
            return true;
        }
    };
    SourcePtr from_;
    int64_t size_;
    bool drop_;
};

// ---- cut, changed, repeated ----

class Taken final : public Source {
public:
    Taken(SourcePtr from, int64_t count) : from_(std::move(from)), count_(count) {}
    std::optional<int64_t> size() const override {
        const std::optional<int64_t> all = from_->size();
        return all ? std::min(*all, count_) : all;
    }
    const Batch* arrays() const override { return from_->arrays(); }
    std::vector<int64_t> order() override {
        std::vector<int64_t> rows = from_->order();
        if (rows.size() > static_cast<size_t>(count_)) rows.resize(static_cast<size_t>(count_));
        return rows;
    }
    std::unique_ptr<Iterator> iterate() override {
        struct Walk final : Iterator {
            std::unique_ptr<Iterator> from;
            int64_t left;
            bool next(Batch& out) override { return left > 0 && (--left, from->next(out)); }
        };
        auto walk = std::make_unique<Walk>();
        walk->from = from_->iterate();
        walk->left = count_;
        return walk;
    }

private:
    SourcePtr from_;
    int64_t count_;
};

class Mapped final : public Source {
public:
    Mapped(SourcePtr from, std::function<Batch(Batch)> fn) : from_(std::move(from)), fn_(std::move(fn)) {}
    std::optional<int64_t> size() const override { return from_->size(); }
    std::unique_ptr<Iterator> iterate() override {
        struct Walk final : Iterator {
            std::unique_ptr<Iterator> from;
            std::function<Batch(Batch)> fn;
            bool next(Batch& out) override {
                Batch element;
                if (!from->next(element)) return false;
                out = fn(std::move(element));
                return true;
            }
        };
        auto walk = std::make_unique<Walk>();
        walk->from = from_->iterate();
        walk->fn = fn_;
        return walk;
    }

private:
    SourcePtr from_;
    std::function<Batch(Batch)> fn_;
};

class Repeated final : public Source {
public:
    Repeated(SourcePtr from, std::optional<int64_t> count) : from_(std::move(from)), count_(count) {}
    std::optional<int64_t> size() const override {
        const std::optional<int64_t> once = from_->size();
        return once && count_ ? std::optional(*once * *count_) : std::nullopt;
    }
    std::unique_ptr<Iterator> iterate() override {
        struct Walk final : Iterator {
            SourcePtr source;
            std::unique_ptr<Iterator> pass;
            std::optional<int64_t> left;
            bool next(Batch& out) override {
                for (bool fresh = false;; fresh = true) {
                    if (pass && pass->next(out)) return true;
                    if (fresh || (left && *left == 0)) return false;  // a pass without elements would repeat for ever
                    if (left) --*left;
                    pass = source->iterate();
                }
            }
        };
        auto walk = std::make_unique<Walk>();
        walk->source = from_;
        walk->left = count_;
        return walk;
    }

private:
    SourcePtr from_;
    std::optional<int64_t> count_;
};

const SourcePtr& needed(const SourcePtr& source) {
    if (!source) throw ValueError("an empty Dataset was used; make one with Dataset::from_tensor_slices.");
    return source;
}

}  // namespace

Dataset Dataset::from_tensor_slices(Structure x, Structure y, Structure sample_weight) {
    Batch arrays{std::move(x), std::move(y), std::move(sample_weight)};
    const int64_t count = data::sample_count(arrays, "Dataset.from_tensor_slices");
    return Dataset(std::make_shared<Rows>(std::move(arrays), count));
}

Dataset Dataset::shuffle(int64_t buffer_size, std::optional<int64_t> seed) const {
    if (buffer_size < 1) throw ValueError(str("Dataset.shuffle: buffer_size must be a positive integer. Received: buffer_size=", buffer_size));
    return Dataset(std::make_shared<Shuffled>(needed(source_), buffer_size, seed));
}
Dataset Dataset::batch(int64_t batch_size, bool drop_remainder) const {
    if (batch_size < 1) throw ValueError(str("Dataset.batch: batch_size must be a positive integer. Received: batch_size=", batch_size));
    return Dataset(std::make_shared<Batched>(needed(source_), batch_size, drop_remainder));
}
Dataset Dataset::take(int64_t count) const {
    if (count < -1) throw ValueError(str("Dataset.take: count must not be negative, or be -1 for all. Received: count=", count));
    return count == -1 ? *this : Dataset(std::make_shared<Taken>(needed(source_), count));
}
Dataset Dataset::map(std::function<Batch(Batch)> fn) const { return Dataset(std::make_shared<Mapped>(needed(source_), std::move(fn))); }
Dataset Dataset::repeat(std::optional<int64_t> count) const {
    if (count && *count < 0) count.reset();  // as in tf.data, -1 is for ever
    return Dataset(std::make_shared<Repeated>(needed(source_), count));
}
std::unique_ptr<Dataset::Iterator> Dataset::iterate() const { return needed(source_)->iterate(); }

}  // namespace cornu
