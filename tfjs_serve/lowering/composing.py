"""Lowerings written in the words of Keras: operations and layers that other rules lower further."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tfjs_serve.graph import OPERATION_PREFIX, Call, Layer, TensorRef, Value
from tfjs_serve.report import Note
from tfjs_serve.rewriting.rule import Lowering


class Composer:
    """The operations that a lowering consists of so far."""

    def __init__(self, layer: Layer) -> None:
        """Start the lowering of a layer or an operation."""
        self._layer = layer
        self._layers: list[Layer] = []

    def op(self, name: str, *args: Value, **attributes: Any) -> TensorRef:
        """Add an operation of keras.ops and return its first output."""
        return self._added(name, OPERATION_PREFIX + name, attributes, Call(args))

    def layer(self, class_name: str, *inputs: TensorRef, **fields: Any) -> TensorRef:
        """Add a layer and return its first output."""
        call = Call(inputs if len(inputs) == 1 else (inputs,))
        return self._added(class_name, class_name, fields, call)

    def done(self, output: TensorRef, notes: Sequence[Note] = ()) -> Lowering:
        """Return the lowering; what makes the output has the name of the layer."""
        *others, last = self._layers
        if output != TensorRef(last.name):
            return self.done(self.layer("Activation", output, activation="linear"), notes)
        own = replace(last, name=self._layer.name)
        return Lowering((*others, own), (TensorRef(own.name),), tuple(notes))

    def several(self, *outputs: TensorRef) -> Lowering:
        """Return the lowering of an operation that makes several tensors."""
        return Lowering(tuple(self._layers), outputs)

    def _added(self, what: str, class_name: str, config: dict[str, Any], call: Call) -> TensorRef:
        name = f"{self._layer.name}__{what.lower()}_{len(self._layers) + 1}"
        self._layers.append(Layer(name, class_name, config, (call,)))
        return TensorRef(name)
