"""What can be told of a model file without converting it, as values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tfjs_serve.artifacts import TensorInfo
from tfjs_serve.errors import ConversionError
from tfjs_serve.report import Report

Shape: TypeAlias = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class LayerInfo:
    """A layer as Keras has it.

    shapes: of its outputs where it is called first; None where nobody knows.
    inside: layers of a nested model or of a wrapper.
    """

    name: str
    class_name: str
    shapes: tuple[Shape | None, ...]
    parameters: int
    is_trainable: bool = True
    inside: tuple[LayerInfo, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the member of `layers`."""
        return {
            "name": self.name,
            "class": self.class_name,
            "output_shapes": [None if shape is None else list(shape) for shape in self.shapes],
            "parameters": self.parameters,
            "trainable": self.is_trainable,
            "layers": [layer.as_json() for layer in self.inside],
        }


@dataclass(frozen=True, slots=True)
class Training:
    """What a model was compiled with, by name; `is_kept` tells whether a browser can train it."""

    optimizer: str | None
    loss: tuple[str, ...]
    metrics: tuple[str, ...]
    is_kept: bool

    def as_json(self) -> dict[str, Any]:
        """Return the member `training`."""
        return {
            "optimizer": self.optimizer,
            "loss": list(self.loss),
            "metrics": list(self.metrics),
            "kept": self.is_kept,
        }


@dataclass(frozen=True, slots=True)
class Inspection:
    """A model file, as far as it can be read; `error` tells why it is refused.

    file: its name. container: `h5` or `keras`, None when it is neither.
    name, kind: of the model, None where its config is not understood.
    dtypes: numbers of parameters by the dtype in which the file has them.
    inputs, outputs: those of the converted model; of a refused one, those of Keras.
    """

    file: str
    container: str | None = None
    keras_version: str | None = None
    backend: str | None = None
    name: str | None = None
    kind: str | None = None
    layers: tuple[LayerInfo, ...] = ()
    dtypes: Mapping[str, int] = field(default_factory=dict)
    inputs: tuple[TensorInfo, ...] = ()
    outputs: tuple[TensorInfo, ...] = ()
    training: Training | None = None
    needs_companion: bool = False
    custom_classes: tuple[str, ...] = ()
    report: Report = field(default_factory=Report)
    error: ConversionError | None = None

    @property
    def parameters(self) -> int:
        """Return the number of all stored parameters."""
        return sum(self.dtypes.values())

    def as_json(self) -> dict[str, Any]:
        """Return what `inspect --json` prints; fields may be added, never renamed."""
        error = self.error
        return {
            "file": self.file,
            "container": self.container,
            "keras_version": self.keras_version,
            "backend": self.backend,
            "name": self.name,
            "kind": self.kind,
            "layers": [layer.as_json() for layer in self.layers],
            "parameters": self.parameters,
            "dtypes": dict(self.dtypes),
            "inputs": [tensor.as_json() for tensor in self.inputs],
            "outputs": [tensor.as_json() for tensor in self.outputs],
            "training": None if self.training is None else self.training.as_json(),
            "converts": error is None,
            "needs_companion": self.needs_companion,
            "custom_classes": list(self.custom_classes),
            "report": self.report.as_json(),
            "error": None
            if error is None
            else {
                "message": error.message,
                "reasons": [reason.as_json() for reason in error.reasons],
            },
        }


def walk(layers: tuple[LayerInfo, ...], depth: int = 0) -> Iterator[tuple[LayerInfo, int]]:
    """Yield layers with how deep they lie, each before those inside it."""
    for layer in layers:
        yield layer, depth
        yield from walk(layer.inside, depth + 1)
