// Threefry-2x32 by additions, rotations and exclusive ors of 32-bit integers: bit for bit what the
// native engine draws.
#include "cornu/backends/xla/stablehlo.h"
#include "cornu/ops/primitive_attrs.h"

namespace cornu::xla {

namespace {

constexpr DType word = DType::uint32;

struct Threefry {
    Body& body;
    Shape shape;

    Value all(const Value& x) { return body.broadcast(x, shape); }
    Value number(uint32_t value) { return body.scalar(value, word); }
    Value rotate(const Value& x, uint32_t by) {
        return body.binary("or", body.binary("shift_left", x, all(number(by))),
                           body.binary("shift_right_logical", x, all(number(32 - by))));
    }
    // Encrypts the counters (x0, x1) in place, with two scalars as the key.
    void run(const Value& k0, const Value& k1, Value& x0, Value& x1) {
        constexpr uint32_t rotations[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
        const Value keys[3] = {k0, k1,
                               body.binary("xor", body.binary("xor", k0, k1), number(0x1BD11BDA))};
        x0 = body.binary("add", x0, all(keys[0]));
        x1 = body.binary("add", x1, all(keys[1]));
        for (uint32_t group = 0; group < 5; ++group) {
            for (const uint32_t by : rotations[group % 2]) {
                x0 = body.binary("add", x0, x1);
                x1 = body.binary("xor", rotate(x1, by), x0);
            }
            x0 = body.binary("add", x0, all(keys[(group + 1) % 3]));
            x1 = body.binary("add", x1,
                             all(body.binary("add", keys[(group + 2) % 3], number(group + 1))));
        }
    }
};

Values threefry_bits(Body& body, const Call& call, const Values& in) {
    const auto& b = call.as<BitsAttrs>();
    const int64_t count = b.shape.size();
    const Shape flat{count};
    const auto key = [&](int64_t i) {
        return body.reshape(body.call("slice", {in[0]}, {1}, word,
                                      "start_indices = " + axes_text({i}) + ", limit_indices = " +
                                          axes_text({i + 1}) + ", strides = " + axes_text({1})),
                            {});
    };
    // One 64-bit counter per element, its high word first.
    Value high, low;
    if (b.start + count <= int64_t{1} << 32) {
        high = body.full(0, flat, word);
        low = body.binary("add", body.iota(flat, 0, word),
                          body.full(static_cast<double>(b.start), flat, word));
    } else {
        const Value start = body.constant(
            Tensor::from(std::vector<uint64_t>{static_cast<uint64_t>(b.start)}, Shape()));
        const Value counter =
            body.binary("add", body.iota(flat, 0, DType::uint64), body.broadcast(start, flat));
        high = body.cast(
            body.binary("shift_right_logical", counter, body.full(32, flat, DType::uint64)), word);
        low = body.cast(counter, word);
    }
    Threefry{body, flat}.run(key(0), key(1), high, low);
    Value drawn;
    if (b.dtype == DType::uint64) {
        const Value upper =
            body.binary("shift_left", body.cast(high, b.dtype), body.full(32, flat, b.dtype));
        drawn = body.binary("or", upper, body.cast(low, b.dtype));
    } else {
        drawn = body.cast(body.binary("xor", high, low), b.dtype);  // narrow words are its low bits
    }
    return {body.reshape(drawn, b.shape)};
}

constexpr Lowering table[] = {{"threefry_bits", threefry_bits, unsigned_ints}};

}  // namespace

std::span<const Lowering> random_lowerings() { return table; }

}  // namespace cornu::xla
