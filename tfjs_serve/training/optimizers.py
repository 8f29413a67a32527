"""Optimizers: the class and the numbers that TensorFlow.js makes one of, at the stored step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfjs_serve.keras_files.model import Progress
from tfjs_serve.layers_format.catalog.compiled import DROPPED, OPTIMIZERS, OptimizerSpec
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.training.objects import Named, UnmappedError, named, number, shown
from tfjs_serve.training.schedules import rate_at

SMALL_EPSILON = 1e-6
"""Above it shows in every model that tfjs adds epsilon after the correction of the moments."""


def optimizer_of(value: Any, progress: Progress) -> tuple[dict[str, Any], list[Note]]:
    """Return tfjs's `{"class_name", "config"}` of an optimizer, and what to know about it.

    Raises UnmappedError when tfjs has none that computes the same.
    """
    found = named(value)
    if found is None:
        raise UnmappedError("the file does not say which optimizer it was")
    notes: list[Note] = []
    if found.name.startswith("LossScaleOptimizer"):
        inner = named(found.settings.get("inner_optimizer") or found.settings.get("optimizer"))
        if inner is None:
            raise UnmappedError("the file does not say which optimizer it was")
        text = "the loss scaling of the optimizer is left out: TensorFlow.js has none"
        notes.append(Note(text, kind=NoteKind.DROPPED))
        found = inner
    spec = _spec(found)
    config: dict[str, Any] = {}
    for name, setting in spec.settings.items():
        if name == "learning_rate":
            config[name], said = _learning_rate(found, progress, setting.default)
            notes += said
        else:
            config[name] = _value(found, setting.keras, setting.default)
    notes += _left_out(found)
    notes += _epsilon_notes(spec, found.settings.get("epsilon"))
    return {"class_name": spec.class_name, "config": config | dict(spec.constants)}, notes


def _spec(found: Named) -> OptimizerSpec:
    by_case = {name.casefold(): name for name in OPTIMIZERS if name != "Momentum"}
    name = by_case.get(found.name.casefold())  # Both Kerases look without regard to case.
    if name is None:
        raise UnmappedError(f"TensorFlow.js has no optimizer {shown(found.name)} that is Keras's")
    if found.settings.get("centered"):
        # rmsprop_optimizer.ts subtracts epsilon under the root: NaN where a gradient is 0.
        raise UnmappedError("a centered RMSprop divides by NaN in TensorFlow.js")
    return OPTIMIZERS["Momentum" if name == "SGD" and found.settings.get("momentum") else name]


def _value(found: Named, key: str, default: Any) -> Any:
    value = found.settings.get(key)
    value = default if value is None else value
    if isinstance(default, bool) and isinstance(value, bool):
        return value
    if number(value) is None:
        raise UnmappedError(f"the optimizer has {key} = {shown(value)}")
    return value


def _learning_rate(found: Named, progress: Progress, default: float) -> tuple[float, list[Note]]:
    """Return the learning rate as it was when the model was saved."""
    # Called `lr` until Keras 2.2.
    value = found.settings.get("learning_rate", found.settings.get("lr", default))
    step = progress.iterations or 0
    if (schedule := named(value)) is not None:
        rate = rate_at(schedule, step)
        return rate, [_evaluated(f"the learning rate schedule {shown(schedule.name)}", step, rate)]
    if progress.learning_rate is not None:
        value = progress.learning_rate
    if (rate_now := number(value)) is None:
        raise UnmappedError(f"the optimizer has learning_rate = {shown(value)}")
    # Optimizers of before Keras 2.11: InverseTimeDecay with one step.
    if decay := found.settings.get("decay"):
        if (checked := number(decay)) is None or checked < 0:
            raise UnmappedError(f"the optimizer has decay = {shown(decay)}")
        rate_now = rate_now / (1 + checked * step)
        return rate_now, [_evaluated(f"the learning rate's decay of {checked:g}", step, rate_now)]
    return rate_now, []


def _evaluated(what: str, step: int, rate: float) -> Note:
    text = f"{what} stands still at step {step}, where the learning rate is {rate:g}"
    return Note(text, kind=NoteKind.TRAINING)


def _left_out(found: Named) -> list[Note]:
    settings: Mapping[str, Any] = found.settings
    if found.name.casefold() == "adamw":
        settings = {"weight_decay": 0.004, **settings}
    return [
        Note(
            f"the optimizer's {key} = {shown(value)} is left out: TensorFlow.js has none",
            kind=NoteKind.DROPPED,
        )
        for key in DROPPED
        if (value := settings.get(key))
    ]


def _epsilon_notes(spec: OptimizerSpec, epsilon: Any) -> list[Note]:
    value = number(epsilon)
    if value is None or value <= SMALL_EPSILON or spec.class_name not in ("Adam", "Adagrad"):
        return []
    why = "is added after the bias correction there, so that the first steps are longer"
    if spec.class_name == "Adagrad":
        why = "is 1e-07 there"
    text = f"the optimizer's epsilon of {value:g} has another weight in TensorFlow.js: it {why}"
    return [Note(text, kind=NoteKind.TRAINING)]
