"""Tokens that are counted with weights become a product with the identity matrix's rows.

Before: CategoryEncoding {"num_tokens": 5, "output_mode": "count"} (x, count_weights=w)
After:  Embedding {"input_dim": 5, "output_dim": 5} (x), Dot {"axes": [1, 1]} (rows, w)

Each token counts for its weight (keras/src/utils/numerical_utils.py, `encode_categorical_inputs`);
a node of tfjs has no arguments but tensors.
"""

from __future__ import annotations

import numpy as np

from tfjs_serve.graph import Call, Layer, TensorRef, tensors
from tfjs_serve.layers_format.catalog.fields import is_positive
from tfjs_serve.lowering.chains import constant, step
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported

CLASSES = ("CategoryEncoding",)


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Sum the weights of equal tokens."""
    call = layer.calls[0]
    given = [*tensors((call.args[1:], call.kwargs.get("count_weights")))]
    if layer.class_name not in CLASSES or not given:
        return None
    shape = context.shapes[0] if context.shapes else None
    tokens = layer.config.get("num_tokens", layer.config.get("max_tokens"))
    mode, is_sparse = layer.config.get("output_mode"), bool(layer.config.get("sparse"))
    is_plain = mode == "count" and not is_sparse and is_positive(tokens)
    if not is_plain or shape is None or len(shape) != 2 or len(given) > 1:
        what = f"count_weights on input of shape {shape}, output_mode = {mode!r}"
        return not_supported(layer, f"{what}, sparse = {is_sparse}, num_tokens = {tokens!r}")
    size = {"input_dim": tokens, "output_dim": tokens, "trainable": False}
    matrix = constant("embeddings", np.eye(tokens, dtype=np.float32))
    rows = step(layer, "rows", "Embedding", size, (matrix,))
    total = step(layer, "", "Dot", {"axes": (1, 1), "normalize": False})
    layers = (_on(rows, call.inputs[0]), _on(total, TensorRef(rows.name), given[0]))
    return Lowering(layers, (TensorRef(layer.name),))


def _on(layer: Layer, *inputs: TensorRef) -> Layer:
    call = Call(inputs if len(inputs) == 1 else (inputs,))
    return Layer(layer.name, layer.class_name, layer.config, (call,), layer.weights)
