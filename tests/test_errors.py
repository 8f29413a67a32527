"""Sentences of refusals, whatever a file holds."""

from __future__ import annotations

import pytest

from tfjs_serve.errors import ConversionError, Reason


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        pytest.param(Reason("is empty"), "is empty", id="of a file"),
        pytest.param(Reason("is empty", remedy="fill it"), "is empty; fill it", id="with a remedy"),
        pytest.param(Reason("is empty", "a", "Dense"), "layer 'a' (Dense): is empty", id="layer"),
        pytest.param(Reason("x" * 500), "x" * 500, id="as long as can be"),
        pytest.param(
            Reason("a\nb\x1b[2K", "\u202ec", "D\x07", "\x9bm"),
            "layer '\\u202ec' (D\\x07): a\\nb\\x1b[2K; \\x9bm",
            id="characters that act",
        ),
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


def test_a_refusal_is_one_line_whatever_it_quotes() -> None:
    error = ConversionError("m\n.h5 holds '\x1b]0;\x07\u202e\udc80'")
    assert str(error) == error.message == r"m\n.h5 holds '\x1b]0;\x07\u202e\udc80'"
