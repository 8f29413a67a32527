"""What an operation that is put together of others is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from tfjs_serve.graph import Shape, TensorRef, Value
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering.composing import Composer
from tfjs_serve.lowering.operands import axis_of

SELECT = "select"
"""Field of a Where that must take one value or the other, whatever stands in the other."""

WHOLE = "whole"
"""Field of an operation that is called on whole numbers, as Keras computes them."""


OWN_LENGTH = "own_length"
"""Field of a Reshape to a shape with the length of axis 1 of the very tensor that it reshapes."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an operation is asked for: operands, attributes by name, shapes of its tensors."""

    args: tuple[Value, ...]
    fields: Mapping[str, Any]
    shapes: tuple[Shape, ...]

    @property
    def x(self) -> TensorRef:
        """The first operand, which must be a tensor."""
        if not self.args or not isinstance(self.args[0], TensorRef):
            raise ShapeError("needs a tensor as its first operand")
        return self.args[0]

    @property
    def shape(self) -> Shape:
        """The shape of the first tensor."""
        return self.shapes[0]

    @property
    def over(self) -> dict[str, Any]:
        """The axes of a reduction, and whether they stay."""
        return {"axis": self.fields.get("axis"), "keepdims": bool(self.fields.get("keepdims"))}

    def axis(self, default: int | None = -1) -> int:
        """Return the one axis, counted from the front."""
        return axis_of(self.fields.get("axis", default), len(self.shape))

    def size(self, axis: int) -> int:
        """Return the length of an axis; ShapeError where it is not known."""
        size = self.shape[axis]
        if size is None:
            raise ShapeError(f"needs a known length of axis {axis}, got {self.shape}")
        return size


Compose: TypeAlias = Callable[[Composer, Asked], "TensorRef | tuple[TensorRef, ...] | None"]
"""Returns what stands for the outputs of an operation; None where that is left to others."""
