"""A recurrent layer reads its mask from a Masking right before it.

Before: LSTM (x, mask=m)
After:  LSTM (Masking {"mask_value": s} (Add (Multiply (x, m), Rescaling {-s, s} (m)))), then a
        Reshape to the same shape where the mask would go on

Steps that are left out hold s, a number no data has, everywhere, and the others their data: the
Masking makes just this mask. `mask=true` is a Masking alone, so that no older mask is taken
(engine/executor.ts 338). A Bidirectional that returns sequences returns zeros for steps left out
(keras/src/layers/rnn/bidirectional.py), and Keras has no output before the first step that counts,
where tfjs has the initial state: there the output is multiplied by zeros and ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tfjs_serve.graph import Call, Computed, Layer, TensorRef, Weight, tensors
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported
from tfjs_serve.rules.mask_makers import IS_STOPPED

CELLS = frozenset({"SimpleRNN", "GRU", "LSTM"})

CLASSES = (*CELLS, "ConvLSTM2D", "Bidirectional")

SENTINEL = float(np.float32(-9.8765e14))


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Put a Masking before a recurrent layer that is called with a mask."""
    call, inner = layer.calls[0], layer.parts.get("layer", layer)
    if layer.class_name not in CLASSES or "mask" not in call.kwargs:
        return None
    if layer.class_name == "Bidirectional" and inner.class_name not in CELLS:
        return not_supported(layer, f"layer = {inner.class_name} in a model with masks")
    mask = next(tensors(call.kwargs["mask"]), None)
    if mask is None:
        return _Masked(layer, inner, context).lowering()
    why = "called with its input as mask" if mask in call.inputs else obstacle(layer, inner)
    if why is not None:
        return not_supported(layer, why)
    return _Masked(layer, inner, context, mask).lowering()


def obstacle(layer: Layer, inner: Layer) -> str | None:
    """Return what of a masked layer, or of the one that both its directions are, cannot be told."""
    if inner.class_name not in CELLS:
        return "called with mask = a tensor"
    is_sequence, is_zeroed = bool(inner.config.get("return_sequences")), has_zeros(layer, inner)
    if is_zeroed and not is_sequence:
        return "zero_output_for_mask = True without return_sequences"
    if is_zeroed and inner.config.get("go_backwards"):
        return "go_backwards = True with zeros for steps left out by a mask"
    return None


def has_zeros(layer: Layer, inner: Layer) -> bool:
    """Tell whether Keras returns zeros for steps left out, not what came before."""
    is_both = inner is not layer
    return bool(inner.config.get("return_sequences" if is_both else "zero_output_for_mask"))


class _Masked:
    """The layers around a recurrent layer under a mask."""

    def __init__(
        self, layer: Layer, inner: Layer, context: Context, mask: TensorRef | None = None
    ) -> None:
        """Start with no layers; without a mask all steps are let through."""
        self._layer, self._inner, self._mask = layer, inner, mask
        self._is_sequence = bool(inner.config.get("return_sequences"))
        shape = context.shapes[0] if context.shapes else None
        if shape is None or len(shape) < 3:
            raise ShapeError("its input has no known shape")
        self._shape = shape
        self._steps = -1 if self._shape[1] is None else self._shape[1]
        self._layers: list[Layer] = []

    def lowering(self) -> Lowering | Refusal:
        """Return the layers and what they make."""
        call = self._layer.calls[0]
        x, *states = call.inputs
        steps = None
        if self._mask is not None:
            steps = self._add("steps", "Reshape", {"target_shape": (self._steps, 1)}, self._mask)
            kept = self._add("kept", "Multiply", {}, x, steps)
            sentinels = {"scale": -SENTINEL, "offset": SENTINEL}
            rest = self._add("left_out", "Rescaling", sentinels, steps)
            x = self._add("marked", "Add", {}, kept, rest)
        x = self._add("masking", "Masking", {"mask_value": SENTINEL, IS_STOPPED: True}, x)
        kwargs = {name: value for name, value in call.kwargs.items() if name != "mask"}
        own = Call((x,) if not states else ((x, *states),), kwargs)
        self._layers.append(replace(self._layer, calls=(own,)))
        sequences, last = self._outputs()
        if self._is_sequence and self._inner.class_name == "ConvLSTM2D":
            return not_supported(self._layer, "return_sequences = True beside layers with masks")
        factor = None if steps is None else self._factor(steps, has_states=bool(states))
        made = [self._ended(ref, factor, is_state=False) for ref in sequences]
        made += [self._ended(ref, None, is_state=True) for ref in last]
        return Lowering(tuple(self._layers), tuple(made))

    def _outputs(self) -> tuple[list[TensorRef], list[TensorRef]]:
        """Return the outputs of the layer, and the states behind them."""
        is_both = self._inner is not self._layer
        count = 2 if is_both and self._merge_mode() is None else 1
        ways = 2 if is_both else 1
        states = ways * (1 if self._inner.class_name in ("GRU", "SimpleRNN") else 2)
        total = count + (states if self._inner.config.get("return_state") else 0)
        refs = [TensorRef(self._layer.name, 0, index) for index in range(total)]
        return refs[:count], refs[count:]

    def _merge_mode(self) -> Any:
        return self._layer.config.get("merge_mode", "concat")

    def _ended(self, ref: TensorRef, factor: TensorRef | None, *, is_state: bool) -> TensorRef:
        """Return an output that carries no mask, times a factor."""
        if self._is_sequence:
            units = self._inner.config["units"]
            is_both = self._inner is not self._layer
            width = 2 * units if is_both and self._merge_mode() == "concat" else units
            target = (units,) if is_state else (self._steps, width)
            ref = self._add(f"output_{ref.output + 1}", "Reshape", {"target_shape": target}, ref)
        if factor is None:
            return ref
        return self._add(f"held_{ref.layer.rpartition('_')[2]}", "Multiply", {}, ref, factor)

    def _factor(self, steps: TensorRef, *, has_states: bool) -> TensorRef | None:
        """Return zeros where Keras has no output and ones elsewhere; None for ones throughout."""
        if has_zeros(self._layer, self._inner):
            return steps
        if not has_states:
            return None
        if not self._is_sequence:
            return self._add("any_step", "GlobalMaxPooling1D", {}, steps)
        return self._seen(steps)

    def _seen(self, steps: TensorRef) -> TensorRef:
        """Return, for each step, whether it or one before it counts."""
        # It counts them: the old count goes on to the next step.
        ones = Computed((1, 1), (), lambda: np.ones((1, 1), np.float32), ("ones", 1, 1))
        config = {
            "units": 1,
            "activation": "relu",
            "use_bias": False,
            "return_sequences": True,
            "go_backwards": bool(self._inner.config.get("go_backwards")),
            "trainable": False,
        }
        weights = (Weight("kernel", ones), Weight("recurrent_kernel", ones))
        counted = self._add("counted", "SimpleRNN", config, steps, weights=weights)
        return self._add("seen", "ReLU", {"max_value": 1.0}, counted)

    def _add(
        self,
        what: str,
        class_name: str,
        config: Mapping[str, Any],
        *inputs: TensorRef,
        weights: Sequence[Weight] = (),
    ) -> TensorRef:
        name = f"{self._layer.name}__{what}"
        fields = {"trainable": self._layer.config.get("trainable", True), **config}
        call = Call(inputs if len(inputs) == 1 else (inputs,))
        self._layers.append(Layer(name, class_name, fields, (call,), tuple(weights)))
        return TensorRef(name)
