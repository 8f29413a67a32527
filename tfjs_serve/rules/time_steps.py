"""What takes more than one layer of tfjs on each step of a TimeDistributed is a model there.

Before: TimeDistributed {"layer": LSTM {"units": 4}} called "t" on [null, null, 3, 2]
After:  TimeDistributed {"layer": a model of that LSTM} called "t"

The loop of tfjs (layers/wrappers.ts 150) takes any layer that returns one tensor, and a model is
one: what is deserialised for it has its weights already, named as in a nested model. A recurrent
layer by itself is not called by its `apply` there, so it gets a model of its own. Models inside
need nothing, and the number of steps may be unknown.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Call, Graph, GraphKind, Layer, TensorRef
from tfjs_serve.layers_format.catalog import CATALOG
from tfjs_serve.rewriting.rule import Context, Rewrite
from tfjs_serve.topology import part_config

CLASSES = ("TimeDistributed",)


def rewrite(layer: Layer, context: Context) -> Rewrite | None:
    """Put a model around the wrapped layer."""
    part = layer.parts.get("layer")
    shape = context.shapes[0] if len(context.shapes) == 1 else None
    if layer.class_name not in CLASSES or part is None or shape is None or _is_looped(part):
        return None
    source = Layer(
        f"{part.name}__x",
        "InputLayer",
        {"shape": (shape[0], *shape[2:]), "dtype": "float32"},
        (Call(),),
    )
    told = part.calls[0].shapes if part.calls else ()
    inside = replace(part, calls=(Call((TensorRef(source.name),), {}, told),))
    ends = (TensorRef(source.name),), (TensorRef(part.name),)
    graph = Graph(part.name, GraphKind.FUNCTIONAL, (source, inside), *ends)
    trainable = {"trainable": part.config.get("trainable", True)}
    model = Layer(part.name, "Functional", trainable, part.calls, graph=graph)
    return Rewrite(replace(layer, parts={"layer": model}))


def _is_looped(part: Layer) -> bool:
    """Tell whether tfjs can call the layer, or model, in a loop of its own."""
    return part.graph is not None or CATALOG["TimeDistributed"].fields["layer"].accepts(
        part_config(part)
    )
