"""One version of a watched model, laid into the served folder but not yet published.

Runs in a worker process. Shards go into the content-addressed store, where equal ones are shared
by all models and versions; publishing them is the library's, by replacing one model.json.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from tfjs_serve.artifacts import (
    CONVERTER_REVISION,
    METADATA_KEY,
    SHARD_FOLDER,
    Artifacts,
    Options,
    Shard,
)
from tfjs_serve.companion import MODULE
from tfjs_serve.convert.copying import Written, tensor_bytes, write_shards
from tfjs_serve.convert.quantizing import quantize, reported
from tfjs_serve.convert.translation import Tensor, Translation, translate
from tfjs_serve.convert.values import Source
from tfjs_serve.errors import ConversionError, SourceBusyError
from tfjs_serve.keras_files.beside import read_beside
from tfjs_serve.keras_files.model import KerasModel
from tfjs_serve.keras_files.opening import open_keras_file
from tfjs_serve.keras_files.readiness import Identity, Readiness, open_source, probe
from tfjs_serve.layers_format.model_json import ModelJson, WeightsGroup, digest
from tfjs_serve.layers_format.weights import (
    MANIFEST_DTYPES,
    WEIGHT_TYPE,
    ManifestEntry,
    cut_between_tensors,
)

SHARD_NAME_HEX = 32
"""Hex digits of the SHA-256 of a shard that name its file."""

CONVERTED_BY = f"tfjs-serve (converter revision {CONVERTER_REVISION})"

_temporaries = count()


def stage(
    path: Path, served_folder: Path, name: str, options: Options, source: int | None = None
) -> Artifacts:
    """Convert one file for the served folder.

    source: the open file, the caller's; without it the path is opened. With it the path tells
    only what the file is called and what lies beside it.

    Raises ConversionError when the model cannot be converted exactly, SourceBusyError when the
    file is being written or changed while it was read; either leaves no file behind.
    """
    fd = open_source(path) if source is None else source
    try:
        before = Identity.of(fd)
        if probe(fd) is Readiness.BUSY:
            raise SourceBusyError(f"{path.name} is being written")
        try:
            artifacts = _stage(fd, path, served_folder, name, options)
        except ConversionError as error:
            # A file that is being replaced shows every kind of damage: only a quiet one is refused.
            if _has_moved(fd, before):
                raise SourceBusyError(f"{path.name} changed while it was read") from error
            raise
        if _has_moved(fd, before):
            raise SourceBusyError(f"{path.name} changed while it was read")
        return artifacts
    finally:
        if source is None:
            os.close(fd)


def _has_moved(fd: int, before: Identity) -> bool:
    """Tell whether a file is not, from the first byte read to the last, one and the same."""
    return probe(fd) is Readiness.BUSY or Identity.of(fd) != before


def _stage(fd: int, path: Path, served_folder: Path, name: str, options: Options) -> Artifacts:
    with open_keras_file(fd, path.name) as file:
        source = Source(file.fd, file)
        translation = translate(file.model, options, read_beside(path))
        translation = quantize(source, translation, options.quantization)
        tensors = translation.tensors
        sizes = [tensor_bytes(tensor) for tensor in tensors]
        shards = cut_between_tensors(sizes, options.weight_shard_size_bytes)
        store = served_folder / SHARD_FOLDER
        store.mkdir(parents=True, exist_ok=True)
        temporaries = [
            store / f".tmp-{os.getpid()}-{next(_temporaries)}" for _ in range(len(shards))
        ]
        try:
            written = write_shards(source, tensors, shards, lambda index: temporaries[index])
            stored = tuple(_store(shard, store) for shard in written)
        finally:
            for temporary in temporaries:
                temporary.unlink(missing_ok=True)
        up = "../" * (name.count("/") + 1)
        paths = tuple(f"{up}{SHARD_FOLDER}/{shard.name}" for shard in stored)
        model_json = render(file.model, translation, [(paths, tensors)], options)
    report = reported(translation.report, tensors, written)
    return Artifacts(digest(model_json), model_json, stored, translation.summary, report)


def render(
    model: KerasModel,
    translation: Translation,
    groups: Sequence[tuple[tuple[str, ...], tuple[Tensor, ...]]],
    options: Options,
) -> bytes:
    """Return the model.json of a translation.

    groups: the paths of the shards of each group, and the weights that lie in them.
    """
    return ModelJson(
        keras_version=model.keras_version,
        backend=model.backend,
        model_config=translation.model_config,
        topology_training_config=translation.training.topology,
        training_config=translation.training.served,
        groups=[WeightsGroup(paths, tuple(map(_entry, tensors))) for paths, tensors in groups],
        converted_by=CONVERTED_BY,
        metadata=_metadata(translation, options),
    ).as_bytes()


def _metadata(translation: Translation, options: Options) -> Mapping[str, Any] | None:
    """Return what the user put in, before it what lies beside the model and what a page needs.

    That is the classes which it has to register.
    """
    found = dict(translation.metadata)
    if translation.companion:
        classes = list(translation.companion)
        found = {METADATA_KEY: {"companion": {"module": MODULE, "classes": classes}}, **found}
    if not found:
        return options.metadata
    return {**found, **(options.metadata or {})}


def _entry(tensor: Tensor) -> ManifestEntry:
    quantization = None if tensor.quantization is None else tensor.quantization.as_json()
    return ManifestEntry(tensor.name, tensor.shape, MANIFEST_DTYPES[WEIGHT_TYPE], quantization)


def _store(written: Written, store: Path) -> Shard:
    """Give a shard the name of its content; one that is there already is kept."""
    shard = Shard(f"{written.sha256[:SHARD_NAME_HEX]}.bin", written.nbytes)
    target = store / shard.name
    with contextlib.suppress(OSError):
        # Anybody may have put it there: its name and size alone say nothing.
        if not target.is_symlink() and target.is_file() and _sha256(target) == written.sha256:
            # Marks it as wanted: what nobody refers to is deleted by age.
            os.utime(target)
            return shard
    written.path.replace(target)
    return shard


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
