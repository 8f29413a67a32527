"""Functions of keras.ops in forms of their own: kernels, indices, square matrices, images.

What `operations.py` gives every function alike is none of their forms.
"""

# mypy: ignore-errors
# ruff: noqa: B008 - a default keeps what a loop goes on from
from __future__ import annotations

import keras
import numpy as np
from tables.grid import functional

A = (4, 6)
IMAGE = (6, 8, 3)
SQUARE = (3, 3)
FEATURES = (np.arange(6, dtype=np.float32) + 1) / 4


def kernel(*shape):
    """Return values of a kernel, none like another."""
    return (np.arange(np.prod(shape), dtype=np.float32).reshape(shape) % 17 - 8) / 8


def positive(x):
    """Return a symmetric matrix whose eigenvalues are positive."""
    return keras.ops.matmul(x, keras.ops.transpose(x, (0, 2, 1))) + 3 * np.eye(3, dtype=np.float32)


def forms():
    """Yield cases of the functions by name, form, shapes and call."""
    ops = keras.ops
    yield from tensors(ops)
    yield from kernels(ops)
    yield from images(ops)
    for name in ("det", "inv", "eig", "eigh", "qr", "svd", "pinv", "matrix_rank", "norm", "trace"):
        yield name, "square", SQUARE, getattr(ops, name)
    for name in ("cholesky", "cholesky_inverse", "det", "eigh", "inv", "logdet", "slogdet"):
        yield name, "positive", SQUARE, lambda x, f=getattr(ops, name): f(positive(x))
    yield "lu_factor", "square", SQUARE, lambda x: ops.lu_factor(positive(x))
    yield "solve", "square", [SQUARE, (3, 2)], lambda a, b: ops.solve(positive(a), b)
    yield "lstsq", "square", [SQUARE, (3, 2)], lambda a, b: ops.lstsq(positive(a), b)
    for lower in (True, False):
        yield (
            *("solve_triangular", f"lower-{lower}", [SQUARE, (3, 2)]),
            lambda a, b, lower=lower: ops.solve_triangular(positive(a), b, lower=lower),
        )
    for name in ("fft", "fft2", "ifft2"):
        yield name, "pair", [A, A], lambda a, b, f=getattr(ops, name): list(f((a, b)))
    yield "irfft", "pair", [A, A], lambda a, b: ops.irfft((a, b))
    yield "istft", "pair", [(5, 5), (5, 5)], lambda a, b: ops.istft((a, b), 8, 4, 8)


