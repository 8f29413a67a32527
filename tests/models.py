"""Short ways to write layers, calls and graphs down in tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tfjs_serve.errors import Reason
from tfjs_serve.graph import Call, Graph, GraphKind, Layer, Shape, TensorRef, Value, Weight
from tfjs_serve.keras_files.model import StoredWeight
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, Refusal, Rewrite, with_fields

KERAS2 = Context(2)
KERAS3 = Context(3)
X = TensorRef("x")


def shaped(*shapes: Shape | None, generation: int = 3) -> Context:
    """Return what a rule knows of a layer called with these shapes."""
    return Context(generation, shapes)


def layer(class_name: str, name: str = "a", **config: Any) -> Layer:
    """Return a layer called once, on the output of a layer x."""
    return Layer(name, class_name, config, (on(X),))


def on(*tensors: TensorRef | str, **kwargs: Value) -> Call:
    """Return a call on one tensor, or on a list of several."""
    refs = tuple(TensorRef(item) if isinstance(item, str) else item for item in tensors)
    return Call((refs[0],) if len(refs) == 1 else (refs,), kwargs)


def source(name: str = "x", shape: Shape = (None, 4), dtype: str = "float32") -> Layer:
    """Return an input as the rules leave it."""
    return Layer(name, "InputLayer", {"shape": shape, "dtype": dtype, "sparse": False}, (Call(),))


def identity(name: str, *calls: Call) -> Layer:
    """Return a layer without weights that keeps shapes."""
    return Layer(name, "Activation", {"activation": "linear"}, calls)


def dense(name: str, *calls: Call, units: int = 4) -> Layer:
    """Return a Dense layer as the rules leave it."""
    config = {"units": units, "activation": "linear", "use_bias": True}
    return Layer(name, "Dense", config, calls)


def nested(name: str, graph: Graph, *calls: Call) -> Layer:
    """Return a nested model."""
    return Layer(name, graph.kind.value, {"trainable": True}, calls, graph=graph)


def functional(
    layers: Sequence[Layer],
    outputs: Sequence[TensorRef | str],
    inputs: Sequence[TensorRef | str] = ("x",),
    name: str = "model",
) -> Graph:
    """Return a functional model."""
    return Graph(name, GraphKind.FUNCTIONAL, tuple(layers), _refs(inputs), _refs(outputs))


def sequential(*layers: Layer, name: str = "sequential") -> Graph:
    """Return a chain of layers, the first one the input."""
    ends = (TensorRef(layers[0].name),), (TensorRef(layers[-1].name),)
    return Graph(name, GraphKind.SEQUENTIAL, layers, *ends)


def stored(name: str, shape: tuple[int, ...] = (2,), group: str = "g") -> StoredWeight:
    """Return the handle of a weight that lies nowhere."""
    return StoredWeight(group, name, shape, "<f4", f"model_weights/{group}/{name}", None)


def weight(name: str, shape: tuple[int, ...] = (2,)) -> Weight:
    """Return a weight of a layer."""
    return Weight(name, stored(name, shape))


def changed(
    before: Layer,
    *notes: str,
    kind: NoteKind = NoteKind.DROPPED,
    drop: Sequence[str] = (),
    **config: Any,
) -> Rewrite:
    """Return the rewrite of a layer by some fields, with warnings about it."""
    return Rewrite(
        with_fields(before, config, *drop), tuple(Note(text, before.name, kind) for text in notes)
    )


def refused(before: Layer, *why: str, remedy: str | None = None) -> Refusal:
    """Return the refusal of a layer for these reasons."""
    return Refusal(tuple(Reason(text, before.name, before.class_name, remedy) for text in why))


def _refs(items: Sequence[TensorRef | str]) -> tuple[TensorRef, ...]:
    return tuple(TensorRef(item) if isinstance(item, str) else item for item in items)
