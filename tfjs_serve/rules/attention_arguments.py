"""The arguments of an attention layer become inputs, each tensor once, their roles a field.

Before: MultiHeadAttention called with (x, x, attention_mask=m, use_causal_mask=True)
After:  MultiHeadAttention {"inputs": {"query": 0, "value": 0, "attention_mask": 1},
                            "use_causal_mask": true} called with (x, m)

A node of tfjs has no arguments but tensors, and one that is given twice to a layer is disposed of
too early (engine/executor.ts 327). The masks that Keras hands on behind the scenes come as the
arguments it hands them to: `query_mask`, `value_mask` and `key_mask`, or `mask` of Attention.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tfjs_serve.graph import Call, Layer, TensorRef, Value
from tfjs_serve.rewriting.rule import Context, Refusal, Rewrite, not_supported, with_fields
from tfjs_serve.visible import shown

HEADS = ("MultiHeadAttention", "GroupedQueryAttention")
"""Classes that are called with query, value and key one by one."""

PLAIN = ("Attention", "AdditiveAttention")
"""Classes that are called with a list of query, value and perhaps key."""

INPUTS = "inputs"
"""The field that tells, once this rule is done, which input is what."""

FLAGS = ("use_causal_mask", "return_attention_scores")

_TENSORS = ("query", "value", "key", "query_mask", "value_mask", "key_mask", "attention_mask")
_ARGUMENTS = {
    **dict.fromkeys(HEADS, (*_TENSORS, "return_attention_scores", "training", "use_causal_mask")),
    **dict.fromkeys(
        PLAIN, ("inputs", "mask", "training", "return_attention_scores", "use_causal_mask")
    ),
}

CLASSES = (*HEADS, *PLAIN)


def rewrite(layer: Layer, context: Context) -> Rewrite | Refusal | None:
    """Give an attention layer its tensors as inputs and its flags as fields."""
    if layer.class_name not in CLASSES or INPUTS in layer.config:
        return None
    call = layer.calls[0]
    positional = dict(zip(_ARGUMENTS[layer.class_name], call.args, strict=False))
    given = _one_by_one({**positional, **call.kwargs})
    flags = {name: True for name in FLAGS if given.get(name) is True}
    for name in flags:
        del given[name]
    for name, value in given.items():
        if name not in _TENSORS or not isinstance(value, TensorRef):
            return not_supported(layer, f"called with {name} = {shown(value)}")
    if not {"query", "value"} <= given.keys():
        return not_supported(layer, "called without a query or a value")
    order = tuple(ref for ref in dict.fromkeys(given.values()) if isinstance(ref, TensorRef))
    roles = {name: order.index(ref) for name, ref in given.items() if isinstance(ref, TensorRef)}
    call = Call(order if len(order) == 1 else (order,))
    return Rewrite(replace(with_fields(layer, {INPUTS: roles, **flags}), calls=(call,)))


def _one_by_one(given: Mapping[str, Value]) -> dict[str, Value]:
    """Return the arguments that say something, those in lists under the names of MultiHead's.

    Attention looks at no mask of the key (keras/src/layers/attention/attention.py).
    """
    found = dict(given)
    for name, roles in (
        ("inputs", ("query", "value", "key")),
        ("mask", ("query_mask", "value_mask", "")),
    ):
        if isinstance(items := found.get(name), tuple):
            del found[name]
            found.update(zip(roles, items, strict=False))
    return {name: value for name, value in found.items() if name and value not in (None, False)}