def tensors(ops):
    """Yield functions of one and more tensors that are no kernels, with what they need."""
    whole = ("int32", 4)
    for axis in (1, 2, 3, -1):
        yield "stack", f"axis-{axis}", [A, A], lambda a, b, n=axis: ops.stack([a, b], n)
    yield "where", "tensors", [A, A, A], lambda c, a, b: ops.where(c > 0.0, a, b)
    yield "where", "constant", A, lambda x: ops.where(x > 0.0, x, -1.5)
    yield "where", "condition", [("bool", 4, 6), A], lambda c, x: ops.where(c, x, ops.square(x))
    yield "tile", "axis", A, lambda x: ops.tile(x, (1, 2, 1))
    yield "tile", "axes", A, lambda x: ops.tile(x, (1, 2, 3))
    for axis in (1, 2, -2):
        given = (1, 6) if axis == 1 else (4, 1, 6)
        yield "squeeze", f"axis-{axis}", given, lambda x, n=axis: ops.squeeze(x, n)
    yield "diagonal", "axes", A, lambda x: ops.diagonal(x, axis1=1, axis2=2)
    yield "trace", "axes", A, lambda x: ops.trace(x, axis1=1, axis2=2)
    yield "rot90", "axes", A, lambda x: ops.rot90(x, axes=(1, 2))
    yield "trapezoid", "axis", A, lambda x: ops.trapezoid(x, axis=1)
    yield "tensordot", "axes", A, lambda x: ops.tensordot(x, kernel(6, 3), axes=1)
    yield "dot", "matrix", A, lambda x: ops.dot(x, kernel(6, 3))
    for name in ("nanmax", "nanmin", "nanmedian", "nanargmax", "nanargmin"):
        yield name, "axis", A, lambda x, f=getattr(ops, name): f(x, axis=1)
    for name in ("binary_crossentropy", "categorical_crossentropy"):
        yield (
            *(name, "logits", [A, A]),
            lambda t, x, f=getattr(ops, name): f(ops.softmax(t), x, from_logits=True),
        )
    yield "unstack", "axis-1", A, lambda x: ops.unstack(x, axis=1)
    yield "meshgrid", "two", [(4,), (6,)], lambda a, b: ops.meshgrid(a, b)
    yield "moments", "axis", A, lambda x: list(ops.moments(x, [1]))
    yield "moments", "axes.keepdims", A, lambda x: list(ops.moments(x, [1, 2], keepdims=True))
    yield (
        *("batch_normalization", "plain", A),
        lambda x: ops.batch_normalization(x, FEATURES, FEATURES, -1),
    )
    yield (
        *("batch_normalization", "offset.scale", A),
        lambda x: ops.batch_normalization(x, FEATURES, FEATURES, -1, FEATURES, FEATURES),
    )
    for axis in (1, 2):
        yield (
            *("take_along_axis", f"axis-{axis}", A),
            lambda x, n=axis: ops.take_along_axis(x, ops.argsort(x, axis=n), axis=n),
        )
    yield "cross", "three", [(4, 3), (4, 3)], ops.cross
    yield "digitize", "bins", A, lambda x: ops.digitize(x, np.array([-1.0, 0.0, 1.0], np.float32))
    yield "argpartition", "kth", A, lambda x: ops.argpartition(x, 2)
    yield "slice", "part", A, lambda x: ops.slice(x, [0, 1, 0], [-1, 2, 3])
    yield "slice_update", "part", A, lambda x: ops.slice_update(x, [0, 1, 0], x[:, 1:2])
    yield "get_item", "part", A, lambda x: ops.get_item(x, np.s_[:, 1:3])
    yield "segment_sum", "sorted", A, lambda x: ops.segment_sum(x, np.array([0, 0, 1]), 2)
    for name in ("segment_max", "segment_min", "segment_prod"):
        yield name, "sorted", A, lambda x, f=getattr(ops, name): f(x, np.array([0, 0, 1]), 2)
    yield (
        "searchsorted",
        "const",
        A,
        lambda x: ops.searchsorted(np.array([-1.0, 1.0], "float32"), x),
    )
    yield "select", "two", [A, A], lambda a, b: ops.select([a > 0.0, b > 0.0], [a, b], 2.0)
    yield "scatter", "const", A, lambda x: ops.scatter(np.array([[0], [2], [1]]), x, (5, 4, 6))
    yield (
        *("scatter_update", "const", A),
        lambda x: ops.scatter_update(x, np.array([[0, 1], [1, 0]]), kernel(2, 6)),
    )
    yield (
        *("sparse_categorical_crossentropy", "classes", [whole, A]),
        lambda t, x: ops.sparse_categorical_crossentropy(t, x, from_logits=True),
    )
    yield "in_top_k", "const", [("int32",), (6,)], lambda t, x: ops.in_top_k(t, x, 2)
    yield "threshold", "both", A, lambda x: ops.threshold(x, 0.3, -1.0)
    yield "unravel_index", "const", whole, lambda x: ops.unravel_index(x, (4, 6))
    yield "view_as_complex", "two", (4, 2), lambda x: ops.real(ops.view_as_complex(x))
    yield "bincount", "minlength", whole, lambda x: ops.bincount(x, minlength=6)
    yield "vander", "one", (), ops.vander
    yield "correlate", "one", [(), ()], ops.correlate
    yield "histogram", "range", A, lambda x: ops.histogram(x, 4, (-2.0, 2.0))
    yield "psnr", "max", [A, A], lambda a, b: ops.psnr(a, b, 1.0)
    yield "ctc_decode", "lengths", [(6, 5), ("int32",)], lambda x, n: list(ops.ctc_decode(x, n))
    yield (
        *("ctc_loss", "lengths", [("int32", 2), (6, 5), ("int32",), ("int32",)]),
        ops.ctc_loss,
    )
    if hasattr(ops, "rearrange"):
        for form in ("b h w -> b w h", "b h w -> b (h w)", "b (h k) w -> b h k w"):
            sizes = {"k": 2} if "k" in form else {}
            yield (
                *("rearrange", form.replace(" ", ""), A),
                lambda x, f=form, s=sizes: ops.rearrange(x, f, **s),
            )


