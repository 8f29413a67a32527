"""Calls with more than tensors are refused: TensorFlow.js ignores the arguments of a node.

Before: LSTM called with (x, mask=m), Dropout called with (x, training=True)
After:  refused (executor.ts passes `training` and `mask` of its own and nothing else)
"""

from __future__ import annotations

from tfjs_serve.errors import Reason
from tfjs_serve.graph import OPERATION_PREFIX, Layer, TensorRef, tensors
from tfjs_serve.rewriting.rule import Context, Refusal, not_supported


def rewrite(layer: Layer, context: Context) -> Refusal | None:
    """Refuse calls that pass named arguments or literals beside tensors."""
    found: list[str] = []
    for call in layer.calls:
        for name, value in call.kwargs.items():
            shown = "a tensor" if any(tensors(value)) else repr(value)
            found.append(f"called with {name} = {shown}")
        literals = [value for value in _flat(call.args) if not isinstance(value, TensorRef)]
        found += [f"called with {_in_words(value)}" for value in literals]
    if not found:
        return None
    if layer.class_name.startswith(OPERATION_PREFIX):
        # No rule before this one took it; arguments are what operations have.
        return not_supported(layer, f"operation {layer.class_name}, {found[0]}")
    reasons = dict.fromkeys(f"not supported yet: {what}" for what in found)
    return Refusal(tuple(Reason(why, layer.name, layer.class_name) for why in reasons))


def _in_words(value: object) -> str:
    # Text stands for what is neither a tensor nor a number (front_ends.nodes).
    return value if isinstance(value, str) else f"the constant {value!r}"


def _flat(value: object) -> list[object]:
    if isinstance(value, tuple):
        return [leaf for item in value for leaf in _flat(item)]
    return [value]
