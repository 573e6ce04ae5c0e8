#include "cornu/training/feed.h"

#include "cornu/backend/profile.h"
#include "cornu/base/log.h"
#include "cornu/data/arrays.h"
#include "cornu/random/seed_generator.h"

namespace cornu {

namespace {

// Views of more batches than this are cut anew each time instead of being kept.
constexpr int64_t most_views = 4096;

// One array of weights for several outputs serves each of them.
Structure weights_for(const Structure& weight, const Structure& y, const std::string& what) {
    if (y.is_leaf() || data::missing(weight)) return weight;
    if (weight.is_leaf()) {
        const Shape& shape = weight.leaf().shape();
        if (shape.rank() != 1 && !(shape.rank() == 2 && shape.back() == 1))
            throw ValueError(str(what, ": one sample_weight for several outputs must have one value per sample, shape (samples,); "
                                 "for more give one array per output. Received: shape ", shape));
        return y.map([&](const Tensor& target) { return target.defined() ? weight.leaf() : Tensor(); });
    }
    if (weight.leaf_count() != y.leaf_count())
        throw ValueError(str(what, ": sample_weight must have one array per output in y, ", y.leaf_count(), ". Received: ", weight.leaf_count()));
    return weight;
}

template <class F>
void for_each_array(const Batch& batch, F&& f) {
    for (const Structure* part : {&batch.x, &batch.y, &batch.sample_weight})
        part->for_each([&](const Tensor& x) { if (x.defined()) f(x); });
}

}  // namespace

Feed::Feed(const Data& data, FeedOptions options) : options_(std::move(options)), dataset_(data.dataset) {
    const std::string& what = options_.what;
    if (options_.steps && *options_.steps < 1) throw ValueError(str(what, ": the number of steps must be a positive integer. Received: ", *options_.steps));
    if (dataset_) return;
    if (options_.batch_size < 1) throw ValueError(str(what, ": batch_size must be a positive integer. Received: batch_size=", options_.batch_size));
    arrays_ = {data.x, data.y, data.sample_weight};
    samples_ = data::sample_count(arrays_, what);
    if (!options_.class_weight.empty()) {
        if (!data::missing(arrays_.sample_weight)) throw ValueError(str(what, ": class_weight and sample_weight cannot both be given. Received: both"));
        if (!arrays_.y.is_leaf() || !arrays_.y.leaf().defined()) throw ValueError(str(what, ": class_weight is for models with one output, and needs targets y."));
        arrays_.sample_weight = data::class_weights(arrays_.y.leaf(), options_.class_weight);
    }
    arrays_.sample_weight = weights_for(arrays_.sample_weight, arrays_.y, what);
    in_pass_ = (samples_ + options_.batch_size - 1) / options_.batch_size;
    if (options_.shuffle) {
        full_ = partial_ = data::map_arrays(arrays_, [](const Tensor& x) { return x; });
        for_each_array(arrays_, [&](const Tensor& x) { sources_.push_back(&x); });
        for_each_array(full_, [&](const Tensor& x) { full_leaves_.push_back(const_cast<Tensor*>(&x)); });
        for_each_array(partial_, [&](const Tensor& x) { partial_leaves_.push_back(const_cast<Tensor*>(&x)); });
        for (Tensor* leaf : full_leaves_) *leaf = Tensor();
        for (Tensor* leaf : partial_leaves_) *leaf = Tensor();
    } else if (in_pass_ <= most_views) {
        views_.resize(static_cast<size_t>(in_pass_));
    }
}

std::optional<int64_t> Feed::batches() const {
    if (options_.steps) return options_.steps;
    return dataset_ ? dataset_->size() : std::optional<int64_t>(in_pass_);
}

void Feed::draw_unused_permutation() {
    if (!dataset_ && options_.shuffle) random::numpy_random().permutation(samples_);
}

void Feed::restart() {
    seen_ = 0;
    started_ = true;
    ++passes_;
    if (dataset_) iterator_ = dataset_->iterate();
    if (dataset_ || !options_.shuffle) return;
    shuffled_by_ = random::numpy_random().twister().state();
    order_ = random::numpy_random().permutation(samples_);
}

FeedPosition Feed::position() const { return {passes_, seen_, step_, shuffled_by_}; }
FeedPosition Feed::position_before_batch() const { return {passes_, seen_ - 1, step_ - 1, shuffled_by_}; }

void Feed::go_to(const FeedPosition& to) {
    const bool inside = to.passes >= 0 && to.seen >= 0 && to.step >= 0 && (dataset_ || to.seen <= in_pass_) && (to.passes > 0 || to.seen == 0);
    const bool shuffled = !dataset_ && options_.shuffle && to.passes > 0;
    if (!inside || shuffled == to.shuffled_by.empty())
        throw ValueError(str(options_.what, ": training can go on only with the data, batch size and shuffling that it began with. "
                             "Received: a place ", to.seen, " batches into the data", to.shuffled_by.empty() ? "" : ", shuffled", ", for data of ",
                             dataset_ ? std::string("a Dataset") : str(in_pass_, " batches", options_.shuffle ? ", shuffled" : "")));
    // A shuffled Dataset draws its order anew each time it is begun.
    if (dataset_)
        for (int64_t i = 0; i < to.passes; ++i) iterator_ = dataset_->iterate();
    for (int64_t i = 0; dataset_ && i < to.seen; ++i) {
        loose_ = Batch();
        if (!iterator_->next(loose_)) throw ValueError(str(options_.what, ": the dataset ends before the place to go on from. Received: ", i, " batches of ", to.seen));
    }
    if (shuffled) {
        random::NumpyRandom random(0);
        random.twister().set_state(to.shuffled_by);
        order_ = random.permutation(samples_);
    }
    shuffled_by_ = to.shuffled_by;
    passes_ = to.passes;
    seen_ = to.seen;
    step_ = to.step;
    started_ = passes_ > 0;
}

void Feed::begin_epoch() {
    step_ = 0;
    if (!options_.steps || !started_) restart();  // with a number of steps, an epoch goes on where the last ended
}

bool Feed::next() {
    CORNU_PROFILE("next batch");
    if (options_.steps && step_ == *options_.steps) return false;
    if (!(dataset_ ? next_of_dataset() : next_of_arrays())) return false;
    ++step_;
    return true;
}

bool Feed::next_of_dataset() {
    loose_ = Batch();
    if (!iterator_->next(loose_)) {
        if (options_.steps) {
            restart();
            if (!iterator_->next(loose_)) throw ValueError(str(options_.what, ": the dataset must hold at least one batch. Received: none"));
        } else {
            if (step_ == 0) throw ValueError(str(options_.what, ": the dataset must hold at least one batch. Received: none"));
            return false;
        }
    }
    data::sample_count(loose_, options_.what);
    if (!options_.class_weight.empty()) {
        if (!data::missing(loose_.sample_weight)) throw ValueError(str(options_.what, ": class_weight and sample_weight cannot both be given. Received: both"));
        loose_.sample_weight = data::class_weights(loose_.y.leaf(), options_.class_weight);
    }
    loose_.sample_weight = weights_for(loose_.sample_weight, loose_.y, options_.what);
    ++seen_;
    batch_ = &loose_;
    return true;
}

bool Feed::next_of_arrays() {
    if (seen_ == in_pass_) {
        if (!options_.steps) return false;
        restart();
    }
    const int64_t begin = seen_ * options_.batch_size, end = std::min(begin + options_.batch_size, samples_);
    const auto cut = [&] { return data::map_arrays(arrays_, [&](const Tensor& x) { return data::slice_rows(x, begin, end); }); };
    if (options_.shuffle) {
        const bool whole = end - begin == options_.batch_size;
        const std::vector<Tensor*>& leaves = whole ? full_leaves_ : partial_leaves_;
        const std::span<const int64_t> rows(order_.data() + begin, static_cast<size_t>(end - begin));
        for (size_t i = 0; i < leaves.size(); ++i) data::gather_rows(*sources_[i], rows, *leaves[i]);
        batch_ = whole ? &full_ : &partial_;
    } else if (!views_.empty()) {
        Batch& view = views_[static_cast<size_t>(seen_)];
        if (data::missing(view.x)) view = cut();
        batch_ = &view;
    } else {
        loose_ = cut();
        batch_ = &loose_;
    }
    ++seen_;
    return true;
}

}  // namespace cornu
