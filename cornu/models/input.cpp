#include "cornu/models/model.h"

namespace cornu {

Tensor Input(InputOptions options) { return layers::InputLayer(std::move(options)).output(); }

}  // namespace cornu
