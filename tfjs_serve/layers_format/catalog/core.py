"""Inputs, dense and embedding layers, and those that only change values or shapes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from tfjs_serve.layers_format.catalog import fields
from tfjs_serve.layers_format.catalog.shapes import known, only_input, size
from tfjs_serve.layers_format.catalog.spec import (
    REQUIRED,
    Config,
    ExpectedWeight,
    Field,
    LayerSpec,
    Shape,
    ShapeError,
)

# Keras 1 wrote these into layers that may come first; the input layer holds the same fact.
LEGACY_INPUT: Mapping[str, Field] = {
    "input_dim": fields.anything(),
    "input_length": fields.anything(),
}


def same_shape(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    """Return the shape of the one input."""
    return (only_input(shapes),)


def _input(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    shape = tuple(config["batch_input_shape"])
    if len(shape) < 2:
        # It gives tensors of rank 1 another axis before it compares (engine/training.ts).
        raise ShapeError(f"cannot feed an input of rank 1, got {shape}")
    if len(shape) > 6:
        # It feeds by parts of the batch (sliceAlongFirstAxis in backend/tfjs_backend.ts 150).
        raise ShapeError(f"cannot feed an input of more than 6 axes, got {shape}")
    return (shape,)


def _dense(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    # Above rank 5 biasAdd throws (backend/tfjs_backend.ts, reshapeBias).
    shape = only_input(shapes, 2, 3, 4, 5)
    known(shape, -1, "last axis")
    return ((*shape[:-1], config["units"]),)


def _dense_weights(config: Config, shapes: Sequence[Shape]) -> tuple[ExpectedWeight, ...]:
    units = config["units"]
    kernel = ExpectedWeight("kernel", (known(only_input(shapes), -1, "last axis"), units))
    return (kernel, ExpectedWeight("bias", (units,))) if config["use_bias"] else (kernel,)


def _embedding(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    return ((*only_input(shapes), config["output_dim"]),)


def _embedding_weights(config: Config, shapes: Sequence[Shape]) -> tuple[ExpectedWeight, ...]:
    return (ExpectedWeight("embeddings", (config["input_dim"], config["output_dim"])),)


def _flatten(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    shape = only_input(shapes)
    if len(shape) < 3:
        raise ShapeError(f"needs input of rank 3 or more with the batch axis, got {shape}")
    return ((shape[0], size(shape[1:], "length of every axis")),)


def _reshape(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    shape = only_input(shapes)
    target: Shape = tuple(None if item == -1 else item for item in config["target_shape"])
    if None not in shape[1:]:
        held = size(shape[1:], "length of every axis")
        wanted = math.prod(item for item in target if item is not None)
        if held % wanted if None in target else held != wanted:
            raise ShapeError(f"cannot reshape {shape[1:]} to {tuple(config['target_shape'])}")
        if shape[0] is not None:
            target = tuple(held // wanted if item is None else item for item in target)
    # tfjs takes an unknown batch size for an unknown input, and leaves the -1 unknown.
    return ((shape[0], *target),)


def _permute(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    shape = only_input(shapes, len(config["dims"]) + 1)
    return ((shape[0], *(shape[axis] for axis in config["dims"])),)


def _repeat_vector(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    batch, length = only_input(shapes, 2)
    return ((batch, config["n"], length),)


def _rescaling(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    shape = only_input(shapes)
    for name in ("scale", "offset"):
        lengths = _array_shape(config[name]) or ()
        pairs = zip(lengths[::-1], shape[::-1], strict=False)
        # A longer factor would change the shape behind tfjs's back: it declares its input's.
        if len(lengths) > len(shape) or any(mine not in (1, theirs) for mine, theirs in pairs):
            raise ShapeError(f"cannot apply {name} of shape {lengths} to {shape}")
    return (shape,)


def _is_target_shape(value: Any) -> bool:
    """Tell whether the lengths are above 0, but for at most one that is -1."""
    return fields.is_sequence(value, lambda item: fields.is_positive(item) or item == -1) and (
        list(value).count(-1) <= 1
    )


def _is_permutation(value: Any) -> bool:
    return (
        fields.is_sequence(value, fields.is_positive)
        and len(value) > 0
        and sorted(value) == list(range(1, len(value) + 1))
    )


def _array_shape(value: Any) -> tuple[int, ...] | None:
    """Return the shape of a number or of nested lists of equal lengths, else None."""
    if fields.is_number(value):
        return ()
    if not isinstance(value, list | tuple) or not value:
        return None
    inner = {_array_shape(item) for item in value}
    first = inner.pop()
    return None if inner or first is None else (len(value), *first)


def _is_shape(value: Any) -> bool:
    return (
        fields.is_sequence(value, lambda item: item is None or fields.is_positive(item))
        and len(value) > 0
    )


def _factor(default: Any) -> Field:
    return Field(
        lambda value: _array_shape(value) is not None, "a number, or nested lists of them", default
    )


LAYERS: Mapping[str, LayerSpec] = MappingProxyType(
    {
        "InputLayer": LayerSpec(
            source="engine/input_layer.ts",
            fields={
                "batch_input_shape": Field(_is_shape, "a list of lengths and nulls"),
                # Any other throws at predict: engine/executor.ts, assertFeedCompatibility.
                "dtype": fields.choice("float32", "int32", "bool", default="float32"),
                "sparse": fields.only(False, is_read=True),
                "ragged": fields.only(False),
                "optional": fields.only(False),
            },
            output_shapes=_input,
            inputs=(0, 0),
        ),
        "Dense": LayerSpec(
            source="layers/core.ts",
            fields={
                "units": fields.positive(),
                "activation": fields.activation("linear"),
                "use_bias": fields.flag(True),
                **fields.weight("kernel", "glorot_uniform"),
                **fields.weight("bias", "zeros"),
                **fields.ACTIVITY,
                **LEGACY_INPUT,
                "lora_rank": fields.only(None),
                "lora_alpha": fields.anything(),
                "quantization_config": fields.only(None),
            },
            output_shapes=_dense,
            weights=_dense_weights,
        ),
        "Embedding": LayerSpec(
            source="layers/embeddings.ts",
            fields={
                "input_dim": fields.positive(),
                "output_dim": fields.positive(),
                # A mask that tfjs passes on is wrong sooner or later: executor.ts, merge.ts.
                "mask_zero": fields.only(False, is_read=True),
                **fields.weight("embeddings", "random_uniform"),
                **fields.ACTIVITY,
                "input_length": fields.anything(),
                "lora_rank": fields.only(None),
                "lora_alpha": fields.anything(),
                "quantization_config": fields.only(None),
            },
            output_shapes=_embedding,
            weights=_embedding_weights,
        ),
        "Masking": LayerSpec(
            source="layers/core.ts",
            fields={
                "mask_value": fields.number(0.0),
                # Only those of rules: they see to it that the mask goes no further.
                "is_stopped": fields.only(True),
            },
            output_shapes=same_shape,
        ),
        "Activation": LayerSpec(
            source="layers/core.ts",
            fields={"activation": fields.activation(), **fields.ACTIVITY},
            output_shapes=same_shape,
        ),
        "Flatten": LayerSpec(
            source="layers/core.ts",
            fields={"data_format": fields.data_format()},
            output_shapes=_flatten,
        ),
        "Reshape": LayerSpec(
            source="layers/core.ts",
            fields={
                "target_shape": Field(
                    _is_target_shape, "whole numbers above 0 and at most one -1", REQUIRED
                )
            },
            output_shapes=_reshape,
        ),
        "Permute": LayerSpec(
            source="layers/core.ts",
            fields={"dims": Field(_is_permutation, "the numbers from 1 on, each once")},
            output_shapes=_permute,
        ),
        "RepeatVector": LayerSpec(
            source="layers/core.ts",
            fields={"n": fields.positive()},
            output_shapes=_repeat_vector,
        ),
        "Rescaling": LayerSpec(
            source="layers/preprocessing/image_preprocessing.ts",
            fields={"scale": _factor(REQUIRED), "offset": _factor(0.0)},
            output_shapes=_rescaling,
        ),
    }
)
