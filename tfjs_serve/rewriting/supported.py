"""The last word on every layer: the catalog of what TensorFlow.js computes as Keras does."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tfjs_serve.artifacts import DEFAULT_OPTIONS, Options
from tfjs_serve.errors import Reason
from tfjs_serve.graph import OPERATION_PREFIX, Config, Layer
from tfjs_serve.layers_format.catalog import CATALOG
from tfjs_serve.layers_format.catalog.spec import REQUIRED, LayerSpec
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.custom import ADVICE_INSIDE, LAMBDA, advice, in_words, is_allowed
from tfjs_serve.rewriting.keras_classes import KERAS_CLASSES
from tfjs_serve.rewriting.rule import Refusal, Rewrite, refuse, with_fields
from tfjs_serve.shapes import wrapped_model
from tfjs_serve.topology import part_config
from tfjs_serve.visible import shown

_REMEDY = "allow it (companion = true), and load layers.js before the model"

SHARED_FIELDS = ("trainable",)
"""Fields every layer may have, beside its name."""


def checked(layer: Layer, options: Options = DEFAULT_OPTIONS) -> Rewrite | Refusal:
    """Return the layer with the fields tfjs reads, all of them; a refusal for any other value."""
    if layer.is_custom and not _is_json(layer.config):
        return refuse(layer, "its config holds NaN or Infinity, which JSON has not")
    if layer.graph is not None or layer.is_custom or layer.class_name == "InputLayer":
        return Rewrite(layer)
    spec = CATALOG.get(layer.class_name)
    if spec is None:
        return _unknown_class(layer, options)
    if spec.needs_companion and not options.companion:
        return refuse(layer, f"needs {layer.class_name} of the companion module", _REMEDY)
    reasons = [*_wrong_values(layer, spec), *_missing(layer, spec)]
    if reasons:
        return Refusal(tuple(Reason(why, layer.name, layer.class_name) for why in reasons))
    unread = [name for name, field in spec.fields.items() if not field.is_read]
    absent = {
        name: field.default
        for name, field in spec.fields.items()
        if field.is_read and name not in layer.config and name not in layer.parts
    }
    notes = (Note(spec.warning, layer.name, NoteKind.BACKEND),) if spec.warning else ()
    is_complete = not absent and layer.config.keys().isdisjoint(unread)
    return Rewrite(layer if is_complete else with_fields(layer, absent, *unread), notes)


def _is_json(config: Config) -> bool:
    try:
        json.dumps(config, allow_nan=False)
    except ValueError:
        return False
    return True


def _wrong_values(layer: Layer, spec: LayerSpec) -> Iterator[str]:
    for name, value in layer.config.items():
        if name in SHARED_FIELDS:
            continue
        field = spec.fields.get(name)
        if field is None:
            yield f"not supported yet: {name} = {shown(value)}"
        elif not field.accepts(value):
            yield f"not supported yet: {name} = {shown(value)} (expected {field.expected})"
    for name, part in layer.parts.items():
        field = spec.fields.get(name)
        # The backward layer is the forward one in reverse (rules.bidirectional): tfjs reads one.
        if name == "backward_layer" or part is wrapped_model(layer):
            continue
        if not (field and field.accepts(part_config(part))):
            yield f"not supported yet: {name} = {part.class_name}"


def _missing(layer: Layer, spec: LayerSpec) -> Iterator[str]:
    for name, field in spec.fields.items():
        is_absent = name not in layer.config and name not in layer.parts
        if field.default is REQUIRED and is_absent:
            yield f"its config holds no {name} (expected {field.expected})"


def remedy(layer: Layer) -> str:
    """Return what a user can do about a layer of a custom class."""
    return advice(layer.class_name)


def _unknown_class(layer: Layer, options: Options) -> Refusal:
    if is_allowed(layer.class_name, options.allow_custom):
        return refuse(
            layer, "not supported yet: a custom class inside another layer", ADVICE_INSIDE
        )
    if layer.class_name == LAMBDA:
        why = "a Lambda layer holds Python code, which a browser cannot run"
        return refuse(layer, f"{why} ({in_words(layer)})", remedy(layer))
    if layer.class_name.startswith(OPERATION_PREFIX):
        return refuse(layer, f"not supported yet: operation {layer.class_name}")
    if layer.class_name in KERAS_CLASSES:
        what = f" of {layer.config['function']}" if "function" in layer.config else ""
        return refuse(layer, f"not supported yet: class {layer.class_name}{what}")
    why = "a custom class, whose Python code is not in the file"
    return refuse(layer, f"{why} ({in_words(layer)})", remedy(layer))
