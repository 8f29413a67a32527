"""An EinsumDense becomes a Dense between changes of shape.

Before: EinsumDense {"equation": "abc,cde->abde", "output_shape": [null, 4, 5]}
After:  Dense {"units": 20}, Reshape [-1, 4, 5]

Axes that are summed over move to the end and become one, and so do those the kernel adds. An axis
that the kernel or the bias shares with input and output is among them both times: the kernel grows
by zeros off its diagonal, which further training fills; a warning says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tfjs_serve.graph import Computed, Layer, Shape, Values, Weight
from tfjs_serve.lowering.chains import chain, permute, reshape, step, values_of
from tfjs_serve.lowering.toolbox import held, lengths
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported

CLASSES = ("EinsumDense",)

Array = npt.NDArray[Any]


MOST_VALUES = 4_000_000
"""Values of a kernel beyond which a model is refused: 16 MB."""

WARNING = "has a kernel with zeros off its diagonal: further training also trains those"


@dataclass(frozen=True, slots=True)
class _Equation:
    """The letters of the input, the kernel and the output; `tied` are those of the bias alone."""

    given: str
    kernel: str
    made: str
    tied: str = ""

    @property
    def summed(self) -> str:
        return "".join(letter for letter in self.given if letter not in self.made)

    @property
    def shared(self) -> str:
        own = self.kernel + self.tied
        return "".join(letter for letter in self._passed if letter in own)

    @property
    def kept(self) -> str:
        return "".join(letter for letter in self._passed if letter not in self.shared)

    @property
    def _passed(self) -> str:
        return "".join(letter for letter in self.given if letter in self.made)

    @property
    def added(self) -> str:
        return "".join(letter for letter in self.made if letter not in self.given)

    @property
    def is_dense(self) -> bool:
        """Tell whether the kernel maps letters to others in each sample, batch axis first."""
        each = (self.given, self.kernel, self.made)
        return (
            all(len(set(letters)) == len(letters) for letters in each)
            and set(self.kernel) <= set(self.given + self.made)
            and set(self.added) <= set(self.kernel)
            and self.kept[:1] == self.given[:1] == self.made[:1] != ""
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
        return not_supported(layer, f"equation = {written!r}, which works on the batch axis, too")
    sizes = dict(zip(equation.given, shape, strict=True))
    sizes |= zip(equation.kernel, kernel.shape, strict=True)
    equation = replace(equation, tied=_bias_letters(layer, equation))
    if equation.tied[:1] == equation.made[:1] != "":
        return not_supported(
            layer, f"bias_axes = {layer.config['bias_axes']!r}, the batch among them"
        )
    known = {letter: size for letter, size in sizes.items() if size is not None}
    needed = equation.shared + equation.summed + equation.added
    if not known.keys() >= set(needed):
        return not_supported(layer, f"equation = {written!r} on axes of unknown length, {shape}")
    values = math.prod(known[letter] for letter in needed + equation.shared)
    if equation.shared and values > MOST_VALUES:
        return not_supported(layer, f"equation = {written!r}, a kernel of {values} values")
    return _dense(layer, shape, equation, known, kernel)


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
    before, after = equation.shared + equation.summed, equation.shared + equation.added
    order = [equation.given.index(letter) for letter in equation.kept + before]
    kept = tuple(shape[equation.given.index(letter)] for letter in equation.kept)
    inner = math.prod(sizes[letter] for letter in before)
    units = math.prod(sizes[letter] for letter in after)
    made = equation.kept + after
    is_wide = len(kept) > 4
    # Dense takes rank 5 at most, and rank 2 at least.
    joined = (shape[0], held(kept)) if is_wide else kept
    steps: list[Layer] = []
    if order != sorted(order):
        steps.append(permute(layer, "there", *order[1:]))
    if len(before) != 1 or is_wide:
        steps.append(reshape(layer, "join", *lengths((*joined, inner))))
    activation = layer.config.get("activation", "linear")
    is_last = len(after) == 1 and not is_wide and made == equation.made
    config = {
        "units": units,
        "use_bias": (bias := _bias(layer, equation, sizes)) is not None,
        "activation": activation if is_last else "linear",
    }
    weights = (_matrix(equation, sizes, kernel), *(() if bias is None else (bias,)))
    steps.append(step(layer, "", "Dense", config, weights))
    if len(after) != 1 or is_wide:
        parts = tuple(sizes[letter] for letter in after)
        steps.append(reshape(layer, "part", *lengths((*kept, *parts))))
    if made != equation.made:
        steps.append(permute(layer, "back", *(made.index(letter) for letter in equation.made[1:])))
    if not is_last and activation != "linear":
        steps.append(step(layer, "activation", "Activation", {"activation": activation}))
    lowering = chain(*steps)
    if not equation.shared:
        return lowering
    return replace(lowering, notes=(Note(WARNING, layer.name, NoteKind.TRAINING),))


def _matrix(equation: _Equation, sizes: dict[str, int], kernel: Values) -> Weight:
    letters = equation.shared + equation.summed + equation.added
    order = [equation.kernel.index(letter) for letter in letters if letter in equation.kernel]
    view = tuple(sizes[letter] if letter in equation.kernel else 1 for letter in letters)
    blocks, inner, units = (
        math.prod(sizes[letter] for letter in some)
        for some in (equation.shared, equation.summed, equation.added)
    )
    full = tuple(sizes[letter] for letter in letters)

    def compute(values: Array) -> Array:
        each = np.broadcast_to(values.transpose(order).reshape(view), full)
        wide = np.zeros((blocks, inner, blocks, units), np.float32)
        places = np.arange(blocks)
        wide[places, :, places] = each.reshape(blocks, inner, units)
        return wide.reshape(blocks * inner, blocks * units)

    key = ("blocks", *order, *view, *full)
    return Weight("kernel", Computed((blocks * inner, blocks * units), (kernel,), compute, key))


def _bias_letters(layer: Layer, equation: _Equation) -> str:
    """Return the letters of axes along which the bias differs."""
    stored = values_of(layer, "bias")
    if stored is None:
        return ""
    # Its axes are the last ones of the output; each is of length 1 or as long as that.
    letters = equation.made[max(len(equation.made) - len(stored.shape), 0) :]
    shape = stored.shape[len(stored.shape) - len(letters) :]
    return "".join(letter for letter, size in zip(letters, shape, strict=True) if size != 1)


def _bias(layer: Layer, equation: _Equation, sizes: dict[str, int]) -> Weight | None:
    """Return the bias with one value for each unit."""
    stored = values_of(layer, "bias")
    if stored is None:
        return None
    letters = equation.made[max(len(equation.made) - len(stored.shape), 0) :]
    shape = stored.shape[len(stored.shape) - len(letters) :]
    found = dict(zip(letters, shape, strict=True))
    after = equation.shared + equation.added
    view = tuple(found.get(letter, 1) for letter in after)
    target = tuple(sizes[letter] for letter in after)
    order = [letters.index(letter) for letter in after if letter in letters]
    rest = [index for index in range(len(letters)) if index not in order]

    def compute(values: Array) -> Array:
        moved = values.reshape(shape).transpose([*rest, *order]).reshape(view)
        return np.broadcast_to(moved, target).reshape(-1)

    size = math.prod(target)
    return Weight("bias", Computed((size,), (stored,), compute, ("spread", view, *order)))
