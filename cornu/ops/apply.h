// apply: the one door through which every op call goes. What happens then depends on the inputs:
// symbolic → a node of a Functional model; inside a trace → recorded; else → run now. Tapes listen.
#pragma once

#include <memory>

#include "cornu/ops/op.h"

namespace cornu {

// How calls are carried out: at once (backend/eager), recorded (graph/recorder), or as nodes of a
// Functional model (ops/symbolic).
class CORNU_API Mode {
public:
    virtual ~Mode() = default;
    virtual Tensors apply(const Op& op, const Tensors& in, const Attrs& attrs) = 0;
};

// Makes `mode` this thread's mode while it lives; null: run at once, even inside a trace.
class CORNU_API UseMode {
public:
    explicit UseMode(Mode* mode);
    ~UseMode();
    UseMode(const UseMode&) = delete;
    UseMode& operator=(const UseMode&) = delete;

private:
    Mode* outer_;
};
CORNU_API Mode* active_mode();   // null: calls run at once
CORNU_API Mode& eager_mode();    // runs calls on the current context's backend; defined in backend/

// Hears of each differentiable call that is made while it is active; a gradient tape is one.
class CORNU_API Listener {
public:
    Listener();
    virtual ~Listener();
    virtual void on_call(const Op& op, const Tensors& in, const Tensors& out, const Attrs& attrs) = 0;
    void pause() { active_ = false; }
    void resume() { active_ = true; }
    bool active() const { return active_; }
    Listener* outer() const { return outer_; }
    static Listener* innermost();
    static bool any_active();

private:
    Listener* outer_;
    bool active_ = true;
};

// No listener outside hears what is called while it lives: the body of a loop being traced.
class CORNU_API Unheard {
public:
    Unheard();
    ~Unheard();

private:
    Listener* saved_;
};

CORNU_API Tensors apply(const Op& op, const Tensors& in, const Attrs& attrs = {});
CORNU_API Tensor apply1(const Op& op, const Tensors& in, const Attrs& attrs = {});  // the only output
CORNU_API Specs infer_specs(const Op& op, std::span<const Spec> in, const Attrs& attrs);

// What a mode records of the place a call was made at.
CORNU_API std::string call_scope();

}  // namespace cornu
