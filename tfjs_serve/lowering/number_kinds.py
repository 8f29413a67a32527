"""Which tensors of a model of Keras hold whole numbers or truth values.

In the result every number is a float32; where Keras computes in integers or booleans a rule may
have to know. Every layer and operation that is translated was called on integers and booleans in
Keras 2.15 and 3.15: what makes floats of them is listed, all others keep the kind of their inputs.
A custom layer counts as making floats, as most do: nobody here knows its class.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, TypeAlias

from tfjs_serve.graph import (
    OPERATION_PREFIX,
    Call,
    Graph,
    Layer,
    TensorRef,
    Value,
    flow_order,
    walk_layers,
)
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
        *("Isneginf", "Isposinf", "Isclose", "Isreal", "IsIn", "Signbit"),
    }
)
"""Operations that make truth values."""

COUNTS = frozenset(
    {
        *("Argmax", "Argmin", "Argpartition", "Argsort", "Bincount", "CountNonzero", "Digitize"),
        *("Nanargmax", "Nanargmin", "Ndim", "Rank", "SearchSorted", "Shape", "Size"),
    }
)
"""Operations that make whole numbers of any."""

INDICES = frozenset({"IntegerLookup", "Discretization"})
"""Layers that make whole numbers; Keras 3 encodes those of a vocabulary as such, too."""

FLOATS = frozenset(
    {
        *("AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D"),
        *("AdditiveAttention", "Attention", "Average", "AveragePooling1D", "AveragePooling2D"),
        *("AveragePooling3D", "BatchNormalization", "Bidirectional", "CategoryEncoding"),
        *("CenterCrop", "Dense", "ELU", "EinsumDense", "Embedding", "GroupNormalization"),
        *("GroupQueryAttention", "LayerNormalization", "LeakyReLU", "MultiHeadAttention"),
        *("Normalization", "RandomBrightness", "RandomContrast", "RandomCrop", "RandomFlip"),
        *("RandomHeight", "RandomRotation", "RandomTranslation", "RandomWidth", "RandomZoom"),
        *("Rescaling", "ReversibleEmbedding", "Softmax", "ThresholdedReLU"),
        *("UnitNormalization", "AdaptiveAveragePool", "Angle", "Arccos", "Arccosh", "Arcsin"),
        *("Arcsinh", "Arctan", "Arctan2", "Arctanh", "AveragePool", "CDist", "Cbrt", "Ceil"),
        *("Celu", "Corrcoef", "Correlate", "Cos", "Cosh", "Deg2rad", "Divide", "DivideNoNan"),
        *("Elu", "Erf", "Exp", "Exp2", "Expm1", "Fabs", "Floor", "Gelu", "HardSigmoid"),
        *("HardSilu", "HardTanh", "Heaviside", "Hypot", "LeakyRelu", "Linspace", "Log", "Log10"),
        *("Log1p", "Log2", "LogSigmoid", "LogSoftmax", "Logaddexp", "Logaddexp2", "Logspace"),
        *("Logsumexp", "Median", "Mish", "MultiHot", "Nanmean", "Nanmedian", "Nanpercentile"),
        *("Nanquantile", "Nanstd", "Nanvar", "Norm", "Normalize", "OneHot", "Percentile"),
        *("Quantile", "Rad2deg", "Reciprocal", "ReciprocalNoNan", "Rsqrt", "Selu", "Sigmoid"),
        *("Silu", "Sin", "Sinc", "Sinh", "Softplus", "Softsign", "SparsePlus", "SparseSigmoid"),
        *("Sparsemax", "Sqrt", "Squareplus", "Std", "Tan", "Tanh", "TanhShrink", "Trapezoid"),
        *("TrueDivide", "Var"),
    }
)
"""Operations and layers that make floats of whatever they are called on.

