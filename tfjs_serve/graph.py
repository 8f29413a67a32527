"""A model as layers and calls, in neither Keras's nor TensorFlow.js's spelling.

Both Kerases are read into these frozen values, every rule maps them to new ones, and the writer
reads nothing else. A tensor is named by the layer that makes it, by which call of that layer, and
by which output of that call; all three count from 0 for plain layers, inputs and nested models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from types import EllipsisType
from typing import Any, TypeAlias

from tfjs_serve.keras_files.model import StoredWeight

Shape: TypeAlias = tuple[int | None, ...]
Config: TypeAlias = Mapping[str, Any]

OPERATION_PREFIX = "keras.ops."
"""Begins the class name of an operation: `keras.ops.Add` is another thing than the layer Add."""


@dataclass(frozen=True, slots=True)
class TensorRef:
    """One output of one call of one layer of the same graph."""

    layer: str
    call: int = 0
    output: int = 0


@dataclass(frozen=True, slots=True)
class Slice:
    """Part of an axis, as in `x[start:stop:step]`."""

    start: Value = None
    stop: Value = None
    step: Value = None

    def __repr__(self) -> str:
        """Return it as it is written between brackets, for sentences about it."""
        ends = ":".join("" if end is None else repr(end) for end in (self.start, self.stop))
        return ends if self.step is None else f"{ends}:{self.step!r}"


@dataclass(frozen=True, slots=True)
class UnknownLength:
    """The length of an axis, where the model is not told it; is_batch: of the batch axis."""

    is_batch: bool = False

    def __repr__(self) -> str:
        """Return it as sentences name it."""
        return "the length of the batch" if self.is_batch else "an unknown length"


Value: TypeAlias = (
    "TensorRef | Slice | UnknownLength | EllipsisType | bool | int | float | str"
    " | tuple[Value, ...] | None"
)


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a layer: positional and named arguments, tensors among literals.

    shapes: of the outputs that are used, as far as the file tells; a remark, no part of the call.
    """

    args: tuple[Value, ...] = ()
    kwargs: Mapping[str, Value] = field(default_factory=dict)
    shapes: tuple[Shape | None, ...] = field(default=(), compare=False, repr=False)

    @property
    def inputs(self) -> tuple[TensorRef, ...]:
        """Return the tensors among the positional arguments, in order, flattened."""
        found: list[TensorRef] = []
        _collect(self.args, found)
        return tuple(found)

    @property
    def needs(self) -> tuple[TensorRef, ...]:
        """Return every tensor the call waits for, named arguments included."""
        found: list[TensorRef] = []
        _collect((self.args, *self.kwargs.values()), found)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Computed:
    """Values worked out from stored ones when they are written: slices, scalings, constants.

    compute: gets the values of `sources` as NumPy arrays and returns those of `shape`, float32.
    key: what tells one computation from another, since functions cannot be compared.
    """

    shape: tuple[int, ...]
    sources: tuple[Values, ...]
    compute: Callable[..., Any] = field(compare=False, repr=False)
    key: tuple[object, ...] = ()


Values: TypeAlias = StoredWeight | Computed


@dataclass(frozen=True, slots=True)
class Weight:
    """A weight of a layer: its role (`kernel`, `bias`) and where its values come from."""

    name: str
    values: Values

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape of the tensor."""
        return self.values.shape


class GraphKind(Enum):
    """How a model was built; both kinds hold the same layers and calls."""

    SEQUENTIAL = "Sequential"
    FUNCTIONAL = "Functional"


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer, with everything it is called on.

    config: the fields of its class, without `name`; InputLayer has `shape` and `dtype`.
    parts: the layers a wrapper holds, by the field they stand in (`layer`, `backward_layer`).
    graph: the inner model when the layer is a nested model, else None.
    is_custom: whether the page registers its class, which nobody here knows.
    keeps_shape: whether the user says that its outputs have the shape of its first input.
    """

    name: str
    class_name: str
    config: Config = field(default_factory=dict)
    calls: tuple[Call, ...] = ()
    weights: tuple[Weight, ...] = ()
    parts: Mapping[str, Layer] = field(default_factory=dict)
    graph: Graph | None = None
    is_custom: bool = False
    keeps_shape: bool = False


