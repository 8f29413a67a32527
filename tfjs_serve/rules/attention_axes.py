"""Attention over several axes joins them to one; over some of the axes, it becomes a loop.

Before: MultiHeadAttention (x [null, 4, 4, 6], x), over axes 1 and 2
After:  Reshape to [4, 4, 6] (MultiHeadAttention (Reshape to [16, 6]))

Before: MultiHeadAttention {"attention_axes": [2]} (x [null, 4, 5, 6], x)
After:  TimeDistributed {"layer": MultiHeadAttention} (x)

The weights are those of attention over one axis (layers/attention/multi_head_attention.py,
`_build_attention`). What a loop is called on is one tensor: several are laid side by side, and cut
apart again in a model inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tfjs_serve.graph import Call, Graph, GraphKind, Layer, Shape, TensorRef
from tfjs_serve.layers_format.catalog.fields import is_integer
from tfjs_serve.lowering.operands import known_shape
from tfjs_serve.lowering.toolbox import held, lengths
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported, with_fields
from tfjs_serve.rules.attention_arguments import INPUTS

CLASSES = ("MultiHeadAttention",)

ROLES = {"query", "value", "key"}


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Give attention one axis instead of several."""
    if layer.class_name not in CLASSES or INPUTS not in layer.config:
        return None
    shapes = [known_shape(shape) for shape in context.shapes]
    inputs = layer.config[INPUTS]
    query = shapes[inputs["query"]]
    output = next((w for w in layer.weights if w.name == "attention_output/kernel"), None)
    if len(query) < 4 or output is None:
        return None
    found = layer.config.get("attention_axes")
    axes = _attended(found, len(query), context.generation)
    if axes is None:
        return not_supported(layer, f"attention_axes = {found!r} of input {query}")
    is_joined = len(axes) == len(query) - 2 and (found is None or list(found) == axes)
    if inputs.keys() - ROLES:
        return not_supported(layer, f"masks of attention over axes {axes}")
    if layer.config.get("return_attention_scores") and not is_joined:
        return not_supported(layer, f"scores of attention over axes {found}")
    if any(len(shape) != len(query) for shape in shapes):
        return not_supported(layer, f"inputs of different ranks, got {shapes}")
    if layer.config.get("use_causal_mask") and axes != [1]:
        return not_supported(layer, f"use_causal_mask = True over axes {axes}")
    if len(axes) == len(query) - 2:
        return _joined(layer, shapes, output.shape[2:])
    return _looped(layer, shapes, axes, output.shape[2:])


def _attended(found: Any, rank: int, generation: int) -> list[int] | None:
    """Return the axes in ascending order; None where they are not plain axes between others."""
    if found is None:
        return list(range(1, rank - 1))
    axes = list(found) if isinstance(found, list | tuple) else [found]
    if not axes or not all(is_integer(axis) for axis in axes):
        return None
    if generation >= 3:  # Keras 2 counts negative ones among those of the heads, too
        axes = [axis + rank if axis < 0 else axis for axis in axes]
    is_plain = len(set(axes)) == len(axes) and all(0 < axis < rank - 1 for axis in axes)
    return sorted(axes) if is_plain else None


def _joined(layer: Layer, shapes: Sequence[Shape], made: Shape) -> Lowering:
    """Return attention over all axes, as one."""
    steps = _Steps(layer)
    query = shapes[layer.config[INPUTS]["query"]]
    value = shapes[layer.config[INPUTS]["value"]]
    flat = [
        steps.reshaped(x, (_size(shape[1:-1]), shape[-1]))
        for x, shape in zip(layer.calls[0].inputs, shapes, strict=True)
    ]
    heads = steps.put(with_fields(layer, {}, "attention_axes"), *flat)
    outputs = [steps.reshaped(heads, (*query[1:-1], *made))]
    if layer.config.get("return_attention_scores"):
        pairs = (layer.config["num_heads"], *query[1:-1], *value[1:-1])
        outputs.append(steps.reshaped(replace(heads, output=1), pairs))
    return steps.done(*outputs)


