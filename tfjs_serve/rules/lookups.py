"""Vocabularies of integers and bins are looked up by a layer of the companion module.

Before: IntegerLookup {"vocabulary": [3, 1, 5], "num_oov_indices": 1, "output_mode": "count"}
After:  TfjsServeLookup {"keys": [1, 3, 5], "indices": [2, 1, 3], "start": 0, "encoding": "count",
        "depth": 4}

Before: Discretization {"bin_boundaries": [0.0, 0.5]}
After:  TfjsServeLookup {"boundaries": [0.0, 0.5], "encoding": "int"}

Indices are numbers, as everywhere in the result. What is not in the vocabulary has the indices from
`start` on, by its remainder (keras/src/layers/preprocessing/index_lookup.py, `_lookup_dense`); a
mask token is index 0, or counts for nothing where indices are encoded. A vocabulary that was
adapted is no part of the config: Keras keeps it in an asset of the archive, and with it the weights
of `tf_idf`; a `.h5` has neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.companion import LOOKUP
from tfjs_serve.layers_format.catalog.fields import is_integer, is_natural, is_number, is_sequence
from tfjs_serve.lowering.chains import finished, step, values_of
from tfjs_serve.lowering.toolbox import channel_affine
from tfjs_serve.report import Note
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported, refuse

CLASSES = ("Discretization", "IntegerLookup")

ENCODINGS = {
    "int": "int",
    "one_hot": "onehot",
    "multi_hot": "multihot",
    "binary": "multihot",
    "count": "count",
    "tf_idf": "count",
    "tf-idf": "count",
}
"""Keras's names of the output modes -> those of the companion module."""

EXACT = 2**24
"""The whole numbers below it are floats of their own."""

DROPPED = -1
"""An index that no row has."""

STOPS = "Keras stops at a token that is not in the vocabulary: here its index is -1, of no row"

ASK = "save the model with bin_boundaries or a vocabulary that is given to its constructor"

ASK_ARCHIVE = "save the model as .keras, or with a vocabulary that is given to its constructor"


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Write the table, or the boundaries, into the config of a lookup."""
    config = layer.config
    encoding = ENCODINGS.get(str(config.get("output_mode", "int")))
    if layer.class_name not in CLASSES:
        return None
    if encoding is None or config.get("sparse"):
        what = f"output_mode = {config.get('output_mode')!r}, sparse = {config.get('sparse')!r}"
        return not_supported(layer, what)
    if layer.class_name == "Discretization":
        fields = _bins(layer)
    else:
        fields = _table(layer, is_int=encoding == "int")
    if isinstance(fields, Refusal):
        return fields
    if encoding == "int":
        fields = {**fields, "depth": None}
    found = step(layer, "", LOOKUP, {**fields, "encoding": encoding, "trainable": False})
    is_closed = config.get("num_oov_indices") == 0 and not config.get("invert")
    notes = (Note(STOPS, layer.name),) if is_closed else ()
    if config.get("output_mode") not in ("tf_idf", "tf-idf"):
        return replace(finished(layer, found), notes=notes)
    weighted = _weighted(layer, int(fields["depth"]))
    if isinstance(weighted, Refusal):
        return weighted
    counted = replace(found, name=f"{layer.name}__count")
    return replace(finished(layer, counted, *weighted), notes=notes)


def _bins(layer: Layer) -> Mapping[str, Any] | Refusal:
    bounds = layer.config.get("bin_boundaries")
    if not is_sequence(bounds, is_number) or not bounds:
        return refuse(layer, "its config does not hold the bin_boundaries it was adapted to", ASK)
    if sorted(bounds) != list(bounds):
        return not_supported(layer, "bin_boundaries that do not rise")
    return {"boundaries": list(bounds), "depth": len(bounds) + 1}


def _table(layer: Layer, *, is_int: bool) -> Mapping[str, Any] | Refusal:
    config = {"mask_token": None, "oov_token": -1, "num_oov_indices": 1, **layer.config}
    mask, oov, others = (config[name] for name in ("mask_token", "oov_token", "num_oov_indices"))
    given = config.get("vocabulary")
    if not given:
        why = "the file does not hold the vocabulary it was adapted to"
        return refuse(layer, why, ASK_ARCHIVE)
    if not is_sequence(given, is_integer):
        return not_supported(layer, "a vocabulary of other than safe whole numbers")
    if not is_natural(others) or not all(item is None or is_integer(item) for item in (mask, oov)):
        return not_supported(layer, f"num_oov_indices = {others!r}, mask_token = {mask!r}")
    first = int(mask is not None and is_int)
    tokens = _plain(given, [mask] * first + [oov] * others)
    if max(map(abs, (*tokens, mask or 0, oov or 0))) >= EXACT:
        return not_supported(layer, f"a vocabulary of numbers from {EXACT} on, which floats round")
    if len(set(tokens)) < len(tokens):
        return not_supported(layer, "a vocabulary that has a token twice")
    if others > 1 and config.get("oov_method", "floormod") != "floormod":
        return not_supported(layer, f"oov_method = {config['oov_method']!r}")
    start = first + others
    indices = {token: start + place for place, token in enumerate(tokens)}
    if mask is not None:
        indices[mask] = 0 if is_int else DROPPED
    if config.get("invert"):
        pairs = {index: token for token, index in indices.items()}
        return _written(pairs, -1 if oov is None else oov, 1)
    if others == 0:
        first, others = DROPPED, 1
    depth = config.get("max_tokens") if config.get("pad_to_max_tokens") else None
    return {**_written(indices, first, others), "depth": depth or start + len(tokens)}


def _plain(vocabulary: Sequence[int], special: Sequence[int | None]) -> list[int]:
    """Return a vocabulary without the tokens that Keras puts before it, if they are there."""
    is_full = list(vocabulary[: len(special)]) == list(special)
    return list(vocabulary[len(special) :] if is_full else vocabulary)


def _written(pairs: Mapping[int, int], start: int, count: int) -> dict[str, Any]:
    keys = sorted(pairs)
    found = {"keys": keys, "indices": [pairs[key] for key in keys]}
    return {**found, "start": start, "count": count}


def _weighted(layer: Layer, depth: int) -> tuple[Layer, ...] | Refusal:
    """Return the steps that multiply each count by the weight of its index."""
    weighted = step(layer, "weighted", "Rescaling", {"trainable": False})
    stored = values_of(layer, "idf_weights")
    if stored is not None and stored.shape == (depth,):
        return channel_affine(weighted, (None, depth), stored, None)
    scale = _frequencies(layer, depth)
    if stored is not None or scale is None:
        why = "the file does not hold the idf_weights of its vocabulary"
        return refuse(layer, why, ASK_ARCHIVE)
    return (replace(weighted, config={**weighted.config, "scale": scale, "offset": 0.0}),)


def _frequencies(layer: Layer, depth: int) -> list[float] | None:
    """Return the weight of each index; None when the config does not hold them.

    Keras puts the mean of all before them, and zeros behind (`set_vocabulary`).
    """
    weights = layer.config.get("idf_weights")
    if not is_sequence(weights, is_number) or not weights:
        return None
    special = [layer.config.get("oov_token", -1)] * int(layer.config.get("num_oov_indices", 1))
    vocabulary = layer.config["vocabulary"]
    is_full = list(vocabulary[: len(special)]) == special
    before = [] if is_full else [sum(weights) / len(weights)] * len(special)
    known = [*before, *weights]
    return [*known, *[0.0] * (depth - len(known))]
