"""Old names of layer classes become today's.

Before: {"class_name": "BatchNormalizationV1"}
After:  {"class_name": "BatchNormalization"}

tf.keras 1.13 to 2.1 registered some classes under a second name (the official converter's
`_CLASS_NAME_MAP`, converters/keras_h5_conversion.py).
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context, Rewrite

TODAYS_NAMES = {
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "UnifiedGRU": "GRU",
    "UnifiedLSTM": "LSTM",
}


def rewrite(layer: Layer, context: Context) -> Rewrite | None:
    """Give a layer the class name Keras uses for it today."""
    if layer.class_name not in TODAYS_NAMES:
        return None
    return Rewrite(replace(layer, class_name=TODAYS_NAMES[layer.class_name]))
