// What fit, evaluate and predict read: arrays in memory, or a Dataset of batches.
#pragma once

#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <vector>

#include "cornu/tensor/structure.h"

namespace cornu {

// One batch: inputs, targets, weights; the latter two may be missing.
struct Batch {
    Structure x, y, sample_weight;
};

// A source of samples or batches that can be gone through again and again. Immutable; shuffle and
// batch return new ones, as in tf.data. Reads what lies in memory without copying it; a shuffled
// dataset of arrays copies each row once, when it is batched.
class CORNU_API Dataset {
public:
    class Iterator {
    public:
        virtual ~Iterator() = default;
        virtual bool next(Batch& out) = 0;       // false at the end
    };
    class Source {
    public:
        virtual ~Source() = default;
        virtual std::unique_ptr<Iterator> iterate() = 0;
        virtual std::optional<int64_t> size() const { return std::nullopt; }  // batches or samples, if known
        // The arrays whose rows the samples are, and the order of one pass; null for other sources.
        virtual const Batch* arrays() const { return nullptr; }
        virtual std::vector<int64_t> order() { return {}; }
    };

    Dataset() = default;
    explicit Dataset(std::shared_ptr<Source> source) : source_(std::move(source)) {}
    static Dataset from_tensor_slices(Structure x, Structure y = {}, Structure sample_weight = {});
    // A buffer of `buffer_size` elements, from which one at random is given out; another order each
    // pass. Without a seed the order follows set_random_seed.
    Dataset shuffle(int64_t buffer_size, std::optional<int64_t> seed = {}) const;
    Dataset batch(int64_t batch_size, bool drop_remainder = false) const;
    Dataset take(int64_t count) const;                         // -1: all
    Dataset map(std::function<Batch(Batch)> fn) const;
    Dataset repeat(std::optional<int64_t> count = {}) const;   // for ever without a count
    std::optional<int64_t> size() const { return source_ ? source_->size() : 0; }
    std::unique_ptr<Iterator> iterate() const;                 // throws ValueError when empty-handed
    const std::shared_ptr<Source>& source() const { return source_; }

    // for (const auto& [x, y, sample_weight] : dataset) …, each a Structure.
    class CORNU_API RangeIterator {
    public:
        using value_type = Batch;
        using difference_type = std::ptrdiff_t;
        explicit RangeIterator(std::shared_ptr<Iterator> iterator) : iterator_(std::move(iterator)) { ++*this; }
        const Batch& operator*() const { return batch_; }
        RangeIterator& operator++() {
            batch_ = Batch();                     // so that its memory can serve the next
            more_ = iterator_->next(batch_);
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const RangeIterator& i, std::default_sentinel_t) { return !i.more_; }

    private:
        std::shared_ptr<Iterator> iterator_;
        Batch batch_;
        bool more_ = false;
    };
    RangeIterator begin() const { return RangeIterator(iterate()); }
    std::default_sentinel_t end() const { return {}; }

private:
    std::shared_ptr<Source> source_;
};

// Arrays (first axis: samples) or a Dataset of batches.
struct Data {
    Structure x, y, sample_weight;
    std::optional<Dataset> dataset;

    Data(Structure x, Structure y = {}, Structure sample_weight = {})
        : x(std::move(x)), y(std::move(y)), sample_weight(std::move(sample_weight)) {}
    Data(Tensor x, Tensor y = {}) : x(std::move(x)), y(std::move(y)) {}
    Data(Dataset dataset) : dataset(std::move(dataset)) {}
};

}  // namespace cornu
