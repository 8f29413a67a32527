"""Rows taken from a constant table by the numbers of a tensor come from a frozen Embedding.

Before: keras.ops.Take {"axis": 0} ([[0.5, 1.0], [2.0, 3.0]], x)
After:  Embedding {"input_dim": 2, "output_dim": 2, "trainable": false} (x)

Keras 3 counts negative numbers from the end (keras/src/backend/tensorflow/numpy.py, `take`): its
table stands there twice, and the numbers are raised by its length.
"""

from __future__ import annotations

import numpy as np

from tfjs_serve.graph import Layer, TensorRef
from tfjs_serve.lowering.chains import constant, finished, reshape, step
from tfjs_serve.lowering.operands import constant_array, operands, operation
from tfjs_serve.lowering.toolbox import lengths
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported

EXACT = 2**24
"""The whole numbers below it are floats of their own."""


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Write a table that numbers are looked up in as the weights of an Embedding."""
    args = operands(layer)
    if operation(layer) != "Take" or args is None or len(args) != 2:
        return None
    table, shape = constant_array(args[0]), context.shapes[0] if context.shapes else None
    if table is None or table.ndim == 0 or not isinstance(args[1], TensorRef) or shape is None:
        return None
    axis, is_grouped = layer.config.get("axis"), layer.config.get("batch_dims") not in (None, 0)
    table = table.reshape(-1) if axis is None else table
    if axis not in (None, 0, -table.ndim) or is_grouped or len(shape) < 2:
        return not_supported(layer, f"takes from a constant along axis {axis} by {shape}")
    if np.abs(table).max() >= EXACT and not _has_fractions(args[0]):
        return not_supported(layer, f"a table of numbers from {EXACT} on, which floats round")
    rows = table.reshape(len(table), -1)
    steps = []
    if context.generation >= 3:
        steps.append(step(layer, "raised", "Rescaling", {"scale": 1.0, "offset": float(len(rows))}))
        rows = np.concatenate([rows, rows])
    size = {"input_dim": len(rows), "output_dim": rows.shape[1], "trainable": False}
    steps.append(step(layer, "rows", "Embedding", size, (constant("embeddings", rows),)))
    if table.ndim != 2:
        steps.append(reshape(layer, "view", *lengths(shape), *table.shape[1:]))
    return finished(layer, *steps)


def _has_fractions(value: object) -> bool:
    """Tell whether a constant is of floats, as it stands in the file."""
    if isinstance(value, list | tuple):
        return any(map(_has_fractions, value))
    return isinstance(value, float)
