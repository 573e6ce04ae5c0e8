// Chains of element-wise calls on a processor: a training step's optimizer is little else. Each
// call by itself would fetch whole arrays from memory and put them back; block by block they stay
// near.
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <unordered_map>

#include "cornu/backends/torch/program.h"

namespace cornu::torch {

namespace {

constexpr int64_t block = 32768;         // elements: 128 KiB of float32
constexpr int64_t worth_it = 4 * block;  // smaller arrays stay near anyway
constexpr size_t shortest = 3;           // calls: slices of fewer would cost what they save

bool is_link(const Op& op, const Specs& in, const Specs& out, bool adapts) {
    if (!op.traits.elementwise || adapts || out.size() != 1 || out[0].shape.size() < worth_it)
        return false;
    return std::all_of(in.begin(), in.end(), [&](const Spec& x) {
        return x.shape == out[0].shape || x.shape.size() == 1;
    });
}

}  // namespace

// The result may take an input's memory over when the graph says so and nothing reads it later.
int32_t Program::input_to_write_over(ValueId result, const Chain& chain, size_t end) const {
    for (size_t j = 0; j < outputs_.size(); ++j) {
        if (outputs_[j] != result || donated_[j] < 0) continue;
        const ValueId input = inputs_[static_cast<size_t>(donated_[j])];
        const auto at = std::find(chain.in.begin(), chain.in.end(), input);
        if (at == chain.in.end() || !chain.whole[static_cast<size_t>(at - chain.in.begin())])
            continue;
        bool read_later = std::find(outputs_.begin(), outputs_.end(), input) != outputs_.end();
        for (size_t n = end; n < steps_.size(); ++n)
            for (const ValueId id : steps_[n].arguments) read_later = read_later || id == input;
        if (!read_later && in_[static_cast<size_t>(donated_[j])].dtype == out_[j].dtype)
            return donated_[j];
    }
    return -1;
}

void Program::find_chains() {
    std::vector<size_t> last_use(constants_.size(), 0);
    for (size_t n = 0; n < steps_.size(); ++n)
        for (const ValueId id : steps_[n].arguments) last_use[static_cast<size_t>(id)] = n;
    for (const ValueId id : outputs_) last_use[static_cast<size_t>(id)] = steps_.size();

    const auto links = [&](size_t n) {
        return is_link(*steps_[n].op, steps_[n].in, steps_[n].out, steps_[n].adapts);
    };
    for (size_t first = 0, last = 0; first < steps_.size(); first = std::max(last, first + 1)) {
        if (!links(first)) continue;
        const Shape& shape = steps_[first].out[0].shape;
        for (last = first;
             last < steps_.size() && links(last) && steps_[last].out[0].shape == shape;)
            ++last;
        if (last - first < shortest) continue;

        Chain chain{.first = first,
                    .count = last - first,
                    .in = {},
                    .whole = {},
                    .out = {},
                    .out_specs = {},
                    .slots = {},
                    .last_use = {},
                    .out_slots = {},
                    .shape = shape};
        std::unordered_map<ValueId, size_t> slot_of;
        for (size_t n = first; n < last; ++n) {
            for (size_t i = 0; i < steps_[n].arguments.size(); ++i) {
                const ValueId id = steps_[n].arguments[i];
                const bool made_here =
                    std::any_of(steps_.begin() + static_cast<std::ptrdiff_t>(first),
                                steps_.begin() + static_cast<std::ptrdiff_t>(n),
                                [&](const Step& step) { return step.results[0] == id; });
                if (made_here || !slot_of.emplace(id, chain.in.size()).second) continue;
                chain.in.push_back(id);
                chain.whole.push_back(steps_[n].in[i].shape == shape);
            }
        }
        size_t slots = chain.in.size();
        for (size_t n = first; n < last; ++n) slot_of[steps_[n].results[0]] = slots++;
        std::vector<char> kept(slots, 0);
        std::fill(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(chain.in.size()), 1);
        for (size_t n = first; n < last; ++n) {
            const ValueId id = steps_[n].results[0];
            if (last_use[static_cast<size_t>(id)] < last) continue;
            chain.out.push_back(id);
            chain.out_slots.push_back(slot_of.at(id));
            chain.over.push_back(input_to_write_over(id, chain, first + chain.count));
            kept[slot_of.at(id)] = 1;
        }
        chain.slots.resize(chain.count);
        chain.last_use.resize(chain.count);
        for (size_t k = chain.count; k-- > 0;) {
            const Step& step = steps_[first + k];
            chain.out_specs.insert(chain.out_specs.begin(),
                                   Specs{{Shape{block}, step.out[0].dtype}});
            chain.last_use[k].resize(step.arguments.size());
            for (size_t i = 0; i < step.arguments.size(); ++i)
                chain.slots[k].push_back(slot_of.at(step.arguments[i]));
            for (size_t i = step.arguments.size(); i-- > 0;)
                chain.last_use[k][i] = !kept[chain.slots[k][i]]++;
        }
        chains_.push_back(std::move(chain));
    }
}

bool Program::run_chain(const Chain& chain, Values& values,
                        const std::vector<char>& writable) const {
    static const auto label =
        std::make_shared<const ProfileLabel>(ProfileLabel{"element-wise chain", ""});
    Values in;
    for (size_t i = 0; i < chain.in.size(); ++i) {
        const at::Tensor& x = value_of(chain.in[i], values);
        if (chain.whole[i] && !x.is_contiguous()) return false;
        in.push_back(chain.whole[i] ? x.view({-1}) : x.view(at::IntArrayRef()));
    }
    const Profile::Span span(label);
    const int64_t size = chain.shape.size();
    // Nor may there be another view of it, that is read later.
    const auto may_write = [&](int32_t input) {
        const auto i = static_cast<size_t>(input);
        return input >= 0 && i < writable.size() && writable[i] &&
               values[static_cast<size_t>(inputs_[i])].storage().use_count() == 2;  // and ours
    };
    Values out;
    for (size_t j = 0; j < chain.out.size(); ++j) {
        const size_t call = chain.out_slots[j] - in.size();
        if (may_write(chain.over[j])) {
            out.push_back(
                values[static_cast<size_t>(inputs_[static_cast<size_t>(chain.over[j])])].view(
                    {-1}));
            continue;
        }
        out.push_back(
            at::empty({size}, at::TensorOptions(carrier_of(chain.out_specs[call][0].dtype))));
    }
    at::parallel_for(0, (size + block - 1) / block, 1, [&](int64_t begin, int64_t end) {
        const c10::InferenceMode inference;  // each thread has its own
        Values slots(in.size() + chain.count), arguments;
        Specs rest;
        for (int64_t b = begin; b < end; ++b) {
            const int64_t start = b * block, count = std::min(block, size - start);
            for (size_t i = 0; i < in.size(); ++i)
                slots[i] = chain.whole[i] ? in[i].narrow(0, start, count) : in[i];
            for (size_t k = 0; k < chain.count; ++k) {
                const Step& step = steps_[chain.first + k];
                arguments.clear();
                for (size_t i = 0; i < chain.slots[k].size(); ++i) {
                    at::Tensor& slot = slots[chain.slots[k][i]];
                    if (chain.last_use[k][i])
                        arguments.push_back(std::move(slot));
                    else
                        arguments.push_back(slot);
                }
                rest = chain.out_specs[k];
                if (count != block) rest[0].shape = Shape{count};
                slots[in.size() + k] = step.lowering->run({*step.op,
                                                           step.attrs,
                                                           step.seen_in,
                                                           rest,
                                                           backend_,
                                                           device_,
                                                           step.in[0].dtype,
                                                           {}},
                                                          arguments)[0];
            }
            for (size_t j = 0; j < out.size(); ++j)
                out[j].narrow(0, start, count).copy_(slots[chain.out_slots[j]]);
        }
    });
    for (size_t k = 0; k < chain.count; ++k) {
        const Step& step = steps_[chain.first + k];
        for (size_t i = 0; i < step.arguments.size(); ++i)
            if (step.last_use[i]) values[static_cast<size_t>(step.arguments[i])].reset();
    }
    for (size_t j = 0; j < out.size(); ++j)
        values[static_cast<size_t>(chain.out[j])] = out[j].view(sizes_of(chain.shape));
    return true;
}

}  // namespace cornu::torch
