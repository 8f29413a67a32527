"""Initial states of a recurrent layer become further inputs of the call.

Before: LSTM called with (x, initial_state=[h, c]), as Keras 3 writes it
After:  LSTM called with (x, h, c), as Keras 2 writes it and TensorFlow.js reads it

tfjs ignores the named arguments of a node, but takes what follows the sequence for its states
(layers/recurrent.ts, `standardizeArgs`).
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Call, Layer, tensors
from tfjs_serve.rewriting.rule import Context, Rewrite

RECURRENT = ("SimpleRNN", "GRU", "LSTM")


def rewrite(layer: Layer, context: Context) -> Rewrite | None:
    """Move initial states from the named arguments of each call to its inputs."""
    if layer.class_name not in RECURRENT:
        return None
    calls = tuple(_moved(call) for call in layer.calls)
    return None if calls == layer.calls else Rewrite(replace(layer, calls=calls))


def _moved(call: Call) -> Call:
    states = tuple(tensors(call.kwargs.get("initial_state")))
    if not states:
        return call
    kwargs = {name: value for name, value in call.kwargs.items() if name != "initial_state"}
    return Call(((*call.inputs, *states),), kwargs)
