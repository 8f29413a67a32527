"""The words of the catalog: a layer class, its fields, its shapes and its weights.

Nothing here knows a class of its own; the tables stand in the neighbouring modules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Shape: TypeAlias = tuple[int | None, ...]
Config: TypeAlias = Mapping[str, Any]

REQUIRED: Any = object()
"""Default of a field that every file holds: its absence is an error in the file."""


@dataclass(frozen=True, slots=True)
class Field:
    """The values of one config field for which tfjs gives Keras's numbers.

    accepts: whether a (cleaned) value is one of them.
    expected: the accepted values in words, for the sentence of a refusal.
    default: what Keras assumes when the file leaves the field out; written in its place.
    is_read: False for a field that tfjs ignores: it is checked, then left out.
    """

    accepts: Callable[[Any], bool]
    expected: str
    default: Any = REQUIRED
    is_read: bool = True


@dataclass(frozen=True, slots=True)
class ExpectedWeight:
    """A weight that tfjs will create: name without the layer's prefix, and shape."""

    name: str
    shape: tuple[int, ...]
    is_trainable: bool = True


class ShapeError(ValueError):
    """A layer cannot take these input shapes in tfjs; `str()` says why, without the layer."""


OutputShapes: TypeAlias = Callable[[Config, Sequence[Shape]], tuple[Shape, ...]]
Weights: TypeAlias = Callable[[Config, Sequence[Shape]], tuple[ExpectedWeight, ...]]


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """A layer class of tfjs-layers 4.22, or of the companion module.

    source: the file the facts were read in: of tfjs-layers/src, or of this package.
    fields: every config field either Keras writes for this class, but the ones all layers share.
    output_shapes: config and input shapes (batch axis first) of one call -> output shapes, as
        `computeOutputShape` gives them; raises ShapeError for input that tfjs cannot take.
    weights: config and input shapes of the first call -> the variables `build` makes, in the
        order Keras stores them: trainable ones first.
    inputs: smallest and largest number of input tensors of a call.
    bound_from: first axis from which every call has to have the lengths of the first one, where
        `build` makes an InputSpec of its whole shape; None where calls may differ.
    warning: what a user has to know although the numbers are right, as one sentence.
    needs_companion: whether tfjs lacks the class, and a page has to register it.
    """

    source: str
    fields: Mapping[str, Field]
    output_shapes: OutputShapes
    weights: Weights = field(default=lambda config, shapes: ())
    inputs: tuple[int, int] = (1, 1)
    bound_from: int | None = None
    warning: str | None = None
    needs_companion: bool = False
