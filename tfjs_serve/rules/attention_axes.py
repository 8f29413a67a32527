"""Attention over several axes joins them to one.

Before: MultiHeadAttention (x [null, 4, 4, 6], x), over axes 1 and 2
After:  Reshape to [4, 4, 6] (MultiHeadAttention (Reshape to [16, 6]))

The weights are those of attention over one axis (layers/attention/multi_head_attention.py,
`_build_attention`). Attention over some of the axes, each step of the others by itself, is refused.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Call, Layer, Shape, TensorRef
from tfjs_serve.lowering.operands import known_shape
from tfjs_serve.lowering.toolbox import held, lengths
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported, with_fields
from tfjs_serve.rules.attention_arguments import INPUTS

CLASSES = ("MultiHeadAttention",)

ROLES = {"query", "value", "key"}


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Give attention one axis instead of several."""
    if layer.class_name not in CLASSES or INPUTS not in layer.config:
        return None
    shapes = [known_shape(shape) for shape in context.shapes]
    inputs = layer.config[INPUTS]
    query = shapes[inputs["query"]]
    output = next((w for w in layer.weights if w.name == "attention_output/kernel"), None)
    if len(query) < 4 or output is None:
        return None
    inner = list(range(1, len(query) - 1))
    axes = layer.config.get("attention_axes")
    if axes is not None and list(axes) != inner:
        return not_supported(layer, f"attention_axes = {axes!r} of input {query}")
    if inputs.keys() - ROLES or layer.config.get("return_attention_scores"):
        return not_supported(layer, f"masks or scores of attention over axes {inner}")
    if layer.config.get("use_causal_mask"):
        return not_supported(layer, f"use_causal_mask = True over axes {inner}")
    flat = [
        Layer(f"{layer.name}__flat_{index}", "Reshape", {"target_shape": _joined(shape)}, (call,))
        for index, (shape, call) in enumerate(
            zip(shapes, (Call((ref,)) for ref in layer.calls[0].inputs), strict=True)
        )
    ]
    refs = tuple(TensorRef(item.name) for item in flat)
    call = Call(refs if len(refs) == 1 else (refs,))
    heads = replace(with_fields(layer, {}, "attention_axes"), calls=(call,))
    target = {"target_shape": lengths((*query[:-1], *output.shape[2:]))}
    whole = Layer(f"{layer.name}__axes", "Reshape", target, (Call((TensorRef(layer.name),)),))
    return Lowering((*flat, heads, whole), (TensorRef(whole.name),))


def _joined(shape: Shape) -> list[int]:
    return lengths((None, held(shape[:-1]), shape[-1]))
