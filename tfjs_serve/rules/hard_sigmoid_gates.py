"""Gates with Keras 3's hard_sigmoid or sparse_sigmoid get weights for TensorFlow.js's hard one.

Before: LSTM {"recurrent_activation": "hard_sigmoid"} of Keras 3
After:  LSTM {"recurrent_activation": "hardSigmoid"}, columns i, f and o of each weight times 5/6

Keras 3 computes relu6(x + 3) / 6 and clip(0.5 x + 0.5, 0, 1) (keras/src/ops/nn.py), tfjs
clip(0.2 x + 0.5, 0, 1): the first is the last at 5/6 x, the second at 5/2 x, and a gate is linear
in its columns. `hardSigmoid` is tfjs's own spelling, which no Keras writes. Numbers stay Keras's;
further training runs on scaled weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from tfjs_serve.graph import Computed, Layer, Weight
from tfjs_serve.layers_format.catalog import companion
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, Rewrite, with_fields

GATES: Mapping[str, tuple[int, Mapping[str, tuple[int, ...]]]] = {
    # class -> number of gates in a weight, then the gates each field alone decides about
    "LSTM": (4, {"recurrent_activation": (0, 1, 3)}),
    "ConvLSTM2D": (4, {"recurrent_activation": (0, 1, 3)}),
    companion.CONV_LSTM: (4, {"recurrent_activation": (0, 1, 3)}),
    "GRU": (3, {"recurrent_activation": (0, 1), "activation": (2,)}),
    companion.GRU: (3, {"recurrent_activation": (0, 1), "activation": (2,)}),
    "SimpleRNN": (1, {"activation": (0,)}),
}

SCALES = {"hard_sigmoid": Fraction(5, 6), "sparse_sigmoid": Fraction(5, 2)}
"""Activation of Keras 3 -> how much steeper it is than that of tfjs."""

TFJS_NAME = "hardSigmoid"


def rewrite(layer: Layer, context: Context) -> Rewrite | None:
    """Scale the gates of a recurrent layer that a sigmoid of straight lines decides about."""
    if context.generation < 3 or layer.class_name not in GATES:
        return None
    count, gates_of = GATES[layer.class_name]
    names = {field: layer.config.get(field) for field in gates_of}
    found = {field: str(name) for field, name in names.items() if _is_scaled(name)}
    if not found:
        return None
    factors = [Fraction(1)] * count
    for field, name in found.items():
        for gate in gates_of[field]:
            factors[gate] = SCALES[name]
    weights = tuple(_scaled(weight, factors) for weight in layer.weights)
    changed = with_fields(layer, dict.fromkeys(found, TFJS_NAME))
    notes = (_note(name, layer.name) for name in dict.fromkeys(found.values()))
    return Rewrite(replace(changed, weights=weights), tuple(notes))


def _is_scaled(name: Any) -> bool:
    return isinstance(name, str) and name in SCALES


def _scaled(weight: Weight, factors: Sequence[Fraction]) -> Weight:
    """Return a weight with the columns of each gate times its factor."""

    def compute(values: Any) -> Any:
        columns = np.repeat(np.array(factors, np.float64), values.shape[-1] // len(factors))
        return np.asarray(values * columns, dtype=np.float32)

    key = ("hard_sigmoid_gates", *factors)
    return Weight(weight.name, Computed(weight.shape, (weight.values,), compute, key))


def _note(name: str, layer: str) -> Note:
    text = (
        f"its {name} is that of Keras 3: weights of gates are scaled by {SCALES[name]}, which "
        "changes how fast they are trained further"
    )
    return Note(text, layer, NoteKind.TRAINING)
