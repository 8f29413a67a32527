"""The dtype of an input becomes one that TensorFlow.js can be fed with.

Before: InputLayer {"shape": [null, 8], "dtype": "int64", "sparse": false, "optional": false}
After:  InputLayer {"shape": [null, 8], "dtype": "int32", "sparse": false}

`assertFeedCompatibility` (tfjs-layers/src/engine/executor.ts) takes float32, int32 and bool only.
"""

from __future__ import annotations

from typing import Any

from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context, Refusal, Rewrite, refuse
from tfjs_serve.rules.dtype_policies import ROUNDED

CLASSES = ("InputLayer",)

FED_AS = {
    # The policy of a first layer without an input of its own may be a mixed one.
    **dict.fromkeys(("float32", *ROUNDED), "float32"),
    **dict.fromkeys(("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64"), "int32"),
    "bool": "bool",
}


def rewrite(layer: Layer, context: Context) -> Rewrite | Refusal | None:
    """Leave of an input what TensorFlow.js reads: its shape and a dtype it can be fed with."""
    if layer.class_name not in CLASSES:
        return None
    shape = layer.config.get("shape")
    if shape is None or not all(size is None or _is_size(size) for size in shape):
        return refuse(layer, "its shape is not in the file", "give keras.Input a shape and save")
    dtype = layer.config.get("dtype") or "float32"
    if not isinstance(dtype, str) or dtype not in FED_AS:
        return refuse(
            layer, f"dtype = {dtype!r} cannot be fed in TensorFlow.js", "feed numbers instead"
        )
    if layer.config.get("sparse") or layer.config.get("ragged"):
        return refuse(layer, "sparse and ragged inputs do not exist in TensorFlow.js")
    config: dict[str, Any] = {"shape": tuple(shape), "dtype": FED_AS[dtype], "sparse": False}
    if layer.config.get("is_implicit"):
        config["is_implicit"] = True
    if config == layer.config:
        return None
    return Rewrite(Layer(layer.name, layer.class_name, config, layer.calls))


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
