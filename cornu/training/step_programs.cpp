#include "cornu/training/step_programs.h"

namespace cornu {

namespace {

bool same_nesting(const Structure& a, const Structure& b) {
    if (a.is_leaf() || b.is_leaf()) return a.is_leaf() && b.is_leaf() && a.leaf().defined() == b.leaf().defined();
    if (a.is_list() != b.is_list()) return false;
    if (a.is_list()) return std::equal(a.list().begin(), a.list().end(), b.list().begin(), b.list().end(), same_nesting);
    return std::equal(a.dict().begin(), a.dict().end(), b.dict().begin(), b.dict().end(), [](const auto& x, const auto& y) {
        return x.first == y.first && same_nesting(x.second, y.second);
    });
}

template <class F>
void for_each_array(const Batch& batch, F&& f) {
    for (const Structure* part : {&batch.x, &batch.y, &batch.sample_weight})
        part->for_each([&](const Tensor& x) { if (x.defined()) f(x); });
}

}  // namespace

bool StepPrograms::Entry::fits(const Batch& batch) const {
    size_t i = 0;
    bool same = true;
    for_each_array(batch, [&](const Tensor& x) { same = same && i < specs_.size() && x.spec() == specs_[i++]; });
    return same && i == specs_.size() && same_nesting(batch.x, nesting_.x) && same_nesting(batch.y, nesting_.y) &&
           same_nesting(batch.sample_weight, nesting_.sample_weight);
}

void StepPrograms::Entry::run(const Batch& batch) {
    size_t i = 0;
    for_each_array(batch, [&](const Tensor& x) { in_[i++] = &x; });
    program_->run(in_, out_);
}

Logs StepPrograms::Entry::logs() const {
    Logs logs;
    for (size_t i = 0; i < results_.size(); ++i) logs.set(result_.names[i], results_[i]);
    return logs;
}

Structure StepPrograms::Entry::take_outputs() {
    Structure out = outputs();
    for (Tensor& result : results_) result = Tensor();
    return out;
}

StepPrograms::Entry& StepPrograms::find(const Batch& batch, const Step& step) {
    const std::shared_ptr<Backend> backend = current_backend();
    for (size_t i = 0; i < entries_.size(); ++i) {
        if (entries_[i]->backend_ != backend.get() || !entries_[i]->fits(batch)) continue;
        if (i > 0) std::rotate(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(i), entries_.begin() + static_cast<std::ptrdiff_t>(i) + 1);
        return *entries_.front();
    }
    auto entry = std::make_unique<Entry>();
    entry->backend_ = backend.get();
    // Kept as the values themselves only to remember which leaves there are.
    const auto hollow = [](const Tensor& x) { return x.defined() ? Tensor(0) : Tensor(); };
    entry->nesting_ = {batch.x.map(hollow), batch.y.map(hollow), batch.sample_weight.map(hollow)};
    for_each_array(batch, [&](const Tensor& x) { entry->specs_.push_back(x.spec()); });
    entry->program_ = std::make_unique<Program>(
        [&](const Tensors& traced) {
            size_t next = 0;
            const auto fill = [&](const Tensor& x) {
                if (!x.defined()) return x;
                return traced[next++];
            };
            const Batch inputs{batch.x.map(fill), batch.y.map(fill), batch.sample_weight.map(fill)};
            entry->result_ = step(inputs);
            Tensors outputs = entry->result_.values.flatten();
            entry->result_.values = entry->result_.values.map([](const Tensor&) { return Tensor(); });
            return outputs;
        },
        entry->specs_, *backend);
    entry->in_.resize(entry->specs_.size());
    entry->results_.resize(entry->program_->result_count());
    for (Tensor& result : entry->results_) entry->out_.push_back(&result);
    entries_.insert(entries_.begin(), std::move(entry));
    return *entries_.front();
}

}  // namespace cornu
