"""Layers of the companion module, for what no layers of TensorFlow.js compute together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from types import MappingProxyType
from typing import Any

from tfjs_serve.layers_format.catalog import fields
from tfjs_serve.layers_format.catalog.merging import broadcast
from tfjs_serve.layers_format.catalog.recurrent import GATED, conv_lstm
from tfjs_serve.layers_format.catalog.shapes import known, only_input
from tfjs_serve.layers_format.catalog.spec import (
    Config,
    ExpectedWeight,
    Field,
    LayerSpec,
    Shape,
    ShapeError,
)

GRU = "TfjsServeGRU"
"""Without an underscore, which tfjs would take out of a class name (utils/generic_utils.ts)."""

CONV_LSTM = "TfjsServeConvLSTM3D"

OPERATION = "TfjsServeOperation"

LOOKUP = "TfjsServeLookup"

RESIZE = "TfjsServeResize"

ENCODINGS = ("int", "onehot", "multihot", "count")
"""What a lookup returns: indices, rows of zeros and ones, all of a sample together, or sums."""

ELEMENTWISE: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh"), 1),
        **dict.fromkeys(("ceil", "cos", "cosh", "erf", "floor", "log", "log1p"), 1),
        **dict.fromkeys(("round", "rsqrt", "sin", "sinh", "sqrt", "tan", "trunc"), 1),
        **dict.fromkeys(("cbrt", "log10", "log2", "sinc"), 1),
        **dict.fromkeys(("isfinite", "isinf", "isnan", "isneginf", "isposinf"), 1),
        **dict.fromkeys(("arctan2", "dividenonan", "floordivide", "fmod", "hypot"), 2),
        **dict.fromkeys(("mod", "multiplynonan", "power", "quotient"), 2),
        "where": 3,
    }
)
"""Operations of keras.ops that keep the shape of their arguments -> how many those are.

In lower case: tfjs turns the case of all strings when it saves a model (serialization_utils.ts).
"""

REDUCTIONS = frozenset({"argmax", "argmin", "prod"})
"""Operations that leave out axes, or keep them with length 1."""

REORDERINGS = frozenset({"argsort", "cumprod", "cumsum", "flip", "sort"})
"""Operations along an axis that keep the shape; `argsort` and `sort` along the last one."""

PICKINGS = frozenset({"gather"})
"""Operations that take elements along an axis by the indices in another tensor.

