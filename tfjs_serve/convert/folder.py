"""A self-contained folder with the official converter's names and order."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from tfjs_serve.artifacts import SHARD_BYTES, Options, Summary
from tfjs_serve.config import parse_option, parse_options
from tfjs_serve.convert.copying import tensor_bytes, write_shards
from tfjs_serve.convert.grouping import by_layer, in_file_order
from tfjs_serve.convert.quantizing import quantize, reported
from tfjs_serve.convert.staging import render
from tfjs_serve.convert.translation import translate
from tfjs_serve.convert.values import Source
from tfjs_serve.errors import SourceBusyError, UsageError
from tfjs_serve.keras_files.beside import read_beside
from tfjs_serve.keras_files.opening import open_keras_file
from tfjs_serve.keras_files.readiness import Identity, open_source
from tfjs_serve.layers_format.model_json import digest
from tfjs_serve.layers_format.weights import cut_groups, shard_names
from tfjs_serve.report import Note, Report


@dataclass(frozen=True, slots=True)
class Conversion:
    """A finished conversion.

    digest: first 16 hex of the SHA-256 of model.json.
    files: names relative to the folder, model.json first.
    warnings: approximations, and what was left out.
    report: what was done to the model.
    """

    digest: str
    files: tuple[str, ...]
    warnings: tuple[Note, ...]
    report: Report
    summary: Summary
    nbytes: int


def convert_file(
    path: str | os.PathLike[str], out_dir: str | os.PathLike[str], **options: Any
) -> Conversion:
    """Convert a Keras model file into `out_dir`: model.json and `group1-shard<i>of<n>.bin`.

    options: fields of `Options`, such as `weight_shard_size_bytes` (default 4 MiB), `metadata`
        (a JSON object that goes into `userDefinedMetadata`), `quantization` ('uint8', or a mapping
        as in `save_keras_model`) and `split_weights_by_layer` (a group of shards for each).

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
        return _convert(fd, source, folder, chosen)
    finally:
        os.close(fd)


def _convert(fd: int, path: Path, folder: Path, options: Options) -> Conversion:
    before = Identity.of(fd)
    with open_keras_file(fd, path.name) as file:
        source = Source(file.fd, file)
        translation = translate(file.model, options, read_beside(path))
        translation = quantize(source, translation, options.quantization)
        tensors = in_file_order(translation.tensors, file.model)
        groups = by_layer(tensors, file.model) if options.split_weights_by_layer else [tensors]
        tensors = tuple(chain.from_iterable(groups))
        sizes = [[tensor_bytes(tensor) for tensor in group] for group in groups]
        plans = cut_groups(sizes, options.weight_shard_size_bytes)
        paths = [shard_names(number, len(shards)) for number, shards in enumerate(plans, 1)]
        names = tuple(chain.from_iterable(paths))
        folder.mkdir(parents=True, exist_ok=True)
        temporaries = [folder / f".{name}.tmp-{os.getpid()}" for name in names]
        entry = folder / f".model.json.tmp-{os.getpid()}"
        try:
            shards = list(chain.from_iterable(plans))
            written = write_shards(source, tensors, shards, lambda index: temporaries[index])
            held = list(zip(paths, groups, strict=True))
            model_json = render(file.model, translation, held, options)
            entry.write_bytes(model_json)
            if Identity.of(fd) != before:
                raise SourceBusyError(f"{path.name} changed while it was read; convert it again")
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
        reported(translation.report, tensors, written),
        translation.summary,
        len(model_json) + sum(shard.nbytes for shard in written),
    )


class _Savable(Protocol):
    def save(self, filepath: str) -> None: ...


def save_keras_model(
    model: _Savable,
    artifacts_dir: str | os.PathLike[str],
    quantization_dtype_map: Mapping[str, Any] | None = None,
    weight_shard_size_bytes: int = SHARD_BYTES,
    metadata: Mapping[str, Any] | None = None,
    *,
    allow_custom: Sequence[str] = (),
) -> Conversion:
    """Convert a live Keras model, as the official `save_keras_model` does.

    The model writes itself to a temporary `.h5`, which is converted; Keras is not imported here.

    quantization_dtype_map: 'float16', 'uint8' or 'uint16' -> globs of weight names in the manifest,
        such as `*/kernel`, or True for all weights that no glob matches.
    allow_custom: names of custom classes that the page registers, as in `Options`.

    Raises ConversionError and UsageError as `convert_file` does, and UsageError for what has no
    method `save`.
    """
    if not callable(getattr(model, "save", None)):
        raise UsageError(
            f"save_keras_model: found a {type(model).__name__}, expected a Keras model; "
            "convert_file converts a file"
        )
    where = "save_keras_model: quantization_dtype_map"
    quantization = parse_option("quantization", quantization_dtype_map, where)
    allowed = parse_option("allow_custom", allow_custom, "save_keras_model: allow_custom")
    with tempfile.TemporaryDirectory(prefix="tfjs-serve-") as folder:
        path = Path(folder) / "model.h5"
        model.save(str(path))
        return convert_file(
            path,
            artifacts_dir,
            weight_shard_size_bytes=weight_shard_size_bytes,
            metadata=metadata,
            quantization=quantization,
            allow_custom=allowed,
        )
