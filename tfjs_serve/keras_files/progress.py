"""How far a model was trained, as the variables of its optimizer say.

An `.h5` file lists them by name: `iteration` and `learning_rate` (Keras 3), `iteration:0` (tf.keras
2.11 and later), `Adam/iter:0` (tf.keras before), `Adam/iterations:0` (Keras 2). An archive counts
them: 0 is the iteration, and in Keras 3, where no schedule makes it, 1 is the learning rate
(keras/src/optimizers/base_optimizer.py, `build`; measured on Keras 2.15 and 3.15).
"""

from __future__ import annotations

import math
from typing import Protocol

from tfjs_serve.errors import ConversionError
from tfjs_serve.keras_files.model import Container, KerasModel, Progress
from tfjs_serve.keras_files.refusals import translated

ITERATIONS = ("iteration", "iter", "iterations")
LEARNING_RATES = ("learning_rate",)
IN_H5, IN_ARCHIVE = "optimizer_weights", "optimizer/vars"


class Group(Protocol):
    """A group of an HDF5 file, seen through guards: hard links only."""

    def names(self, name: str) -> tuple[str, ...] | None:
        """Return a list-of-strings attribute; None when there is none."""

    def group(self, path: str) -> Group | None:
        """Return the group at a relative path; None when nothing is there."""

    def number(self, path: str) -> float | None:
        """Return the value of a scalar dataset; None when there is no such thing."""


def read_progress(root: Group, model: KerasModel, where: str) -> Progress:
    """Return how far a model was trained; nobody needs it to predict, so it may be missing."""
    if model.training_config is None:
        return Progress()
    try:
        with translated(where):
            if model.container is Container.ARCHIVE:
                return _of_archive(root, model.generation)
            return _of_h5(root)
    except ConversionError:
        return Progress()


def _of_h5(root: Group) -> Progress:
    group = root.group(IN_H5)
    names = None if group is None else group.names("weight_names")
    if group is None or names is None:
        return Progress()
    last = {name.rpartition("/")[2].removesuffix(":0"): name for name in reversed(names)}
    steps, rates = (
        next((group.number(last[name]) for name in known if name in last), None)
        for known in (ITERATIONS, LEARNING_RATES)
    )
    return _progress(steps, rates)


def _of_archive(root: Group, generation: int) -> Progress:
    group = root.group(IN_ARCHIVE)
    if group is None:
        return Progress()
    return _progress(group.number("0"), group.number("1") if generation >= 3 else None)


def _progress(steps: float | None, rate: float | None) -> Progress:
    return Progress(
        None if steps is None or not math.isfinite(steps) or steps < 0 else int(steps),
        None if rate is None or not math.isfinite(rate) else rate,
    )
