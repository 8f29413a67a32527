"""Operations that are activations become layers.

Before: keras.ops.Relu6 (x), keras.ops.LeakyRelu {"negative_slope": 0.1} (x)
After:  Activation {"activation": "relu6"} (x), LeakyReLU {"alpha": 0.1} (x)

Those with another parameter than Keras's own take the layers of their formula.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.fields import is_number
from tfjs_serve.lowering.formulas import FORMULAS
from tfjs_serve.lowering.operands import only_tensor, operation
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, Rewrite, not_supported
from tfjs_serve.rewriting.sketch import Sketch

NATIVE = {
    **{"Gelu": "gelu", "Mish": "mish", "Relu": "relu", "Relu6": "relu6", "Selu": "selu"},
    **{"Sigmoid": "sigmoid", "Silu": "swish", "Softplus": "softplus", "Softsign": "softsign"},
    "Tanh": "tanh",
}

PARAMETERS = {
    **{"Celu": ("celu", "alpha"), "Elu": ("elu", "alpha"), "Glu": ("glu", "axis")},
    **{"HardShrink": ("hard_shrink", "threshold"), "HardSigmoid": ("hard_sigmoid", None)},
    **{"HardSilu": ("hard_silu", None), "HardTanh": ("hard_tanh", None)},
    **{"LeakyRelu": ("leaky_relu", "negative_slope"), "LogSigmoid": ("log_sigmoid", None)},
    **{"SoftShrink": ("soft_shrink", "threshold"), "SparsePlus": ("sparse_plus", None)},
    **{"SparseSigmoid": ("sparse_sigmoid", None), "TanhShrink": ("tanh_shrink", None)},
    "Squareplus": ("squareplus", "b"),
    "Threshold": ("threshold", "threshold"),
}
"""Operation -> its formula and the attribute that is its parameter."""

SIGNED = ("Celu", "HardShrink", "SoftShrink", "Squareplus", "Threshold")
"""Operations whose formula needs a parameter that is not negative."""

SOFTMAXES = {"Softmax": "softmax", "LogSoftmax": "log_softmax"}


def rewrite(layer: Layer, context: Context) -> Rewrite | Lowering | Refusal | None:
    """Replace an activation that is an operation."""
    name = operation(layer)
    if name is None or only_tensor(layer) is None:
        return None
    if name in SOFTMAXES:
        return _softmax(layer, context, SOFTMAXES[name])
    if name in NATIVE and not (name == "Gelu" and layer.config.get("approximate", True)):
        config = {"activation": NATIVE[name]}
        return Rewrite(replace(layer, class_name="Activation", config=config))
    if name == "Gelu":
        formula, parameter = FORMULAS["gelu_tanh"]
    elif name in PARAMETERS:
        formula_name, attribute = PARAMETERS[name]
        formula, parameter = FORMULAS[formula_name]
        given = layer.config.get(attribute, parameter) if attribute else parameter
        if not is_number(given) or (name == "Celu" and not given) or (name in SIGNED and given < 0):
            return not_supported(layer, f"{attribute} = {given!r}")
        parameter = given
        if name == "Threshold" and layer.config.get("default_value", 0) != 0:
            return not_supported(layer, f"default_value = {layer.config['default_value']!r}")
    else:
        return None
    sketch = Sketch(layer, context)
    return sketch.done(formula(sketch, sketch.input(), layer.name, parameter))


def _softmax(layer: Layer, context: Context, activation: str) -> Rewrite | Lowering | Refusal:
    axis, rank = layer.config.get("axis", -1), context.rank
    if axis == -1 or (rank is not None and axis == rank - 1):
        config = {"activation": activation}
        return Rewrite(replace(layer, class_name="Activation", config=config))
    if not isinstance(axis, int) or rank is None or not 0 < axis % rank < rank:
        return not_supported(layer, f"axis = {axis!r}")
    axis %= rank
    swap = [rank - 1 if i == axis else axis if i == rank - 1 else i for i in range(1, rank)]
    sketch = Sketch(layer, context)
    turned = sketch.add("Permute", {"dims": swap}, sketch.input())
    soft = sketch.add("Activation", {"activation": activation}, turned)
    return sketch.done(sketch.add("Permute", {"dims": swap}, soft, name=layer.name))
