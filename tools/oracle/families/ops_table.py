"""The table of keras.ops cases: one line, one case. The tail after N, U, I, B is the shape."""

import itertools

import numpy as np

from families.draws import A, B, C, I, KINKS, N, Row, SPECIAL, U, definite, permutation

ROWS = []


def row(op, *arguments, gradient=False, by_name=(), **attributes):
    ROWS.append(Row(op, list(arguments), attributes, gradient, by_name))


# Element-wise, one argument: where it is defined, and at the special values.
for ops, domain in [
    ("abs absolute ceil floor negative sign square trunc fabs deg2rad rad2deg conj "
     "conjugate real imag signbit isfinite isinf isnan isneginf isposinf isreal "
     "nan_to_num", (-3, 3)),
    ("sin cos tan sinh cosh tanh arctan arcsinh exp exp2 expm1 erf erfc sinc i0 cbrt", (-3, 3)),
    ("arcsin arccos arctanh erfinv", (-0.95, 0.95)),
    ("log log2 log10 log1p sqrt rsqrt reciprocal", (0.1, 5)),
    ("arccosh", (1.1, 5)),
    ("relu relu6 sigmoid softplus softsign silu swish log_sigmoid hard_sigmoid hard_silu "
     "hard_swish hard_tanh hard_shrink soft_shrink tanh_shrink elu celu selu gelu leaky_relu "
     "squareplus sparse_plus sparse_sigmoid", (-4, 4)),
]:
    for op in ops.split():
        row(op, U(*domain, 3, 5))
        row(op, SPECIAL)
for op in ("abs relu relu6 hard_sigmoid hard_silu hard_tanh hard_shrink soft_shrink elu selu "
           "leaky_relu sparse_plus sparse_sigmoid sign floor").split():
    row(op, KINKS, gradient=True)
row("sqrt", A([0.25, 4.0]), gradient=True)
row("round", A([0.5, 1.5, 2.5, -0.5, -1.5, 2.49]))
row("round", U(-3, 3, 3, 4), decimals=2)
row("gelu", U(-4, 4, 3, 5), approximate=False)
row("elu", U(-4, 4, 5), alpha=0.5)
row("celu", U(-4, 4, 5), alpha=0.5)
row("leaky_relu", U(-4, 4, 5), negative_slope=0.05)
row("hard_shrink", U(-2, 2, 7), threshold=1.0)
row("soft_shrink", U(-2, 2, 7), threshold=1.0)
row("threshold", U(-2, 2, 7), threshold=0.5, default_value=-9.0)
row("squareplus", U(-2, 2, 7), b=1)
row("angle", C(2, 3))
for op in "abs exp sin log sqrt real imag conj square negative reciprocal".split():
    row(op, C(2, 3))
row("nan_to_num", SPECIAL, nan=1.0, posinf=5.0, neginf=-5.0)
for op in ("abs negative sign square logical_not bitwise_not bitwise_invert ceil floor sqrt "
           "exp").split():
    row(op, I(0, 9, 2, 3))
for op in "exp tanh sigmoid relu softmax gelu sqrt square".split():
    row(op, U(0.1, 2, 2, 4).as_("bfloat16"))
    row(op, U(0.1, 2, 2, 4).as_("float16"))

# Element-wise, two arguments: same shape, broadcast, special values, integers.
for op in ("add subtract multiply divide true_divide maximum minimum arctan2 logaddexp logaddexp2 "
           "hypot divide_no_nan floor_divide mod fmod fmax fmin heaviside nextafter equal "
           "not_equal less less_equal greater greater_equal isclose").split():
    row(op, N(3, 4), N(3, 4))
    row(op, N(2, 1, 4), N(3, 1))
    row(op, SPECIAL, A([[1.0], [0.0], [-np.inf], [np.nan]]))
for op in ("add subtract multiply divide floor_divide mod fmod maximum minimum power equal less "
           "greater_equal bitwise_and bitwise_or bitwise_xor left_shift right_shift "
           "bitwise_left_shift bitwise_right_shift gcd lcm").split():
    row(op, I(0, 9, 2, 3), I(1, 5, 3))
for op in "floor_divide mod fmod divide".split():
    row(op, I(-9, 9, 8), A([2, -2, 3, -3, 5, -5, 7, 1], "int32"))
    row(op, A([7.0, -7.0, 7.0, -7.0, 0.5]), A([2.0, 2.0, -2.0, -2.0, 0.25]))
row("power", U(0.1, 3, 3, 4), N(4))
row("power", SPECIAL, A([[2.0], [0.0], [-1.0], [0.5]]))
row("ldexp", N(5), I(-3, 4, 5))
for op in "logical_and logical_or logical_xor".split():
    row(op, B(2, 3), B(3))
    row(op, N(2, 3), I(0, 2, 3))
