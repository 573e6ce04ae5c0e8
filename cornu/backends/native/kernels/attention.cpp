#include "cornu/backends/native/kernels/attention.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>

#include "cornu/backends/native/kernels/simd.h"
#include "cornu/base/parallel.h"

namespace cornu::native {

namespace {

using Strides = AttentionSpec::Strides;

constexpr int64_t tile = 64;     // keys of one small product, whose operands fit the nearest cache
constexpr int64_t summed = 256;  // keys that a product of weights and rows sums at once
// Queries of a block: a causal one also makes the scores that its first queries don't look at.
constexpr int64_t most_queries = 128, most_causal_queries = 64;
constexpr int64_t block_floats = 128 * 1024;  // of one block's scores: half of a second-level cache
constexpr int64_t task_products = 128 * 1024;  // multiply-adds worth a thread
// Far away, but finite, so that a row without any key is uniform; the same as the composition's.
constexpr float hidden = static_cast<float>(-0.7 * std::numeric_limits<float>::max());

int64_t tiles(int64_t keys) { return (keys + tile - 1) / tile; }
// A cache line more than the keys: rows a power of two apart would share their places in the cache.
int64_t row_floats(int64_t keys) { return tiles(keys) * tile + 16; }
int64_t block_of(const AttentionSpec& s) {
    const int64_t fit = block_floats / row_floats(s.keys) / 4 * 4;
    const int64_t most = s.is_causal ? most_causal_queries : most_queries;
    return std::min(std::clamp<int64_t>(fit, 8, most), s.queries);
}
int64_t aligned(int64_t floats) { return (floats + 15) / 16 * 16; }

// Parts of a slot's scratch, one after the other.
class Room {
public:
    explicit Room(float* at) : at_(at) {}
    float* take(int64_t floats) {
        float* part = at_;
        at_ += aligned(floats);
        return part;
    }

private:
    float* at_;
};

int64_t slots_for(const AttentionSpec& s, int64_t tasks) {
    const int64_t products = s.batch * s.heads * s.queries * s.keys * (s.depth + s.value_depth);
    return std::clamp<int64_t>(products / task_products, 1, std::min<int64_t>(tasks, threads()));
}

// Tasks are taken one by one, each slot with scratch of its own: which slot does which task changes
// no result.
template <class Body>
void each_task(int64_t tasks, int64_t slots, Body body) {
    std::atomic<int64_t> next{0};
    parallel_for(slots, 1, [&](int64_t begin, int64_t end) {
        for (int64_t slot = begin; slot < end; ++slot)
            for (int64_t task; (task = next.fetch_add(1, std::memory_order_relaxed)) < tasks;)
                body(task, slot);
    });
}

void copy_rows(const float* x, int64_t stride, float* y, int64_t rows, int64_t n) {
    for (int64_t r = 0; r < rows; ++r)
        std::memcpy(y + r * n, x + r * stride, static_cast<size_t>(n) * sizeof(float));
}
void scale_rows(const Simd& simd, const float* x, int64_t stride, float factor, float* y,
                int64_t rows, int64_t n) {
    const auto mul =
        simd.binary[static_cast<int>(BinaryOp::mul)][static_cast<int>(Form::vector_scalar)];
    for (int64_t r = 0; r < rows; ++r) mul(x + r * stride, &factor, y + r * n, n);
}
// Rows of keys as panels, one for each tile: (depth, tile).
void make_panels(const Simd& simd, const float* x, int64_t stride, float* panels, int64_t keys,
                 int64_t depth) {
    for (int64_t k = 0; k < keys; k += tile)
        simd.transpose(x + k * stride, stride, panels + k * depth, tile, std::min(tile, keys - k),
                       depth);
}

// The queries from `first` on of one head; no row of them sees keys at or behind `keys`.
struct Block {
    int64_t batch, head, first, rows, keys;
    Block(const AttentionSpec& s, int64_t batch, int64_t head, int64_t first, int64_t most)
        : batch(batch),
          head(head),
          first(first),
          rows(std::min(most, s.queries - first)),
          keys(visible(s, first + rows - 1)) {}
    // Beside a mask a row may see nothing at all, and is uniform over all keys then.
    static int64_t visible(const AttentionSpec& s, int64_t query) {
        return s.is_causal && !s.mask ? std::min(query + 1, s.keys) : s.keys;
    }
    int64_t at(const Strides& strides, int64_t row) const {
        return batch * strides[0] + head * strides[1] + (first + row) * strides[2];
    }
};

// x where the row may look, else `value`.
void hide(const AttentionSpec& s, const AttentionInputs& in, const Block& b, int64_t row,
          float value, float* x) {
    if (!s.mask) return;
    const bool* mask = in.mask + b.at(*s.mask, row);
    const int64_t end = s.is_causal ? std::min(b.first + row + 1, s.keys) : s.keys;
    if ((*s.mask)[3] == 0) {
        if (!*mask) std::fill(x, x + end, value);
    } else {
        for (int64_t k = 0; k < end; ++k) x[k] = mask[k] ? x[k] : value;
    }
    std::fill(x + end, x + s.keys, value);
}

// Exponentials of a block's scores, less each row's greatest; `factors` makes them a softmax.
void weigh(const Simd& simd, const AttentionSpec& s, const AttentionInputs& in, const Block& b,
           float* scores, float* factors) {
    const int64_t ld = row_floats(s.keys);
    for (int64_t r = 0; r < b.rows; ++r) {
        float* x = scores + r * ld;
        const int64_t n = Block::visible(s, b.first + r);
        if (s.bias) {
            const auto form = (*s.bias)[3] == 0 ? Form::vector_scalar : Form::vector_vector;
            simd.binary[static_cast<int>(BinaryOp::add)][static_cast<int>(form)](
                x, in.bias + b.at(*s.bias, r), x, n);
        }
        hide(s, in, b, r, hidden, x);
        factors[r] = simd.softmax(x, n);
        std::fill(x + n, x + b.keys, 0.f);
    }
}

constexpr TileEpilogue fresh{}, added{nullptr, true, false};

// c (rows, keys) = a (rows, depth) * panels
void times_panels(const Simd& simd, const float* a, const float* panels, float* c, int64_t ldc,
                  int64_t rows, int64_t keys, int64_t depth) {
    for (int64_t k = 0; k < keys; k += tile)
        simd.gemm_nn_f32(a, depth, 1, panels + k * depth, tile, c + k, ldc, rows,
                         std::min(tile, keys - k), depth, fresh);
}
// c (rows, n) = a (rows, keys) * b (keys, n)
void times_rows(const Simd& simd, const float* a, int64_t lda, const float* b, int64_t ldb,
                float* c, int64_t ldc, int64_t rows, int64_t keys, int64_t n) {
    for (int64_t k = 0; k < keys; k += summed)
        simd.gemm_nn_f32(a + k, lda, 1, b + k * ldb, ldb, c, ldc, rows, n,
                         std::min(summed, keys - k), k > 0 ? added : fresh);
}

// Where one head of a (batch, steps, heads, size) tensor begins, and how far its steps are apart.
template <class T>
struct Head {
    T* data;
    int64_t stride;
    Head(T* x, int64_t steps, int64_t heads, int64_t size, int64_t batch, int64_t head)
        : data(x + (batch * steps * heads + head) * size), stride(heads * size) {}
    T* step(int64_t i) const { return data + i * stride; }
};

int64_t forward_floats(const AttentionSpec& s, int64_t block, bool packed) {
    const int64_t keys = tiles(s.keys) * tile;
    return aligned(block * s.depth) + aligned(block * row_floats(s.keys)) + aligned(block) +
           (packed ? aligned(keys * s.depth) + aligned(keys * s.value_depth) : 0);
}

// What one task of the backward pass works in.
struct GradRoom {
    float *key_panels, *value_panels, *keys, *queries, *douts, *weights, *dweights, *factors;
    GradRoom(const AttentionSpec& s, int64_t block, float* at) {
        Room room(at);
        const int64_t padded = tiles(s.keys) * tile, ld = row_floats(s.keys);
        key_panels = room.take(padded * s.depth);
        value_panels = room.take(padded * s.value_depth);
        keys = room.take(s.keys * s.depth);
        queries = room.take(block * s.depth);
        douts = room.take(block * s.value_depth);
        weights = room.take(block * ld);
        dweights = room.take(block * ld);
        factors = room.take(block);
    }
};

int64_t backward_floats(const AttentionSpec& s, int64_t block) {
    const int64_t padded = tiles(s.keys) * tile;
    return aligned(padded * s.depth) + aligned(padded * s.value_depth) + aligned(s.keys * s.depth) +
           aligned(block * s.depth) + aligned(block * s.value_depth) +
           2 * aligned(block * row_floats(s.keys)) + aligned(block);
}

void add_bias_gradient(const Simd& simd, const AttentionSpec& s, const Block& b,
                       const float* dscores, float* dbias) {
    for (int64_t r = 0; r < b.rows; ++r) {
        const float* x = dscores + r * row_floats(s.keys);
        float* to = dbias + b.at(*s.bias, r);
        if ((*s.bias)[3] == 0)
            *to += static_cast<float>(simd.sum(x, b.keys));
        else
            simd.binary[static_cast<int>(BinaryOp::add)][static_cast<int>(Form::vector_vector)](
                to, x, to, b.keys);
    }
}

// All that one head of keys takes part in.
void grad_of_key_head(const AttentionSpec& s, int64_t block, const float* dout,
                      const AttentionInputs& in, const AttentionGradients& grads, int64_t batch,
                      int64_t key_head, const GradRoom& room) {
    const Simd& simd = native::simd();
    const int64_t group = s.heads / s.key_heads, ld = row_floats(s.keys);
    const Head key(in.key, s.keys, s.key_heads, s.depth, batch, key_head);
    const Head value(in.value, s.keys, s.key_heads, s.value_depth, batch, key_head);
    const Head dkey(grads.key, s.keys, s.key_heads, s.depth, batch, key_head);
    const Head dvalue(grads.value, s.keys, s.key_heads, s.value_depth, batch, key_head);
    make_panels(simd, key.data, key.stride, room.key_panels, s.keys, s.depth);
    make_panels(simd, value.data, value.stride, room.value_panels, s.keys, s.value_depth);
    // Both operands that a gradient of the scores meets carry the scale.
    scale_rows(simd, key.data, key.stride, s.scale, room.keys, s.keys, s.depth);
    TileEpilogue sum = fresh;
    for (int64_t head = key_head * group; head < (key_head + 1) * group; ++head) {
        const Head query(in.query, s.queries, s.heads, s.depth, batch, head);
        const Head dquery(grads.query, s.queries, s.heads, s.depth, batch, head);
        const Head dy(dout, s.queries, s.heads, s.value_depth, batch, head);
        for (int64_t first = 0; first < s.queries; first += block) {
            const Block b(s, batch, head, first, block);
            scale_rows(simd, query.step(first), query.stride, s.scale, room.queries, b.rows,
                       s.depth);
            copy_rows(dy.step(first), dy.stride, room.douts, b.rows, s.value_depth);
            times_panels(simd, room.queries, room.key_panels, room.weights, ld, b.rows, b.keys,
                         s.depth);
            weigh(simd, s, in, b, room.weights, room.factors);
            times_panels(simd, room.douts, room.value_panels, room.dweights, ld, b.rows, b.keys,
                         s.value_depth);
            for (int64_t r = 0; r < b.rows; ++r) {
                simd.softmax_grad(room.weights + r * ld, room.dweights + r * ld, room.factors[r],
                                  b.keys);
                hide(s, in, b, r, 0.f, room.dweights + r * ld);
            }
            if (grads.bias) add_bias_gradient(simd, s, b, room.dweights, grads.bias);
            simd.gemm_nn_f32(room.weights, 1, ld, room.douts, s.value_depth, dvalue.data,
                             dvalue.stride, b.keys, s.value_depth, b.rows, sum);
            simd.gemm_nn_f32(room.dweights, 1, ld, room.queries, s.depth, dkey.data, dkey.stride,
                             b.keys, s.depth, b.rows, sum);
            if (!sum.accumulate) {
                for (int64_t k = b.keys; k < s.keys; ++k) {
                    std::fill_n(dkey.step(k), s.depth, 0.f);
                    std::fill_n(dvalue.step(k), s.value_depth, 0.f);
                }
                sum = added;
            }
            times_rows(simd, room.dweights, ld, room.keys, s.depth, dquery.step(first),
                       dquery.stride, b.rows, b.keys, s.depth);
        }
    }
}

}  // namespace

Attention::Attention(const AttentionSpec& spec)
    : spec_(spec), block_(block_of(spec)), packed_(spec.queries >= 8) {
    // Chunks of one key's queries pack the same keys again: no more of them than there are threads.
    const int64_t group = spec.heads / spec.key_heads;
    const int64_t blocks = group * ((spec.queries + block_ - 1) / block_);
    const int64_t keys = spec.batch * spec.key_heads, most = 2 * threads();
    chunks_ = std::clamp<int64_t>((most + keys - 1) / keys, 1, blocks);
    tasks_ = keys * chunks_;
    slots_ = slots_for(spec, tasks_);
}

size_t Attention::scratch_bytes() const {
    return static_cast<size_t>(slots_ * forward_floats(spec_, block_, packed_)) * sizeof(float);
}

void Attention::run(const AttentionInputs& in, float* out, void* scratch) const {
    const AttentionSpec& s = spec_;
    const Simd& simd = native::simd();
    const int64_t group = s.heads / s.key_heads, down = (s.queries + block_ - 1) / block_;
    const int64_t ld = row_floats(s.keys), padded = tiles(s.keys) * tile;
    const int64_t floats = forward_floats(s, block_, packed_);
    each_task(tasks_, slots_, [&](int64_t task, int64_t slot) {
        Room room(static_cast<float*>(scratch) + slot * floats);
        float* queries = room.take(block_ * s.depth);
        float* scores = room.take(block_ * ld);
        float* factors = room.take(block_);
        const int64_t chunk = task % chunks_, unit = task / chunks_;
        const int64_t batch = unit / s.key_heads, key_head = unit % s.key_heads;
        const Head key(in.key, s.keys, s.key_heads, s.depth, batch, key_head);
        const Head value(in.value, s.keys, s.key_heads, s.value_depth, batch, key_head);
        float* panels = nullptr;
        const float* values = value.data;
        int64_t values_stride = value.stride;
        if (packed_) {
            panels = room.take(padded * s.depth);
            float* packed = room.take(padded * s.value_depth);
            make_panels(simd, key.data, key.stride, panels, s.keys, s.depth);
            copy_rows(value.data, value.stride, packed, s.keys, s.value_depth);
            values = packed;
            values_stride = s.value_depth;
        }
        const int64_t blocks = group * down;
        for (int64_t i = blocks * chunk / chunks_; i < blocks * (chunk + 1) / chunks_; ++i) {
            const int64_t head = key_head * group + i / down;
            const Block b(s, batch, head, i % down * block_, block_);
            const Head query(in.query, s.queries, s.heads, s.depth, batch, head);
            const Head to(out, s.queries, s.heads, s.value_depth, batch, head);
            scale_rows(simd, query.step(b.first), query.stride, s.scale, queries, b.rows, s.depth);
            if (packed_)
                times_panels(simd, queries, panels, scores, ld, b.rows, b.keys, s.depth);
            else
                simd.gemm_nt_f32(queries, s.depth, 1, key.data, key.stride, scores, ld, b.rows,
                                 b.keys, s.depth, fresh);
            weigh(simd, s, in, b, scores, factors);
            float* y = to.step(b.first);
            times_rows(simd, scores, ld, values, values_stride, y, to.stride, b.rows, b.keys,
                       s.value_depth);
            const auto mul =
                simd.binary[static_cast<int>(BinaryOp::mul)][static_cast<int>(Form::vector_scalar)];
            for (int64_t r = 0; r < b.rows; ++r, y += to.stride)
                mul(y, factors + r, y, s.value_depth);
        }
    });
}

AttentionGrad::AttentionGrad(const AttentionSpec& spec, bool bias_gradient)
    : spec_(spec),
      block_(block_of(spec)),
      bias_gradient_(bias_gradient),
      join_batch_(bias_gradient && (*spec.bias)[0] == 0),
      join_heads_(bias_gradient && (*spec.bias)[1] == 0) {
    tasks_ = (join_batch_ ? 1 : spec.batch) * (join_heads_ ? 1 : spec.key_heads);
    slots_ = slots_for(spec, tasks_);
}

size_t AttentionGrad::scratch_bytes() const {
    return static_cast<size_t>(slots_ * backward_floats(spec_, block_)) * sizeof(float);
}

void AttentionGrad::run(const float* dout, const AttentionInputs& in,
                        const AttentionGradients& grads, void* scratch) const {
    const AttentionSpec& s = spec_;
    if (bias_gradient_) {
        const Strides& t = *s.bias;
        const int64_t size = (t[0] ? s.batch : 1) * (t[1] ? s.heads : 1) * (t[2] ? s.queries : 1) *
                             (t[3] ? s.keys : 1);
        std::fill_n(grads.bias, size, 0.f);
    }
    each_task(tasks_, slots_, [&](int64_t task, int64_t slot) {
        const GradRoom room(s, block_,
                            static_cast<float*>(scratch) + slot * backward_floats(s, block_));
        const int64_t across = join_heads_ ? 1 : s.key_heads;
        for (int64_t b = 0; b < (join_batch_ ? s.batch : 1); ++b)
            for (int64_t h = 0; h < (join_heads_ ? s.key_heads : 1); ++h)
                grad_of_key_head(s, block_, dout, in, grads, task / across + b, task % across + h,
                                 room);
    });
}

}  // namespace cornu::native
