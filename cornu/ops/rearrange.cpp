#include "cornu/ops/rearrange.h"

#include <algorithm>
#include <cctype>

#include "cornu/base/checked.h"
#include "cornu/ops/catalogue.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/tensor/codec.h"

namespace cornu {

namespace {

struct RearrangeAttrs {
    std::string pattern;
    std::map<std::string, int64_t> axes_lengths = {};
    static void describe(Schema<RearrangeAttrs>& s) {
        s.field<&RearrangeAttrs::pattern>();
        s.field<&RearrangeAttrs::axes_lengths>();
    }
};

using Names = std::vector<std::string>;

struct Pattern {
    std::vector<Names> from, to;   // of each axis

    static Names flat(const std::vector<Names>& axes) {
        Names all;
        for (const Names& names : axes) all.insert(all.end(), names.begin(), names.end());
        return all;
    }
};

template <class... Parts>
[[noreturn]] void refuse(const RearrangeAttrs& r, const Parts&... rule) {
    throw ValueError(str("ops.rearrange: ", rule..., " Received: pattern=\"", r.pattern, "\""));
}

std::vector<Names> parse_axes(std::string_view side, const RearrangeAttrs& r) {
    const auto in_name = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
    std::vector<Names> axes;
    bool open = false;
    for (size_t i = 0; i < side.size();) {
        size_t end = i;
        while (end < side.size() && in_name(side[end])) ++end;
        if (end > i) {
            if (!open) axes.emplace_back();
            axes.back().emplace_back(side.substr(i, end - i));
            i = end;
            continue;
        }
        if (side[i] == '(' && !open) axes.emplace_back();
        else if (side[i] != ' ' && !(side[i] == ')' && open)) refuse(r, "each side holds names and brackets of names.");
        if (side[i] != ' ') open = side[i] == '(';
        ++i;
    }
    if (open) refuse(r, "a bracket is not closed.");
    return axes;
}

Pattern parse(const RearrangeAttrs& r) {
    const size_t arrow = r.pattern.find("->");
    if (arrow == std::string::npos) refuse(r, "the pattern must have an arrow between its sides.");
    const Pattern p{parse_axes(std::string_view(r.pattern).substr(0, arrow), r), parse_axes(std::string_view(r.pattern).substr(arrow + 2), r)};
    Names from = Pattern::flat(p.from), to = Pattern::flat(p.to);
    std::sort(from.begin(), from.end());
    std::sort(to.begin(), to.end());
    if (from != to || std::adjacent_find(from.begin(), from.end()) != from.end()) refuse(r, "both sides must hold the same names, each once.");
    for (const auto& [name, length] : r.axes_lengths) {
        if (!std::binary_search(from.begin(), from.end(), name)) refuse(r, "a length is given for `", name, "`, which is no axis.");
        if (length <= 0) refuse(r, "lengths must be positive; that of `", name, "` is ", length, ".");
    }
    return p;
}

struct Plan {
    Shape split, merged;        // before and after the axes are put in `order`
    std::vector<int64_t> order;
};

// Unknown sizes stay unknown.
Plan plan(const Shape& x, const RearrangeAttrs& r) {
    const Pattern p = parse(r);
    if (static_cast<int64_t>(p.from.size()) != x.rank())
        throw ShapeError(str("ops.rearrange: the left side must have one entry per axis. Received: pattern=\"", r.pattern, "\", a shape of ", x));
    std::map<std::string, int64_t> sizes = r.axes_lengths;
    Plan out;
    for (size_t i = 0; i < p.from.size(); ++i) {
        const int64_t size = x[static_cast<int64_t>(i)];
        int64_t known = 1;
        const std::string* wanted = nullptr;
        for (const std::string& name : p.from[i]) {
            if (const auto given = r.axes_lengths.find(name); given != r.axes_lengths.end()) {
                known = checked_multiply(known, given->second);
                continue;
            }
            if (wanted) refuse(r, "of the names in a bracket all but one need a length.");
            wanted = &name;
        }
        if (size >= 0 && (wanted ? size % known != 0 : size != known))
            throw ShapeError(str("ops.rearrange: the lengths given must fit the axis. Received: pattern=\"", r.pattern, "\", axis ", i, " of size ", size, ", lengths of ", known));
        if (wanted) sizes[*wanted] = size < 0 ? None : size / known;
    }
    const Names from = Pattern::flat(p.from);
    for (const std::string& name : from) out.split.push_back(sizes.at(name));
    for (const Names& names : p.to) {
        int64_t size = 1;
        for (const std::string& name : names) {
            out.order.push_back(std::find(from.begin(), from.end(), name) - from.begin());
            size = size < 0 || sizes.at(name) < 0 ? None : checked_multiply(size, sizes.at(name));
        }
        out.merged.push_back(size);
    }
    return out;
}

constinit const Op rearrange_op = {
    .name = "rearrange", .keras = "keras.src.ops.einops.Rearrange", .doc = "Axes split, reordered and merged as a pattern says.",
    .arguments = "tensor pattern= **axes_lengths",
    .infer = [](const InferArgs& a) -> Specs { return {{plan(a.shape(), a.as<RearrangeAttrs>()).merged, a.dtype()}}; },
    .decompose = [](const Tensors& in, const Attrs& attrs) -> Tensors {
        const Plan p = plan(in[0].shape(), attrs.as<RearrangeAttrs>());
        return {ops::reshape(ops::transpose(ops::reshape(in[0], p.split), p.order), p.merged)};
    },
    .samples = {.cases = [] {
        const Spec x{{2, 6, 3}, DType::float64};
        return std::vector<OpSample>{{{x}, RearrangeAttrs{"a b c -> c (b a)"}}, {{x}, RearrangeAttrs{"a (b d) c -> d a (c b)", {{"d", 2}}}}};
    }},
    .read_attrs = read_attrs<RearrangeAttrs>};

constexpr const Op* family[] = {&rearrange_op};

}  // namespace

std::span<const Op* const> rearrange_ops() { return family; }

Tensor ops::rearrange(const Tensor& tensor, const std::string& pattern, const std::map<std::string, int64_t>& axes_lengths) {
    return apply1(rearrange_op, {tensor}, RearrangeAttrs{pattern, axes_lengths});
}

}  // namespace cornu