row("maximum", A([1.0, 2.0, 3.0]), A([1.0, 3.0, 2.0]), gradient=True)
row("minimum", A([1.0, 2.0, 3.0]), A([1.0, 3.0, 2.0]), gradient=True)
row("divide_no_nan", A([1.0, 2.0, 0.0]), A([2.0, 0.0, 0.0]))
row("add", N(2, 3).as_("bfloat16"), N(3))
row("multiply", N(2, 3).as_("float16"), I(0, 3, 3))
row("add", C(3), N(3))
row("multiply", C(3), C(3))
row("allclose", N(3), N(3))
row("clip", U(-3, 3, 3, 4), x_min=-1.0, x_max=1.5)
row("clip", KINKS, x_min=-1.0, x_max=2.0, gradient=True)
row("clip", I(-9, 9, 7), x_min=-2, x_max=3)
row("where", B(2, 3), N(2, 3), N(3))
row("where", B(4))
row("polar", U(0.1, 2, 4), N(4))
row("psnr", U(0, 1, 3, 3), U(0, 1, 3, 3), max_val=1.0)
row("cast", U(-9, 9, 6), dtype="int32")
row("cast", I(-9, 9, 6), dtype="bool")
row("cast", U(0, 9, 6), dtype="bfloat16")
row("cast", A([1.0, 300.0, 500.0, -3.3]), dtype="float8_e4m3fn")
row("cast", A([1.0, 300.0, 5e4, -3.3]), dtype="float8_e5m2")
row("saturate_cast", A([-5.0, 3.7, 300.0]), dtype="uint8")
row("view", N(4), dtype="int32")

# Reductions and scans.
for op in "sum mean max min prod amax amin".split():
    row(op, N(2, 3, 4))
    for axis in [0, -1, [0, 2]]:
        row(op, N(2, 3, 4), axis=axis)
    row(op, N(2, 3, 4), axis=1, keepdims=True)
    row(op, A([1.0, np.nan, 2.0]))
for op in "var std ptp median logsumexp".split():
    row(op, N(2, 3, 4))
    row(op, N(2, 3, 4), axis=1)
    row(op, N(2, 3, 4), axis=-1, keepdims=True)
for op in "sum mean prod max min var std cumsum cumprod argmax sort median".split():
    row(op, I(-5, 9, 3, 4), axis=1)
for op in "sum mean max prod any all count_nonzero".split():
    row(op, B(3, 4), axis=0)
for op in "sum mean prod".split():
    row(op, U(0, 2, 6, 9).as_("bfloat16"), axis=1)
    row(op, U(0, 2, 6, 9).as_("float16"), axis=1)
row("sum", A(np.zeros((0, 3))), axis=0)
row("mean", C(2, 3), axis=0)
row("max", N(2, 3), axis=1, initial=0.5)
row("min", N(2, 3), axis=1, initial=-0.5)
for op in "max min amax prod".split():
    row(op, A([2.0, 1.0, 2.0, 1.0, 0.0]), gradient=True)
for op in "any all count_nonzero".split():
    row(op, B(3, 4), axis=1)
row("any", N(2, 3), axis=0, keepdims=True)
for op in "argmax argmin".split():
    row(op, N(3, 5))
    row(op, N(3, 5), axis=1)
    row(op, N(3, 5), axis=0, keepdims=True)
    row(op, A([1.0, 3.0, 3.0, 1.0]))
    row(op, A([1.0, np.nan, 3.0]))
for op in "cumsum cumprod".split():
    row(op, N(3, 4))
    row(op, N(3, 4), axis=0)
    row(op, N(3, 4), axis=-1)
for op in ("nansum nanmean nanmax nanmin nanprod nanstd nanvar nanmedian nanargmax nanargmin "
           "nancumsum nancumprod").split():
    row(op, A([[1.0, np.nan, 3.0], [4.0, 0.5, -1.0]]), axis=1)
for op in "quantile nanquantile".split():
    row(op, N(3, 5), A([0.1, 0.5, 0.9]), axis=1)
    for method in "linear lower higher midpoint nearest".split():
        row(op, N(7), A(0.3), method=method)
