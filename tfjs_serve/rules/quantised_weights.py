"""A layer with quantised weights is refused, but for a Dense of whole bytes.

Before: EinsumDense {"dtype": {"class_name": "QuantizedDTypePolicy", "config": {"mode": "int4"}}}
After:  refused

Its weights are packed in ways of their own (keras/src/dtype_policies/dtype_policy.py); what
`int8_dense` can undo is left to it.
"""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context, Refusal, refuse

FIELDS = frozenset({"mode", "source_name"})
"""What the config of a dtype policy holds when it quantises, whatever its class."""


def rewrite(layer: Layer, context: Context) -> Refusal | None:
    """Refuse weights in numbers that only Keras can read."""
    dtype = layer.config.get("dtype")
    policy = dtype.get("config") if isinstance(dtype, Mapping) else None
    if not isinstance(policy, Mapping) or not policy.keys() >= FIELDS:
        return None
    mode = policy["mode"]
    if mode == "int8" and layer.class_name == "Dense":
        return None
    why = f"not supported yet: weights quantised to {mode} (expected int8 in a Dense, or floats)"
    return refuse(layer, why, f"save the model as it was before quantize({mode!r})")
