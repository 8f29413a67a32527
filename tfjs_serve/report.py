"""What a conversion did to a model: notes, the rules that changed something, quantization."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any


class NoteKind(Enum):
    """What a note is about, for reports that group them.

    DROPPED: left out, with equal numbers when it predicts.
    ACCURACY: numbers may differ from Keras's, and where.
    TRAINING: equal numbers, but further training behaves otherwise.
    BACKEND: a backend of TensorFlow.js that computes it otherwise.
    PAGE: what a page has to bring before it can load the model.
    OTHER: anything else, such as another name.
    """

    DROPPED = "dropped"
    ACCURACY = "accuracy"
    TRAINING = "training"
    BACKEND = "backend"
    PAGE = "page"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Note:
    """A warning that travels with a model: approximations, things left out."""

    text: str
    layer: str | None = None
    kind: NoteKind = NoteKind.OTHER

    def as_json(self) -> dict[str, str | None]:
        """Return the member of `warnings` of the HTTP API."""
        return {"layer": self.layer, "text": self.text, "kind": self.kind.value}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Note:
        """Return the note that `as_json` wrote."""
        return cls(data["text"], data["layer"], NoteKind(data["kind"]))


@dataclass(frozen=True, slots=True)
class Applied:
    """One rule that changed one layer (None: the model)."""

    rule: str
    layer: str | None


@dataclass(frozen=True, slots=True)
class QuantizedWeight:
    """A weight that is written in fewer bits.

    error: the largest distance of a value, as TensorFlow.js decodes it, from the one it stands for.
    """

    name: str
    dtype: str
    error: float

    def as_json(self) -> dict[str, Any]:
        """Return the member of `weights` of a quantization."""
        return {"name": self.name, "dtype": self.dtype, "error": self.error}


@dataclass(frozen=True, slots=True)
class Quantization:
    """What quantising did: bytes of all weights as float32 and as written, and every loss."""

    bytes_before: int
    bytes_after: int
    weights: tuple[QuantizedWeight, ...]

    @property
    def worst(self) -> QuantizedWeight:
        """Return the weight with the largest error."""
        return max(self.weights, key=lambda weight: weight.error)

    def as_json(self) -> dict[str, Any]:
        """Return the member `quantization` of a report."""
        return {
            "bytes_before": self.bytes_before,
            "bytes_after": self.bytes_after,
            "tensor": self.worst.name,
            "largest_error": self.worst.error,
            "weights": [weight.as_json() for weight in self.weights],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Quantization:
        """Return the quantization that `as_json` wrote."""
        weights = tuple(QuantizedWeight(**weight) for weight in data["weights"])
        return cls(data["bytes_before"], data["bytes_after"], weights)


@dataclass(frozen=True, slots=True)
class Report:
    """What a conversion did to a model.

    applied: the rules that changed something, in order.
    notes: what a person should know; the same as the warnings of the model.
    quantization: None when weights were written as they are.
    """

    applied: tuple[Applied, ...] = ()
    notes: tuple[Note, ...] = ()
    quantization: Quantization | None = None

    @property
    def rules(self) -> dict[str | None, list[str]]:
        """Return the rules by the layer they changed, each once; None stands for the model."""
        found: dict[str | None, list[str]] = {}
        for item in self.applied:
            rules = found.setdefault(item.layer, [])
            if item.rule not in rules:
                rules.append(item.rule)
        return found

    def of_kind(self, kind: NoteKind) -> tuple[Note, ...]:
        """Return the notes of one kind."""
        return tuple(note for note in self.notes if note.kind is kind)

    def as_json(self) -> dict[str, Any]:
        """Return the member `report` of the HTTP API and of `inspect --json`."""
        return {
            "rules": [{"layer": layer, "rules": rules} for layer, rules in self.rules.items()],
            "notes": [note.as_json() for note in self.notes],
            "quantization": None if self.quantization is None else self.quantization.as_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Report:
        """Return the report that `as_json` wrote; rules stand by layer."""
        applied = tuple(
            Applied(rule, item["layer"]) for item in data["rules"] for rule in item["rules"]
        )
        notes = tuple(Note.from_json(note) for note in data["notes"])
        found = data["quantization"]
        quantization = None if found is None else Quantization.from_json(found)
        return cls(applied, notes, quantization)


NO_REPORT = Report()