row("percentile", N(3, 5), A([25.0, 60.0]), axis=0)
row("nanpercentile", N(3, 5), A([25.0, 60.0]), axis=0)
row("average", N(3, 4), axis=0)
row("average", N(3, 4), axis=1, weights=None)
row("average", N(3, 4), U(0.1, 1, 4), by_name=["x", "weights"], axis=1)
row("moments", N(3, 4, 2), axes=[0, 1])
row("moments", N(3, 4, 2), axes=[0], keepdims=True)
row("trapezoid", N(3, 4), dx=0.5)
row("diff", N(3, 5))
row("diff", N(3, 5), n=2, axis=0)
row("bincount", I(0, 5, 9))
row("bincount", I(0, 5, 9), U(0, 1, 9), by_name=["x", "weights"], minlength=7)
row("histogram", N(20), bins=5)
row("histogram", N(20), bins=4, range=[-1.0, 1.0])
row("digitize", N(2, 3), A([-1.0, 0.0, 1.0]))
row("searchsorted", A([1.0, 2.0, 2.0, 4.0]), A([0.0, 2.0, 3.0, 9.0]), side="left")
row("searchsorted", A([1.0, 2.0, 2.0, 4.0]), A([0.0, 2.0, 3.0, 9.0]), side="right")
row("corrcoef", N(3, 6))
row("correlate", N(6), N(3), mode="valid")
row("correlate", N(6), N(3), mode="same")
row("correlate", N(6), N(3), mode="full")
for op in "segment_sum segment_max segment_min segment_prod".split():
    row(op, N(6, 2), A([0, 0, 1, 2, 2, 2], "int32"), num_segments=4)
    row(op, N(6), A([2, 0, 1, 2, 0, 2], "int32"), num_segments=3)
row("associative_scan", N(5, 2), by_name=["elems"], f="add")
row("associative_scan", N(5, 2), by_name=["elems"], f="add", reverse=True)
row("associative_scan", N(2, 6), by_name=["elems"], f="add", axis=1)
row("scan", N(2), N(4, 2), by_name=["init", "xs"], f="running_sum")
row("scan", N(2), N(4, 2), by_name=["init", "xs"], f="running_sum", reverse=True)
row("map", N(4, 2), by_name=["xs"], f="double")
row("while_loop", N(3), by_name=["loop_vars"], cond="above_one", body="halve")
row("fori_loop", N(3), by_name=["init_val"], lower=0, upper=4, body_fun="sum_to")

# Sorting and choosing.
for op in "sort argsort".split():
    row(op, permutation(9))
    row(op, N(3, 5), axis=0)
    row(op, N(3, 5), axis=1)
    row(op, A([2.0, 1.0, 2.0, 1.0, np.nan, -np.inf]))
row("top_k", N(2, 6), k=3)
row("top_k", A([1.0, 3.0, 3.0, 2.0]), k=2)
row("top_k", I(0, 50, 2, 6), k=2)
row("in_top_k", I(0, 4, 3), N(3, 4), k=2)
row("argpartition", permutation(7), kth=3)
row("unique", A([3, 1, 3, 2, 1], "int32"), size=4, fill_value=0)
row("unique", A([3, 1, 3, 2], "int32"), return_index=True, return_inverse=True, return_counts=True)
row("nonzero", A([0, 3, 0, 4], "int32"))
row("isin", I(0, 5, 3, 3), A([1, 4], "int32"))
row("isin", I(0, 5, 3, 3), A([1, 4], "int32"), invert=True)
row("take", N(5, 3), I(0, 5, 2, 2), axis=0)
row("take", N(5, 3), A([-1, 0, 2], "int32"), axis=1)
row("take", N(5, 3), A([0, 14, 7], "int32"))
row("take", N(5, 3), A([0, 5, 99, -6], "int32"), axis=0)  # out of range
row("take_along_axis", N(3, 4), I(0, 4, 3, 2), axis=1)
row("take_along_axis", N(3, 4), I(0, 3, 1, 4), axis=0)
row("get_item", N(4, 5), key=[1])
row("get_item", N(4, 5), key=[{"slice": [1, 3]}, {"slice": [None, None, 2]}])
row("get_item", N(4, 5), key=["...", -1])
row("get_item", N(4, 5), key=[{"slice": [None, None, -1]}, None, {"slice": [-3, None]}])
row("scatter", A([[0, 1], [2, 0], [0, 1]], "int32"), N(3), shape=[3, 2])
row("scatter", A([[1], [3]], "int32"), N(2, 3), shape=[4, 3])
for reduction in [None, "add", "max", "min", "mul"]:
    row("scatter_update", N(4, 2), A([[0, 1], [2, 0]], "int32"), N(2), reduction=reduction)
row("scatter_update", N(4, 2), A([[1], [3]], "int32"), N(2, 2))
row("slice", N(4, 5), by_name=["inputs"], start_indices=[1, 2], shape=[2, 3])
row("slice", N(4, 5), by_name=["inputs"], start_indices=[3, 4], shape=[2, 3])  # clamped
row("slice_update", N(4, 5), N(2, 2), by_name=["inputs", "updates"], start_indices=[1, 2])
row("select", [B(3), B(3)], [N(3), N(3)], default=7.0)
row("one_hot", I(0, 4, 3), num_classes=4)
row("one_hot", A([-1, 0, 4, 3], "int32"), num_classes=4)
row("one_hot", I(0, 4, 2, 3), num_classes=4, axis=1, dtype="int32")
row("multi_hot", I(0, 5, 2, 3), num_classes=5)
row("unravel_index", A([5, 7, 0], "int32"), shape=[3, 4])

