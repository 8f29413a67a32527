"""Which tensors of a model of Keras hold whole numbers or truth values.

In the result every number is a float32; where Keras computes in integers or booleans a rule may
have to know. Whoever is not listed here makes floats, as far as this module tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, TypeAlias

from tfjs_serve.graph import OPERATION_PREFIX, Call, Graph, Layer, TensorRef, Value, flow_order
from tfjs_serve.lowering.tf_functions import function_called


class Kind(Enum):
    """What kind of numbers a tensor of Keras holds; SHORT: integers of 8 or 16 bits."""

    FLOAT = "float"
    WHOLE = "whole"
    SHORT = "short"
    TRUTH = "truth"


Kinds: TypeAlias = Mapping[TensorRef, Kind]

TRUTHS = frozenset(
    {
        *("NotEqual", "Equal", "Greater", "GreaterEqual", "Less", "LessEqual", "LogicalAnd"),
        *("LogicalOr", "LogicalNot", "LogicalXor", "Any", "All", "Isnan", "Isinf", "Isfinite"),
        *("Isneginf", "Isposinf", "Isclose", "Isreal"),
    }
)
"""Operations that make truth values."""

COUNTS = frozenset({"Argmax", "Argmin", "Argsort", "CountNonzero", "Ndim", "Rank", "Shape", "Size"})
"""Operations that make whole numbers of any."""

INDICES = frozenset({"IntegerLookup", "Discretization"})
"""Layers that make whole numbers; Keras 3 encodes those of a vocabulary as such, too."""

MOVES = frozenset(
    {
        *("Reshape", "ExpandDims", "Squeeze", "Transpose", "Swapaxes", "Moveaxis", "GetItem"),
        *("Split", "Unstack", "Flip", "Roll", "Take", "Tile", "Repeat", "Stack", "Concatenate"),
        *("Identity", "StopGradient", "Copy", "Maximum", "Minimum", "Max", "Min", "Sort"),
        *("Flatten", "Permute", "RepeatVector", "TakeAlongAxis", "BatchFlatten", "Activation"),
        *("AlphaDropout", "Cropping2D", "Dropout", "GaussianDropout", "GaussianNoise"),
        *("GlobalMaxPooling1D", "GlobalMaxPooling2D", "MaxPooling1D", "MaxPooling2D"),
        *("SpatialDropout1D", "UpSampling2D", "ZeroPadding2D"),
    }
)
"""Operations and layers whose outputs are numbers of their inputs, while a model is not trained."""

ARITHMETIC = frozenset(
    {
        *("Add", "AddN", "Subtract", "Multiply", "Negative", "Absolute", "Square"),
        *("Dot", "SquaredDifference", "FloorDivide", "Mod", "Cumsum", "Cumprod", "Sum", "Prod"),
    }
)
"""Operations that compute whole numbers of whole numbers."""


def kinds_of(graph: Graph) -> Kinds:
    """Return the kind of what holds no floats, by the first output of a call or by another."""
    found: dict[TensorRef, Kind] = {}
    calls, _ = flow_order(graph)
    for layer, index in calls:
        made = _made(layer, layer.calls[index], found)
        if made is not Kind.FLOAT:
            found[TensorRef(layer.name, index)] = made
        if word(layer) == "TopK":
            found[TensorRef(layer.name, index, 1)] = Kind.WHOLE
    return found


def kind_of(ref: TensorRef, kinds: Kinds) -> Kind:
    """Return the kind of a tensor: that of the first output of its call, unless it has its own."""
    return kinds.get(ref) or kinds.get(TensorRef(ref.layer, ref.call), Kind.FLOAT)


def word(layer: Layer) -> str:
    """Return what a layer or an operation of either Keras is called by Keras 3."""
    function = function_called(layer.config.get("function"))
    if function is not None and layer.class_name in ("TFOpLambda", "SlicingOpLambda"):
        return function.operation
    return layer.class_name.removeprefix(OPERATION_PREFIX)


def kind_of_dtype(dtype: Any) -> Kind:
    """Return the kind of numbers of a dtype."""
    name = str(dtype)
    if name == "bool":
        return Kind.TRUTH
    if "int" not in name:
        return Kind.FLOAT
    return Kind.SHORT if name.endswith(("int8", "int16")) else Kind.WHOLE


def kind_called_on(call: Call, kinds: Kinds) -> Kind:
    """Return the kind of all tensors of a call; FLOAT where they differ or there are none."""
    found = {kind_of(ref, kinds) for ref in call.needs}
    return found.pop() if len(found) == 1 else Kind.FLOAT


def _made(layer: Layer, call: Call, kinds: Kinds) -> Kind:
    name = word(layer)
    if name == "InputLayer":
        return kind_of_dtype(layer.config.get("dtype", "float32"))
    if name == "Cast":
        return kind_of_dtype(call.kwargs.get("dtype", layer.config.get("dtype")))
    if name in TRUTHS:
        return Kind.TRUTH
    if name in COUNTS:
        return Kind.WHOLE
    if name in INDICES:
        mode = layer.config.get("output_mode", "int")
        is_whole = mode == "int" or (name == "IntegerLookup" and mode != "tf_idf")
        return Kind.WHOLE if is_whole else Kind.FLOAT
    given = kind_called_on(call, kinds)
    if name == "Activation" and layer.config.get("activation") not in ("linear", "relu"):
        return Kind.FLOAT
    if name in MOVES and not _holds_float(call.args):
        return given
    if name in ARITHMETIC and given in (Kind.WHOLE, Kind.SHORT):
        values = (*call.args, *call.kwargs.values())
        return Kind.FLOAT if _holds_float(values) else given
    return Kind.FLOAT


def _holds_float(values: Iterable[Value]) -> bool:
    return any(
        _holds_float(value) if isinstance(value, tuple) else isinstance(value, float)
        for value in values
    )
