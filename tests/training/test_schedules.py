"""Learning rates: the expected numbers come from the schedules of Keras 3.15, in float32."""

from __future__ import annotations

from typing import Any

import pytest

from tfjs_serve.training.objects import Named, UnmappedError
from tfjs_serve.training.schedules import SCHEDULES, rate_at

START = {"initial_learning_rate": 0.1}
DECAY = {**START, "decay_steps": 10, "decay_rate": 0.5}


@pytest.mark.parametrize(
    ("name", "settings", "why"),
    [
        ("Mine", {}, "the learning rate follows the custom schedule Mine"),
        ("CosineDecay", {}, "schedule CosineDecay has settings that make no sense"),
        ("ExponentialDecay", {**DECAY, "decay_steps": 0}, "make no sense"),
        ("ExponentialDecay", {**DECAY, "decay_rate": "x"}, "make no sense"),
        ("PiecewiseConstantDecay", {"boundaries": [1], "values": [1.0]}, "make no sense"),
        ("InverseTimeDecay", {**DECAY, "decay_rate": float("nan")}, "gives no finite number"),
    ],
)
def test_no_number_at_all(name: str, settings: dict[str, Any], why: str) -> None:
    with pytest.raises(UnmappedError, match=why):
        rate_at(Named(name, settings), 3)


CASES: list[tuple[str, dict[str, Any], int, float]] = [
    ("ExponentialDecay", DECAY, 0, 0.1),
    ("ExponentialDecay", DECAY, 13, 0.0406126),
    ("ExponentialDecay", {**DECAY, "staircase": True}, 13, 0.05),
    ("InverseTimeDecay", DECAY, 13, 0.060606062),
    ("InverseTimeDecay", {**DECAY, "staircase": True}, 13, 0.06666667),
    ("PiecewiseConstantDecay", {"boundaries": [5, 10], "values": [1.0, 0.5, 0.1]}, 5, 1.0),
    ("PiecewiseConstantDecay", {"boundaries": [5, 10], "values": [1.0, 0.5, 0.1]}, 6, 0.5),
    ("PiecewiseConstantDecay", {"boundaries": [5, 10], "values": [1.0, 0.5, 0.1]}, 11, 0.1),
    ("PolynomialDecay", {**START, "decay_steps": 10, "power": 2.0}, 3, 0.049051),
    ("PolynomialDecay", {**START, "decay_steps": 10}, 25, 0.0001),
    ("PolynomialDecay", {**START, "decay_steps": 10, "cycle": True}, 25, 0.016749999),
    ("PolynomialDecay", {**START, "decay_steps": 10, "cycle": True}, 0, 0.1),
    ("CosineDecay", {**START, "decay_steps": 10, "alpha": 0.1}, 3, 0.08145034),
    ("CosineDecay", {**START, "decay_steps": 10}, 30, 0.0),
    (
        "CosineDecay",
        {**START, "decay_steps": 10, "warmup_target": 0.5, "warmup_steps": 4},
        3,
        0.4,
    ),
    (
        "CosineDecay",
        {**START, "decay_steps": 10, "warmup_target": 0.5, "warmup_steps": 4},
        9,
        0.25,
    ),
    ("CosineDecayRestarts", {**START, "first_decay_steps": 10}, 13, 0.09455032),
    ("CosineDecayRestarts", {**START, "first_decay_steps": 10, "t_mul": 1.0, "m_mul": 0.5}, 13,
     0.03969463),
]  # fmt: skip


@pytest.mark.parametrize(("name", "settings", "step", "rate"), CASES)
def test_the_rate_of_keras(name: str, settings: dict[str, Any], step: int, rate: float) -> None:
    assert rate_at(Named(name, settings), step) == pytest.approx(rate, rel=1e-5, abs=1e-9)


def test_every_schedule_is_tried() -> None:
    assert {name for name, *_ in CASES} == set(SCHEDULES)
