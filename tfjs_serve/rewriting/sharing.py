"""Calls of one layer that need different translations: they share what holds its weights."""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Layer, TensorRef, Values, map_refs, walk_layers
from tfjs_serve.keras_files.model import StoredWeight
from tfjs_serve.layers_format.catalog import CATALOG
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.layout import input_shapes
from tfjs_serve.rewriting.rule import Lowering
from tfjs_serve.shapes import Shapes


def variant(made: Lowering, first: Lowering, call: int) -> Lowering | None:
    """Return the lowering of a further call, with the layers that differ under names of its own.

    first: that of the first call. None where layers differ that hold weights of the file: those
    are there once.
    """
    known = {part.name: _bare(part) for part in first.layers}
    names: dict[str, str] = {}
    for part in made.layers:
        if known.get(part.name) == _bare(part):
            continue
        if _has_stored_weights(part):
            return None
        names[part.name] = f"{part.name}__call_{call + 1}"

    def renamed(ref: TensorRef) -> TensorRef:
        return replace(ref, layer=names.get(ref.layer, ref.layer))

    layers = tuple(
        replace(
            part,
            name=names.get(part.name, part.name),
            calls=tuple(map_refs(own, renamed) for own in part.calls),
        )
        for part in made.layers
    )
    return replace(made, layers=layers, outputs=tuple(map(renamed, made.outputs)))


def is_bound(one: Lowering, given: Shapes, other: Lowering, later: Shapes) -> bool:
    """Tell whether tfjs refuses to call a layer of both on inputs of other shapes than before."""
    axes = {
        part.name: spec.bound_from
        for part in one.layers
        if (spec := CATALOG.get(part.class_name)) and spec.bound_from is not None
    }
    if not axes:
        return False
    try:
        before, after = input_shapes(one, given), input_shapes(other, later)
    except ShapeError:
        return False  # the call is refused for that
    return any(
        (a or ())[axis:] != (b or ())[axis:]
        for name, axis in axes.items()
        for a, b in zip(before[name], after.get(name, ()), strict=False)
    )


def _bare(part: Layer) -> Layer:
    return replace(part, calls=())


def _has_stored_weights(part: Layer) -> bool:
    return any(_is_stored(own.values) for item in walk_layers((part,)) for own in item.weights)


def _is_stored(values: Values) -> bool:
    if isinstance(values, StoredWeight):
        return True
    return any(map(_is_stored, values.sources))