def kernels(ops):
    """Yield convolutions, pools, attention and what moves pixels into channels."""
    for name, given, shape in (
        *(("conv", (6, 3), (2, 3, 4)), ("conv", (6, 6, 3), (2, 2, 3, 4))),
        *(("depthwise_conv", (6, 3), (2, 3, 2)), ("depthwise_conv", (6, 6, 3), (2, 2, 3, 2))),
        *(("conv_transpose", (6, 3), (2, 4, 3)), ("conv_transpose", (6, 6, 3), (2, 2, 4, 3))),
    ):
        function, axes = getattr(ops, name), len(given) - 1
        for form in ({}, {"padding": "same"}, {"strides": 2}, {"dilation_rate": 2}):
            tag = ".".join([f"{axes}d", *(f"{k}-{v}" for k, v in form.items())])
            yield (
                name,
                tag,
                given,
                lambda x, f=function, s=shape, o=form: f(x, ops.convert_to_tensor(kernel(*s)), **o),
            )
    yield (
        *("separable_conv", "2d", (6, 6, 3)),
        lambda x: ops.separable_conv(x, kernel(2, 2, 3, 2), kernel(1, 1, 6, 4)),
    )
    for name in ("adaptive_average_pool", "adaptive_max_pool"):
        function = getattr(ops, name, None)
        if function is not None:
            yield name, "1d", (6, 3), lambda x, f=function: f(x, (2,))
            yield name, "2d", (6, 6, 3), lambda x, f=function: f(x, (2, 3))
    for name in ("depth_to_space", "space_to_depth"):
        if hasattr(ops, name):
            yield name, "two", (4, 6, 8), lambda x, f=getattr(ops, name): f(x, 2)
    if hasattr(ops, "fold"):
        yield "fold", "two", (12, 6), lambda x: ops.fold(x, (3, 4), 2)
    heads = [(4, 2, 6), (5, 2, 6), (5, 2, 6)]
    yield "dot_product_attention", "plain", heads, ops.dot_product_attention
    yield (
        *("dot_product_attention", "causal", heads[:1] * 3),
        lambda q, k, v: ops.dot_product_attention(q, k, v, is_causal=True),
    )
    yield (
        *("dot_product_attention", "scale", heads),
        lambda q, k, v: ops.dot_product_attention(q, k, v, scale=0.5),
    )


def images(ops):
    """Yield functions of images."""
    image = ops.image
    turn = np.array([1.0, 0.1, 0.5, -0.1, 1.0, 0.2, 0.0, 0.0], np.float32)
    corners = np.array([[0, 0], [0, 7], [5, 0], [5, 7]], np.float32)
    yield "image.affine_transform", "turn", IMAGE, lambda x: image.affine_transform(x, turn[None])
    yield (
        *("image.perspective_transform", "corners", IMAGE),
        lambda x: image.perspective_transform(x, corners[None], corners[None, ::-1]),
    )
    yield "image.crop_images", "corner", IMAGE, lambda x: image.crop_images(x, 1, 2, 3, 4)
    yield (
        *("image.crop_images", "sides", IMAGE),
        lambda x: image.crop_images(
            x, top_cropping=1, left_cropping=2, bottom_cropping=1, right_cropping=0
        ),
    )
    yield (
        *("image.pad_images", "corner", IMAGE),
        lambda x: image.pad_images(
            x, top_padding=1, left_padding=2, target_height=9, target_width=11
        ),
    )
    for interpolation in ("bilinear", "nearest", "bicubic"):
        yield (
            *("image.resize", interpolation, IMAGE),
            lambda x, i=interpolation: image.resize(x, (12, 4), interpolation=i),
        )
    yield (
        *("image.map_coordinates", "const", IMAGE),
        lambda x: image.map_coordinates(x, np.zeros((4, 2), np.float32), order=1),
    )
    yield "image.ssim", "same", [(12, 12, 3)] * 2, lambda a, b: image.ssim(a, b, 1.0)
    if hasattr(image, "scale_and_translate"):
        yield (
            *("image.scale_and_translate", "linear", IMAGE),
            lambda x: image.scale_and_translate(
                x, (3, 12, 4, 3), np.array([2.0, 0.5]), np.array([0.0, 0.0]), (1, 2), "linear"
            ),
        )


def cases():
    """Yield a case for each form of a function that this Keras has."""
    for name, form, given, call in forms():
        yield functional(f"ops.{name}.own.{form}", f"ops.{name}", given, call)
