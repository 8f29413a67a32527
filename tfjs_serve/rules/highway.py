"""A Highway becomes two Dense layers, one of which tells how much of the other is taken.

Before: Highway {"activation": "relu"}, W, W_carry, b, b_carry
After:  t = Dense {"activation": "sigmoid"} (x), h = Dense {"activation": "relu"} (x),
        Add (Multiply (h, t), Multiply (x, Rescaling {-1, 1} (t)))

A class of Keras 1, which Keras kept until 2.3 (keras/legacy/layers.py).
"""

from __future__ import annotations

from tfjs_serve.graph import Call, Layer, TensorRef, Weight
from tfjs_serve.lowering.chains import step
from tfjs_serve.rewriting.rule import INPUT, Context, Lowering

CLASSES = ("Highway",)


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Mix what a Dense makes of the input with the input, as another Dense tells."""
    stored = {weight.name: weight for weight in layer.weights}
    if len(context.shapes) != 1:
        return None
    if layer.class_name not in CLASSES or not {"W", "W_carry"} <= stored.keys():
        return None
    if any(len(stored[name].shape) != 2 for name in ("W", "W_carry")):
        return None
    x = TensorRef(INPUT)

    def dense(what: str, activation: object, kernel: str, bias: str) -> Layer:
        pairs = ((kernel, "kernel"), (bias, "bias"))
        weights = [Weight(new, stored[old].values) for old, new in pairs if old in stored]
        fields = {"units": weights[0].shape[-1], "use_bias": bias in stored}
        return step(layer, what, "Dense", {**fields, "activation": activation}, weights)

    given = layer.config.get("activation", "linear")
    steps = (
        (dense("transformed", given, "W", "b"), (x,)),
        (dense("share", "sigmoid", "W_carry", "b_carry"), (x,)),
        (step(layer, "rest", "Rescaling", {"scale": -1.0, "offset": 1.0}), ("share",)),
        (step(layer, "taken", "Multiply", {}), ("transformed", "share")),
        (step(layer, "carried", "Multiply", {}), (x, "rest")),
        (step(layer, "", "Add", {}), ("taken", "carried")),
    )
    layers = tuple(_called(part, layer.name, inputs) for part, inputs in steps)
    return Lowering(layers, (TensorRef(layer.name),))


def _called(part: Layer, name: str, inputs: tuple[TensorRef | str, ...]) -> Layer:
    refs = tuple(TensorRef(f"{name}__{x}") if isinstance(x, str) else x for x in inputs)
    call = Call(refs if len(refs) == 1 else (refs,))
    return Layer(part.name, part.class_name, part.config, (call,), part.weights)
