// TorchScript modules (backend/foreign_module.h).
#pragma once

#include "cornu/backend/foreign_module.h"
#include "cornu/backends/torch/lowering.h"

namespace cornu::torch {

// As ModuleRuntime::open_module. `backend` is what device memory is known by.
std::shared_ptr<const ForeignModule> open_torch_module(std::shared_ptr<const std::string> content,
                                                       at::Device device, Backend& backend);

}  // namespace cornu::torch
