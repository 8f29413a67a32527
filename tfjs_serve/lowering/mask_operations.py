"""Masks as operations of keras.ops, the way Keras 3 writes them into a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tfjs_serve.graph import OPERATION_PREFIX, Call, Layer, TensorRef, Value
from tfjs_serve.lowering.mask_flow import EMBEDDINGS, Joined, Merged, Reduced


@dataclass(slots=True)
class MaskOperations:
    """The operations that compute the masks of one graph, as far as they are written."""

    layers: list[Layer] = field(default_factory=list)

    def of_maker(self, layer: Layer, index: int) -> TensorRef:
        """Return the mask that an Embedding or a Masking makes in one of its calls."""
        (source, *_) = layer.calls[index].inputs
        name = f"{layer.name}__mask" + (f"_{index + 1}" if index else "")
        if layer.class_name in EMBEDDINGS:
            return self.add(name, "NotEqual", {}, source, 0)
        value = layer.config.get("mask_value", 0.0)
        differs = self.add(f"{name}__differs", "NotEqual", {}, source, value)
        return self.add(name, "Any", {"axis": -1, "keepdims": False}, differs)

    def truth(self, layer: Layer, index: int, mask: TensorRef) -> TensorRef:
        """Return a mask of any numbers as zeros and ones."""
        return self.add(f"{layer.name}__given_mask_{index + 1}", "NotEqual", {}, mask, 0)

    def merged(self, layer: Layer, index: int, merged: Merged) -> TensorRef:
        """Return what several masks make together."""
        mask, *others = merged.masks
        for place, other in enumerate(others):
            name = f"{layer.name}__mask_{index + 1}_{place + 1}"
            mask = self.add(name, merged.operation, {}, mask, other)
        return mask

    def joined(self, layer: Layer, index: int, joined: Joined) -> TensorRef:
        """Return the masks of several tensors one after the other."""
        masks: list[TensorRef] = []
        for place, (x, mask) in enumerate(joined.parts):
            if mask is None:
                mask = self._of_ones(f"{layer.name}__mask_{index + 1}_{place + 1}", x)
            masks.append(mask)
        name = f"{layer.name}__mask_{index + 1}"
        return self.add(name, "Concatenate", {"axis": 1}, tuple(masks))

    def ones(self, layer: Layer, index: int) -> TensorRef:
        """Return a mask that lets every step of the first input of a call through."""
        return self._of_ones(f"{layer.name}__mask_{index + 1}", layer.calls[index].inputs[0])

    def _of_ones(self, name: str, x: TensorRef) -> TensorRef:
        ones = self.add(f"{name}__ones", "OnesLike", {}, x)
        return self.add(name, "Any", {"axis": -1, "keepdims": False}, ones)

    def reduced(self, layer: Layer, index: int, reduced: Reduced) -> TensorRef:
        """Return a mask with an axis less."""
        name = f"{layer.name}__mask_{index + 1}"
        return self.add(name, "Any", {"axis": -1, "keepdims": False}, reduced.mask)

    def add(self, name: str, op: str, config: Mapping[str, Value], *args: Value) -> TensorRef:
        """Add an operation."""
        self.layers.append(Layer(name, OPERATION_PREFIX + op, config, (Call(args),)))
        return TensorRef(name)
