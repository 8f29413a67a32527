"""Batch renormalization goes: it changes training alone.

Before: BatchNormalization {"renorm": true, "renorm_clipping": {...}}, with the weights
        moving_stddev, renorm_mean and renorm_stddev beside its own
After:  BatchNormalization

Inference reads moving_mean and moving_variance with it as without
(keras/src/layers/normalization/batch_normalization.py of Keras 2.15, `_calculate_mean_and_var`
and `call`).
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Layer
from tfjs_serve.keras_files.variables import RENORM
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, Rewrite, with_fields

CLASSES = ("BatchNormalization",)

TRAINS_PLAINLY = "further training normalizes by the batch, without Keras's batch renormalization"


def rewrite(layer: Layer, context: Context) -> Rewrite | None:
    """Drop the fields and weights of batch renormalization."""
    if layer.class_name not in CLASSES or layer.config.get("renorm") is not True:
        return None
    plain = with_fields(layer, {}, "renorm", "renorm_clipping", "renorm_momentum")
    weights = tuple(weight for weight in layer.weights if weight.name not in RENORM)
    note = Note(TRAINS_PLAINLY, layer.name, NoteKind.TRAINING)
    return Rewrite(replace(plain, weights=weights), (note,))