def _looped(layer: Layer, shapes: Sequence[Shape], axes: list[int], made: Shape) -> Lowering:
    """Return attention over some axes, for each step of the others by itself."""
    steps, rank = _Steps(layer), len(shapes[0])
    order = [axis for axis in range(1, rank - 1) if axis not in axes] + axes
    others = rank - 2 - len(axes)
    rows: list[TensorRef] = []
    sizes: list[Shape] = []
    for x, shape in zip(layer.calls[0].inputs, shapes, strict=True):
        moved = tuple(shape[axis] for axis in order)
        x = steps.permuted(x, [*order, rank - 1])
        sizes.append((_size(moved[others:]), shape[-1]))
        joined = (_size(moved[:others]), *sizes[-1])
        rows.append(x if rank == 4 else steps.reshaped(x, joined))
    heads = with_fields(layer, {}, "attention_axes")
    if len(rows) > 1:
        counts = [_size(size) for size in sizes]
        flat = [steps.reshaped(x, (None, count)) for x, count in zip(rows, counts, strict=True)]
        rows = [steps.add("Concatenate", {"axis": 2}, *flat)]
        heads = _cut_apart(heads, sizes)
    x = steps.put(Layer(f"{layer.name}__each", "TimeDistributed", parts={"layer": heads}), *rows)
    query = shapes[layer.config[INPUTS]["query"]]
    if rank > 4:
        x = steps.reshaped(x, (*(query[axis] for axis in order), *made))
    last = range(rank - 1, rank - 1 + len(made))
    return steps.done(steps.permuted(x, [*(order.index(i) + 1 for i in range(1, rank - 1)), *last]))


def _cut_apart(heads: Layer, sizes: Sequence[Shape]) -> Layer:
    """Return a model of attention on its inputs side by side, each [steps, width]."""
    steps = _Steps(heads)
    counts = [held((None, *size)) for size in sizes]
    config = {"shape": (None, sum(counts)), "dtype": "float32"}
    source = Layer(f"{heads.name}__rows", "InputLayer", config, (Call(),))
    column = steps.reshaped(TensorRef(source.name), (sum(counts), 1))
    given = []
    for index, size in enumerate(sizes):
        crop = [sum(counts[:index]), sum(counts[index + 1 :])]
        part = steps.add("Cropping1D", {"cropping": crop}, column) if any(crop) else column
        given.append(steps.reshaped(part, size))
    made = steps.put(heads, *given)
    ends = (TensorRef(source.name),), (made,)
    name = f"{heads.name}__model"
    graph = Graph(name, GraphKind.FUNCTIONAL, (source, *steps.layers), *ends)
    trainable = {"trainable": heads.config.get("trainable", True)}
    return Layer(name, "Functional", trainable, graph=graph)


def _size(shape: Shape) -> int | None:
    size = held((None, *shape))
    return None if size < 0 else size


class _Steps:
    """The layers of a lowering, in Keras's terms: the rules run on each of them again."""

    def __init__(self, layer: Layer) -> None:
        """Start with none."""
        self._layer = layer
        self.layers: list[Layer] = []

    def add(self, class_name: str, config: dict[str, object], *inputs: TensorRef) -> TensorRef:
        """Add a layer and return what it makes."""
        name = f"{self._layer.name}__{class_name.lower()}_{len(self.layers) + 1}"
        return self.put(Layer(name, class_name, config), *inputs)

    def put(self, layer: Layer, *inputs: TensorRef) -> TensorRef:
        """Add this very layer and return what it makes."""
        call = Call(inputs if len(inputs) == 1 else (inputs,))
        self.layers.append(replace(layer, calls=(call,)))
        return TensorRef(layer.name)

    def reshaped(self, x: TensorRef, shape: Shape) -> TensorRef:
        """Return x with other axes, one of them of unknown length at most."""
        return self.add("Reshape", {"target_shape": lengths((None, *shape))}, x)

    def permuted(self, x: TensorRef, dims: list[int]) -> TensorRef:
        """Return x with its axes in another order."""
        return x if dims == sorted(dims) else self.add("Permute", {"dims": dims}, x)

    def done(self, *outputs: TensorRef) -> Lowering:
        """Return the lowering that makes these tensors."""
        return Lowering(tuple(self.layers), outputs)
