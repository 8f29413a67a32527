"""Gates with Keras 3's hard_sigmoid get weights for TensorFlow.js's.

Before: LSTM {"recurrent_activation": "hard_sigmoid"} of Keras 3
After:  LSTM {"recurrent_activation": "hardSigmoid"}, columns i, f and o of each weight times 5/6

Keras 3 computes relu6(x + 3) / 6 (keras/src/ops/nn.py), tfjs clip(0.2 x + 0.5, 0, 1): the one is
the other at 5/6 x, and a gate is linear in its columns. `hardSigmoid` is tfjs's own spelling, which
no Keras writes. Numbers stay Keras's; further training runs on scaled weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tfjs_serve.graph import Computed, Layer, Weight
from tfjs_serve.layers_format.catalog import companion
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, Rewrite, with_fields

FIELDS = ("activation", "recurrent_activation")

GATES: Mapping[str, tuple[int, Mapping[str, tuple[int, ...]]]] = {
    # class -> number of gates in a weight, then the gates each field alone decides about
    "LSTM": (4, {"recurrent_activation": (0, 1, 3)}),
    "ConvLSTM2D": (4, {"recurrent_activation": (0, 1, 3)}),
    "GRU": (3, {"recurrent_activation": (0, 1), "activation": (2,)}),
    companion.GRU: (3, {"recurrent_activation": (0, 1), "activation": (2,)}),
    "SimpleRNN": (1, {"activation": (0,)}),
}

TFJS_NAME = "hardSigmoid"

SCALE = 5 / 6


def rewrite(layer: Layer, context: Context) -> Rewrite | None:
    """Scale the gates of a recurrent layer that Keras 3's hard_sigmoid decides about."""
    if context.generation < 3 or layer.class_name not in GATES:
        return None
    count, gates_of = GATES[layer.class_name]
    fields = [name for name in gates_of if layer.config.get(name) == "hard_sigmoid"]
    if not fields:
        return None
    gates = sorted(gate for name in fields for gate in gates_of[name])
    weights = tuple(_scaled(weight, count, gates) for weight in layer.weights)
    changed = with_fields(layer, dict.fromkeys(fields, TFJS_NAME))
    return Rewrite(replace(changed, weights=weights), (Note(_NOTE, layer.name, NoteKind.TRAINING),))


def _scaled(weight: Weight, count: int, gates: Sequence[int]) -> Weight:
    """Return a weight with the columns of some of its gates times 5/6."""

    def compute(values: Any) -> Any:
        units = values.shape[-1] // count
        factors = np.ones(count * units)
        for gate in gates:
            factors[gate * units : (gate + 1) * units] = SCALE
        return np.asarray(values * factors, dtype=np.float32)

    key = ("hard_sigmoid_gates", count, *gates)
    return Weight(weight.name, Computed(weight.shape, (weight.values,), compute, key))


_NOTE = (
    "its hard_sigmoid is that of Keras 3: weights of gates are scaled by 5/6, which changes how "
    "fast they are trained further"
)
