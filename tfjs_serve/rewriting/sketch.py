"""A lowering, written down layer by layer with the shapes that flow through it.

    sketch = Sketch(layer, context)
    x = sketch.input(0)
    y = sketch.add("Rescaling", {"scale": -1.0}, sketch.input(1))
    return sketch.done(sketch.add("Add", {}, x, y, name=layer.name))

The last layer, or the one with the weights, keeps the name of the layer that is lowered; the
others are called `<layer>__<what>`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tfjs_serve.graph import Call, Layer, Shape, TensorRef, Weight
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.report import Note
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal
from tfjs_serve.rewriting.supported import checked
from tfjs_serve.shapes import call_shapes


class Sketch:
    """The layers of a lowering so far; those of tfjs only, with fields as the catalog has them."""

    def __init__(self, layer: Layer, context: Context) -> None:
        """Start a lowering of `layer`; ShapeError when the shape of an input is hidden."""
        self._layer = layer
        self._layers: list[Layer] = []
        self._shapes: dict[TensorRef, Shape] = {}
        for ref, shape in zip(layer.calls[0].inputs, context.shapes, strict=True):
            if shape is None:
                raise ShapeError("its input has no known shape")
            self._shapes[ref] = shape

    def input(self, index: int = 0) -> TensorRef:
        """Return an input of the layer."""
        return self._layer.calls[0].inputs[index]

    @property
    def inputs(self) -> tuple[TensorRef, ...]:
        """Return the inputs of the layer, in order."""
        return self._layer.calls[0].inputs

    def shape(self, tensor: TensorRef) -> Shape:
        """Return the shape of a tensor, batch axis first."""
        return self._shapes[tensor]

    def add(
        self,
        class_name: str,
        config: Mapping[str, Any],
        *inputs: TensorRef,
        name: str | None = None,
        weights: Sequence[Weight] = (),
        part: Layer | None = None,
    ) -> TensorRef:
        """Add a layer and return its first output.

        name: by default `<layer>__<class>_<n>`. part: what a wrapper holds. Raises ShapeError for
        input tfjs cannot take.
        """
        name = name or f"{self._layer.name}__{class_name.lower()}_{len(self._layers) + 1}"
        call = Call(inputs if len(inputs) == 1 else (inputs,))
        fields = {"trainable": self._layer.config.get("trainable", True), **config}
        parts = {} if part is None else {"layer": part}
        made = checked(Layer(name, class_name, fields, (call,), tuple(weights), parts))
        if isinstance(made, Refusal):
            raise ShapeError("; ".join(reason.why for reason in made.reasons))
        self._layers.append(made.layer)
        shapes = call_shapes(made.layer, [self._shapes[ref] for ref in inputs])
        for output, shape in enumerate(shapes):
            self._shapes[TensorRef(name, 0, output)] = shape
        return TensorRef(name)

    def done(self, *outputs: TensorRef, notes: Sequence[Note] = ()) -> Lowering:
        """Return the lowering with these tensors as the outputs of the layer."""
        return Lowering(tuple(self._layers), outputs, tuple(notes))
