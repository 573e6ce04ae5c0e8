// Recorder: the mode in which calls are written into a Graph instead of carried out.
#pragma once

#include <functional>
#include <unordered_map>

#include "cornu/graph/graph.h"
#include "cornu/ops/apply.h"

namespace cornu {

class CORNU_API Recorder final : public Mode {
public:
    Recorder();
    ~Recorder() override;

    Tensor input(Spec spec);
    Tensors apply(const Op& op, const Tensors& in, const Attrs& attrs) override;
    // Ends the recording. Values of an outer trace that were used become inputs after the declared
    // ones; captured() lists them in that order.
    Graph finish(const Tensors& outputs);
    const Tensors& captured() const { return captured_; }
    bool made(const Tensor& tensor) const;  // a value of this recording

private:
    ValueId id_of(const Tensor& tensor);
    ValueId add_value(Spec spec, int32_t node);
    Tensor traced(ValueId id);

    struct Life { bool ended = false; };
    struct TraceOrigin;
    std::shared_ptr<Life> life_;
    Graph graph_;
    Tensors captured_;
    std::vector<ValueId> captured_ids_;
    std::unordered_map<const void*, ValueId> lifted_;  // constants and captures by identity
    Tensors keep_alive_;                               // so that identities stay unique
};

// Records `fn` on inputs of these specs. Values that it takes from an outer trace are appended to
// `captured` (and to the graph's inputs); with a null `captured` there may be none.
CORNU_API Graph trace(const std::function<Tensors(const Tensors&)>& fn, const Specs& specs, Tensors* captured = nullptr);

}  // namespace cornu
