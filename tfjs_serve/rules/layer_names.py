"""Layer names become ones TensorFlow.js takes, unique across nested models.

Before: "conv 1", "_hidden", and two nested models that both hold a "dense"
After:  "conv_1", "hidden", "dense" and "dense_t1"

tfjs names a weight `<layer>/<weight>` whatever the nesting (engine/container.ts 605), allows
letters, digits and -._/ (common.ts 111), and takes `constructor` for a layer it has already
(container.ts 1215).
"""

from __future__ import annotations

import re
from dataclasses import replace

from tfjs_serve.graph import Graph, Layer, TensorRef, map_refs
from tfjs_serve.report import Note
from tfjs_serve.rewriting.rule import Context, GraphRewrite

TAKEN_BY_OBJECTS = frozenset(
    (
        *("constructor", "toString", "valueOf", "hasOwnProperty", "isPrototypeOf"),
        *("propertyIsEnumerable", "toLocaleString", "__proto__"),
    )
)


def rewrite(graph: Graph, context: Context) -> GraphRewrite | None:
    """Rename what tfjs would refuse or confuse; the first layer of a name keeps it."""
    notes: list[Note] = []
    renamed = _rename(graph, set(), notes)
    return None if renamed == graph else GraphRewrite(renamed, tuple(notes))


def _rename(graph: Graph, taken: set[str], notes: list[Note]) -> Graph:
    names = {layer.name: _free(layer, taken) for layer in graph.layers}
    changed = {old: new for old, new in names.items() if old != new}
    for old, new in changed.items():
        notes.append(Note(f"is called {new!r} in the browser", old))

    def ref(old: TensorRef) -> TensorRef:
        return replace(old, layer=changed[old.layer]) if old.layer in changed else old

    def cleaned(part: Layer) -> Layer:
        # A wrapped layer stands in no list of layers, only in the names of its weights.
        inner = None if part.graph is None else _rename(part.graph, taken, notes)
        parts = {field: cleaned(deeper) for field, deeper in part.parts.items()}
        return replace(part, name=_clean(part), parts=parts, graph=inner)

    def named(layer: Layer) -> Layer:
        if not (changed or layer.parts or layer.graph):
            return layer
        return replace(
            layer,
            name=names[layer.name],
            calls=tuple(map_refs(call, ref) for call in layer.calls),
            parts={field: cleaned(part) for field, part in layer.parts.items()},
            graph=None if layer.graph is None else _rename(layer.graph, taken, notes),
        )

    return replace(
        graph,
        layers=tuple(named(layer) for layer in graph.layers),
        inputs=tuple(ref(item) for item in graph.inputs),
        outputs=tuple(ref(item) for item in graph.outputs),
    )


def _clean(layer: Layer) -> str:
    name = re.sub(r"[^A-Za-z0-9\-._/]", "_", layer.name)
    return re.sub(r"^[^A-Za-z0-9]+", "", name) or layer.class_name.lower()


def _free(layer: Layer, taken: set[str]) -> str:
    name = _clean(layer)
    if name in TAKEN_BY_OBJECTS:
        name = f"{name}_layer"
    free, count = name, 0
    while free in taken:
        count += 1
        free = f"{name}_t{count}"
    taken.add(free)
    return free
