"""What tfjs-layers 4.22 and the companion module load and compute as Keras does."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tfjs_serve.layers_format.catalog import (
    activation,
    companion,
    convolution,
    core,
    merging,
    noise,
    normalization,
    pooling,
    recurrent,
    wrappers,
)
from tfjs_serve.layers_format.catalog.spec import (
    REQUIRED,
    Config,
    ExpectedWeight,
    Field,
    LayerSpec,
    Shape,
    ShapeError,
)

__all__ = [
    "CATALOG",
    "REQUIRED",
    "TABLES",
    "Config",
    "ExpectedWeight",
    "Field",
    "LayerSpec",
    "Shape",
    "ShapeError",
]

TABLES: tuple[Mapping[str, LayerSpec], ...] = (
    core.LAYERS,
    noise.LAYERS,
    convolution.LAYERS,
    pooling.LAYERS,
    normalization.LAYERS,
    activation.LAYERS,
    merging.LAYERS,
    recurrent.LAYERS,
    wrappers.LAYERS,
    companion.LAYERS,
)
"""The layers by kind, none of them twice."""

CATALOG: Mapping[str, LayerSpec] = MappingProxyType(
    {name: spec for table in TABLES for name, spec in table.items()}
)
"""Class name -> what is known of the layer; a class that is missing is not supported."""
