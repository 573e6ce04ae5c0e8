// A program with weights that an engine's runtime brings along: TorchScript on the torch engine. Its
// weights belong to the caller, who hands them in with each run.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cornu/tensor/structure.h"

namespace cornu {

class CORNU_API ForeignModule {
public:
    struct Weight {
        std::vector<std::string> names;   // "bn.weight"; several where one tensor has several places
        Tensor value;                     // as the module came with it
        bool buffer = false;              // runs in training may give it another value
        bool trainable = true;
    };
    struct Argument {
        std::string name;
        bool required = true;
    };
    struct Run {
        Tensors weights, inputs;
        bool training = false;
        uint64_t seed = 0;                // of what it draws
    };

    virtual ~ForeignModule();
    virtual const std::vector<Weight>& weights() const = 0;   // parameters, then buffers
    virtual const std::vector<Argument>& arguments() const = 0;
    virtual bool random() const = 0;                          // whether it may draw numbers

    // Of the outputs, on inputs whose sizes may be unknown. Throws ValueError for inputs it cannot take.
    virtual SpecTree infer(const Specs& inputs, bool training) const = 0;
    // Host tensors in and out, by several threads at once: outputs in the order of infer(), and in
    // training the buffers as they are then. Throws BackendError in the runtime's words.
    virtual Tensors run(const Run& run) const = 0;
    // Gradients by those weights and inputs (in this order, no buffers) that `wanted` marks, of the
    // outputs that are floats weighted by `gradients`.
    virtual Tensors vjp(const Run& run, const Tensors& gradients, const std::vector<char>& wanted) const = 0;
};

// What an engine is, besides a Backend, whose runtime has such modules.
class CORNU_API ModuleRuntime {
public:
    virtual ~ModuleRuntime();
    // The file's content, kept as long as needed. It is a program, parts of which are run: nothing
    // that is not trusted may come here. Throws ValueError for what is no module.
    virtual std::shared_ptr<const ForeignModule> open_module(std::shared_ptr<const std::string> content) = 0;
};

// That of the engine `name`. Throws BackendError saying what to install when the engine is missing.
CORNU_API ModuleRuntime& module_runtime(const std::string& name);

}  // namespace cornu
