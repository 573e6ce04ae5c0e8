// Loops and branches over values of every dtype, at once and as programs of the native engine.
#include <doctest/doctest.h>

#include "cornu/autodiff/control_flow.h"
#include "cornu/autodiff/mapping.h"
#include "cornu/backend/jit.h"
#include "cornu/ops/elementwise.h"
#include "cornu/ops/reduction.h"
#include "cornu/ops/shape_ops.h"
#include "cornu/testing/near.h"

using namespace cornu;

namespace {

// All numbers in here are integers below 8, which every type can hold but bool, to which they are 1.
Tensor of(DType dtype, std::vector<float> values) { return ops::cast(Tensor::from(values), dtype); }

Tensor doubled(const Tensor& x) { return x.dtype() == DType::bool_ ? ops::logical_or(x, x) : x + x; }
Tensor both(const Tensor& x, const Tensor& y) { return ops::maximum(x, y); }

// Two rounds of a loop, a branch either way, sums along a sequence, running maxima.
Tensors everything(const Tensors& in) {
    const Tensor &x = in[0], &yes = in[1], &no = in[2];
    const Tensors looped = ops::while_loop([](const Tensors& v) { return v[0] < 2; },
                                           [](const Tensors& v) { return Tensors{v[0] + 1, doubled(v[1])}; }, {Tensor(int32_t{0}), x});
    const auto branch = [&](const Tensor& pred) {
        return ops::cond(pred, [&] { return Tensors{doubled(x)}; }, [&] { return Tensors{x}; })[0];
    };
    const ops::ScanResult scanned = ops::scan([](const Tensors& c, const Tensors& each) -> ops::ScanResult {
        const Tensor next = both(c[0], each[0]);
        return {{next}, {doubled(next)}};
    }, {x}, {ops::stack({x, doubled(x)}, 0)});
    const Tensor running = ops::associative_scan([](const Tensor& a, const Tensor& b) { return both(a, b); }, x);
    return {looped[1], branch(yes), branch(no), scanned.carry[0], scanned.ys[0], running};
}

}  // namespace

TEST_CASE("loops, branches and scans carry every dtype") {
    int checked = 0;
    for (int i = 0; i < dtype_count; ++i) {
        const auto dtype = static_cast<DType>(i);
        // int4 is for storage, float8 must be cast by hand before arithmetic; complex numbers have no order, strings nothing.
        if (dtype == DType::string || dtype == DType::int4 || is_complex(dtype) || (is_float(dtype) && bits(dtype) < 16)) continue;
        CAPTURE(name(dtype));
        const Tensor x = of(dtype, {1, 0, 1}), yes = Tensor(true), no = Tensor(false);
        const Tensors now = everything({x, yes, no});
        const bool flags = dtype == DType::bool_;
        const auto expect = [&](const Tensor& found, std::vector<float> values) {
            CHECK(found.dtype() == dtype);
            CHECK(ops::cast(found, DType::float32).to_vector<float>() == values);
        };
        const float two = flags ? 1 : 2, four = flags ? 1 : 4;
        expect(now[0], {four, 0, four});
        expect(now[1], {two, 0, two});
        expect(now[2], {1, 0, 1});
        expect(now[3], {two, 0, two});
        expect(now[4], {two, 0, two, four, 0, four});
        expect(now[5], {1, 1, 1});
        const auto compiled = jit([](const Structure& in) { return Structure(everything(in.flatten())); });
        const Tensors then = compiled(Structure{x, yes, no}).flatten();
        for (size_t k = 0; k < now.size(); ++k) CHECK(testing::difference(then[k], now[k], 0) == "");
        ++checked;
    }
    CHECK(checked == 13);
}
