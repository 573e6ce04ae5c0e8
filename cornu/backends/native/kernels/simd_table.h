// Fills the table of one instruction set. Included once by each simd_*.cpp.
#pragma once

#include "cornu/backends/native/kernels/simd_attention.h"
#include "cornu/backends/native/kernels/simd_gemm.h"
#include "cornu/backends/native/kernels/simd_pairs.h"

namespace cornu::native::SIMD_NAMESPACE {

#define CORNU_FORMS(NAME)                                                 \
    {                                                                     \
        map_##NAME<Form::vector_vector>, map_##NAME<Form::vector_scalar>, \
            map_##NAME<Form::scalar_vector>                               \
    }

#define CORNU_PAIR(FIRST, SECOND) map_pair<PairFirst::FIRST, PairSecond::SECOND>
#define CORNU_PAIRS(FIRST)                                                                             \
    {                                                                                                  \
        CORNU_PAIR(FIRST, add), CORNU_PAIR(FIRST, sub), CORNU_PAIR(FIRST, from), CORNU_PAIR(FIRST, mul), \
            CORNU_PAIR(FIRST, div), CORNU_PAIR(FIRST, under), CORNU_PAIR(FIRST, sqrt),                 \
            CORNU_PAIR(FIRST, relu)                                                                    \
    }

// The order of the rows is that of UnaryOp, BinaryOp, PairFirst and PairSecond.
inline constexpr Simd table = {
    .name = SIMD_NAME,
    .width = lanes,
    .unary = {map_identity, map_neg,      map_abs,   map_sign,    map_square,   map_reciprocal,
              map_sqrt,     map_rsqrt,    map_exp,   map_expm1,   map_log,      map_log1p,
              map_tanh,     map_sigmoid,  map_erf,   map_trig<0>, map_trig<1>,  map_relu,
              map_floor,    map_ceil,     map_round, map_trunc,   map_softplus, map_silu,
              map_gelu,     map_gelu_tanh, map_erfinv, map_erfc},
    .binary = {CORNU_FORMS(add), CORNU_FORMS(sub), CORNU_FORMS(mul), CORNU_FORMS(div),
               CORNU_FORMS(max), CORNU_FORMS(min), CORNU_FORMS(pow), CORNU_FORMS(relu_grad),
               CORNU_FORMS(tanh_grad), CORNU_FORMS(sigmoid_grad), CORNU_FORMS(gelu_grad)},
    .compare = {CORNU_FORMS(eq), CORNU_FORMS(ne), CORNU_FORMS(lt), CORNU_FORMS(le), CORNU_FORMS(gt),
                CORNU_FORMS(ge)},
    .mask = {CORNU_FORMS(mask_eq), CORNU_FORMS(mask_ne), CORNU_FORMS(mask_lt), CORNU_FORMS(mask_le),
             CORNU_FORMS(mask_gt), CORNU_FORMS(mask_ge)},
    .pair = {CORNU_PAIRS(add), CORNU_PAIRS(sub), CORNU_PAIRS(mul)},
    .later_maximum = map_later_maximum,
    .add_where = map_add_where,
    .clamp = map_clamp,
    .select = map_select,
    .select_mask = map_select_mask,
    .from_bfloat16 = map_from_bfloat16,
    .to_bfloat16 = map_to_bfloat16,
    .from_float16 = map_from_float16,
    .to_float16 = map_to_float16,
    .sum = row_sum,
    .sum_of_squares = row_sum_of_squares,
    .dot = row_dot,
    .max = row_extreme<true>,
    .min = row_extreme<false>,
    .add_rows = rows_add,
    .max_rows = rows_extreme<true>,
    .min_rows = rows_extreme<false>,
    .exp_sum = row_exp_sum,
    .normalize = row_normalize,
    .transpose = transpose,
    .softmax = softmax_row,
    .softmax_grad = softmax_grad_row,
    .gemm_nn_f32 = gemm_nn<float>,
    .gemm_nt_f32 = gemm_nt<float>,
    .gemm_nn_f64 = gemm_nn<double>,
    .gemm_nt_f64 = gemm_nt<double>,
    .fma_scalars = map_fma_scalars,
    .threefry_xor32 = map_threefry_xor32,
    .threefry_64 = map_threefry_64,
};
#undef CORNU_FORMS

}  // namespace cornu::native::SIMD_NAMESPACE