# Shapes.
row("reshape", N(2, 6), newshape=[3, -1])
row("reshape", N(2, 6), newshape=[-1])
row("transpose", N(2, 3, 4))
row("transpose", N(2, 3, 4), axes=[1, 2, 0])
row("swapaxes", N(2, 3, 4), axis1=0, axis2=-1)
row("moveaxis", N(2, 3, 4), source=[0, 1], destination=[-1, 0])
row("expand_dims", N(2, 3), axis=1)
row("expand_dims", N(2, 3), axis=[0, -1])
row("squeeze", N(2, 1, 3, 1))
row("squeeze", N(2, 1, 3, 1), axis=1)
row("broadcast_to", N(3, 1), shape=[2, 3, 4])
row("concatenate", [N(2, 3), N(1, 3)], axis=0)
row("concatenate", [N(2, 3), I(0, 4, 2, 2)], axis=-1)
row("stack", [N(2, 3), N(2, 3)], axis=1)
row("unstack", N(2, 3), axis=1)
for op in "hstack vstack dstack".split():
    row(op, [N(2, 3), N(2, 3)])
row("append", N(2, 3), N(1, 3), axis=0)
row("split", N(6, 2), indices_or_sections=3)
row("split", N(2, 6), indices_or_sections=[1, 4], axis=1)
row("array_split", N(7, 2), indices_or_sections=3)
for op, shape in [("hsplit", (2, 4)), ("vsplit", (4, 2)), ("dsplit", (2, 2, 4))]:
    row(op, N(*shape), indices_or_sections=2)
row("tile", N(2, 3), repeats=[2, 1])
row("tile", N(2, 3), repeats=2)
row("repeat", N(2, 3), repeats=2)
row("repeat", N(2, 3), repeats=3, axis=1)
row("flip", N(2, 3))
row("flip", N(2, 3), axis=1)
row("fliplr", N(2, 3))
row("flipud", N(2, 3))
row("roll", N(2, 5), shift=2)
row("roll", N(2, 5), shift=-1, axis=1)
row("rot90", N(2, 3))
row("rot90", N(2, 3, 2), k=3, axes=[1, 2])
row("ravel", N(2, 3))
row("pad", N(2, 3), pad_width=[[1, 0], [0, 2]])
row("pad", N(2, 3), pad_width=1, constant_values=9.0)
for mode in "reflect", "symmetric":
    row("pad", N(3, 4), pad_width=[[1, 1], [2, 0]], mode=mode)
row("diag", N(3))
row("diag", N(3, 4), k=1)
row("diagflat", N(2, 2))
row("diagonal", N(3, 4), offset=-1)
row("diagonal", N(2, 3, 4), axis1=1, axis2=2)
row("trace", N(3, 4))
row("trace", N(2, 3, 3), axis1=1, axis2=2, offset=1)
for op in "tril triu".split():
    row(op, N(3, 4))
    row(op, N(2, 3, 3), k=1)
    row(op, N(3, 4), k=-1)
row("meshgrid", A([1.0, 2.0]), A([3.0, 4.0, 5.0]))
row("meshgrid", A([1.0, 2.0]), A([3.0, 4.0, 5.0]), indexing="ij")
row("depth_to_space", N(1, 2, 2, 8), block_size=2)
row("depth_to_space", N(1, 8, 2, 2), block_size=2, data_format="channels_first")
row("space_to_depth", N(1, 4, 4, 2), block_size=2)
row("rearrange", N(2, 3, 4), pattern="b h w -> b (h w)")
row("rearrange", N(2, 6), pattern="b (h w) -> h b w", h=2)
row("rearrange", N(2, 4, 6, 3), pattern="b (h p) (w q) c -> b h w (c p q)", p=2, q=3)
row("extract_sequences", N(2, 9), sequence_length=4, sequence_stride=2)
row("unfold", N(1, 2, 4, 4), kernel_size=2, stride=2)
row("unfold", N(1, 2, 5, 5), kernel_size=[2, 3], dilation=2, padding=1)
row("fold", N(1, 8, 4), output_size=[4, 4], kernel_size=2, stride=2)
row("vander", N(3), N=4)
row("view_as_complex", N(3, 2))
row("view_as_real", C(3))
row("isreal", C(3))

