"""A self-contained folder with the official converter's names and order."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tfjs_serve.artifacts import SHARD_BYTES, Note, Options, Summary
from tfjs_serve.config import parse_options
from tfjs_serve.convert.copying import Source, tensor_bytes, write_shards
from tfjs_serve.convert.staging import render
from tfjs_serve.convert.translation import translate
from tfjs_serve.errors import SourceBusyError, UsageError
from tfjs_serve.graph import stored_weights
from tfjs_serve.keras_files.opening import open_keras_file
from tfjs_serve.keras_files.readiness import Identity, open_source
from tfjs_serve.layers_format.model_json import digest
from tfjs_serve.layers_format.weights import cut_anywhere
from tfjs_serve.rewriting.engine import Applied


@dataclass(frozen=True, slots=True)
class Conversion:
    """A finished conversion.

    digest: first 16 hex of the SHA-256 of model.json.
    files: names relative to the folder, model.json first.
    warnings: approximations, and what was left out.
    report: the rules that changed a layer, in order.
    """

    digest: str
    files: tuple[str, ...]
    warnings: tuple[Note, ...]
    report: tuple[Applied, ...]
    summary: Summary
    nbytes: int


def convert_file(
    path: str | os.PathLike[str], out_dir: str | os.PathLike[str], **options: Any
) -> Conversion:
    """Convert a Keras model file into `out_dir`: model.json and `group1-shard<i>of<n>.bin`.

    options: fields of `Options`, such as `weight_shard_size_bytes` (default 4 MiB) and `metadata`
        (a JSON object that goes into `userDefinedMetadata`).

    An existing folder is used again; model.json is replaced last and at once.

    Raises ConversionError with `reasons` when the model cannot be converted exactly, UsageError
    for an option that does not exist or `out_dir` that is a file, SourceBusyError when the file
    changed while it was read. Each of them leaves the files of `out_dir` as they were.
    """
    chosen = Options(**parse_options(options, "convert_file"))
    folder = Path(out_dir)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: already exists as a file; name a folder for the output")
    source = Path(path)
    fd = open_source(source)
    try:
        return _convert(fd, source.name, folder, chosen)
    finally:
        os.close(fd)


def _convert(fd: int, file_name: str, folder: Path, options: Options) -> Conversion:
    before = Identity.of(fd)
    with open_keras_file(fd, file_name) as file:
        translation = translate(file.model, options)
        # The official order is that of the file: layer groups in byte order of their names.
        place = {stored: index for index, stored in enumerate(file.model.weights)}
        tensors = tuple(
            sorted(
                translation.tensors,
                key=lambda item: min((place[s] for s in stored_weights(item.values)), default=-1),
            )
        )
        sizes = [tensor_bytes(tensor) for tensor in tensors]
        shards = cut_anywhere(sizes, options.weight_shard_size_bytes)
        names = [f"group1-shard{i + 1}of{len(shards)}.bin" for i in range(len(shards))]
        folder.mkdir(parents=True, exist_ok=True)
        temporaries = [folder / f".{name}.tmp-{os.getpid()}" for name in names]
        entry = folder / f".model.json.tmp-{os.getpid()}"
        try:
            write_shards(Source(file.fd, file), tensors, shards, lambda index: temporaries[index])
            model_json = render(file.model, translation, tensors, tuple(names), options)
            entry.write_bytes(model_json)
            if Identity.of(fd) != before:
                raise SourceBusyError(f"{file_name} changed while it was read; convert it again")
            for temporary, name in zip(temporaries, names, strict=True):
                temporary.replace(folder / name)
            entry.replace(folder / "model.json")
        finally:
            for temporary in (*temporaries, entry):
                temporary.unlink(missing_ok=True)
    return Conversion(
        digest(model_json),
        ("model.json", *names),
        translation.summary.warnings,
        translation.applied,
        translation.summary,
        len(model_json) + sum(sizes),
    )


class _Savable(Protocol):
    def save(self, filepath: str) -> None: ...


def save_keras_model(
    model: _Savable,
    artifacts_dir: str | os.PathLike[str],
    quantization_dtype_map: Mapping[str, Any] | None = None,
    weight_shard_size_bytes: int = SHARD_BYTES,
    metadata: Mapping[str, Any] | None = None,
) -> Conversion:
    """Convert a live Keras model, as the official `save_keras_model` does.

    The model writes itself to a temporary `.h5`, which is converted; Keras is not imported here.

    Raises ConversionError as `convert_file` does, UsageError for `quantization_dtype_map`, which
    is not supported yet.
    """
    if quantization_dtype_map:
        raise UsageError("save_keras_model: quantization_dtype_map is not supported yet; omit it")
    with tempfile.TemporaryDirectory(prefix="tfjs-serve-") as folder:
        path = Path(folder) / "model.h5"
        model.save(str(path))
        return convert_file(
            path,
            artifacts_dir,
            weight_shard_size_bytes=weight_shard_size_bytes,
            metadata=metadata,
        )
