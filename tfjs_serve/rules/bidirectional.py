"""Both directions of a Bidirectional get one name, without the prefix Keras 3 gave it.

Before: Bidirectional {"layer": LSTM "forward_lstm", "backward_layer": LSTM "backward_lstm"}
After:  Bidirectional {"layer": LSTM "lstm"}

tfjs builds both directions from `layer`, names them `forward_<name>` and `backward_<name>`, and
reads no `backward_layer` (layers/wrappers.ts 263-275).
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context, Refusal, Rewrite, not_supported

CLASSES = ("Bidirectional",)

FREE_TO_DIFFER = ("go_backwards", "name", "zero_output_for_mask")


def rewrite(layer: Layer, context: Context) -> Rewrite | Refusal | None:
    """Check that both directions are alike and name the inner layer as tfjs expects it."""
    if layer.class_name not in CLASSES or not {"layer", "backward_layer"} <= layer.parts.keys():
        return None
    forward, backward = layer.parts["layer"], layer.parts["backward_layer"]
    if not is_mirror(forward, backward):
        return not_supported(layer, "backward_layer that differs from layer")
    if forward is not backward and not _is_mirrored(forward, backward):
        return not_supported(layer, "backward_layer that does not run the other way")
    name = forward.name.removeprefix("forward_")
    if name == forward.name == backward.name:
        return None
    parts = {"layer": replace(forward, name=name), "backward_layer": replace(backward, name=name)}
    return Rewrite(replace(layer, parts=parts))


def is_mirror(forward: Layer, backward: Layer) -> bool:
    """Tell whether both directions compute the same, but for the way they run."""
    return (
        forward.class_name == backward.class_name
        and _computed(forward) == _computed(backward)
        and forward.parts.keys() == backward.parts.keys()
        and all(is_mirror(part, backward.parts[name]) for name, part in forward.parts.items())
    )


def _is_mirrored(forward: Layer, backward: Layer) -> bool:
    ways = [bool(part.config.get("go_backwards")) for part in (forward, backward)]
    # A backward part made by copying the forward one carries its config unchanged.
    return ways[0] != ways[1] or forward.config == backward.config


def _computed(part: Layer) -> dict[str, object]:
    ignored = (*FREE_TO_DIFFER, "trainable")
    fields = part.config.items()
    return {key: value for key, value in fields if key not in ignored and "initializer" not in key}
