from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.models import KERAS3, layer, refused, weight
from tfjs_serve.graph import Computed, Layer
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Rewrite
from tfjs_serve.rules.lora import TRAINS_ALL, rewrite

KERNEL = weight("kernel", (3, 4))
SMALL = (weight("lora_kernel_a", (3, 2)), weight("lora_kernel_b", (2, 4)))
BIAS = weight("bias", (4,))


def dense(**config: Any) -> Layer:
    return replace(layer("Dense", units=4, **config), weights=(KERNEL, BIAS, *SMALL))


NOTE = Note(TRAINS_ALL, "a", NoteKind.TRAINING)


def test_a_layer_without_a_rank_is_left_alone() -> None:
    assert rewrite(dense(), KERAS3) is None
    assert rewrite(dense(lora_rank=None, lora_alpha=None), KERAS3) is None


@pytest.mark.parametrize(
    "config",
    [
        {"lora_rank": 0, "lora_alpha": 1},
        {"lora_rank": 2, "lora_alpha": "2"},
        {"lora_rank": 2, "lora_alpha": 2, "quantization_config": {"class_name": "x"}},
    ],
)
def test_what_is_not_understood_is_refused(config: dict[str, object]) -> None:
    before = dense(**config)
    text = f"not supported yet: lora_rank = {config['lora_rank']!r} with these other fields"
    assert rewrite(before, KERAS3) == refused(before, text)


def test_an_archive_holds_the_sum_already() -> None:
    before = replace(dense(lora_rank=2, lora_alpha=2), weights=(KERNEL, BIAS))
    expected = replace(before, config={"units": 4})
    assert rewrite(before, KERAS3) == Rewrite(expected, (NOTE,))


@pytest.mark.parametrize(("alpha", "scale"), [(None, 1.0), (2, 1.0), (5, 2.5)])
def test_small_matrices_are_merged(alpha: float | None, scale: float) -> None:
    result = rewrite(dense(lora_rank=2, lora_alpha=alpha), KERAS3)
    assert isinstance(result, Rewrite)
    kernel, bias = result.layer.weights
    assert (result.layer.config, bias, result.notes) == ({"units": 4}, BIAS, (NOTE,))
    values = kernel.values
    assert isinstance(values, Computed)
    assert (values.shape, values.sources) == ((3, 4), tuple(w.values for w in (KERNEL, *SMALL)))
    a, b = np.ones((3, 2), "<f4"), np.full((2, 4), 3, "<f4")
    found = values.compute(np.full((3, 4), 7, "<f4"), a, b)
    assert found.tolist() == np.full((3, 4), 7 + scale * 6).tolist()
