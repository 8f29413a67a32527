"""A tensor returned twice, or an input returned as it is, is returned through a copy.

Before: outputs [y, y], or an output that is the input x
After:  outputs [y, Activation {"activation": "linear"} (y)], Activation {...} (x)

`predict` of tfjs fails on the same tensor twice, and on an input returned as it is
(engine/training.ts, `predictLoop`).
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Call, Graph, Layer, TensorRef, with_graphs
from tfjs_serve.rewriting.rule import Context, GraphRewrite


def rewrite(graph: Graph, context: Context) -> GraphRewrite | None:
    """Put a linear activation in front of such outputs, nested models included."""
    changed = _with_own_outputs(graph)
    return None if changed == graph else GraphRewrite(changed)


def _with_own_outputs(graph: Graph) -> Graph:
    layers = [with_graphs(layer, _with_own_outputs) for layer in graph.layers]
    outputs: list[TensorRef] = []
    for ref in graph.outputs:
        if ref in outputs or ref in graph.inputs:
            layers.append(_copy(ref, {layer.name for layer in layers}))
            ref = TensorRef(layers[-1].name)
        outputs.append(ref)
    return replace(graph, layers=tuple(layers), outputs=tuple(outputs))


def _copy(ref: TensorRef, taken: set[str]) -> Layer:
    count = 1
    while (name := f"{ref.layer}__output_{count}") in taken:
        count += 1
    config = {"trainable": True, "activation": "linear"}
    return Layer(name, "Activation", config, (Call((ref,)),))
