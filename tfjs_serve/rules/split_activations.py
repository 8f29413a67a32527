"""An activation tfjs lacks gets a layer of its own behind the one that has it.

Before: Dense {"activation": "leaky_relu"}
After:  Dense {"activation": "linear"}, Activation {"activation": "leaky_relu"} called `<name>__act`

The layer with the weights keeps its name. Recurrent layers apply theirs at every step, inside, and
are refused by `activations`.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.layers_format.catalog.objects import activation_names
from tfjs_serve.rewriting.rule import Context, Lowering, with_fields
from tfjs_serve.rules.activation_formulas import is_known

INSIDE = ("SimpleRNN", "GRU", "LSTM", "ConvLSTM", "CuDNN", "Highway", "MaxoutDense")
"""How the names of classes begin that use the activation for more than their output."""


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Move an activation that takes layers of its own behind the layer."""
    value = layer.config.get("activation")
    if layer.class_name.startswith((*INSIDE, "Activation")) or layer.parts:
        return None
    if isinstance(value, str) and value in activation_names(context.generation):
        return None
    if not is_known(value):
        return None
    name = f"{layer.name}__act"
    trainable = layer.config.get("trainable", True)
    config = {"activation": value, "trainable": trainable}
    after = Layer(name, "Activation", config, (Call((TensorRef(layer.name),)),))
    before = replace(with_fields(layer, {"activation": "linear"}), name=layer.name)
    return Lowering((before, after), (TensorRef(name),))
