"""Layers that do something in training only: dropout and noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from tfjs_serve.layers_format.catalog import fields
from tfjs_serve.layers_format.catalog.core import same_shape
from tfjs_serve.layers_format.catalog.shapes import only_input
from tfjs_serve.layers_format.catalog.spec import Config, Field, LayerSpec, Shape


def _rank_3(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    return (only_input(shapes, 3),)


def _is_noise_shape(value: Any) -> bool:
    return value is None or fields.is_sequence(
        value, lambda item: item is None or fields.is_positive(item)
    )


_RATE = fields.rate()
# Whatever it is, tfjs-core seeds its own generator with the text of it.
_SEED = Field(lambda value: True, "anything", None)
_NOISE_SHAPE = Field(_is_noise_shape, "null or a list of lengths and nulls", None)


LAYERS: Mapping[str, LayerSpec] = MappingProxyType(
    {
        "Dropout": LayerSpec(
            source="layers/core.ts",
            fields={"rate": _RATE, "noise_shape": _NOISE_SHAPE, "seed": _SEED},
            output_shapes=same_shape,
        ),
        "SpatialDropout1D": LayerSpec(
            source="layers/core.ts",
            # Both libraries compute the noise shape themselves: [batch, 1, channels].
            fields={"rate": _RATE, "seed": _SEED, "noise_shape": fields.only(None)},
            output_shapes=_rank_3,
        ),
        "GaussianNoise": LayerSpec(
            source="layers/noise.ts",
            fields={"stddev": fields.non_negative(), "seed": fields.anything()},
            output_shapes=same_shape,
        ),
        "GaussianDropout": LayerSpec(
            source="layers/noise.ts",
            fields={"rate": _RATE, "seed": fields.anything()},
            output_shapes=same_shape,
        ),
        "AlphaDropout": LayerSpec(
            source="layers/noise.ts",
            fields={"rate": _RATE, "noise_shape": _NOISE_SHAPE, "seed": fields.anything()},
            output_shapes=same_shape,
        ),
    }
)
