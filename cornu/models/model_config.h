// Models as Keras's JSON and back: layers, ops and models of a graph, one spelling for all.
#pragma once

#include <map>
#include <memory>

#include "cornu/layers/registry.h"
#include "cornu/models/model.h"

namespace cornu {

// While it lives on this thread, a layer that is written or read several times (in two models, say)
// is the same layer: Keras's `shared_object_id`.
class CORNU_API ObjectSharing {
public:
    ObjectSharing();
    ~ObjectSharing();
    ObjectSharing(const ObjectSharing&) = delete;
    ObjectSharing& operator=(const ObjectSharing&) = delete;
    static ObjectSharing* active();

    int64_t id_of(const Operation* operation);
    // Ids that occur once say nothing and are taken out again.
    static void drop_unshared(Json& json);
    std::map<int64_t, Layer> read;

private:
    std::map<const Operation*, int64_t> ids_;
    ObjectSharing* outer_;
};

// {"module", "class_name", "config", "registered_name", "build_config"}, and of models "compile_config".
CORNU_API Json serialize_operation(Operation& operation);
// The layer, model or op that such an object describes, its weights made where the build config says
// how. Throws ValueError or UnsupportedError naming the layer; compile configs are left to the caller.
CORNU_API std::shared_ptr<Operation> deserialize_operation(const Json& json);

CORNU_API std::shared_ptr<CustomModel> functional_from_config(const Json& config);
CORNU_API std::shared_ptr<CustomModel> sequential_from_config(const Json& config);

}  // namespace cornu
