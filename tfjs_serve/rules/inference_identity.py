"""Layers that do something in training only become the identity.

Before: RandomFlip {"mode": "horizontal"}, StochasticDepth {...}, Identity {}
After:  Activation {"activation": "linear"}, with a warning where training goes without something

tfjs has none of them (its `Identity` is an initializer). That they return their input as it is
when `training` is false was measured with every class of Keras 2.15 and 3.15; those that do not
(AutoContrast, Equalization, ContrastLimitedAdaptiveHistogramEqualization) are not here. RandomCrop
of Keras 3 does, whatever shape it declares; that of Keras 2 is a Resizing (rules.resizing).
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Call, Layer
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, Rewrite

_RANDOM = (
    *("Brightness", "ColorDegeneration", "ColorJitter", "Contrast", "ElasticTransform"),
    *("Erasing", "Flip", "GaussianBlur", "Grayscale", "Height", "Hue", "Invert"),
    *("Perspective", "Posterization", "Rotation", "Saturation", "Sharpness", "Shear"),
    *("Translation", "Width", "Zoom"),
)

AUGMENTATIONS = frozenset(
    (
        *(f"Random{name}" for name in _RANDOM),
        *("AugMix", "CutMix", "MixUp", "RandAugment", "Solarization"),
    )
)

OTHERS = ("ActivityRegularization", "Identity", "StochasticDepth")

CLASSES = (*AUGMENTATIONS, "RandomCrop", *OTHERS)


def rewrite(layer: Layer, context: Context) -> Rewrite | None:
    """Replace a layer without effect on predictions by a linear activation."""
    is_random_crop = layer.class_name == "RandomCrop" and context.generation >= 3
    is_augmentation = layer.class_name in AUGMENTATIONS or is_random_crop
    if not is_augmentation and layer.class_name not in OTHERS:
        return None
    calls = layer.calls
    if context.generation >= 3 and is_augmentation:
        # It writes the default of `call` into every node, and overrides it when it predicts.
        calls = tuple(_without_training(call) for call in calls)
    if len(calls[0].inputs) != 1:
        return None
    config = {"trainable": layer.config.get("trainable", True), "activation": "linear"}
    text = f"{layer.class_name} is left out: it matters to training only"
    notes = () if layer.class_name == "Identity" else (Note(text, layer.name, NoteKind.DROPPED),)
    return Rewrite(replace(layer, class_name="Activation", config=config, calls=calls), notes)


def _without_training(call: Call) -> Call:
    return Call(call.args, {key: item for key, item in call.kwargs.items() if key != "training"})
