// Loops and branches: the bodies are plans of their own. Carried values live in the loop's outputs
// and are updated in place, so that a body's dynamic_update_slice touches only its window.
#include <cstring>
#include <memory>

#include "cornu/autodiff/control_flow.h"
#include "cornu/backends/native/lowering.h"
#include "cornu/backends/native/plan.h"

namespace cornu::native {

namespace {


// `donated` first outputs take over as many first inputs.
std::shared_ptr<const Plan> compile_body(Graph body, size_t donated, const Call& call) {
    body.donated.assign(body.outputs.size(), -1);
    for (size_t i = 0; i < donated; ++i) body.donated[i] = static_cast<int32_t>(i);
    return std::make_shared<const Plan>(prepare(std::move(body), *find_backend("native")), call.deterministic);
}

std::vector<std::pair<int, int>> pairs(size_t n) {
    std::vector<std::pair<int, int>> out;
    for (size_t i = 0; i < n; ++i) out.emplace_back(static_cast<int>(i), static_cast<int>(i));
    return out;
}

Kernel lower_while(const Call& call) {
    const auto& w = call.as<WhileAttrs>();
    const size_t carries = call.out.size(), cond_captures = static_cast<size_t>(w.cond_captures), inputs = call.in.size();
    const auto cond = compile_body(*w.cond, 0, call), body = compile_body(*w.body, carries, call);
    std::vector<size_t> bytes;
    for (const Spec& spec : call.out) bytes.push_back(bytes_of(spec));
    return {.run = [=](const void* const* in, void* const* out, void*) {
                // The address lists are small and of a size known here; they stay on the stack.
                const void** cond_in = static_cast<const void**>(__builtin_alloca((carries + cond_captures) * sizeof(void*)));
                const void** body_in = static_cast<const void**>(__builtin_alloca((inputs - cond_captures) * sizeof(void*)));
                for (size_t i = 0; i < carries; ++i) {
                    if (in[i] != out[i]) std::memcpy(out[i], in[i], bytes[i]);
                    cond_in[i] = body_in[i] = out[i];
                }
                for (size_t i = 0; i < cond_captures; ++i) cond_in[carries + i] = in[carries + i];
                for (size_t i = carries + cond_captures; i < inputs; ++i) body_in[i - cond_captures] = in[i];
                bool again = false;
                void* decision[] = {&again};
                for (;;) {
                    cond->run(cond_in, decision);
                    if (!again) break;
                    body->run(body_in, out);
                }
            },
            .in_place = pairs(carries)};
}

Kernel lower_cond(const Call& call) {
    const auto& c = call.as<CondAttrs>();
    const auto then_plan = compile_body(*c.then_branch, 0, call), else_plan = compile_body(*c.else_branch, 0, call);
    const auto captures = static_cast<size_t>(c.then_captures);
    return {.run = [=](const void* const* in, void* const* out, void*) {
        if (*static_cast<const bool*>(in[0])) then_plan->run(in + 1, out);
        else else_plan->run(in + 1 + captures, out);
    }};
}

Kernel lower_scan(const Call& call) {
    const auto& s = call.as<ScanAttrs>();
    const auto carries = static_cast<size_t>(s.carries), xs = static_cast<size_t>(s.xs);
    const size_t inputs = call.in.size(), outputs = call.out.size();
    const auto body = compile_body(*s.body, carries, call);
    const int64_t length = s.length;
    std::vector<size_t> carry_bytes, x_bytes, y_bytes;
    for (size_t i = 0; i < carries; ++i) carry_bytes.push_back(bytes_of(call.out[i]));
    for (size_t i = 0; i < xs; ++i) x_bytes.push_back(length ? bytes_of(call.in[carries + i]) / static_cast<size_t>(length) : 0);
    for (size_t i = carries; i < outputs; ++i) y_bytes.push_back(length ? bytes_of(call.out[i]) / static_cast<size_t>(length) : 0);
    const bool reverse = s.reverse;
    return {.run = [=](const void* const* in, void* const* out, void*) {
                const void** body_in = static_cast<const void**>(__builtin_alloca(inputs * sizeof(void*)));
                void** body_out = static_cast<void**>(__builtin_alloca(outputs * sizeof(void*)));
                for (size_t i = 0; i < carries; ++i) {
                    if (in[i] != out[i]) std::memcpy(out[i], in[i], carry_bytes[i]);
                    body_in[i] = body_out[i] = out[i];
                }
                for (size_t i = carries + xs; i < inputs; ++i) body_in[i] = in[i];
                for (int64_t k = 0; k < length; ++k) {
                    const auto at = static_cast<size_t>(reverse ? length - 1 - k : k);
                    for (size_t i = 0; i < xs; ++i) body_in[carries + i] = static_cast<const char*>(in[carries + i]) + at * x_bytes[i];
                    for (size_t i = carries; i < outputs; ++i) body_out[i] = static_cast<char*>(out[i]) + at * y_bytes[i - carries];
                    body->run(body_in, body_out);
                }
            },
            .in_place = pairs(carries)};
}

bool whole_bytes(const Call& call) {
    // A slice of packed int4 may begin in the middle of a byte.
    for (const Spec& spec : call.in)
        if (spec.dtype == DType::string || spec.dtype == DType::int4) return false;
    return true;
}

constexpr Lowering table[] = {
    {"while_loop", lower_while, whole_bytes}, {"cond", lower_cond, whole_bytes}, {"scan", lower_scan, whole_bytes}};

}  // namespace

std::span<const Lowering> control_flow_lowerings() { return table; }

}  // namespace cornu::native
