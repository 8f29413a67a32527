"""Learning rate schedules, worked out at one step: TensorFlow.js knows numbers only.

Source: keras/src/optimizers/schedules/learning_rate_schedule.py, `__call__` of each class; the
formulas of Keras 2.15 and 3.15 are the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from tfjs_serve.training.objects import Named, UnmappedError, number, shown


def rate_at(schedule: Named, step: int) -> float:
    """Return the learning rate of a schedule at a step; UnmappedError when it has no formula."""
    formula = SCHEDULES.get(schedule.name)
    if formula is None:
        raise UnmappedError(f"the learning rate follows the custom schedule {shown(schedule.name)}")
    try:
        rate = formula(schedule.settings, float(step))
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        what = f"the learning rate schedule {schedule.name} has settings that make no sense"
        raise UnmappedError(what) from error
    if number(rate) is None:
        raise UnmappedError(f"the learning rate schedule {schedule.name} gives no finite number")
    return float(rate)


def _exponential(settings: Mapping[str, Any], step: float) -> float:
    rate: float = settings["initial_learning_rate"]
    return rate * float(settings["decay_rate"] ** _periods(settings, step))


def _inverse_time(settings: Mapping[str, Any], step: float) -> float:
    rate: float = settings["initial_learning_rate"]
    return rate / float(1 + settings["decay_rate"] * _periods(settings, step))


def _periods(settings: Mapping[str, Any], step: float) -> float:
    periods = step / float(settings["decay_steps"])
    return math.floor(periods) if settings.get("staircase") else periods


def _piecewise(settings: Mapping[str, Any], step: float) -> float:
    boundaries, values = settings["boundaries"], settings["values"]
    if len(values) != len(boundaries) + 1:
        raise ValueError("one value more than boundaries")
    rate: float = values[sum(step > boundary for boundary in boundaries)]
    return rate


def _polynomial(settings: Mapping[str, Any], step: float) -> float:
    steps, end = settings["decay_steps"], settings.get("end_learning_rate", 0.0001)
    if settings.get("cycle"):
        steps *= math.ceil(step / steps) if step else 1
    left = 1 - min(step, steps) / steps
    rate: float = settings["initial_learning_rate"] - end
    return rate * float(left ** settings.get("power", 1.0)) + float(end)


def _cosine(settings: Mapping[str, Any], step: float) -> float:
    rate: float = settings["initial_learning_rate"]
    steps, target = settings["decay_steps"], settings.get("warmup_target")
    if target is not None:
        warm = settings.get("warmup_steps", 0)
        if step < warm:
            return float((target - rate) * step / warm + rate)
        step, rate = step - warm, target
    return rate * _cosine_share(min(step, steps) / steps, 1.0, settings)


def _cosine_restarts(settings: Mapping[str, Any], step: float) -> float:
    rate: float = settings["initial_learning_rate"]
    grows, shrinks = settings.get("t_mul", 2.0), settings.get("m_mul", 1.0)
    done = step / settings["first_decay_steps"]
    if grows == 1.0:
        restarts = math.floor(done)
        done -= restarts
    else:
        restarts = math.floor(math.log(1 - done * (1 - grows)) / math.log(grows))
        done = (done - (1 - grows**restarts) / (1 - grows)) / grows**restarts
    return rate * _cosine_share(done, shrinks**restarts, settings)


def _cosine_share(done: float, height: float, settings: Mapping[str, Any]) -> float:
    alpha: float = settings.get("alpha", 0.0)
    return (1 - alpha) * 0.5 * height * (1 + math.cos(math.pi * done)) + alpha


SCHEDULES: Mapping[str, Callable[[Mapping[str, Any], float], float]] = {
    "ExponentialDecay": _exponential,
    "InverseTimeDecay": _inverse_time,
    "PiecewiseConstantDecay": _piecewise,
    "PolynomialDecay": _polynomial,
    "CosineDecay": _cosine,
    "CosineDecayRestarts": _cosine_restarts,
}
"""The schedules of Keras."""
