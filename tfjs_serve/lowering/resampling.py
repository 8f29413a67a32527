"""What resizing does to one axis, as a matrix [old length, new length].

Follows TensorFlow's kernels, half-pixel centers (tensorflow/core/kernels/image: resize_bilinear_op,
resize_bicubic_op, resize_area_op, scale_and_translate_op), in float32 where they round.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering.chains import Matrix

Kernel = Callable[[float], float]


LARGEST = 2**24
"""Most numbers of a matrix that is made, 64 MB; an axis of 4096 places to another one."""


def resize_matrix(length: int, new: int, method: str, *, antialias: bool = False) -> Matrix | None:
    """Return the weights of every old place in every new one; None for an unknown method.

    Raises ShapeError for lengths that cannot be resized, or that only a huge matrix would.
    """
    if length < 1 or new < 1 or length * new > LARGEST:
        raise ShapeError(f"cannot resize a length of {length} to {new}")
    if method in SPREADING or (antialias and method in SMOOTHING):
        kernel, radius = {**SPREADING, **SMOOTHING}[method]
        return _scaled(length, new, kernel, radius, antialias=antialias)
    make = PLAIN.get(method)
    return None if make is None else make(length, new)


def part(length: int, start: int, kept: int) -> Matrix:
    """Return the matrix that keeps a part of an axis; it may begin before it: zeros."""
    if length * kept > LARGEST:
        raise ShapeError(f"cannot keep {kept} of {length} places")
    return np.eye(length, kept, -start, dtype=np.float32)


def _nearest(length: int, new: int) -> Matrix:
    matrix = np.zeros((length, new), np.float32)
    for place in range(new):
        middle = (np.float32(place) + np.float32(0.5)) * _scale(length, new)
        matrix[min(math.floor(middle), length - 1), place] = 1
    return matrix


def _bilinear(length: int, new: int) -> Matrix:
    matrix = np.zeros((length, new), np.float32)
    for place, at in enumerate(_centers(length, new)):
        below = math.floor(at)
        weight = at - np.float32(below)
        matrix[max(below, 0), place] += 1 - weight
        matrix[min(math.ceil(at), length - 1), place] += weight
    return matrix


def _bicubic(length: int, new: int) -> Matrix:
    matrix = np.zeros((length, new), np.float64)
    for place, at in enumerate(_centers(length, new)):
        below = math.floor(at)
        # TensorFlow looks the weights up in a table of 1024 steps.
        offset = round(float(at - np.float32(below)) * 1024) / 1024
        for source in range(below - 1, below + 3):
            if 0 <= source < length:
                matrix[source, place] = _cubic(source - below - offset)
    return _shares(matrix)


def _area(length: int, new: int) -> Matrix:
    scale = _scale(length, new)
    places = np.arange(new, dtype=np.float32) * scale
    ends = np.arange(1, new + 1, dtype=np.float32) * scale
    old = np.arange(length, dtype=np.float32)[:, None]
    overlap = np.minimum(old + 1, ends) - np.maximum(old, places)
    is_inside = (old < places) & (old + 1 > ends)
    return np.asarray(np.where(is_inside, scale, np.maximum(overlap, 0)) / scale, np.float32)


def _scaled(length: int, new: int, kernel: Kernel, radius: float, *, antialias: bool) -> Matrix:
    one, half = np.float32(1), np.float32(0.5)
    scale = one / (np.float32(new) / np.float32(length))
    stretch = max(scale, one) if antialias else one
    reach = np.float32(radius) * stretch
    matrix = np.zeros((length, new), np.float64)
    for place in range(new):
        center = (np.float32(place) + half) * scale
        first = max(math.ceil(center - reach - half), 0)
        last = min(math.floor(center + reach - half), length - 1)
        for source in range(first, last + 1):
            distance = (np.float32(source) + half - center) * (one / stretch)
            matrix[source, place] = kernel(float(distance))
    return _shares(matrix)


def _shares(matrix: npt.NDArray[np.float64]) -> Matrix:
    """Return the matrix with columns that sum up to 1."""
    return np.asarray(matrix / matrix.sum(axis=0), np.float32)


def _scale(length: int, new: int) -> np.float32:
    return np.float32(length) / np.float32(new)


def _centers(length: int, new: int) -> npt.NDArray[np.float32]:
    half = np.float32(0.5)
    return (np.arange(new, dtype=np.float32) + half) * _scale(length, new) - half


def _triangle(x: float) -> float:
    return max(1 - abs(x), 0.0)


def _cubic(x: float) -> float:
    x = abs(x)
    if x >= 2:
        return 0.0
    return ((-0.5 * x + 2.5) * x - 4) * x + 2 if x >= 1 else (1.5 * x - 2.5) * x * x + 1


def _mitchell(x: float) -> float:
    x = abs(x)
    if x >= 2:
        return 0.0
    if x >= 1:
        return (((-7 / 18) * x + 2) * x - 10 / 3) * x + 16 / 9
    return ((7 / 6) * x - 2) * x * x + 8 / 9


def _gaussian(x: float) -> float:
    return math.exp(-x * x / (2 * 0.5**2)) if abs(x) < 1.5 else 0.0


def _lanczos(radius: float) -> Kernel:
    def kernel(x: float) -> float:
        x = abs(x)
        if x > radius:
            return 0.0
        if x <= 1e-3:
            return 1.0
        angle = math.pi * x
        return radius * math.sin(angle) * math.sin(angle / radius) / (angle * angle)

    return kernel


PLAIN: Mapping[str, Callable[[int, int], Matrix]] = {
    "nearest": _nearest,
    "bilinear": _bilinear,
    "bicubic": _bicubic,
    "area": _area,
}
SPREADING: Mapping[str, tuple[Kernel, float]] = {
    "lanczos3": (_lanczos(3.0), 3.0),
    "lanczos5": (_lanczos(5.0), 5.0),
    "gaussian": (_gaussian, 1.5),
    "mitchellcubic": (_mitchell, 2.0),
}
"""Kernels with their radius, which TensorFlow always runs as scale_and_translate."""

SMOOTHING: Mapping[str, tuple[Kernel, float]] = {
    "bilinear": (_triangle, 1.0),
    "bicubic": (_cubic, 2.0),
}
"""Kernels it runs that way only against aliasing."""
