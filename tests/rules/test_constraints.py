from __future__ import annotations

import pytest

from tests.models import KERAS3, changed, layer
from tfjs_serve.graph import Layer
from tfjs_serve.rules.constraints import rewrite

WHY = "is left out: TensorFlow.js would apply it to the loaded weights"


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Flatten"), id="none to have"),
        pytest.param(layer("Dense", kernel_constraint=None, bias_constraint=None), id="null"),
        pytest.param(layer("Dense", constraint={"class_name": "NonNeg"}), id="another field"),
    ],
)
def test_no_constraint(before: Layer) -> None:
    assert rewrite(before, KERAS3) is None


def test_every_constraint_goes_with_a_warning() -> None:
    before = layer(
        "Dense",
        kernel_constraint={"class_name": "MaxNorm", "config": {"max_value": 2, "axis": 0}},
        bias_constraint="non_neg",
        gamma_constraint=None,
        odd_constraint=3,
    )
    assert rewrite(before, KERAS3) == changed(
        before,
        f"kernel_constraint MaxNorm {WHY}",
        f"bias_constraint non_neg {WHY}",
        f"odd_constraint 3 {WHY}",
        kernel_constraint=None,
        bias_constraint=None,
        odd_constraint=None,
    )
