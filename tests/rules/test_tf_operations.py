from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import KERAS2, layer, refused
from tfjs_serve.graph import Call, Layer, Slice, TensorRef, Value
from tfjs_serve.rewriting.rule import Rewrite
from tfjs_serve.rules.tf_operations import rewrite

X, Y = TensorRef("x"), TensorRef("y")


def function(path: str, /, *args: Value, **kwargs: Value) -> Layer:
    config = {"trainable": True, "dtype": "float32", "function": path}
    return Layer("a", "TFOpLambda", config, (Call(args, kwargs),))


def test_other_layers_stay() -> None:
    assert rewrite(layer("Dense"), KERAS2) is None


@pytest.mark.parametrize(
    ("before", "operation", "args", "config"),
    [
        (function("__operators__.add", X, y=1.0, name=None), "Add", (X, 1.0), {}),
        (function("math.subtract", 1.0, y=X), "Subtract", (1.0, X), {}),
        (function("compat.v1.math.scalar_mul", 2.0, x=X), "Multiply", (2.0, X), {}),
        (function("nn.relu", X, name="foo"), "Relu", (X,), {}),
        (function("nn.leaky_relu", X), "LeakyRelu", (X,), {"negative_slope": 0.2}),
        (function("nn.gelu", X), "Gelu", (X,), {"approximate": False}),
        (
            function("math.reduce_mean", X, axis=1),
            "Mean",
            (X,),
            {"axis": 1, "keepdims": False},
        ),
        (
            function("image.flip_left_right", X),
            "Flip",
            (X,),
            {"axis": -2},
        ),
        (
            function("image.flip_up_down", X, name="up"),
            "Flip",
            (X,),
            {"axis": -3},
        ),
        (
            function("math.count_nonzero", X, axis=1, dtype="int32"),
            "CountNonzero",
            (X,),
            {"axis": 1, "keepdims": False, "dtype": "int32"},
        ),
        (
            function("one_hot", X, depth=3, on_value=2.5),
            "OneHot",
            (X,),
            {
                **{"num_classes": 3, "axis": -1, "dtype": None},
                **{"on_value": 2.5, "off_value": None},
            },
        ),
        (
            function("compat.v1.nn.conv1d", X, filters=(1.0,), stride=2, use_cudnn_on_gpu=True),
            "Conv",
            (X, (1.0,)),
            {"strides": 2, "padding": "VALID", "data_format": None, "dilation_rate": 1},
        ),
        (
            function("compat.v1.nn.conv2d", X, filter=(1.0,), padding="SAME"),
            "Conv",
            (X, (1.0,)),
            {"strides": 1, "padding": "SAME", "data_format": None, "dilation_rate": 1},
        ),
        (
            function("nn.depthwise_conv2d", X, filter=(1.0,), strides=(1, 2, 2, 1)),
            "DepthwiseConv",
            (X, (1.0,)),
            {"strides": (1, 2, 2, 1), "padding": "VALID", "data_format": None, "dilation_rate": 1},
        ),
        (
            function("compat.v1.transpose", X, perm=(0, 2, 1), name="t", conjugate=False),
            "Transpose",
            (X,),
            {"axes": (0, 2, 1)},
        ),
        (function("concat", (X, Y), axis=1), "Concatenate", ((X, Y),), {"axis": 1}),
        (
            function("split", X, num_or_size_splits=(1, 2, 2), axis=1),
            "Split",
            (X,),
            {"axis": 1, "indices_or_sections": [1, 3]},
        ),
        (
            function("split", X, num_or_size_splits=(1, -1), axis=1),
            "Split",
            (X,),
            {"axis": 1, "indices_or_sections": None},
        ),
        (
            function("linalg.matmul", X, b=Y, transpose_b=True, a_is_sparse=False),
            "Matmul",
            (X, Y),
            {"transpose_a": False, "transpose_b": True},
        ),
        (
            function("__operators__.getitem", X, slice_spec=(Slice(), 1)),
            "GetItem",
            (X, (Slice(), 1)),
            {},
        ),
    ],
)
def test_functions_are_operations(
    before: Layer, operation: str, args: tuple[Value, ...], config: dict[str, Any]
) -> None:
    after = Layer("a", f"keras.ops.{operation}", config, (Call(args),))
    assert rewrite(before, KERAS2) == Rewrite(after)


def test_a_slice_has_a_class_of_its_own() -> None:
    before = function("__operators__.getitem", X, slice_spec=(Slice(), 1))
    result = rewrite(replace(before, class_name="SlicingOpLambda"), KERAS2)
    assert result == rewrite(before, KERAS2)


@pytest.mark.parametrize(
    ("before", "why"),
    [
        (function("math.digamma", X), "function math.digamma"),
        (
            function("__operators__.ne", X),
            "function __operators__.ne: the file lost its argument y",
        ),
        (
            function("math.reduce_mean", X, reduction_indices=1),
            "function math.reduce_mean called with reduction_indices = 1",
        ),
        (function("nn.silu", X, beta=2.0), "function nn.silu called with beta = 2.0"),
    ],
)
def test_other_functions_are_refused(before: Layer, why: str) -> None:
    assert rewrite(before, KERAS2) == refused(before, f"not supported yet: {why}")
