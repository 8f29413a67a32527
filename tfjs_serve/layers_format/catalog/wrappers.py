"""Layers around another layer: both directions of time, and every step of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from tfjs_serve.layers_format.catalog import (
    activation,
    convolution,
    core,
    fields,
    noise,
    normalization,
    pooling,
    recurrent,
)
from tfjs_serve.layers_format.catalog.shapes import known, only_input
from tfjs_serve.layers_format.catalog.spec import (
    Config,
    ExpectedWeight,
    Field,
    LayerSpec,
    Shape,
    ShapeError,
)

_SOURCE = "layers/wrappers.ts"

_BOTH_WAYS: Mapping[str, LayerSpec] = {
    name: recurrent.LAYERS[name] for name in ("SimpleRNN", "GRU", "LSTM")
}

# Layers that the loop over time of tfjs calls as Keras does.
_EACH_STEP: Mapping[str, LayerSpec] = {
    **{
        name: core.LAYERS[name]
        for name in (
            "Dense",
            "Embedding",
            "Activation",
            "Flatten",
            "Reshape",
            "Permute",
            "RepeatVector",
            "Rescaling",
        )
    },
    **noise.LAYERS,
    # Not Conv3DTranspose, whose warning would be lost.
    **{name: spec for name, spec in convolution.LAYERS.items() if spec.warning is None},
    **pooling.LAYERS,
    **normalization.LAYERS,
    **activation.LAYERS,
}


def _inner(config: Config, allowed: Mapping[str, LayerSpec]) -> tuple[LayerSpec, Config]:
    layer = config["layer"]
    return allowed[layer["class_name"]], layer["config"]


def _bidirectional(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    spec, inner = _inner(config, _BOTH_WAYS)
    output, *states = spec.output_shapes(inner, shapes)
    mode = config["merge_mode"]
    if mode == "concat":
        merged: tuple[Shape, ...] = ((*output[:-1], 2 * known(output, -1, "number of units")),)
    else:
        merged = (output, output) if mode is None else (output,)
    return (*merged, *states, *states)


def _bidirectional_weights(config: Config, shapes: Sequence[Shape]) -> tuple[ExpectedWeight, ...]:
    spec, inner = _inner(config, _BOTH_WAYS)
    return tuple(
        ExpectedWeight(f"{way}_{inner['name']}/{weight.name}", weight.shape, weight.is_trainable)
        for way in ("forward", "backward")
        for weight in spec.weights(inner, shapes)
    )


def _step(shapes: Sequence[Shape]) -> Shape:
    shape = only_input(shapes)
    if len(shape) < 3:
        raise ShapeError(f"needs input of rank 3 or more with the batch axis, got {shape}")
    return (shape[0], *shape[2:])


def _time_distributed(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    spec, inner = _inner(config, _EACH_STEP)
    (output,) = spec.output_shapes(inner, (_step(shapes),))
    return ((output[0], shapes[0][1], *output[1:]),)


def _time_distributed_weights(
    config: Config, shapes: Sequence[Shape]
) -> tuple[ExpectedWeight, ...]:
    spec, inner = _inner(config, _EACH_STEP)
    return spec.weights(inner, (_step(shapes),))


def _layer(allowed: Mapping[str, LayerSpec]) -> Field:
    """Accept a layer of an allowed class, none of whose fields the catalog denies."""

    def accepts(value: Any) -> bool:
        if not isinstance(value, Mapping) or value.get("class_name") not in allowed:
            return False
        config = value.get("config")
        if not isinstance(config, Mapping) or not isinstance(config.get("name"), str):
            return False
        known_fields = allowed[value["class_name"]].fields
        return all(
            name in known_fields and known_fields[name].accepts(config[name])
            for name in config.keys() - {"name", "trainable"}
        )

    return Field(accepts, f"one of {', '.join(allowed)} with supported fields")


LAYERS: Mapping[str, LayerSpec] = MappingProxyType(
    {
        "Bidirectional": LayerSpec(
            source=_SOURCE,
            fields={
                "layer": _layer(_BOTH_WAYS),
                "merge_mode": fields.choice("concat", "sum", "mul", "ave", None, default="concat"),
                # tfjs makes it of `layer`: the rules drop one that is the same but reversed.
                "backward_layer": fields.only(None),
                **fields.ACTIVITY,
            },
            output_shapes=_bidirectional,
            weights=_bidirectional_weights,
        ),
        "TimeDistributed": LayerSpec(
            source=_SOURCE,
            fields={"layer": _layer(_EACH_STEP), **fields.ACTIVITY},
            output_shapes=_time_distributed,
            weights=_time_distributed_weights,
            bound_from=0,
        ),
    }
)
