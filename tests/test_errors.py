"""Sentences of refusals, whatever a file holds."""

from __future__ import annotations

import pytest

from tfjs_serve.errors import Reason


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        pytest.param(Reason("is empty"), "is empty", id="of a file"),
        pytest.param(Reason("is empty", remedy="fill it"), "is empty; fill it", id="with a remedy"),
        pytest.param(Reason("is empty", "a", "Dense"), "layer 'a' (Dense): is empty", id="layer"),
        pytest.param(Reason("x" * 500), "x" * 500, id="as long as can be"),
        pytest.param(
            Reason("x" * 501, remedy="fill it"), "x" * 500 + "…; fill it", id="cut, but the remedy"
        ),
    ],
)
def test_what_a_reason_says(reason: Reason, sentence: str) -> None:
    assert str(reason) == sentence


def test_the_api_says_the_same() -> None:
    assert Reason("x" * 501, "a", "Dense").as_json() == {
        "layer": "a",
        "class": "Dense",
        "why": "x" * 500 + "…",
        "remedy": None,
    }