# Made from nothing.
row("arange", start=5)
row("arange", start=1, stop=8, step=3)
row("arange", start=0.0, stop=1.0, step=0.25)
row("arange", start=5, stop=0, step=-2, dtype="float32")
row("linspace", start=0.0, stop=1.0, num=7)
row("linspace", start=0.0, stop=1.0, num=5, endpoint=False)
row("logspace", start=0.0, stop=2.0, num=5)
row("geomspace", start=1.0, stop=8.0, num=4)
row("eye", N=3)
row("eye", N=3, M=4, k=1, dtype="int32")
row("identity", n=3)
row("tri", N=3, M=4, k=-1)
row("full", shape=[2, 3], fill_value=2.5)
row("full", shape=[2], fill_value=3, dtype="int32")
row("zeros", shape=[2, 3])
row("ones", shape=[2], dtype="bool")
row("full_like", N(2, 2), fill_value=7.0)
row("zeros_like", I(0, 3, 2))
row("ones_like", N(2), dtype="int32")
for op in "bartlett blackman hamming hanning".split():
    row(op, x=7)
row("kaiser", x=7, beta=4.0)

# Products.
for a, b in [((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((2, 1, 2, 3), (4, 3, 2)), ((3,), (3, 2)),
             ((2, 3), (3,)), ((3,), (3,))]:
    row("matmul", N(*a), N(*b))
row("matmul", I(-4, 5, 2, 3), I(-4, 5, 3, 2))
row("matmul", I(-4, 5, 2, 3).as_("int8"), I(-4, 5, 3, 2).as_("int8"))
row("matmul", N(3, 9).as_("bfloat16"), N(9, 2).as_("bfloat16"))
row("matmul", C(2, 3), C(3, 2))
row("dot", N(2, 3), N(3, 4))
row("dot", N(2, 3), N(5, 3, 4))
row("dot", N(3), N(3))
row("vdot", N(3), N(3))
row("inner", N(2, 3), N(4, 3))
row("outer", N(3), N(4))
row("kron", N(2, 2), N(2, 3))
row("cross", N(4, 3), N(4, 3))
row("tensordot", N(2, 3, 4), N(3, 4, 5), axes=2)
row("tensordot", N(2, 3, 4), N(4, 2, 5), axes=[[0, 2], [1, 0]])
row("tensordot", N(2), N(3), axes=0)
for equation, *shapes in [
    ("ij,jk->ik", (2, 3), (3, 4)), ("bij,bjk->bik", (2, 3, 4), (2, 4, 2)), ("ij->ji", (2, 3)),
    ("ii->", (3, 3)), ("...i,i->...", (2, 3, 4), (4,)), ("abc,cde->abde", (2, 3, 2), (2, 2, 3)),
    ("ij,ij->i", (3, 4), (3, 4)), ("i,j->ij", (3,), (2,)),
    ("btnh,bsnh->bnts", (2, 3, 2, 4), (2, 5, 2, 4)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)), ("ij->", (2, 3)),
    ("...ij,...jk", (2, 2, 3), (2, 3, 2)),
]:
    ROWS.append(Row("einsum", [equation, *[N(*shape) for shape in shapes]], {}))

# Linear algebra.
row("cholesky", definite(3))
row("cholesky", definite(2, 3))
row("cholesky_inverse", definite(3))
for op in "det inv logdet slogdet pinv".split():
    row(op, definite(3, 2) if op != "det" else N(2, 3, 3))
row("matrix_rank", N(3, 4))
row("eigh", definite(3))
row("solve", definite(3), N(3, 2))
row("solve", definite(3, 2), N(2, 3, 1))
row("solve_triangular", definite(3), N(3, 2), lower=True)
row("solve_triangular", definite(3), N(3, 2))
row("qr", N(4, 3))
row("qr", N(3, 4), mode="complete")
row("svd", N(3, 4))
row("svd", N(3, 4), full_matrices=False)
row("svd", N(3, 4), compute_uv=False)
row("lu_factor", definite(3))
row("lstsq", N(5, 3), N(5))
row("norm", N(3, 4))
row("norm", N(3, 4), axis=1)
row("norm", N(3, 4), ord=1, axis=0)
row("norm", N(3, 4), ord=2, axis=1, keepdims=True)
row("norm", N(3, 4), ord=3, axis=1)
row("norm", N(3, 4), ord="fro")
row("norm", N(3, 4), ord="nuc")
for order in [1, -1, 2, -2]:
    row("norm", N(2, 3, 4), ord=order, axis=(1, 2))
row("norm", N(2, 3, 4), ord="nuc", axis=(2, 0), keepdims=True)
row("norm", N(2, 3, 4), ord=0, axis=1)
row("norm", I(-5, 5, 3, 4))
row("cholesky", definite(3), upper=True)
row("cholesky_inverse", definite(3), upper=True)
row("det", N(2, 2, 2))
row("det", N(2, 5, 5))
row("slogdet", N(2, 5, 5))
row("eigh", definite(5, 2))
row("eig", N(4, 4))
row("eig", N(2, 5, 5))
row("solve", N(4, 4), N(4))
row("qr", N(4, 3), mode="complete")
row("qr", N(2, 3, 5))
row("svd", N(2, 5, 4))
row("lu_factor", N(2, 4, 4))
row("lu_factor", N(3, 5))
row("lstsq", N(3, 5), N(3, 2))
row("pinv", N(2, 5, 3))
row("pinv", A([[1, 2, 3], [2, 4, 6], [1, 0, 1]]))
row("matrix_rank", A([[1, 2, 3], [2, 4, 6], [1, 0, 1]]))
row("matrix_rank", N(2, 3, 4), tol=1.0)
row("cdist", N(3, 2), N(4, 2))
for order in [1, 2, 3]:
    row("normalize", N(3, 4), axis=-1, order=order)
row("normalize", N(3, 4), axis=0)

# Fourier.
row("fft", (N(2, 6), N(2, 6)))
row("fft", (N(8), N(8)))
row("fft2", (N(2, 3, 4), N(2, 3, 4)))
row("ifft2", (N(2, 3, 4), N(2, 3, 4)))
row("rfft", N(2, 6))
row("rfft", N(2, 7), fft_length=8)
row("rfft", N(2, 9), fft_length=5)
row("irfft", (N(2, 4), N(2, 4)))
row("irfft", (N(2, 4), N(2, 4)), fft_length=5)
row("stft", N(1, 16), sequence_length=6, sequence_stride=3, fft_length=8)
row("stft", N(1, 16), sequence_length=6, sequence_stride=3, fft_length=8, center=False, window=None)
row("istft", (N(1, 6, 5), N(1, 6, 5)), sequence_length=8, sequence_stride=4, fft_length=8)
row("fft", (N(2, 74), N(2, 74)))
row("fft", (N(60), N(60)))
row("irfft", (N(2, 4), N(2, 4)), fft_length=9)
row("stft", N(2, 20), sequence_length=5, sequence_stride=2, fft_length=7, window="hamming")
row("istft", (N(2, 6, 5), N(2, 6, 5)), sequence_length=6, sequence_stride=3, fft_length=8,
    length=11)
row("istft", (N(2, 6, 5), N(2, 6, 5)), sequence_length=8, sequence_stride=3, fft_length=8,
    window=None, center=False)

# Images.
for interpolation in "nearest bilinear bicubic lanczos3 lanczos5".split():
    for antialias in [False, True]:
        row("image.resize", U(0, 1, 2, 6, 7, 3), size=[4, 9], interpolation=interpolation,
            antialias=antialias, data_format="channels_last")
    row("image.resize", U(0, 1, 2, 3, 5, 5), size=[11, 2], interpolation=interpolation,
        data_format="channels_first")
row("image.resize", U(0, 1, 98, 3, 1), size=[49, 7], interpolation="nearest")
row("image.resize", I(0, 255, 5, 6, 2).as_("uint8"), size=[7, 4], interpolation="bicubic")
row("image.resize", I(0, 255, 5, 6, 2).as_("uint8"), size=[7, 4], interpolation="nearest")
row("image.resize", U(0, 1, 2, 6, 9, 1), size=[4, 4], crop_to_aspect_ratio=True)
row("image.resize", U(0, 1, 9, 4, 2), size=[4, 6], crop_to_aspect_ratio=True)
row("image.resize", U(0, 1, 2, 6, 9, 1), size=[4, 4], pad_to_aspect_ratio=True, fill_value=0.5)
row("image.resize", U(0, 1, 2, 1, 9, 4), size=[4, 6], pad_to_aspect_ratio=True,
    data_format="channels_first")
for method in "linear bicubic lanczos3 lanczos5".split():
    row("image.scale_and_translate", U(0, 1, 5, 6, 2), A([0.7, 1.6]), A([0.3, -1.2]),
        by_name=["images", "scale", "translation"], output_shape=[4, 8, 2], spatial_dims=[0, 1],
        method=method)
row("image.scale_and_translate", U(0, 1, 5, 6, 2), A([0.7]), A([0.3]),
    by_name=["images", "scale", "translation"], output_shape=[5, 4, 2], spatial_dims=[1],
    method="cubic", antialias=False)
row("image.pad_images", N(2, 4, 5, 2), top_padding=1, left_padding=2, target_height=8,
    target_width=9)
row("image.pad_images", N(2, 4, 5), bottom_padding=1, top_padding=2, right_padding=0,
    left_padding=1, data_format="channels_first")
row("image.crop_images", N(2, 4, 5, 2), top_cropping=1, left_cropping=2, target_height=2,
    target_width=3)
row("image.crop_images", N(2, 4, 5), bottom_cropping=1, top_cropping=2, right_cropping=0,
    left_cropping=1, data_format="channels_first")
TURN = A([0.9, -0.3, 1.2, 0.25, 1.1, -0.7, 0, 0])
for fill_mode in "constant nearest wrap mirror reflect".split():
    for interpolation in ["nearest", "bilinear"]:
        row("image.affine_transform", U(0, 1, 6, 7, 2), TURN, interpolation=interpolation,
            fill_mode=fill_mode, fill_value=0.5)
    row("image.map_coordinates", N(4, 5), U(-4, 9, 2, 3, 4), order=1, fill_mode=fill_mode)
    row("image.map_coordinates", I(0, 99, 5), U(-6, 11, 1, 9), order=0, fill_mode=fill_mode,
        fill_value=7)
row("image.map_coordinates", I(0, 99, 4, 5), U(-1, 5, 2, 9), order=1)
row("image.affine_transform", U(0, 1, 2, 3, 6, 5), U(-0.5, 1, 2, 8), data_format="channels_first")
row("image.affine_transform", I(0, 255, 6, 5, 2).as_("uint8"), TURN)
SQUARE, BENT = A([[0, 0], [5, 0], [5, 4], [0, 4]]), A([[1, 0.5], [4.5, 0], [5.5, 4.2], [-0.3, 3.6]])
for interpolation in ["nearest", "bilinear"]:
    row("image.perspective_transform", U(0, 1, 5, 6, 2), SQUARE, BENT, interpolation=interpolation,
        fill_value=0.25)
row("image.perspective_transform", U(0, 1, 2, 1, 5, 6), A([SQUARE.draw(None), BENT.draw(None)]),
    A([BENT.draw(None), SQUARE.draw(None)]), data_format="channels_first")
for op in "rgb_to_grayscale rgb_to_hsv hsv_to_rgb".split():
    row(f"image.{op}", U(0, 1, 2, 3, 4, 3))
    row(f"image.{op}", U(0, 1, 3, 4, 2), data_format="channels_first")
row("image.rgb_to_grayscale", I(0, 255, 3, 4, 3).as_("uint8"))
row("image.rgb_to_hsv", A([[[0, 0, 0], [1, 1, 1], [0.5, 0.5, 0.2], [0.3, 0.7, 0.7]]]))
row("image.gaussian_blur", U(0, 1, 2, 5, 6, 2), data_format="channels_last")
row("image.gaussian_blur", U(0, 1, 2, 5, 6), kernel_size=[3, 5], sigma=[0.7, 2.0],
    data_format="channels_first")
row("image.elastic_transform", U(0, 1, 2, 9, 8, 2), alpha=4.0, sigma=1.2, seed=3)
row("image.elastic_transform", U(0, 1, 2, 6, 7), alpha=2.0, sigma=0.8, seed=5, fill_mode="constant",
    fill_value=0.5, data_format="channels_first")
row("image.sobel_edges", U(0, 1, 2, 5, 6, 2))
row("image.sobel_edges", U(0, 1, 2, 2, 5, 6), data_format="channels_first")
row("image.ssim", U(0, 1, 2, 12, 13, 2), U(0, 1, 2, 12, 13, 2))
row("image.ssim", U(0, 1, 2, 8, 8), U(0, 1, 2, 8, 8), max_val=2.0, filter_size=5, filter_sigma=1.1,
    k1=0.02, k2=0.05, data_format="channels_first")
row("image.extract_patches", N(2, 5, 6, 2), size=2)
row("image.extract_patches", N(5, 6, 2), size=[3, 2], strides=[2, 1], padding="same")
row("image.extract_patches", N(2, 2, 7, 6), size=2, strides=1, dilation_rate=2,
    data_format="channels_first")
row("image.extract_patches", N(4, 3, 5, 2), size=[2, 1, 3])
row("image.extract_patches_3d", N(2, 4, 3, 5, 2), size=2)
row("image.extract_patches_3d", N(2, 2, 4, 3, 5), size=[2, 3, 2], strides=1, padding="same",
    data_format="channels_first")

# Neural networks.
for op in "softmax log_softmax sparsemax".split():
    row(op, N(3, 5))
    row(op, N(3, 5), axis=0)
row("softmax", N(2, 3, 4), axis=[1, 2])
row("softmax", A([1000.0, 1001.0, -1000.0]))
row("softmax", A([0.0, -np.inf, 1.0]))
row("log_softmax", A([1000.0, 1001.0, -1000.0]))
row("glu", N(3, 6))
row("glu", N(4, 3), axis=0)
for from_logits in [False, True]:
    p = N(4, 3) if from_logits else U(0.05, 1, 4, 3)
    row("binary_crossentropy", U(0, 1, 4, 3), p if from_logits else U(0.05, 0.95, 4, 3),
        from_logits=from_logits)
    row("categorical_crossentropy", U(0, 1, 4, 3), p, from_logits=from_logits)
    row("categorical_crossentropy", U(0, 1, 3, 4), N(3, 4) if from_logits else U(0.05, 1, 3, 4),
        from_logits=from_logits, axis=0)
    row("sparse_categorical_crossentropy", I(0, 3, 4), p, from_logits=from_logits)
row("sparse_categorical_crossentropy", I(0, 3, 2, 4), N(2, 4, 3), from_logits=True)
row("sparse_categorical_crossentropy", I(0, 3, 4, 1), N(4, 3), from_logits=True)
row("binary_crossentropy", A([0.0, 1.0, 1.0]), A([0.0, 0.0, 1.0]))
row("categorical_crossentropy", A([[0.0, 1.0]]), A([[1.0, 0.0]]))
row("batch_normalization", N(4, 3), N(3), U(0.1, 1, 3), axis=-1)
row("batch_normalization", N(2, 3, 4), N(3), U(0.1, 1, 3), N(3), N(3),
    by_name=["x", "mean", "variance", "offset", "scale"], axis=1, epsilon=1e-5)
row("layer_normalization", N(3, 4))
row("layer_normalization", N(3, 4), N(4), N(4), axis=-1, epsilon=1e-3)
row("rms_normalization", N(3, 4))
row("rms_normalization", N(3, 4), N(4), axis=-1)
row("dot_product_attention", N(2, 3, 2, 4), N(2, 5, 2, 4), N(2, 5, 2, 4))
row("dot_product_attention", N(2, 3, 2, 4), N(2, 3, 2, 4), N(2, 3, 2, 4), is_causal=True)
row("dot_product_attention", N(2, 3, 4, 4), N(2, 5, 2, 4), N(2, 5, 2, 4), scale=0.3)
row("dot_product_attention", N(2, 3, 2, 4), N(2, 5, 2, 4), N(2, 5, 2, 4), N(2, 2, 3, 5),
    by_name=["query", "key", "value", "bias"])
row("dot_product_attention", N(2, 3, 2, 4), N(2, 5, 2, 4), N(2, 5, 2, 4), B(2, 2, 3, 5),
    by_name=["query", "key", "value", "mask"])
row("ctc_loss", I(1, 4, 2, 3), N(2, 6, 4), A([3, 2], "int32"), A([6, 5], "int32"))
row("ctc_decode", N(2, 6, 4), A([6, 5], "int32"))


def spatial(first, size, channels):
    """An input of one batch row in either layout."""
    return N(2, channels, *size) if first else N(2, *size, channels)


for rank in [1, 2, 3]:
    size = [(9,), (6, 5), (4, 5, 4)][rank - 1]
    for first in [False, True]:
        layout = {"data_format": "channels_first" if first else "channels_last"}
        x = spatial(first, size, 2)
        for op in ["max_pool", "average_pool"]:
            for padding in ["valid", "same"]:
                row(op, x, pool_size=2, strides=2, padding=padding, **layout)
            row(op, x, pool_size=3, strides=1, padding="same", **layout)
            row(op, x, pool_size=3, strides=2, padding="same", **layout)
        for op in ["adaptive_average_pool", "adaptive_max_pool"]:
            row(op, x, output_size=3, **layout)
        for strides, padding, dilation in [(1, "valid", 1), (1, "same", 1), (2, "valid", 1),
                                           (2, "same", 1), (1, "valid", 2), (1, "same", 2)]:
            arguments = {"strides": strides, "padding": padding, "dilation_rate": dilation}
            arguments |= layout
            kernel = (2,) * rank if dilation == 2 else (3, 2, 3)[:rank]
            row("conv", x, N(*kernel, 2, 3), **arguments)
            if rank < 3:
                row("depthwise_conv", x, N(*kernel, 2, 2), **arguments)
                row("separable_conv", x, N(*kernel, 2, 2), N(*(1,) * rank, 4, 3), **arguments)
            row("conv_transpose", x, N(*kernel, 3, 2), **arguments)
        row("conv", spatial(first, size, 4), N(*(2,) * rank, 2, 6), **layout)  # two groups
        row("conv_transpose", x, N(*(3,) * rank, 3, 2), strides=2, output_padding=1, padding="same",
            **layout)
row("conv", N(1, 6, 5, 2).as_("bfloat16"), N(3, 3, 2, 4).as_("bfloat16"))
row("max_pool", A([[[1.0], [1.0], [0.0], [2.0]]]), pool_size=2, strides=2, gradient=True)

for first, second in itertools.product(["int8", "uint8", "int64", "bool"], ["int32", "float32"]):
    row("add", I(0, 2, 3).as_(first), I(0, 5, 3).as_(second))
