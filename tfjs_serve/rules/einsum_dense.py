"""An EinsumDense becomes a Dense between changes of shape.

Before: EinsumDense {"equation": "abc,cde->abde", "output_shape": [null, 4, 5]}
After:  Dense {"units": 20}, Reshape [-1, 4, 5]

Axes that are summed over move to the end and become one, and so do those the kernel adds. A
kernel that shares an axis with input and output is no Dense and stays refused.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tfjs_serve.graph import Computed, Layer, Shape, Values, Weight
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering.chains import chain, permute, reshape, step, values_of
from tfjs_serve.lowering.toolbox import held, lengths
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported

CLASSES = ("EinsumDense",)

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class _Equation:
    """The letters of the input, the kernel and the output."""

    given: str
    kernel: str
    made: str

    @property
    def summed(self) -> str:
        return "".join(letter for letter in self.given if letter not in self.made)

    @property
    def kept(self) -> str:
        return "".join(letter for letter in self.given if letter in self.made)

    @property
    def added(self) -> str:
        return "".join(letter for letter in self.made if letter not in self.given)

    @property
    def is_dense(self) -> bool:
        """Tell whether the kernel maps the summed letters to the added ones, batch axis first."""
        each = (self.given, self.kernel, self.made)
        return (
            all(len(set(letters)) == len(letters) for letters in each)
            and sorted(self.kernel) == sorted(self.summed + self.added)
            and bool(self.summed)
            and set(self.made) == set(self.kept + self.added)
            and self.kept[:1] == self.given[:1] == self.made[:1]
        )


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Write the sum as a product with a matrix."""
    shape = context.shapes[0] if len(context.shapes) == 1 else None
    kernel = values_of(layer, "kernel")
    if layer.class_name not in CLASSES or shape is None or kernel is None:
        return None
    if (layer.config.get("bias_axes") is None) != (values_of(layer, "bias") is None):
        return None
    written = layer.config.get("equation")
    equation = _read(str(written), len(shape))
    if equation is None or not equation.is_dense:
        return not_supported(layer, f"equation = {written!r}, whose kernel maps no axes to others")
    sizes = dict(zip(equation.kernel, kernel.shape, strict=True))
    return _dense(layer, shape, equation, sizes, kernel)


def _read(equation: str, rank: int) -> _Equation | None:
    """Return the equation with a letter for every axis; None when it does not fit the rank."""
    head, arrow, made = equation.replace(" ", "").partition("->")
    given, comma, kernel = head.partition(",")
    if not arrow or not comma or "." in kernel:
        return None
    hidden = "0123456789"[: max(rank - len(given.replace("...", "")), 0)]
    given, made = given.replace("...", hidden), made.replace("...", hidden)
    is_plain = all(letter.isalnum() for letter in given + kernel + made)
    return _Equation(given, kernel, made) if len(given) == rank and is_plain else None


def _dense(
    layer: Layer, shape: Shape, equation: _Equation, sizes: dict[str, int], kernel: Values
) -> Lowering:
    known = dict(zip(equation.given, shape, strict=True)) | sizes
    order = [equation.given.index(letter) for letter in equation.kept + equation.summed]
    kept = tuple(known[letter] for letter in equation.kept)
    inner = math.prod(sizes[letter] for letter in equation.summed)
    units = math.prod(sizes[letter] for letter in equation.added)
    made = equation.kept + equation.added
    is_wide = len(kept) > 4
    # Dense takes rank 5 at most, and rank 2 at least.
    joined = (shape[0], held(kept)) if is_wide else kept
    steps: list[Layer] = []
    if order != sorted(order):
        steps.append(permute(layer, "there", *order[1:]))
    if len(equation.summed) > 1 or is_wide:
        steps.append(reshape(layer, "join", *lengths((*joined, inner))))
    activation = layer.config.get("activation", "linear")
    is_last = len(equation.added) == 1 and not is_wide and made == equation.made
    config = {
        "units": units,
        "use_bias": (bias := _bias(layer, equation, sizes)) is not None,
        "activation": activation if is_last else "linear",
    }
    weights = (_matrix(equation, sizes, kernel), *(() if bias is None else (bias,)))
    steps.append(step(layer, "", "Dense", config, weights))
    if len(equation.added) != 1 or is_wide:
        parts = tuple(sizes[letter] for letter in equation.added)
        steps.append(reshape(layer, "part", *lengths((*kept, *parts))))
    if made != equation.made:
        steps.append(permute(layer, "back", *(made.index(letter) for letter in equation.made[1:])))
    if not is_last and activation != "linear":
        steps.append(step(layer, "activation", "Activation", {"activation": activation}))
    return chain(*steps)


def _matrix(equation: _Equation, sizes: dict[str, int], kernel: Values) -> Weight:
    order = [equation.kernel.index(letter) for letter in equation.summed + equation.added]
    inner = math.prod(sizes[letter] for letter in equation.summed)
    units = math.prod(sizes[letter] for letter in equation.added)

    def compute(values: Array) -> Array:
        return values.transpose(order).reshape(inner, units)

    key = ("transposed", *order)
    return Weight("kernel", Computed((inner, units), (kernel,), compute, key))


def _bias(layer: Layer, equation: _Equation, sizes: dict[str, int]) -> Weight | None:
    """Return the bias with one value for each unit; ShapeError when it has more than that."""
    stored = values_of(layer, "bias")
    if stored is None:
        return None
    # Its axes are the last ones of the output; each is of length 1 or as long as that.
    letters = equation.made[max(len(equation.made) - len(stored.shape), 0) :]
    shape = stored.shape[len(stored.shape) - len(letters) :]
    found = dict(zip(letters, shape, strict=True))
    if any(size != 1 and letter not in equation.added for letter, size in found.items()):
        raise ShapeError(f"needs a bias over axes of the kernel, got {layer.config['bias_axes']!r}")
    view = tuple(found.get(letter, 1) for letter in equation.added)
    target = tuple(sizes[letter] for letter in equation.added)
    order = [letters.index(letter) for letter in equation.added if letter in letters]
    rest = [index for index in range(len(letters)) if index not in order]

    def compute(values: Array) -> Array:
        moved = values.reshape(shape).transpose([*rest, *order]).reshape(view)
        return np.broadcast_to(moved, target).reshape(-1)

    size = math.prod(target)
    return Weight("bias", Computed((size,), (stored,), compute, ("spread", view, *order)))
