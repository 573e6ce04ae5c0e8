// Context: what would otherwise be process-wide state: backend, seed, float type, name counters,
// caches. Free functions act on the thread's current one; two live side by side in one process.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <typeindex>
#include <utility>

#include "cornu/tensor/dtype.h"

namespace cornu {

class Backend;

class CORNU_API Context {
public:
    Context();
    ~Context();
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    static Context& current();  // the innermost Use of this thread, else the process's default

    class CORNU_API Use {       // makes a context the thread's current one while it lives
    public:
        explicit Use(Context& context);
        ~Use();

    private:
        Context* outer_;
    };

    // ---- config, as keras.config ----
    DType floatx() const;
    void set_floatx(DType dtype);              // float16, bfloat16, float32 or float64
    double epsilon() const;
    void set_epsilon(double epsilon);
    const std::string& image_data_format() const;
    void set_image_data_format(std::string format);

    // ---- engine; set by config::set_backend ----
    std::shared_ptr<Backend> backend() const;  // null until first asked for
    void set_backend(std::shared_ptr<Backend> backend);

    // "dense", "dense_1", …: Keras's automatic names.
    std::string unique_name(const std::string& prefix);
    void reset_names();                        // as keras.utils.clear_session / reset_uids

    // State of other rooms, one object per type, made on first use.
    template <class T>
    T& state() { return *static_cast<T*>(slot(typeid(T), [] { return std::static_pointer_cast<void>(std::make_shared<T>()); })); }

private:
    void* slot(std::type_index type, std::shared_ptr<void> (*make)());
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// Of the current context, as keras.config.
namespace config {
inline DType floatx() { return Context::current().floatx(); }
inline void set_floatx(DType dtype) { Context::current().set_floatx(dtype); }
inline double epsilon() { return Context::current().epsilon(); }
inline void set_epsilon(double epsilon) { Context::current().set_epsilon(epsilon); }
inline const std::string& image_data_format() { return Context::current().image_data_format(); }
inline void set_image_data_format(std::string format) { Context::current().set_image_data_format(std::move(format)); }
}  // namespace config

}  // namespace cornu
