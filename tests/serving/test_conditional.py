from __future__ import annotations

import pytest

from tfjs_serve.serving.conditional import Outcome, evaluate

ETAG = '"abc"'


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [""],
        ['"other"'],
        ["abc"],
        ["W/abc"],
        ['"abc'],
        ['"ab\\c"'],
        ['w/"abc"'],
        ['"abc" "other"'],
        ['"abc", other'],
        ['"other", *'],
        ["**"],
        ['"ABC"'],
        ['"x,\\"abc\\""'],
    ],
    ids=repr,
)
def test_if_none_match_that_does_not(lines: list[str]) -> None:
    assert evaluate([], lines, ETAG) is Outcome.PROCEED


@pytest.mark.parametrize(
    "lines",
    [
        ['"abc"'],
        ['W/"abc"'],
        ['"other", "abc"'],
        ['"other","abc"'],
        ['"a,b", "abc"'],
        [', "abc" ,, '],
        ['"other"', 'W/"abc"'],
        ["*"],
        [" * "],
    ],
    ids=repr,
)
def test_if_none_match_that_does(lines: list[str]) -> None:
    assert evaluate([], lines, ETAG) is Outcome.NOT_MODIFIED


@pytest.mark.parametrize(
    ("if_match", "if_none_match", "outcome"),
    [
        (["*"], [], Outcome.PROCEED),
        ([ETAG], [], Outcome.PROCEED),
        (['"other", "abc"'], [], Outcome.PROCEED),
        (["nonsense"], [], Outcome.PROCEED),
        (['"other"'], [], Outcome.FAILED),
        (['W/"abc"'], [], Outcome.FAILED),
        (['"other"'], [ETAG], Outcome.FAILED),
        ([ETAG], [ETAG], Outcome.NOT_MODIFIED),
    ],
)
def test_if_match_comes_first(
    if_match: list[str], if_none_match: list[str], outcome: Outcome
) -> None:
    assert evaluate(if_match, if_none_match, ETAG) is outcome
