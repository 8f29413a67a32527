"""A CategoryEncoding becomes an Embedding with the identity matrix.

Before: CategoryEncoding {"num_tokens": 5, "output_mode": "multi_hot"} on [null, 3]
After:  Embedding {"input_dim": 5, "output_dim": 5}, GlobalMaxPooling1D

The layer tfjs has of that name changes the shape of its input (category_encoding.ts 67). `count`
takes the mean over the tokens times their number; where that is not known, a lookup of the
companion module counts.
"""

from __future__ import annotations

import numpy as np

from tfjs_serve.graph import Layer, Shape
from tfjs_serve.layers_format.catalog.companion import LOOKUP
from tfjs_serve.layers_format.catalog.fields import is_positive
from tfjs_serve.lowering.chains import constant, finished, reshape, step
from tfjs_serve.lowering.toolbox import lengths
from tfjs_serve.rewriting.rule import Context, Lowering

CLASSES = ("CategoryEncoding",)


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Look the tokens up in the identity matrix, then take all of a sample together."""
    shape = context.shapes[0] if len(context.shapes) == 1 else None
    tokens = layer.config.get("num_tokens", layer.config.get("max_tokens"))
    if layer.class_name not in CLASSES or not is_positive(tokens) or shape is None:
        return None
    if layer.config.get("sparse"):
        return None
    mode = layer.config.get("output_mode", "multi_hot")
    if mode == "count" and len(shape) == 2 and shape[1] is None:
        counted = {"encoding": "count", "depth": tokens, "trainable": False}
        return finished(layer, step(layer, "", LOOKUP, counted))
    together = _together(layer, mode, shape, tokens)
    if together is None:
        return None
    config = {"input_dim": tokens, "output_dim": tokens, "trainable": False}
    matrix = constant("embeddings", np.eye(tokens, dtype=np.float32))
    rows = step(layer, "rows", "Embedding", config, (matrix,))
    return finished(layer, rows, *together)


def _together(layer: Layer, mode: str, shape: Shape, tokens: int) -> list[Layer] | None:
    length = shape[-1]
    if mode == "one_hot" and length is not None:
        return [reshape(layer, "row", *lengths(shape[:-1]), tokens)] if length == 1 else []
    if len(shape) != 2:
        return None
    if mode in ("multi_hot", "binary"):
        return [step(layer, "any", "GlobalMaxPooling1D", {})]
    if mode == "count" and length is not None:
        mean = step(layer, "mean", "GlobalAveragePooling1D", {})
        return [mean, step(layer, "sum", "Rescaling", {"scale": float(length), "offset": 0.0})]
    return None
