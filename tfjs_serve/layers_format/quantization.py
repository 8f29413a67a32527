"""Weights in fewer bits: which ones, the ranges, codes and back.

Source: tfjs-converter/python/tensorflowjs/quantization.py and write_weights.py (`_quantize_entry`)
for what is written, tfjs-core/src/io/io_utils.ts (`decodeWeight`) for what is read.

The affine formula is computed in float64, as the official tool does under NumPy 2; under NumPy 1
it computes in float32, and about one code in 100,000 differs by 1.
"""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tfjs_serve.errors import ConversionError, Reason

Floats: TypeAlias = npt.NDArray[np.float32]
Codes: TypeAlias = npt.NDArray[Any]

CODE_TYPES = MappingProxyType({"float16": "<f2", "uint8": "|u1", "uint16": "<u2"})
"""`dtype` of a manifest's quantization -> type of the numbers in a shard."""

FLOAT16_MAX = 65504.0


@dataclass(frozen=True, slots=True)
class Float16:
    """Half precision: tfjs widens each value to float32, which is exact."""

    @property
    def dtype(self) -> str:
        """Return the name in the manifest."""
        return "float16"

    @property
    def item_bytes(self) -> int:
        """Return how many bytes a value has in a shard."""
        return 2

    def encode(self, values: Floats) -> Codes:
        """Return values in the order and type of a shard."""
        return values.astype(CODE_TYPES[self.dtype])

    def decode(self, codes: Codes) -> Floats:
        """Return what tfjs makes of them (`getFloat16Decoder`)."""
        return codes.astype(np.float32)

    def as_json(self) -> dict[str, Any]:
        """Return the `quantization` of a manifest entry, with the official order of keys."""
        return {"dtype": self.dtype, "original_dtype": "float32"}


@dataclass(frozen=True, slots=True)
class Affine:
    """Whole numbers of 8 or 16 bits: a value is `code * scale + min`."""

    dtype: str
    min: float
    scale: float

    @property
    def item_bytes(self) -> int:
        """Return how many bytes a value has in a shard."""
        return np.dtype(CODE_TYPES[self.dtype]).itemsize

    def encode(self, values: Floats) -> Codes:
        """Return the nearest codes, ties to even."""
        top = np.iinfo(CODE_TYPES[self.dtype]).max
        wide = values.astype(np.float64)
        # The official tool clips to the range; a constant weight has none, and its code is 0.
        wide = wide.clip(self.min, top * self.scale + self.min)
        codes: Codes = np.round((wide - self.min) / self.scale).astype(CODE_TYPES[self.dtype])
        return codes

    def decode(self, codes: Codes) -> Floats:
        """Return what tfjs makes of them: in float64, as JavaScript's numbers, then float32."""
        wide: npt.NDArray[np.float64] = codes.astype(np.float64) * self.scale + self.min
        return wide.astype(np.float32)

    def as_json(self) -> dict[str, Any]:
        """Return the `quantization` of a manifest entry, with the official order of keys."""
        head = {"dtype": self.dtype, "min": self.min, "scale": self.scale}
        return {**head, "original_dtype": "float32"}


Quantization: TypeAlias = Float16 | Affine


def quantization(dtype: str, low: float, high: float) -> Quantization:
    """Return how a weight whose smallest and largest values are given is written.

    Where 0 lies in the range of whole numbers, the range is moved so that 0 has a code of its
    own: what pads a convolution must stay exactly 0.

    Raises ValueError with a sentence about the values when `dtype` cannot hold them.
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("holds NaN or infinity, which cannot be quantised")
    if dtype == "float16":
        widest = low if -low > high else high
        # What rounds to 65504 still fits; the next half would be 65536.
        if abs(widest) >= FLOAT16_MAX + 16:
            raise ValueError(
                f"holds {widest:.7g}, beyond the {FLOAT16_MAX:g} of float16; uint16 can hold it"
            )
        return Float16()
    if low == high:
        return Affine(dtype, low, 1.0)
    scale = (high - low) / float(np.iinfo(CODE_TYPES[dtype]).max)
    if low <= 0 <= high:
        # Of floats also where it is 0: the official tool writes -0.0 then.
        low = -float(np.round((0 - low) / scale)) * scale
    return Affine(dtype, low, scale)


def largest_error(found: Floats, values: Floats) -> float:
    """Return the largest distance between decoded values and the ones they stand for."""
    distance = np.abs(found.astype(np.float64) - values)
    return float(distance.max(initial=0.0))


def assign(
    names: Sequence[str], patterns: Mapping[str, Sequence[str] | bool]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the dtype of each weight that is quantised, and the patterns that match none.

    patterns: dtype -> globs of weight names, `True` for every weight that no glob matches.

    Raises ConversionError naming every weight that globs of two dtypes match.
    """
    found: dict[str, str] = {}
    unused: list[str] = []
    reasons: list[Reason] = []
    for dtype, globs in patterns.items():
        for glob in () if isinstance(globs, bool) else globs:
            matching = [name for name in names if fnmatch.fnmatchcase(name, glob)]
            if not matching:
                unused.append(glob)
            for name in matching:
                other = found.setdefault(name, dtype)
                if other != dtype:
                    reasons.append(Reason(f"weight {name!r} matches {other} and {dtype}"))
    if reasons:
        raise ConversionError(
            f"two quantisations for one weight: {reasons[0]}; "
            "expected patterns that exclude each other",
            reasons,
        )
    rest = next((dtype for dtype, globs in patterns.items() if globs is True), None)
    if rest is not None:
        found = {name: found.get(name, rest) for name in names}
    return found, tuple(unused)
