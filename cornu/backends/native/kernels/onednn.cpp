#include "cornu/backends/native/kernels/onednn.h"

#include <oneapi/dnnl/dnnl.hpp>

#include "cornu/base/allocations.h"
#include "cornu/base/error.h"
#include "cornu/base/parallel.h"

#ifdef CORNU_HAS_GOMP
extern "C" void omp_set_num_threads(int);
extern "C" void GOMP_parallel(void (*work)(void*), void* data, unsigned threads, unsigned flags);
#endif
// libgomp is not instrumented: under the thread sanitizer its barriers would look like races.
#if defined(__SANITIZE_THREAD__)
constexpr bool one_thread = true;
#else
constexpr bool one_thread = false;
#endif

namespace cornu::native::onednn {

using dnnl::memory;

namespace {

const dnnl::engine& engine() {
    static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
    return cpu;
}

#ifdef CORNU_HAS_GOMP
constexpr bool threads_follow = true;
#else
constexpr bool threads_follow = false;
#endif

// OpenMP's thread count is a property of the calling thread; it must follow ours.
void follow_threads([[maybe_unused]] Threads wanted_threads) {
#ifdef CORNU_HAS_GOMP
    thread_local int set_to = 0;
    if (const int wanted = one_thread || wanted_threads == Threads::one ? 1 : threads(); wanted != set_to) {
        omp_set_num_threads(wanted);
        set_to = wanted;
        // From now on oneDNN's threads spin between its calls: loops are theirs too.
        if (wanted > 1) use_thread_team([](int count, void (*work)(void*), void* loop) { GOMP_parallel(work, loop, static_cast<unsigned>(count), 0); });
    }
#endif
}

void check(dnnl_status_t status, const char* what) {
    if (status != dnnl_success)
        throw BackendError(
            str("oneDNN failed to ", what, ": status ", static_cast<int>(status), "."));
}

memory::data_type type_of(DType dtype) {
    switch (dtype) {
        case DType::float32: return memory::data_type::f32;
        case DType::bfloat16: return memory::data_type::bf16;
        default: return memory::data_type::undef;
    }
}

memory::desc desc_of(const Layout& layout, DType dtype) {
    if (layout.strides.empty()) return {layout.dims, type_of(dtype), memory::format_tag::any};
    return {layout.dims, type_of(dtype), layout.strides};
}
bool same(const memory::desc& a, const memory::desc& b) { return a == b; }

dnnl::primitive_attr attributes(const Epilogue& epilogue) {
    dnnl::primitive_attr attr;
    attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    dnnl::post_ops ops;
    if (epilogue.accumulate) ops.append_sum(1.f);
#if DNNL_VERSION_MAJOR >= 3
    if (epilogue.relu) ops.append_eltwise(dnnl::algorithm::eltwise_relu, 0.f, 0.f);
#else
    if (epilogue.relu) ops.append_eltwise(1.f, dnnl::algorithm::eltwise_relu, 0.f, 0.f);
#endif
    attr.set_post_ops(ops);
    return attr;
}

// Runs a maker; "unimplemented" is an answer (false), any other failure an error.
template <class F>
bool made(const char* what, Threads threads, F&& make) {
    if (threads == Threads::one && !threads_follow) return false;
    follow_threads(threads);  // primitives are tuned for the thread count at which they are made
    try {
        make();
        return true;
    } catch (const dnnl::error& error) {
        if (error.status == dnnl_unimplemented || error.status == dnnl_invalid_arguments)
            return false;
        throw BackendError(str("oneDNN failed to create a ", what, ": ", error.what(), " (status ",
                               static_cast<int>(error.status), ")."));
    }
}

}  // namespace

struct Primitive::Impl {
    dnnl::primitive primitive;
    dnnl::stream stream{engine()};
    std::vector<memory> memories;  // the arguments in the caller's order, then the scratchpad
    std::vector<dnnl_exec_arg_t> arguments;
    size_t scratch = 0;
    Threads threads = Threads::all;

