"""Parts of an axis whose length is not known before a model runs, and sums over it.

Axes count that of the batch as 0. Ones along the axis are made of the tensor itself, by a Dense of
zeros with a bias of one, and a product with them is exact for finite input. The other axes must
have known lengths. Where an axis is too short for the element asked for, Keras stops with an
error; here it is 0.
"""

from __future__ import annotations

import numpy as np

from tfjs_serve.graph import Shape, TensorRef
from tfjs_serve.layers_format.catalog.companion import OPERATION
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering.toolbox import constant, length
from tfjs_serve.rewriting.sketch import Sketch

FROZEN = {"use_bias": False, "trainable": False}


def cropped(sketch: Sketch, x: TensorRef, axis: int, first: int, last: int) -> TensorRef:
    """Return x without so many elements at the start and at the end of an axis.

    A window as long as what is cropped, and one more, slides over the places that stay; tfjs takes
    a crop off an unknown length as if that were 0 (layers/convolutional.ts, Cropping2D).
    """
    if first == last == 0:
        return x
    rest = _rest(sketch.shape(x), axis)
    image = _reshaped(sketch, _ahead(sketch, x, axis), (None, length(rest), 1))
    window = np.zeros((first + last + 1, 1, 1, 1), np.float32)
    window[first] = 1
    config = {"filters": 1, "kernel_size": [len(window), 1], "padding": "valid"}
    kept = sketch.add("Conv2D", {**config, **FROZEN}, image, weights=[constant("kernel", window)])
    return _back(sketch, kept, axis, (None, *rest))


def element(sketch: Sketch, x: TensorRef, axis: int, place: int) -> TensorRef:
    """Return one element of an axis, counted from the end where `place` is negative.

    A window over ones and the zeros around them finds it: where the element so many places on is
    one of the axis and the next is not.
    """
    rest = _rest(sketch.shape(x), axis)
    steps = _reshaped(sketch, _ahead(sketch, x, axis), (None, length(rest)))
    reach = place + 1 if place >= 0 else -place
    window = np.zeros((2 * reach + 1, 1, 1), np.float32)
    window[[0, 1], 0, 0] = -1, 1
    config = {"filters": 1, "kernel_size": [len(window)], "padding": "same"}
    kernel = constant("kernel", window if place >= 0 else window[::-1])
    here = sketch.add("Conv1D", {**config, **FROZEN}, ones(sketch, steps), weights=[kernel])
    found = sketch.add("Dot", {"axes": [1, 1]}, here, steps)
    return _back(sketch, found, axis, (1, *rest))


def total(sketch: Sketch, steps: TensorRef) -> TensorRef:
    """Return the sums [batch, channels] of [batch, length, channels]."""
    sums = sketch.add("Dot", {"axes": [1, 1]}, ones(sketch, steps), steps)
    return _reshaped(sketch, sums, sketch.shape(steps)[2:])


def ones(sketch: Sketch, steps: TensorRef) -> TensorRef:
    """Return [batch, length, 1] of ones for [batch, length, channels]."""
    channels = sketch.shape(steps)[2] or 0
    weights = [constant("kernel", np.zeros((channels, 1), np.float32))]
    weights.append(constant("bias", np.ones(1, np.float32)))
    config = {"units": 1, "use_bias": True, "trainable": False}
    return sketch.add("Dense", config, steps, weights=weights)


def along(sketch: Sketch, x: TensorRef, axis: int, name: str) -> TensorRef:
    """Return what an operation of the companion module that keeps the shape makes of an axis."""
    config = {"operation": name, "constants": [None], "axes": [axis]}
    return sketch.add(OPERATION, config, x)


def _rest(shape: Shape, axis: int) -> Shape:
    rest = (*shape[1:axis], *shape[axis + 1 :])
    if None in rest:
        raise ShapeError(f"needs known lengths of all axes but {axis}, got {shape}")
    return rest


def _ahead(sketch: Sketch, x: TensorRef, axis: int) -> TensorRef:
    """Return x with an axis put right behind that of the batch."""
    order = [axis, *(other for other in range(1, len(sketch.shape(x))) if other != axis)]
    return x if axis == 1 else sketch.add("Permute", {"dims": order}, x)


def _back(sketch: Sketch, x: TensorRef, axis: int, lengths: Shape) -> TensorRef:
    """Return x with these lengths, then the first of its axes put where it was."""
    whole = _reshaped(sketch, x, lengths)
    order = [*range(2, axis + 1), 1, *range(axis + 1, len(lengths) + 1)]
    return whole if axis == 1 else sketch.add("Permute", {"dims": order}, whole)


def _reshaped(sketch: Sketch, x: TensorRef, lengths: Shape) -> TensorRef:
    if sketch.shape(x)[1:] == lengths:
        return x
    sizes = [-1 if size is None else size for size in lengths]
    return sketch.add("Reshape", {"target_shape": sizes}, x)
