"""A converted model as values: what the converter hands to the library that publishes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tfjs_serve.report import NO_REPORT, Note, Report

SHARD_BYTES = 4 * 1024 * 1024
"""Default size of a weight shard, the official converter's (write_weights.py)."""

GRU_UNROLL = 24
"""Default of `gru_unroll`: what loads without the companion module, at a few ms a prediction.

docs/decisions/0006-gru.md has the figures.
"""

SHARD_FOLDER = "_w"
"""Where the served folder keeps the shards of all models, named by content."""

METADATA_KEY = "tfjsServe"
"""Where model.json says in `userDefinedMetadata` what it needs; no user may set it."""

CONVERTER_REVISION = 3
"""Raised whenever the same source may convert to other bytes; part of every record."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a user may choose about the conversion of one model.

    quantization: dtype ('float16', 'uint8', 'uint16') -> patterns of weight names, or True for
        all that no pattern matches.
    gru_unroll: most steps over which a reset-after GRU is laid out step by step.
    companion: whether a model may need the companion module; else it is refused.
    allow_custom: classes that are passed through to a page that registers them, `:same` behind
        one that returns the shape of its first input where the file tells no shape.
    """

    weight_shard_size_bytes: int = SHARD_BYTES
    metadata: Mapping[str, Any] | None = None
    split_weights_by_layer: bool = False
    quantization: Mapping[str, Sequence[str] | bool] = field(default_factory=dict)
    gru_unroll: int = GRU_UNROLL
    companion: bool = True
    allow_custom: Sequence[str] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the options as a JSON object, also the key under which a version is re-used."""
        return {
            "weight_shard_size_bytes": self.weight_shard_size_bytes,
            "metadata": None if self.metadata is None else dict(self.metadata),
            "split_weights_by_layer": self.split_weights_by_layer,
            "quantization": {
                dtype: names if isinstance(names, bool) else list(names)
                for dtype, names in self.quantization.items()
            },
            "gru_unroll": self.gru_unroll,
            "companion": self.companion,
            "allow_custom": list(self.allow_custom),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Options:
        """Return the options that `as_json` wrote."""
        quantization = {
            dtype: names if isinstance(names, bool) else tuple(names)
            for dtype, names in data["quantization"].items()
        }
        allow_custom = tuple(data["allow_custom"])
        return cls(**{**data, "quantization": quantization, "allow_custom": allow_custom})


DEFAULT_OPTIONS = Options()


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """An input or output of a model; the batch axis of `shape` is None unless it is fixed.

    shape: None for the output of a custom class whose shape nobody knows.
    """

    name: str
    shape: tuple[int | None, ...] | None
    dtype: str

    def as_json(self) -> dict[str, Any]:
        """Return the member of `inputs` and `outputs` of the HTTP API."""
        return {
            "name": self.name,
            "shape": None if self.shape is None else list(self.shape),
            "dtype": self.dtype,
        }


@dataclass(frozen=True, slots=True)
class Summary:
    """What a person wants to know of a model before loading it.

    custom_classes: what a page has to register before it loads the model.
    """

    layers: int
    parameters: int
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    keras_version: str | None
    trainable: bool
    needs_companion: bool = False
    custom_classes: tuple[str, ...] = ()
    warnings: tuple[Note, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the fields of the HTTP API that describe a model."""
        return {
            "layers": self.layers,
            "parameters": self.parameters,
            "inputs": [tensor.as_json() for tensor in self.inputs],
            "outputs": [tensor.as_json() for tensor in self.outputs],
            "keras_version": self.keras_version,
            "trainable": self.trainable,
            "needs_companion": self.needs_companion,
            "custom_classes": list(self.custom_classes),
            "warnings": [note.as_json() for note in self.warnings],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Summary:
        """Return the summary that `as_json` wrote."""
        return cls(
            layers=data["layers"],
            parameters=data["parameters"],
            inputs=_tensors(data["inputs"]),
            outputs=_tensors(data["outputs"]),
            keras_version=data["keras_version"],
            trainable=data["trainable"],
            needs_companion=data["needs_companion"],
            custom_classes=tuple(data["custom_classes"]),
            warnings=tuple(Note.from_json(note) for note in data["warnings"]),
        )


@dataclass(frozen=True, slots=True)
class Shard:
    """One file of the content-addressed store: `<first 32 hex of its SHA-256>.bin`."""

    name: str
    nbytes: int


@dataclass(frozen=True, slots=True)
class Artifacts:
    """One converted version of a model, its shards already lying in the served folder.

    digest: first 16 hex of the SHA-256 of `model_json`.
    report: what was done to the model, for people who ask.
    """

    digest: str
    model_json: bytes = field(repr=False)
    shards: tuple[Shard, ...]
    summary: Summary
    report: Report = NO_REPORT

    @property
    def nbytes(self) -> int:
        """Return the bytes a browser transfers for a first load: topology and weights."""
        return len(self.model_json) + sum(shard.nbytes for shard in self.shards)

    def as_json(self) -> dict[str, Any]:
        """Return everything but `model_json` as a JSON object."""
        return {
            "digest": self.digest,
            "shards": [[shard.name, shard.nbytes] for shard in self.shards],
            "summary": self.summary.as_json(),
            "report": self.report.as_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], model_json: bytes) -> Artifacts:
        """Return the artifacts that `as_json` wrote, with their topology bytes."""
        shards = tuple(Shard(name, nbytes) for name, nbytes in data["shards"])
        summary, report = Summary.from_json(data["summary"]), Report.from_json(data["report"])
        return cls(data["digest"], model_json, shards, summary, report)


def _tensors(items: list[dict[str, Any]]) -> tuple[TensorInfo, ...]:
    return tuple(
        TensorInfo(i["name"], None if i["shape"] is None else tuple(i["shape"]), i["dtype"])
        for i in items
    )
