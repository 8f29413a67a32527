"""Losses: one name of TensorFlow.js for each output of the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tfjs_serve.layers_format.catalog.compiled import LOSSES
from tfjs_serve.training.objects import UnmappedError, named, refuse_settings, shown

MEANS = ("auto", "sum_over_batch_size", "mean", "mean_with_sample_weight", None)
"""Reductions that are the plain mean where no sample weights are given."""

NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "reduction": MEANS,
    "from_logits": (False,),
    "label_smoothing": (0, 0.0),
    "axis": (-1,),
    "ignore_class": (None,),
}


def losses_of(value: Any, names: Sequence[str]) -> list[str]:
    """Return tfjs's loss for each output; UnmappedError when one has none.

    names: of the outputs, as Keras has them.
    """
    if named(value) is not None:
        return [loss_of(value)] * len(names)
    if isinstance(value, Mapping):
        if len(names) == len(value) == 1:  # The name matters where there is a choice.
            return [loss_of(*value.values())]
        if unknown := value.keys() - set(names):
            raise UnmappedError(f"there is a loss for {shown(min(unknown))}, which is no output")
        value = [value.get(name) for name in names]
    if not isinstance(value, list):
        raise UnmappedError("there is no loss" if value is None else "the loss is no known kind")
    if len(value) != len(names):
        raise UnmappedError(f"there are {len(value)} losses for {len(names)} outputs")
    return [loss_of(item) for item in value]


def loss_of(value: Any) -> str:
    """Return tfjs's name of a loss; UnmappedError when tfjs has none that computes the same."""
    found = named(value)
    if found is None:
        raise UnmappedError("an output has no loss")
    if found.name not in LOSSES:
        raise UnmappedError(f"TensorFlow.js has no loss {shown(found.name)}")
    refuse_settings(found, NEUTRAL)
    return LOSSES[found.name]
