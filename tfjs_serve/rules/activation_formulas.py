"""An Activation that tfjs lacks becomes the layers that compute it.

Before: Activation {"activation": "hard_silu"}
After:  Multiply ([x, Rescaling {1/6} (Activation {"activation": "relu6"} (x + 3))])

Each formula is Keras's own, put together of layers tfjs has (rules.formulas). An activation that
is a layer becomes that layer, and sparsemax the operation of that name.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tfjs_serve.graph import OPERATION_PREFIX, Layer, TensorRef
from tfjs_serve.layers_format.catalog.objects import activation_names
from tfjs_serve.lowering.formulas import FORMULAS
from tfjs_serve.rewriting.rule import Context, Lowering, Rewrite, named_object
from tfjs_serve.rewriting.sketch import Sketch

CLASSES = ("Activation",)

BY_NAME = frozenset(FORMULAS) - {"elu", "gelu_tanh", "threshold"}
"""Activations that a config names; the others come with parameters, from operations."""

OPERATIONS = {"sparsemax": "Sparsemax"}
"""Activations of the last axis that operations compute."""

LAYERS = ("LeakyReLU", "ReLU", "ELU", "Softmax", "ThresholdedReLU")
"""Layers without weights that may stand in place of a function."""


def rewrite(layer: Layer, context: Context) -> Rewrite | Lowering | None:
    """Compute an activation by other layers."""
    value = layer.config.get("activation")
    if layer.class_name not in CLASSES or not is_known(value):
        return None
    if isinstance(value, str):
        if value in activation_names(context.generation):
            return None
        if value in OPERATIONS:
            name = f"{OPERATION_PREFIX}{OPERATIONS[value]}"
            operation = replace(layer, class_name=name, config={"axis": -1})
            return Lowering((operation,), (TensorRef(layer.name),))
        formula, parameter = FORMULAS[value]
        sketch = Sketch(layer, context)
        return sketch.done(formula(sketch, sketch.input(), layer.name, parameter))
    class_name, config = named_object(value)
    fields = {key: item for key, item in config.items() if key not in ("name", "dtype")}
    return Rewrite(replace(layer, class_name=str(class_name), config=fields))


def is_known(value: Any) -> bool:
    """Tell whether an activation is one with a formula, or a layer."""
    if isinstance(value, str):
        return value in BY_NAME or value in OPERATIONS
    class_name, config = named_object(value)
    return class_name in LAYERS and "trainable" in config
