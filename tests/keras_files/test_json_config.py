from __future__ import annotations

import json

import pytest

from tfjs_serve.errors import ConversionError
from tfjs_serve.keras_files.json_config import (
    DEPTH_LIMIT,
    parse_model_config,
    parse_training_config,
)


def config(inner: str) -> str:
    return f'{{"class_name": "Sequential", "config": {inner}}}'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("", "no valid JSON", id="empty"),
        pytest.param("null", "JSON but no object (NoneType)", id="null"),
        pytest.param("[1]", "JSON but no object (list)", id="list"),
        pytest.param('{"config": {}}', "without a class_name", id="no class_name"),
        pytest.param('{"class_name": 1, "config": {}}', "without a class_name", id="number"),
        pytest.param('{"class_name": "Sequential"}', "without a config", id="no config"),
        pytest.param(config("null"), "without a config", id="config null"),
        pytest.param(config('{"a": NaN}'), "number NaN in its model_config", id="NaN"),
        pytest.param(config('{"a": -Infinity}'), "number -Infinity in its", id="infinity"),
        pytest.param(config('{"a": 1e999}'), "number 1e999 in its", id="beyond float64"),
        pytest.param(config('{"a": ' + "1" * 5000 + "}"), "no valid JSON", id="long integer"),
        pytest.param(config('{"a": "\\ud800"}'), "no valid JSON", id="lone surrogate"),
        pytest.param(config('{"a": "b'), "no valid JSON", id="unterminated"),
        pytest.param(
            config("[" * DEPTH_LIMIT + "]" * DEPTH_LIMIT), "nested more than 500", id="deep"
        ),
        pytest.param("[" * 1_000_000, "nested more than 500", id="very deep"),
        pytest.param('\\"' * 300_000, "no valid JSON", id="many unterminated strings"),
    ],
)
def test_a_config_that_a_browser_could_not_read_is_refused(text: str, found: str) -> None:
    with pytest.raises(ConversionError) as caught:
        parse_model_config(text, "m.h5")
    assert str(caught.value).startswith("m.h5 has ")
    assert found in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"class_name": "Functional", "config": {"layers": []}}, id="functional"),
        pytest.param({"class_name": "Sequential", "config": []}, id="Keras 1: a bare list"),
        pytest.param({"class_name": "A", "config": {"a": "[" * 600}}, id="brackets in a string"),
        pytest.param({"class_name": "A", "config": {"a": '"\\' * 600}}, id="escapes"),
        pytest.param({"class_name": "A", "config": {"é😀": 1e-7}}, id="not ASCII"),
    ],
)
@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_a_config_is_returned_as_it_is(value: object, ensure_ascii: bool) -> None:
    text = json.dumps(value, ensure_ascii=ensure_ascii)
    assert parse_model_config(text, "m.h5") == value


@pytest.mark.parametrize(
    ("text", "expected"), [("null", None), ("{}", {}), ('{"loss": "mse"}', {"loss": "mse"})]
)
def test_a_training_config_may_be_null(text: str, expected: object) -> None:
    assert parse_training_config(text, "m.h5") == expected


def test_a_training_config_that_is_no_object_is_refused() -> None:
    with pytest.raises(ConversionError, match="training_config that is JSON but no object"):
        parse_training_config("[]", "m.h5")