So do layers with weights. Whoever is not listed keeps the kind of its inputs.
"""

FLOATS_OF_KERAS3 = FLOATS | {
    *("Mean", "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D"),
}

FLOATS_OF_KERAS2 = FLOATS | {"Resize", "Resizing"}

MOVES = frozenset(
    {
        *("ActivityRegularization", "Activation", "AlphaDropout", "Concatenate", "Cropping1D"),
        *("Cropping2D", "Cropping3D", "Dropout", "Flatten", "GaussianDropout", "GaussianNoise"),
        *("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D", "Identity"),
        *("Masking", "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "Maximum", "Minimum"),
        *("Permute", "RepeatVector", "Reshape", "SpatialDropout1D", "SpatialDropout2D"),
        *("SpatialDropout3D", "UpSampling1D", "UpSampling2D", "UpSampling3D", "ZeroPadding1D"),
        *("ZeroPadding2D", "ZeroPadding3D", "Amax", "Amin", "Append", "Array", "ArraySplit"),
        *("BatchFlatten", "BroadcastTo", "Clip", "Conjugate", "ConvertToTensor", "Copy"),
        *("DepthToSpace", "Diag", "Diagflat", "Diagonal", "Dsplit", "Dstack", "ExpandDims"),
        *("Flip", "Fliplr", "Flipud", "FullLike", "GetItem", "Hsplit", "Hstack", "Imag", "Max"),
        *("MaxPool", "Min", "Moveaxis", "NanToNum", "Nanmax", "Nanmin", "OnesLike", "Pad"),
        *("Ravel", "Real", "Relu", "Relu6", "Repeat", "Roll", "Rot90", "Round", "Slice", "Sort"),
        *("SpaceToDepth", "Split", "Squeeze", "Stack", "StopGradient", "Swapaxes", "Take"),
        *("TakeAlongAxis", "Tile", "TopK", "Transpose", "Tril", "Triu", "Trunc", "Unstack"),
        *("Vsplit", "Vstack", "Where", "ZerosLike", "FloorDivide", "Mod", "Fmod", "ReLU"),
    }
)
"""Operations and layers whose outputs lie among the numbers of their inputs, or nearer to zero.