The axes ahead of it are those of both tensors: every sample has indices of its own.
"""

PRODUCTS = frozenset({"matmul"})
"""Products of the matrices in two tensors of one rank, whose other axes are the same."""


def _gru(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    batch, steps, _ = sequence = only_input(shapes[:1], 3)
    known(sequence, 2, "number of features")
    states = shapes[1:-1] if config["has_mask"] else shapes[1:]
    if len(states) > 1 or any(shape[1:] != (config["units"],) for shape in states):
        given = ", ".join(map(str, states))
        raise ShapeError(f"needs one state of {config['units']} units, got {given}")
    if config["has_mask"] and (len(shapes) < 2 or len(shapes[-1]) != 2):
        raise ShapeError(f"needs a mask of rank 2 with the batch axis, got {shapes[-1]}")
    state: Shape = (batch, config["units"])
    output = (batch, steps, config["units"]) if config["return_sequences"] else state
    return (output, state) if config["return_state"] else (output,)


def _gru_weights(config: Config, shapes: Sequence[Shape]) -> tuple[ExpectedWeight, ...]:
    features = known(only_input(shapes[:1], 3), 2, "number of features")
    width = 3 * config["units"]
    kernels = (
        ExpectedWeight("kernel", (features, width)),
        ExpectedWeight("recurrent_kernel", (config["units"], width)),
    )
    return (*kernels, ExpectedWeight("bias", (2, width))) if config["use_bias"] else kernels


def _operation(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    name, axes = config["operation"], config["axes"]
    if config["constants"].count(None) != len(shapes):
        raise ShapeError(f"takes {config['constants'].count(None)} tensors, got {len(shapes)}")
    if name in ELEMENTWISE:
        fixed = [_constant_shape(value) for value in config["constants"] if value is not None]
        return (reduce(broadcast, [*shapes, *fixed]),)
    if name in PICKINGS:
        (axis,), (shape, places) = axes, shapes
        return ((*shape[:axis], *places[axis:], *shape[axis + 1 :]),)
    if name in PRODUCTS:
        return (_product(*shapes),)
    shape = only_input(shapes)
    if name in REORDERINGS:
        return (shape,)
    lengths = ((1 if axis in axes else length) for axis, length in enumerate(shape))
    kept = (length for axis, length in enumerate(shape) if axis not in axes)
    return (tuple(lengths if config["keepdims"] else kept),)


def _product(one: Shape, other: Shape) -> Shape:
    (*ahead, rows, inner), (*other_ahead, other_inner, columns) = one, other
    if len(one) != len(other) or len(one) < 3 or ahead[1:] != other_ahead[1:]:
        raise ShapeError(f"needs as many matrices in both factors, got {one} and {other}")
    if inner != other_inner and None not in (inner, other_inner):
        raise ShapeError(f"multiplies rows of {inner} with columns of {other_inner}")
    return (*ahead, rows, columns)


def _lookup(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    shape, encoding = only_input(shapes), config["encoding"]
    if encoding == "int":
        return (shape,)
    if encoding == "onehot":
        known(shape, -1, "number of tokens")
    elif len(shape) != 2:
        raise ShapeError(f"takes the tokens of a sample together, got {shape}")
    is_row = encoding != "onehot" or shape[-1] == 1
    return ((*(shape[:-1] if is_row else shape), config["depth"]),)


def _resize(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    batch, *lengths, channels = only_input(shapes, 4)
    known(shapes[0], 3, "number of channels")
    if config["size"] is not None:
        return ((batch, *config["size"], channels),)
    made = (
        None if length is None else length * factor
        for length, factor in zip(lengths, config["factors"], strict=True)
    )
    return ((batch, *made, channels),)


def _is_pair(value: Any) -> bool:
    return value is None or fields.is_sequence(value, fields.is_positive, 2)


def _constant_shape(value: Any) -> Shape:
    """Return the shape of a number or of nested lists; ShapeError where they are ragged."""
    if not isinstance(value, list | tuple):
        return ()
    inner = {_constant_shape(item) for item in value}
    if len(inner) != 1:
        raise ShapeError("needs constants of one shape")
    return (len(value), *inner.pop())


def _are_constants(value: Any) -> bool:
    return fields.is_sequence(value, lambda item: item is None or _is_constant(item))


def _is_constant(value: Any) -> bool:
    return fields.is_number(value) or (fields.is_sequence(value, _is_constant) and len(value) > 0)


def _are_numbers(value: Any) -> bool:
    return value is None or (fields.is_sequence(value, fields.is_number) and len(value) > 0)


def _are_axes(value: Any) -> bool:
    return value is None or fields.is_sequence(value, fields.is_positive)


_DEPTH = "a whole number above 0, or null"

LAYERS: Mapping[str, LayerSpec] = MappingProxyType(
    {
        # Called on the sequence, then the state if there is one, then the mask if there is one.
        GRU: LayerSpec(
            source="companion/layers.js",
            fields={
                "units": fields.positive(),
                **GATED,
                "reset_after": fields.only(True),
                "stateful": fields.only(False),
                "zero_output_for_mask": fields.flag(False),
                # The last input is a mask [batch, T] of zeros and ones.
                "has_mask": fields.flag(False),
                # Sequences come back in the other order than they were worked through.
                "is_turned": fields.flag(False),
            },
            output_shapes=_gru,
            weights=_gru_weights,
            inputs=(1, 3),
            needs_companion=True,
        ),
        CONV_LSTM: conv_lstm(
            3,
            source="companion/layers.js",
            go_backwards=fields.flag(False),
            needs_companion=True,
        ),
        OPERATION: LayerSpec(
            source="companion/layers.js",
            fields={
                "operation": fields.choice(
                    *ELEMENTWISE, *sorted(REDUCTIONS | REORDERINGS | PICKINGS | PRODUCTS)
                ),
                # The arguments in order, null for each that is a tensor.
                "constants": Field(_are_constants, "numbers, or null for tensors"),
                "axes": Field(_are_axes, "axes behind the batch axis, or null", None),
                "keepdims": fields.flag(False),
            },
            output_shapes=_operation,
            inputs=(1, 3),
            needs_companion=True,
        ),
        LOOKUP: LayerSpec(
            source="companion/layers.js",
            fields={
                # In rising order; of the two, one at most.
                "boundaries": Field(_are_numbers, "numbers, or null", None),
                "keys": Field(_are_numbers, "numbers, or null", None),
                "indices": Field(_are_numbers, "a number for each key, or null", None),
                # What is no key becomes start + itself modulo count.
                "start": fields.number(0),
                "count": fields.positive(1),
                "encoding": fields.choice(*ENCODINGS),
                "depth": Field(
                    lambda value: value is None or fields.is_positive(value), _DEPTH, None
                ),
            },
            output_shapes=_lookup,
            needs_companion=True,
        ),
        RESIZE: LayerSpec(
            source="companion/layers.js",
            fields={
                # Height and width, or what they are multiplied by: one of the two.
                "size": Field(_is_pair, "two whole numbers above 0, or null", None),
                "factors": Field(_is_pair, "two whole numbers above 0, or null", None),
                "method": fields.choice("bilinear", "nearest"),
            },
            output_shapes=_resize,
            needs_companion=True,
        ),
    }
)
