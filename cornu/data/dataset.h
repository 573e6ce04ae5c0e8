// What fit, evaluate and predict read: arrays in memory, or a Dataset of batches.
#pragma once

#include <functional>
#include <iterator>
#include <memory>
#include <optional>

#include "cornu/tensor/structure.h"

namespace cornu {

// One batch: inputs, targets, weights; the latter two may be missing.
struct Batch {
    Structure x, y, sample_weight;
};

// A source of batches that can be gone through again and again. Immutable; shuffle and batch return
// new ones, as in tf.data.
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
    };

    Dataset() = default;
    explicit Dataset(std::shared_ptr<Source> source) : source_(std::move(source)) {}
    static Dataset from_tensor_slices(Structure x, Structure y = {}, Structure sample_weight = {});
    Dataset shuffle(int64_t buffer_size, std::optional<int64_t> seed = {}) const;
    Dataset batch(int64_t batch_size, bool drop_remainder = false) const;
    Dataset take(int64_t count) const;
    Dataset map(std::function<Batch(Batch)> fn) const;
    Dataset repeat(std::optional<int64_t> count = {}) const;
    std::optional<int64_t> size() const { return source_ ? source_->size() : 0; }
    std::unique_ptr<Iterator> iterate() const;
    const std::shared_ptr<Source>& source() const { return source_; }

    class RangeIterator;                          // for (const auto& [x, y, w] : dataset)
    RangeIterator begin() const;
    std::default_sentinel_t end() const { return {}; }

private:
    std::shared_ptr<Source> source_;
};

// Arrays (first axis: samples) or a Dataset of batches.
struct Data {
    Structure x, y, sample_weight;
    std::optional<Dataset> dataset;

    Data(Structure x, Structure y = {}, Structure sample_weight = {}) : x(std::move(x)), y(std::move(y)), sample_weight(std::move(sample_weight)) {}
    Data(Tensor x, Tensor y = {}) : x(std::move(x)), y(std::move(y)) {}
    Data(Dataset dataset) : dataset(std::move(dataset)) {}
};

}  // namespace cornu
