"""A GRU with reset_after as a model of plain layers, one group of calls for each step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tfjs_serve.graph import (
    Call,
    Computed,
    Graph,
    GraphKind,
    Layer,
    Shape,
    TensorRef,
    Values,
    Weight,
)

Z, R, CANDIDATE = 0, 1, 2
"""Places of the gates in the columns of a weight (keras/src/layers/rnn/gru.py)."""


@dataclass(frozen=True, slots=True)
class Way:
    """How one direction is worked through.

    is_reversed: from the last step to the first.
    is_turned: return the sequence in the other order than it was worked through.
    is_zeroed: return zeros for steps left out by the mask, not what came before.
    """

    is_reversed: bool
    is_turned: bool = False
    is_zeroed: bool = False


def unrolled(
    gru: Layer,
    name: str,
    shape: Shape,
    inputs: Sequence[TensorRef],
    mask: TensorRef | None,
    way: Way,
) -> Layer:
    """Return the model called `name` that computes `gru` on input of a static shape.

    inputs: the sequence, and the initial state if there is one; mask: zeros and ones [batch, T].
    """
    steps, width, units = int(shape[1] or 0), int(shape[2] or 0), gru.config["units"]
    model = _Model(name, bool(gru.config.get("trainable", True)))
    cell = _Cell(model, gru)
    given = [model.source("x", (None, steps, width))]
    rows = _Rows(model, "x", given[0], steps, width)
    state: TensorRef | None = None
    if len(inputs) > 1:
        state = model.source("state", (None, units))
        given.append(state)
    masks = None
    if mask is not None:
        given.append(model.source("mask", (None, steps)))
        masks = _Rows(model, "mask", given[-1], steps, 1)
    made: list[TensorRef] = []
    for step in range(steps - 1, -1, -1) if way.is_reversed else range(steps):
        before, after = cell.step(rows[step], state)
        if masks is None:
            state = after
            made.append(state)
        else:
            taken, state = _held(model, masks[step], before, after)
            made.append(taken if way.is_zeroed else state)
    output = made[-1]
    if gru.config.get("return_sequences"):
        output = _stacked(model, made[::-1] if way.is_turned else made, units)
    outputs = [output]
    if gru.config.get("return_state") and state is not None:
        # A model cannot return one tensor twice.
        outputs.append(model.on("last", "Activation", {"activation": "linear"}, state))
    layers = tuple(model.layers.values())
    graph = Graph(name, GraphKind.FUNCTIONAL, layers, tuple(given), tuple(outputs))
    called = (*inputs, *(() if mask is None else (mask,)))
    call = Call(called if len(called) == 1 else (called,))
    return Layer(name, "Functional", {"trainable": model.trainable}, (call,), graph=graph)


@dataclass(slots=True)
class _Model:
    """The layers of a model that is being written down; a layer may be called again."""

    name: str
    trainable: bool
    layers: dict[str, Layer] = field(default_factory=dict)

    def source(self, what: str, shape: Shape) -> TensorRef:
        """Add an input."""
        name = f"{self.name}__{what}"
        config = {"shape": shape, "dtype": "float32"}
        self.layers[name] = Layer(name, "InputLayer", config, (Call(),))
        return TensorRef(name)

    def on(
        self,
        what: str,
        class_name: str,
        config: Mapping[str, Any],
        *inputs: TensorRef,
        weights: Sequence[Weight] = (),
    ) -> TensorRef:
        """Call the layer `<model>__<what>`, which the first call makes."""
        name = f"{self.name}__{what}"
        call = Call(inputs if len(inputs) == 1 else (inputs,))
        fields = {"trainable": self.trainable, **config}
        known = self.layers.get(name, Layer(name, class_name, fields, (), tuple(weights)))
        self.layers[name] = replace(known, calls=(*known.calls, call))
        return TensorRef(name, len(known.calls))


class _Rows:
    """The steps of a sequence, cut out when they are first asked for."""

    def __init__(self, model: _Model, what: str, x: TensorRef, steps: int, width: int) -> None:
        self._model, self._what, self._steps, self._width = model, what, steps, width
        self._frame = model.on(f"{what}_frame", "Reshape", {"target_shape": (steps, 1, width)}, x)

    def __getitem__(self, step: int) -> TensorRef:
        around = ((step, self._steps - 1 - step), (0, 0))
        config = {"cropping": around, "data_format": "channels_last"}
        cut = self._model.on(f"{self._what}_{step}", "Cropping2D", config, self._frame)
        shape = {"target_shape": (self._width,)}
        return self._model.on(f"{self._what}_step", "Reshape", shape, cut)


class _Cell:
    """The four Dense layers that all steps share."""

    def __init__(self, model: _Model, gru: Layer) -> None:
        self._model, self._gru = model, gru
        self._weights = {weight.name: weight.values for weight in gru.weights}

    def step(self, x: TensorRef, state: TensorRef | None) -> tuple[TensorRef, TensorRef]:
        """Return the states before and after a step; no state is one of zeros."""
        on, config = self._model.on, self._gru.config
        from_x = self._dense("input", x)
        if state is None:
            state = on("zeros", "Rescaling", {"scale": 0.0, "offset": 0.0}, from_x)
        both = on("both", "Concatenate", {"axis": -1}, x, state)
        z, r = self._dense("z", both), self._dense("r", both)
        from_state = on("reset", "Multiply", {}, r, self._dense("recurrent", state))
        summed = on("sum", "Add", {}, from_x, from_state)
        candidate = on("candidate", "Activation", {"activation": config["activation"]}, summed)
        rest = on("rest", "Rescaling", {"scale": -1.0, "offset": 1.0}, z)
        kept, new = on("kept", "Multiply", {}, z, state), on("new", "Multiply", {}, rest, candidate)
        return state, on("state_after", "Add", {}, kept, new)

    def _dense(self, what: str, x: TensorRef) -> TensorRef:
        """Call one of the Dense layers: the gates z and r, or either half of the candidate."""
        gate, sides = {
            "z": (Z, (0, 1)),
            "r": (R, (0, 1)),
            "input": (CANDIDATE, (0,)),
            "recurrent": (CANDIDATE, (1,)),
        }[what]
        units = self._gru.config["units"]
        kernels = [self._weights[("kernel", "recurrent_kernel")[side]] for side in sides]
        weights = [Weight("kernel", _columns(kernels, gate, units))]
        if "bias" in self._weights:
            weights.append(Weight("bias", _bias(self._weights["bias"], gate, units, sides)))
        is_gate = len(sides) > 1
        config = {
            "units": units,
            "activation": self._gru.config["recurrent_activation"] if is_gate else "linear",
            "use_bias": "bias" in self._weights,
        }
        return self._model.on(what, "Dense", config, x, weights=weights)


def _held(
    model: _Model, m: TensorRef, before: TensorRef, after: TensorRef
) -> tuple[TensorRef, TensorRef]:
    """Return the new state where the mask is one, else zeros; and else the old state."""
    rest = model.on("left_out", "Rescaling", {"scale": -1.0, "offset": 1.0}, m)
    taken = model.on("taken", "Multiply", {}, m, after)
    repeated = model.on("repeated", "Multiply", {}, rest, before)
    return taken, model.on("held", "Add", {}, taken, repeated)


def _stacked(model: _Model, made: Sequence[TensorRef], units: int) -> TensorRef:
    """Return the steps as one sequence."""
    rows = [model.on("row", "Reshape", {"target_shape": (1, units)}, step) for step in made]
    return rows[0] if len(rows) == 1 else model.on("rows", "Concatenate", {"axis": 1}, *rows)


def _columns(kernels: Sequence[Values], gate: int, units: int) -> Computed:
    """Return the columns of one gate, those for the input above those for the state."""

    def compute(*values: Any) -> Any:
        return np.concatenate([value[:, gate * units : (gate + 1) * units] for value in values])

    rows = sum(kernel.shape[0] for kernel in kernels)
    return Computed((rows, units), tuple(kernels), compute, ("unroll_kernel", gate))


def _bias(bias: Values, gate: int, units: int, sides: Sequence[int]) -> Computed:
    """Return the bias of one gate: of the input, of the state, or the sum of both."""

    def compute(values: Any) -> Any:
        chosen = values.reshape(2, -1)[list(sides), gate * units : (gate + 1) * units]
        return chosen.sum(axis=0)

    return Computed((units,), (bias,), compute, ("unroll_bias", gate, *sides))
