"""Stored number types as NumPy has them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

BFLOAT16 = "|V2"
"""bfloat16 in a file: NumPy knows it as two bytes without a meaning, so h5py writes it opaque."""


def number_type(stored: str) -> np.dtype[Any]:
    """Return the little-endian type that values stored as `stored` are read as."""
    return np.dtype("<f4") if stored == BFLOAT16 else np.dtype(stored).newbyteorder("<")


def widened(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return stored values as numbers: bfloat16 is the upper half of a float32."""
    if values.dtype.kind != "V":
        return values.astype(values.dtype.newbyteorder("<"), copy=False)
    upper: npt.NDArray[Any] = np.ascontiguousarray(values).view("<u2").astype("<u4") << 16
    return upper.view("<f4")
