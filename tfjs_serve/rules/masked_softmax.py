"""The mask of a Softmax becomes its second input.

Before: Softmax (x, mask=m)
After:  Softmax (x, m), which `softmax` lowers

A rule knows the shapes of inputs only.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.rewriting.rule import Context, Rewrite

CLASSES = ("Softmax",)


def rewrite(layer: Layer, context: Context) -> Rewrite | None:
    """Move the mask from the named arguments to the inputs."""
    (call,) = layer.calls or (Call(),)
    mask = call.kwargs.get("mask")
    if layer.class_name not in CLASSES or not isinstance(mask, TensorRef):
        return None
    if call.kwargs.keys() > {"mask"} or len(call.inputs) != 1 or call.inputs[0] == mask:
        return None
    return Rewrite(replace(layer, calls=(Call(((call.inputs[0], mask),)),)))