All others compute, while a model is not trained: truth values count as 0 and 1 for them, and
integers of few bits may not hold what comes of it.
"""

OF_FIRST = frozenset(
    {
        *("Clip", "FullLike", "NanToNum", "OnesLike", "Pad", "Roll", "Take", "TakeAlongAxis"),
        *("ZerosLike", "BroadcastTo", "GetItem", "Slice", "Repeat"),
    }
)
"""Operations whose outputs have the dtype of the first tensor, whatever else they take."""

WITH_DTYPE = frozenset(
    {
        *("Arange", "Array", "Cast", "ConvertToTensor", "Cumprod", "Cumsum", "FullLike"),
        *("Nancumprod", "Nancumsum", "OneHot", "MultiHot", "OnesLike", "ZerosLike"),
    }
)
"""Operations with an argument `dtype`, which decides."""

_WIDTHS = (Kind.FLOAT, Kind.WHOLE, Kind.SHORT, Kind.TRUTH)


def kinds_of(graph: Graph, generation: int) -> Kinds:
    """Return the kind of what holds no floats, by the first output of a call or by another."""
    found: dict[TensorRef, Kind] = {}
    calls, _ = flow_order(graph)
    for layer, index in calls:
        if layer.graph is not None:
            inner = kinds_of(layer.graph, generation)
            for output, ref in enumerate(layer.graph.outputs):
                found[TensorRef(layer.name, index, output)] = kind_of(ref, inner)
            continue
        made = _made(layer, layer.calls[index], found, generation)
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
    if function is not None and layer.class_name in FUNCTIONS_OF_KERAS2:
        return function.operation
    return layer.class_name.removeprefix(OPERATION_PREFIX)


FUNCTIONS_OF_KERAS2 = ("TFOpLambda", "SlicingOpLambda")


def kind_of_dtype(dtype: Any) -> Kind:
    """Return the kind of numbers of a dtype, by its name."""
    name = str(dtype)
    if name == "bool":
        return Kind.TRUTH
    match = re.fullmatch(r"u?int(\d+)", name)
    if match is None:
        return Kind.FLOAT
    return Kind.SHORT if match[1] in ("8", "16") else Kind.WHOLE


def kind_called_on(call: Call, kinds: Kinds) -> Kind:
    """Return the widest kind of the tensors of a call; FLOAT where there are none."""
    return _widest(kind_of(ref, kinds) for ref in call.needs)


def asked_dtype(layer: Layer, call: Call) -> Any:
    """Return the dtype that an operation is asked for, None for that of its inputs."""
    # Every layer of Keras 2 has a dtype, which says nothing of the function it stands for.
    own = None if layer.class_name in FUNCTIONS_OF_KERAS2 else layer.config.get("dtype")
    return call.kwargs.get("dtype", own)


def _made(layer: Layer, call: Call, kinds: Kinds, generation: int) -> Kind:
    name = word(layer)
    if name == "InputLayer":
        return kind_of_dtype(layer.config.get("dtype", "float32"))
    if name == "Cast" or (name in WITH_DTYPE and asked_dtype(layer, call) is not None):
        return kind_of_dtype(asked_dtype(layer, call))
    if name in TRUTHS:
        return Kind.TRUTH
    if name in COUNTS:
        return Kind.WHOLE
    if name in INDICES:
        mode = layer.config.get("output_mode", "int")
        is_whole = mode == "int" or (name == "IntegerLookup" and mode != "tf_idf")
        return Kind.WHOLE if is_whole else Kind.FLOAT
    if name == "CategoryEncoding":
        return kind_of_dtype(layer.config.get("dtype", "float32"))
    worker = layer.parts.get("layer")
    if worker is not None:
        return _made(worker, call, kinds, generation)
    if layer.graph is not None:
        return kind_of(layer.graph.outputs[0], kinds_of(layer.graph, generation))
    if _makes_floats(layer, name, generation):
        return Kind.FLOAT
    given = _widest(_kinds_given(name, call, kinds))
    return Kind.WHOLE if given is Kind.TRUTH and name not in MOVES else given


def _makes_floats(layer: Layer, name: str, generation: int) -> bool:
    if name == "Activation" and layer.config.get("activation") not in _STRAIGHT:
        return True
    floats = FLOATS_OF_KERAS3 if generation >= 3 else FLOATS_OF_KERAS2
    has_weights = any(part.weights for part in walk_layers((layer,)))
    return name in floats or has_weights or layer.is_custom


_STRAIGHT = ("linear", "relu", "relu6")
"""Activations that make no floats of whole numbers."""


def _kinds_given(name: str, call: Call, kinds: Kinds) -> Iterator[Kind]:
    """Yield the kinds of what the numbers of an operation come from, literals included."""
    named = {key: value for key, value in call.kwargs.items() if key not in _CHOOSING}
    values = [*call.args, *named.values()]
    if name == "Where" and call.args:
        values = values[1:]  # the condition chooses
    if name in OF_FIRST and values and (kind := _kind_of_constant(values[0])) is not None:
        yield kind
        return
    for value in _flat(values):
        if isinstance(value, TensorRef):
            yield kind_of(value, kinds)
        elif isinstance(value, float) and name not in OF_FIRST:
            yield Kind.FLOAT
        if name in OF_FIRST and isinstance(value, TensorRef | float):
            return


_CHOOSING = ("condition", "indices", "mask", "axis")


def _flat(values: Iterable[Value]) -> Iterator[Value]:
    for value in values:
        if isinstance(value, tuple):
            yield from _flat(value)
        else:
            yield value


def _kind_of_constant(value: Value) -> Kind | None:
    """Return the kind of a literal number or of nested ones; None for anything else."""
    types = {type(item) for item in _flat([value])}
    if not types or not types <= {bool, int, float}:
        return None
    return Kind.FLOAT if float in types else Kind.TRUTH if types == {bool} else Kind.WHOLE


def _widest(kinds: Iterable[Kind]) -> Kind:
    return min(kinds, key=_WIDTHS.index, default=Kind.FLOAT)
