"""What a rule is: one rewrite of a layer or of a whole model, or the reason for refusing it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from tfjs_serve.artifacts import DEFAULT_OPTIONS, Options
from tfjs_serve.errors import Reason
from tfjs_serve.graph import OPERATION_PREFIX, Graph, Layer, Shape, TensorRef, Value
from tfjs_serve.report import Note


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule may know beside the layer.

    generation: major version of the Keras that wrote the model.
    shapes: input shapes of the layer's first call, None where an earlier refusal hides them.
    options: what the user chose about the conversion.
    backend: what Keras ran on, as the file tells; None when it does not.
    is_uneven: whether the layer is called on inputs that need different translations, as far as
        rules have seen: one that suits all of them is wanted.
    """

    generation: int
    shapes: tuple[Shape | None, ...] = ()
    options: Options = DEFAULT_OPTIONS
    backend: str | None = None
    is_uneven: bool = False

    @property
    def rank(self) -> int | None:
        """Return the rank of the first input, batch axis included; None when it is unknown."""
        return len(self.shapes[0]) if self.shapes and self.shapes[0] is not None else None


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A layer that takes the place of another, and what a person should know about it."""

    layer: Layer
    notes: tuple[Note, ...] = ()


INPUT = ""
"""Stands for the layer that makes a call's inputs: `TensorRef(INPUT, 0, i)` is the i-th of them."""


@dataclass(frozen=True, slots=True)
class Lowering:
    """Layers that together compute what one layer does, written down for one call of it.

    layers: in the order tensors flow, each called once, on outputs of others or of INPUT.
    outputs: what stands for the outputs of the layer, in order.
    """

    layers: tuple[Layer, ...]
    outputs: tuple[TensorRef, ...]
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """A value that a layer makes whatever the model is fed with: it takes the place of its tensor.

    Nothing is left of the layer; those that were called on it are called on the value.
    """

    value: Value
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class GraphRewrite:
    """A model that takes the place of another, and what a person should know about it."""

    graph: Graph
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a model cannot be converted exactly."""

    reasons: tuple[Reason, ...]


LayerRewriter: TypeAlias = Callable[[Layer, Context], Rewrite | Lowering | Known | Refusal | None]
GraphRewriter: TypeAlias = Callable[[Graph, Context], GraphRewrite | Refusal | None]


OPERATIONS = (OPERATION_PREFIX,)
"""The `classes` of a rule of operations: one name stands for those of all."""


@dataclass(frozen=True, slots=True)
class LayerRule:
    """A rewrite of one layer; None means that it does not apply.

    classes: of the layers it may apply to; None for all. It is offered no other.
    needs_parts: whether it must see the layers of a wrapper after all rules.
    is_for_custom: whether it is about any layer, also one of a class that only the page knows.
    """

    name: str
    rewrite: LayerRewriter
    classes: Collection[str] | None = None
    needs_parts: bool = False
    is_for_custom: bool = False

    def is_for(self, class_name: str) -> bool:
        """Tell whether the rule may apply to a layer of a class."""
        is_operation = class_name.startswith(OPERATION_PREFIX)
        kind = OPERATION_PREFIX if is_operation else class_name
        return self.classes is None or kind in self.classes


@dataclass(frozen=True, slots=True)
class GraphRule:
    """A rewrite of the whole model, nested models included; None means it does not apply."""

    name: str
    rewrite: GraphRewriter


def with_fields(layer: Layer, changes: Mapping[str, Any], *drop: str) -> Layer:
    """Return the layer with some config fields changed or added and others dropped."""
    config = {key: value for key, value in layer.config.items() if key not in drop}
    return replace(layer, config=config | dict(changes))


def named_object(value: Any) -> tuple[str | None, Mapping[str, Any]]:
    """Return the class and config of an initializer or regularizer; None for anything else."""
    if isinstance(value, str):
        return value, {}
    if not isinstance(value, Mapping) or not isinstance(value.get("class_name"), str):
        return None, {}
    config = value.get("config")
    return value["class_name"], config if isinstance(config, Mapping) else {}


def refuse(layer: Layer, why: str, remedy: str | None = None) -> Refusal:
    """Return the refusal of one layer."""
    return Refusal((Reason(why, layer.name, layer.class_name, remedy),))


def not_supported(layer: Layer, what: str) -> Refusal:
    """Return the refusal of something that has an exact translation we do not make yet."""
    return refuse(layer, f"not supported yet: {what}")
