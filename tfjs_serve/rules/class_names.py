"""Old names of layer classes become today's.

Before: {"class_name": "BatchNormalizationV1"}, also inside a wrapper or a nested model
After:  {"class_name": "BatchNormalization"}

tf.keras 1.13 to 2.1 registered some classes under a second name (the official converter's
`_CLASS_NAME_MAP`, converters/keras_h5_conversion.py; `BatchNormalizationFused` in TensorFlow 1.12,
python/keras/layers/normalization.py).
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Graph, Layer, map_layers, walk_layers
from tfjs_serve.rewriting.rule import Context, GraphRewrite

TODAYS_NAMES = {
    "BatchNormalizationFused": "BatchNormalization",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "UnifiedGRU": "GRU",
    "UnifiedLSTM": "LSTM",
}


def rewrite(graph: Graph, context: Context) -> GraphRewrite | None:
    """Give every layer the class name Keras uses for it today."""
    if not any(layer.class_name in TODAYS_NAMES for layer in walk_layers(graph.layers)):
        return None
    return GraphRewrite(map_layers(graph, _renamed))


def _renamed(layer: Layer) -> Layer:
    name = TODAYS_NAMES.get(layer.class_name, layer.class_name)
    return replace(layer, class_name=name)
