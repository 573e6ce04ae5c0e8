// A reference to a callable: what std::function is without owning, so without allocating. The
// callable must outlive it, which a temporary passed as an argument does.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace cornu {

template <class Signature>
class function_ref;

template <class Result, class... Args>
class function_ref<Result(Args...)> {
public:
    template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, function_ref> &&
             std::is_invocable_r_v<Result, F&, Args...>)
        function_ref(F&& f)  // NOLINT: implicit on purpose
        : callable_(const_cast<void*>(reinterpret_cast<const volatile void*>(std::addressof(f)))),
          call_([](void* callable, Args... args) -> Result {
              return (*reinterpret_cast<std::remove_reference_t<F>*>(callable))(
                  std::forward<Args>(args)...);
          }) {}

    Result operator()(Args... args) const { return call_(callable_, std::forward<Args>(args)...); }

private:
    void* callable_;
    Result (*call_)(void*, Args...);
};

}  // namespace cornu
