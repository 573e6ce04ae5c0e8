// All of an engine's lowerings by op, out of one table for each family of ops.
#pragma once

#include <initializer_list>
#include <span>
#include <string_view>
#include <unordered_map>

#include "cornu/base/error.h"
#include "cornu/ops/op.h"

namespace cornu {

// `Lowering` has a field `op`, the op's name. Two for one op are an InternalError.
template <class Lowering>
class LoweringTable {
public:
    LoweringTable(std::initializer_list<std::span<const Lowering>> families) {
        for (const auto family : families)
            for (const Lowering& lowering : family) CORNU_CHECK(by_op_.emplace(lowering.op, &lowering).second, "two lowerings of ", lowering.op);
    }
    const Lowering* find(const Op& op) const {   // null: none
        const auto found = by_op_.find(op.name);
        return found == by_op_.end() ? nullptr : found->second;
    }

private:
    std::unordered_map<std::string_view, const Lowering*> by_op_;
};

}  // namespace cornu
