"""A recurrent layer that keeps its states between batches does so in TensorFlow.js, once for each.

Before: LSTM {"stateful": true} in a model with a fixed batch size
After:  the same, with a warning: each prediction goes on from the one before

Both start from zeros after loading, keep the last states at the end of `predict` until they are
reset (layers/recurrent.ts 760-764; keras/src/layers/rnn/rnn.py, `call`), and take batches of the
size in the file only. TensorFlow.js runs a layer again for each of its outputs in use
(engine/executor.ts 344), all layers of a nested model for each of its outputs, and those in a
TimeDistributed for each step: there the states would go on more than once, so these are refused.
"""

from __future__ import annotations

from collections.abc import Iterator

from tfjs_serve.errors import Reason
from tfjs_serve.graph import Graph, Layer, inner_graphs, walk_layers
from tfjs_serve.lowering.left_states import WITH_STATES, known_flow, used_outputs
from tfjs_serve.report import Note
from tfjs_serve.rewriting.rule import Context, GraphRewrite, Refusal
from tfjs_serve.shapes import Flow


def rewrite(graph: Graph, context: Context) -> GraphRewrite | Refusal | None:
    """Refuse stateful layers that TensorFlow.js would run more than once for a batch."""
    if not any(_is_stateful(layer) for layer in walk_layers(graph.layers)):
        return None
    flow = known_flow(graph)
    if flow is None:
        return None
    reasons = tuple(
        Reason(f"stateful = True {why}", layer.name, layer.class_name, _REMEDY)
        for layer, why in _obstacles(graph, flow)
    )
    if reasons:
        return Refusal(reasons)
    sizes = (flow[ref.layer, ref.call][ref.output] for ref in graph.inputs)
    batch = next((shape[0] for shape in sizes if shape and shape[0]), None)
    notes = [
        Note(_GOES_ON.format(batch=batch), layer.name)
        for layer in graph.layers
        if _is_stateful(layer)
    ]
    return GraphRewrite(graph, tuple(notes))


def _obstacles(graph: Graph, flow: Flow) -> Iterator[tuple[Layer, str]]:
    for layer in graph.layers:
        inside = [item for model in inner_graphs(layer) for item in walk_layers(model.layers)]
        if any(map(_is_stateful, inside)) or (
            layer.class_name == "TimeDistributed" and any(map(_is_stateful, layer.parts.values()))
        ):
            yield (
                layer,
                "inside a nested model or wrapper, which may run more than once for a batch",
            )
        elif _is_stateful(layer):
            (first, *states) = layer.calls[0].inputs
            is_used_again = len(layer.calls) > 1 or len(used_outputs(graph, layer.name, 0)) > 1
            shape = flow[first.layer, first.call][first.output]
            if states:
                yield layer, "together with initial states"
            elif is_used_again:
                yield layer, "with several outputs or calls in use, for each of which it runs again"
            elif shape is None or shape[0] is None:
                yield layer, "without a batch size in the file"


def _is_stateful(layer: Layer) -> bool:
    parts = layer.parts.values() if layer.class_name == "Bidirectional" else ()
    own = layer.class_name in WITH_STATES and bool(layer.config.get("stateful"))
    return own or any(map(_is_stateful, parts))


_GOES_ON = (
    "is stateful: each prediction goes on from the states that the one before left, as in Keras, "
    "until model.resetStates() is called, and takes {batch} samples at once (pass batchSize: "
    "{batch} to predict more)"
)

_REMEDY = "build the model with stateful=False, load the weights into it and save that"