@dataclass(frozen=True, slots=True)
class Graph:
    """A model: layers in config order, the tensors that go in and those that come out."""

    name: str
    kind: GraphKind
    layers: tuple[Layer, ...]
    inputs: tuple[TensorRef, ...]
    outputs: tuple[TensorRef, ...]

    def layer(self, name: str) -> Layer:
        """Return the layer called `name`; KeyError when there is none."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(name)


def tensors(value: Any) -> Iterator[TensorRef]:
    """Yield every tensor inside a value, depth first, in order."""
    found: list[TensorRef] = []
    _collect(value, found)
    return iter(found)


def _collect(value: Any, found: list[TensorRef]) -> None:
    kind = type(value)  # three times as fast as isinstance, and asked of every argument
    if kind is TensorRef:
        found.append(value)
    elif kind is tuple:
        for item in value:
            _collect(item, found)
    elif kind is Slice:
        _collect((value.start, value.stop, value.step), found)


def map_refs(call: Call, change: Callable[[TensorRef], Value]) -> Call:
    """Return a call with every tensor in it replaced."""

    def mapped(value: Value) -> Value:
        if isinstance(value, TensorRef):
            return change(value)
        if isinstance(value, tuple):
            return tuple(mapped(item) for item in value)
        if isinstance(value, Slice):
            return Slice(mapped(value.start), mapped(value.stop), mapped(value.step))
        return value

    kwargs = {name: mapped(value) for name, value in call.kwargs.items()}
    return Call(tuple(mapped(value) for value in call.args), kwargs, call.shapes)


LayerCall: TypeAlias = tuple[Layer, int]
"""One call: the layer, and which of its calls it is."""


def flow_order(graph: Graph) -> tuple[list[LayerCall], list[LayerCall]]:
    """Return the calls in the order tensors flow, and the calls that wait for ever.

    The order is that of going over the listed calls again and again, taking those whose tensors
    are made: what is listed in order stays in order. It is found by Kahn's algorithm, in time
    linear in calls and references. What waits for ever, in a circle or for a tensor that nothing
    makes, comes as it is listed.
    """
    calls = [(layer, index) for layer in graph.layers for index in range(len(layer.calls))]
    places = {(layer.name, index): place for place, (layer, index) in enumerate(calls)}
    readers: list[list[int]] = [[] for _ in calls]
    missing: list[int] = []
    for place, (layer, index) in enumerate(calls):
        makers = {(ref.layer, ref.call) for ref in layer.calls[index].needs}
        missing.append(len(makers))
        for maker in makers & places.keys():
            readers[places[maker]].append(place)
    rounds = [0] * len(calls)
    ready = [place for place, count in enumerate(missing) if not count]
    for place in ready:
        for reader in readers[place]:
            # Who is listed before what it reads is taken one time round later.
            rounds[reader] = max(rounds[reader], rounds[place] + (reader < place))
            missing[reader] -= 1
            if not missing[reader]:
                ready.append(reader)
    ready.sort(key=lambda place: (rounds[place], place))
    waiting = [call for call, count in zip(calls, missing, strict=True) if count]
    return [calls[place] for place in ready], waiting


def stored_weights(values: Values) -> Iterator[StoredWeight]:
    """Yield the stored weights that values come from."""
    if isinstance(values, StoredWeight):
        yield values
    else:
        for source in values.sources:
            yield from stored_weights(source)


def walk_layers(layers: Iterable[Layer]) -> Iterator[Layer]:
    """Yield layers with the layers inside them, of nested models and of wrappers."""
    for layer in layers:
        yield layer
        yield from walk_layers(layer.parts.values())
        if layer.graph is not None:
            yield from walk_layers(layer.graph.layers)


def walk_graphs(graph: Graph) -> Iterator[Graph]:
    """Yield a graph and every graph nested in it or in its wrappers, outer ones first."""
    yield graph
    for layer in graph.layers:
        for inner in inner_graphs(layer):
            yield from walk_graphs(inner)


def inner_graphs(layer: Layer) -> Iterator[Graph]:
    """Yield the model that a layer is, or those that a wrapper holds."""
    if layer.graph is not None:
        yield layer.graph
    for part in layer.parts.values():
        yield from inner_graphs(part)


def with_graphs(layer: Layer, change: Callable[[Graph], Graph]) -> Layer:
    """Return a layer with the model that it is, or those that it wraps, replaced."""
    if layer.graph is None and not layer.parts:
        return layer
    inner = None if layer.graph is None else change(layer.graph)
    parts = {field: with_graphs(part, change) for field, part in layer.parts.items()}
    return replace(layer, graph=inner, parts=parts)


def map_layers(graph: Graph, change: Callable[[Layer], Layer]) -> Graph:
    """Return a graph with every layer replaced, those inside models and wrappers first."""

    def mapped(layer: Layer) -> Layer:
        inner = layer.graph and map_layers(layer.graph, change)
        parts = {field: mapped(part) for field, part in layer.parts.items()}
        return change(replace(layer, graph=inner, parts=parts))

    return replace(graph, layers=tuple(mapped(layer) for layer in graph.layers))
