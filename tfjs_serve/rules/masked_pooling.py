"""A mean over the steps that a mask lets through becomes a weighted sum.

Before: GlobalAveragePooling1D (x, mask=m)
After:  Dot {"axes": [1, 1]} (x, softmax(Rescaling {"scale": 1e9, "offset": -1e9} (m)))

tfjs averages over all steps (layers/pooling.ts). The softmax of 0 and -1e9 is 1/n for each of the n
steps that count; where none does Keras divides by zero, and this is the plain mean.
"""

from __future__ import annotations

from tfjs_serve.graph import Call, Layer, TensorRef, tensors
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported

CLASSES = ("GlobalAveragePooling1D",)

PENALTY = 1e9
"""Bigger numbers make softmax fail on WebGL."""


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Weigh the steps of a masked GlobalAveragePooling1D."""
    call = layer.calls[0]
    mask = next(tensors(call.kwargs.get("mask")), None)
    if layer.class_name not in CLASSES or mask is None:
        return None
    shape = context.shapes[0] if context.shapes else None
    if shape is None:
        raise ShapeError("its input has no known shape")
    if len(shape) != 3 or mask in call.inputs:
        return not_supported(layer, f"a mask on input of shape {shape}")
    steps_axis = 2 if layer.config.get("data_format") == "channels_first" else 1
    is_kept = bool(layer.config.get("keepdims"))
    penalty = _layer(layer, "penalty", "Rescaling", {"scale": PENALTY, "offset": -PENALTY}, mask)
    ref = TensorRef(penalty.name)
    weights = _layer(layer, "weights", "Activation", {"activation": "softmax"}, ref)
    axes = {"axes": (steps_axis, 1), "normalize": False}
    what = "mean" if is_kept else ""
    mean = _layer(layer, what, "Dot", axes, call.inputs[0], TensorRef(weights.name))
    layers: tuple[Layer, ...] = (penalty, weights, mean)
    if is_kept:
        channels = shape[3 - steps_axis]
        target = (1, channels) if steps_axis == 1 else (channels, 1)
        ref = TensorRef(mean.name)
        layers = (*layers, _layer(layer, "", "Reshape", {"target_shape": target}, ref))
    return Lowering(layers, (TensorRef(layer.name),))


def _layer(
    layer: Layer, what: str, class_name: str, config: dict[str, object], *inputs: TensorRef
) -> Layer:
    call = Call(inputs if len(inputs) == 1 else (inputs,))
    name = f"{layer.name}__{what}" if what else layer.name
    fields = {"trainable": layer.config.get("trainable", True), **config}
    return Layer(name, class_name, fields, (call,))
