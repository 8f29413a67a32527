from __future__ import annotations

import pytest

from tfjs_serve.visible import cut, excerpt, shown, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("digits ü 数字 😀 a b", "digits ü 数字 😀 a b"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\u202eb", "a\\u202eb"),
        ("a\nb\t\x7f\x9b", "a\\nb\\t\\x7f\\x9b"),
        ("\u2028\ufeff\u200b", "\\u2028\\ufeff\\u200b"),
        ("\udc80", "\\udc80"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_lines_are_kept_where_they_are_meant() -> None:
    assert visible("a\nb\r", keep_lines=True) == "a\nb\\r"


def test_excerpt() -> None:
    assert excerpt("x" * 200) == "x" * 200
    assert excerpt("x" * 201) == "x" * 200 + "…"


def test_cut() -> None:
    assert cut("", 0) == ""
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3) == "abc…"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(None, "None", id="null"),
        pytest.param("a'b", '"a\'b"', id="text"),
        pytest.param([1, {"a": True}], "[1, {'a': True}]", id="list"),
        pytest.param("\x1b\u202e", "'\\x1b\\u202e'", id="characters that hide"),
        pytest.param("x" * 78, f"'{'x' * 78}'", id="as long as can be"),
        pytest.param("x" * 79, f"'{'x' * 79}…", id="too long"),
    ],
)
def test_shown(value: object, text: str) -> None:
    assert shown(value) == text
