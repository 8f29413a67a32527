"""An adaptive pooling becomes a plain one, after a frozen Dense along axes of uneven windows.

Before: AdaptiveMaxPooling2D {"output_size": [2, 3]} on [null, 4, 7, C]
After:  MaxPooling2D {"pool_size": [2, 3]} on [null, 4, 9, C], every window of width written out

Before: AdaptiveAveragePooling2D {"output_size": [2, 3]} on [null, 4, 7, C]
After:  Permute (Dense {"units": 2} (Permute (Dense {"units": 3} (Permute))))

tfjs has no such class. Window i of n places reaches from floor(i * length / n) to
ceil((i + 1) * length / n) (keras/src/backend/tensorflow/nn.py). A window that is shorter than
others repeats its last place, which changes no maximum.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfjs_serve.graph import Layer
from tfjs_serve.lowering.chains import Matrix, finished, linear_maps, step
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported

CLASSES = {
    f"Adaptive{kind}Pooling{axes}D": axes for kind in ("Average", "Max") for axes in (1, 2, 3)
}


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Pool each axis to its number of places."""
    axes = CLASSES.get(layer.class_name)
    shape = context.shapes[0] if context.shapes else None
    if axes is None or shape is None or len(shape) != axes + 2:
        return None
    size = layer.config["output_size"]
    sizes = [size] * axes if isinstance(size, int) else list(size)
    lengths = [length for length in shape[1:-1] if length is not None]
    if len(lengths) < axes:
        return not_supported(layer, f"needs known lengths, got {shape}")
    plain = layer.class_name.removeprefix("Adaptive")
    if all(length % size == 0 for length, size in zip(lengths, sizes, strict=True)):
        windows = [length // size for length, size in zip(lengths, sizes, strict=True)]
        return finished(layer, _pool(layer, plain, windows))
    if plain.startswith("Average"):
        maps = [_mean(length, n) for length, n in zip(lengths, sizes, strict=True)]
        return finished(layer, *_mapped(layer, maps))
    maps = [_spread(length, n) for length, n in zip(lengths, sizes, strict=True)]
    windows = [matrix.shape[1] // n for matrix, n in zip(maps, sizes, strict=True)]
    return finished(layer, *_mapped(layer, maps), _pool(layer, plain, windows))


def _mapped(layer: Layer, maps: Sequence[Matrix]) -> tuple[Layer, ...]:
    return linear_maps(layer, len(maps) + 2, dict(enumerate(maps, start=1)))


def _pool(layer: Layer, class_name: str, windows: list[int]) -> Layer:
    fields = {"pool_size": windows, "strides": windows, "padding": "valid"}
    return step(layer, "pool", class_name, fields)


def _windows(length: int, places: int) -> list[range]:
    return [range(i * length // places, -(-(i + 1) * length // places)) for i in range(places)]


def _mean(length: int, places: int) -> Matrix:
    matrix = np.zeros((length, places), np.float32)
    for place, window in enumerate(_windows(length, places)):
        matrix[window, place] = 1 / len(window)
    return matrix


def _spread(length: int, places: int) -> Matrix:
    """Return the matrix that writes all windows out, in equal lengths."""
    windows = _windows(length, places)
    longest = max(map(len, windows))
    sources = [window[min(i, len(window) - 1)] for window in windows for i in range(longest)]
    return np.eye(length, dtype=np.float32)[:, sources]
