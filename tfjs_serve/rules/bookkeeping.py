"""Fields that say nothing about what a layer computes go.

Before: Dense {"units": 4, "build_config": {...}, "quantization_config": null}
After:  Dense {"units": 4}
"""

from __future__ import annotations

from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context, Refusal, Rewrite, not_supported, with_fields

SILENT = (
    *("module", "registered_name", "build_config", "shared_object_id", "autocast"),
    *("batch_input_shape", "batch_shape", "input_shape", "seed_generator", "optional", "ragged"),
)
SILENT_WHEN_NULL = ("quantization_config", "lora_rank", "lora_alpha")


def rewrite(layer: Layer, context: Context) -> Rewrite | Refusal | None:
    """Drop Keras's own bookkeeping from a layer's config."""
    for name in SILENT_WHEN_NULL:
        if layer.config.get(name) is not None:
            return not_supported(layer, f"{name} = {layer.config[name]!r}")
    drop = [name for name in (*SILENT, *SILENT_WHEN_NULL) if name in layer.config]
    return Rewrite(with_fields(layer, {}, *drop)) if drop else None