    void argument(int id, const memory::desc& desc) {
        memories.emplace_back(desc, engine(), static_cast<void*>(DNNL_MEMORY_NONE));
        arguments.push_back({id, memories.back().get()});
    }
    void scratchpad(const memory::desc& desc) {
        scratch = desc.get_size();
        if (scratch > 0) argument(DNNL_ARG_SCRATCHPAD, desc);
    }
};

Primitive::Primitive() = default;
Primitive::~Primitive() = default;
Primitive::Primitive(Primitive&&) noexcept = default;
Primitive& Primitive::operator=(Primitive&&) noexcept = default;

size_t Primitive::scratch_bytes() const { return impl_ ? impl_->scratch : 0; }

void Primitive::run(const void* const* pointers, void* scratch) {
    Impl& impl = *impl_;
    follow_threads(impl.threads);
    const size_t given = impl.memories.size() - (impl.scratch > 0 ? 1 : 0);
    for (size_t i = 0; i < given; ++i)
        check(dnnl_memory_set_data_handle(impl.memories[i].get(), const_cast<void*>(pointers[i])),
              "take an argument");
    if (impl.scratch > 0)
        check(dnnl_memory_set_data_handle(impl.memories.back().get(), scratch),
              "take its scratchpad");
    const LibraryCall library;
    check(dnnl_primitive_execute(impl.primitive.get(), impl.stream.get(),
                                 static_cast<int>(impl.arguments.size()), impl.arguments.data()),
          "execute a primitive");
    check(dnnl_stream_wait(impl.stream.get()), "finish a primitive");
}

namespace {

Primitive reorder(const memory::desc& from, const memory::desc& to, Threads threads) {
    Primitive result;
    result.impl_ = std::make_unique<Primitive::Impl>();
    result.impl_->threads = threads;
    dnnl::primitive_attr attr;
    attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    const dnnl::reorder::primitive_desc desc(engine(), from, engine(), to, attr);
    result.impl_->primitive = dnnl::reorder(desc);
    result.impl_->argument(DNNL_ARG_FROM, from);
    result.impl_->argument(DNNL_ARG_TO, to);
    result.impl_->scratchpad(desc.scratchpad_desc());
    return result;
}

template <class Kind, class Desc>
void begin(Primitive& primitive, const Desc& desc, Threads threads) {
    primitive.impl_ = std::make_unique<Primitive::Impl>();
    primitive.impl_->threads = threads;
    primitive.impl_->primitive = Kind(desc);
}

}  // namespace

Packed matmul(DType dtype, const Layout& a, const Layout& b, const Layout& c, Epilogue epilogue,
              Threads threads) {
    Packed result;
    const bool ok = made("matrix product", threads, [&] {
        const memory::desc a_desc = desc_of(a, dtype), b_desc = desc_of(b, dtype),
                           c_desc = desc_of(c, dtype);
        memory::desc bias;
        if (epilogue.bias)
            bias = memory::desc({1, 1, c.dims[2]}, type_of(dtype),
                                memory::dims{c.dims[2], c.dims[2], 1});
        const dnnl::primitive_attr attr = attributes(epilogue);
#if DNNL_VERSION_MAJOR >= 3
        const dnnl::matmul::primitive_desc desc(engine(), a_desc, b_desc, bias, c_desc, attr);
#else
        const dnnl::matmul::primitive_desc desc(
            dnnl::matmul::desc(a_desc, b_desc, bias, c_desc), attr, engine());
#endif
        begin<dnnl::matmul>(result.main, desc, threads);
        Primitive::Impl& impl = *result.main.impl_;
        impl.argument(DNNL_ARG_SRC, a_desc);
        impl.argument(DNNL_ARG_WEIGHTS, desc.weights_desc());
        impl.argument(DNNL_ARG_DST, c_desc);
        if (epilogue.bias) impl.argument(DNNL_ARG_BIAS, bias);
        impl.scratchpad(desc.scratchpad_desc());
        if (b.strides.empty()) {
            // The caller packs from plain rows.
            const memory::desc plain(b.dims, type_of(dtype),
                                     memory::dims{b.dims[1] * b.dims[2], b.dims[2], 1});
            result.packed_bytes = desc.weights_desc().get_size();
            result.pack = reorder(plain, desc.weights_desc(), threads);
        }
    });
    return ok ? std::move(result) : Packed();
}

Packed convolution(const Conv& conv, Threads threads) {
    Packed result;
    const bool ok = made("convolution", threads, [&] {
        const memory::data_type type = type_of(conv.dtype);
        const memory::desc source = desc_of(conv.source, conv.dtype);
        const memory::desc target = desc_of(conv.result, conv.dtype);
        const memory::desc plain = desc_of(conv.weights, conv.dtype);
        const memory::desc any(conv.weights.dims, type, memory::format_tag::any);
        memory::desc bias;
        if (conv.epilogue.bias) bias = memory::desc({conv.result.dims[1]}, type, memory::dims{1});
        memory::dims dilation = conv.dilation;
        for (auto& d : dilation) d -= 1;  // oneDNN counts the holes
        const memory::dims &stride = conv.stride, &low = conv.pad_low, &high = conv.pad_high;
        const auto algorithm = dnnl::algorithm::convolution_direct;
        const dnnl::primitive_attr attr = attributes(conv.epilogue);
        using Forward = dnnl::convolution_forward;
        using Data = dnnl::convolution_backward_data;
        using Weights = dnnl::convolution_backward_weights;
        const auto kind = conv.pass == ConvPass::forward ? dnnl::prop_kind::forward_inference
                                                         : dnnl::prop_kind::forward_training;
#if DNNL_VERSION_MAJOR >= 3
        const Forward::primitive_desc forward(engine(), kind, algorithm, source, any, bias, target,
                                              stride, dilation, low, high, attr);
#else
        const Forward::primitive_desc forward(
            Forward::desc(kind, algorithm, source, any, bias, target, stride, dilation, low, high),
            attr, engine());
#endif
        const auto finish = [&](const memory::desc& weights, const memory::desc& scratch,
                                int source_id, int weights_id, int result_id) {
            Primitive::Impl& impl = *result.main.impl_;
            impl.argument(source_id, source);
            impl.argument(weights_id, weights);
            impl.argument(result_id, target);
            if (conv.epilogue.bias) impl.argument(DNNL_ARG_BIAS, bias);
            impl.scratchpad(scratch);
            if (same(weights, plain)) return;
            result.packed_bytes = weights.get_size();
            result.pack = conv.pass == ConvPass::backward_weights ? reorder(weights, plain, threads)
                                                                  : reorder(plain, weights, threads);
        };
        if (conv.pass == ConvPass::forward) {
            begin<Forward>(result.main, forward, threads);
            finish(forward.weights_desc(), forward.scratchpad_desc(), DNNL_ARG_SRC,
                   DNNL_ARG_WEIGHTS, DNNL_ARG_DST);
        } else if (conv.pass == ConvPass::backward_data) {
#if DNNL_VERSION_MAJOR >= 3
            const Data::primitive_desc desc(engine(), algorithm, source, any, target, stride,
                                            dilation, low, high, forward, attr);
#else
            const Data::primitive_desc desc(
                Data::desc(algorithm, source, any, target, stride, dilation, low, high), attr,
                engine(), forward);
#endif
            begin<Data>(result.main, desc, threads);
            finish(desc.weights_desc(), desc.scratchpad_desc(), DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS,
                   DNNL_ARG_DIFF_DST);
        } else {
#if DNNL_VERSION_MAJOR >= 3
            const Weights::primitive_desc desc(engine(), algorithm, source, any, target, stride,
                                               dilation, low, high, forward, attr);
#else
            const Weights::primitive_desc desc(
                Weights::desc(algorithm, source, any, target, stride, dilation, low, high), attr,
                engine(), forward);
#endif
            begin<Weights>(result.main, desc, threads);
            finish(desc.diff_weights_desc(), desc.scratchpad_desc(), DNNL_ARG_SRC,
                   DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST);
        }
    });
    return ok ? std::move(result) : Packed();
}

}  // namespace cornu::native::onednn
