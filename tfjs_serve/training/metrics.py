"""Metrics: names of TensorFlow.js for each output; those that it has not go one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfjs_serve.layers_format.catalog.compiled import METRICS, METRICS_BY_NAME
from tfjs_serve.training.objects import Named, UnmappedError, named, refuse_settings, shown

NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "from_logits": (False,),
    "label_smoothing": (0, 0.0),
    "axis": (-1,),
    "ignore_class": (None,),
    "threshold": (0.5,),
}


ALIASES = ("accuracy", "acc", "crossentropy", "ce")
"""Words for which Keras looks up what fits, and which stay the name of what it found."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a metric is taken of: the loss of an output, in tfjs's name, and its last length."""

    loss: str
    width: int | None

    @property
    def kind(self) -> str:
        """Return which accuracy or crossentropy tfjs takes (engine/training.ts, `compile`)."""
        if self.width == 1 or self.loss == "binary_crossentropy":
            return "binary"
        is_sparse = self.loss == "sparse_categorical_crossentropy"
        return "sparse_categorical" if is_sparse else "categorical"

    @property
    def kind_of_keras(self) -> str:
        """Return which one Keras takes: it looks at the labels, which follow from the loss."""
        if self.width == 1:
            return "binary"
        is_sparse = self.loss == "sparse_categorical_crossentropy"
        return "sparse_categorical" if is_sparse else "categorical"


def metrics_by_output(value: Any, names: Sequence[str], generation: int) -> list[list[Any]]:
    """Return the metrics of each output as Keras spells them; UnmappedError when unclear."""
    if value is None:
        return [[] for _ in names]
    if len(names) == 1:
        return [list(_flat(value))]
    if isinstance(value, Mapping) and named(value) is None:
        if unknown := value.keys() - set(names):
            raise UnmappedError(f"there are metrics for {shown(min(unknown))}, which is no output")
        return [list(_flat(value.get(name))) for name in names]
    if not isinstance(value, list):
        raise UnmappedError("the metrics are no known kind")
    is_flat = all(named(item) is not None for item in value)
    if is_flat and generation < 3:  # Keras 2 takes all of them for every output.
        return [list(value) for _ in names]
    if len(value) != len(names):
        raise UnmappedError(f"there are {len(value)} metrics for {len(names)} outputs")
    return [list(_flat(item)) for item in value]


def metric_of(value: Any, measured: Measured) -> str:
    """Return tfjs's name of a metric; UnmappedError when tfjs has none that computes the same."""
    found = named(value)
    if found is None or found.name not in METRICS:
        raise UnmappedError("TensorFlow.js has none that computes the same")
    refuse_settings(found, NEUTRAL)
    if measured.width is None and measured.loss == "binary_crossentropy" and found.name in ALIASES:
        raise UnmappedError("the last length of the output is not known")
    wanted = _meant(found, measured)
    _, _, family = wanted.rpartition("_")
    if METRICS[found.name] in METRICS_BY_NAME and found.settings.get("name") not in ALIASES:
        return wanted
    if family in ("accuracy", "crossentropy") and wanted == f"{measured.kind}_{family}":
        return family
    if wanted not in METRICS_BY_NAME:
        raise UnmappedError("TensorFlow.js takes another one for this output")
    return wanted


def metric_name(value: Any) -> str:
    """Return what a warning calls a metric."""
    found = named(value)
    return shown(value) if found is None else shown(found.name)


def _meant(found: Named, measured: Measured) -> str:
    """Return which metric Keras computes."""
    name = METRICS[found.name]
    if name in ("accuracy", "crossentropy"):
        return f"{measured.kind_of_keras}_{name}"
    is_sparse = measured.kind_of_keras == "sparse_categorical"
    if name == "categorical_accuracy" and is_sparse:
        # tf.keras 2 resolves `accuracy` so when a model is saved before it saw any labels.
        return "sparse_categorical_accuracy"
    return name


def _flat(value: Any) -> list[Any]:
    """Return the metrics in a list of lists, or in a dict that has one entry for each output."""
    if value is None:
        return []
    if named(value) is not None:
        return [value]
    items = value.values() if isinstance(value, Mapping) else value
    if not isinstance(value, Mapping | list):
        return [value]
    return [metric for item in items for metric in _flat(item)]
