from __future__ import annotations

import pytest

from tfjs_serve.visible import excerpt, visible


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
