"""Options of a conversion, as Python, TOML and the table of a watched folder give them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tfjs_serve.artifacts import Options
from tfjs_serve.config import load, parse_option, parse_options
from tfjs_serve.errors import UsageError

OWN = "here: found the key 'tfjsServe'"


@pytest.mark.parametrize(
    ("given", "parsed"),
    [
        pytest.param(None, {}, id="None"),
        pytest.param({}, {}, id="empty"),
        pytest.param({"uint8": []}, {"uint8": ()}, id="no pattern"),
        pytest.param("float16", {"float16": True}, id="a type alone"),
        pytest.param({"uint8": True}, {"uint8": True}, id="all"),
        pytest.param({"uint8": "*/kernel"}, {"uint8": ("*/kernel",)}, id="a text is one pattern"),
        pytest.param({"uint8": "a,b"}, {"uint8": ("a,b",)}, id="a comma is part of it"),
        pytest.param(
            {"uint16": ["a", "b*"], "float16": ("c",), "uint8": True},
            {"uint16": ("a", "b*"), "float16": ("c",), "uint8": True},
            id="several",
        ),
    ],
)
def test_quantization(given: Any, parsed: Any) -> None:
    assert parse_option("quantization", given, "here") == parsed
    assert Options.from_json(Options(quantization=parsed).as_json()).quantization == parsed


@pytest.mark.parametrize(
    "given",
    [
        pytest.param("int8", id="no such type"),
        pytest.param("", id="no type"),
        pytest.param({"float32": True}, id="no such type in a table"),
        pytest.param({1: True}, id="bytes"),
        pytest.param(["uint8"], id="list"),
        pytest.param(True, id="true"),
        pytest.param({"uint8": True, "float16": True}, id="two take the rest"),
        pytest.param({"uint8": False}, id="false"),
        pytest.param({"uint8": [""]}, id="empty pattern"),
        pytest.param({"uint8": [1]}, id="number"),
        pytest.param({"uint8": None}, id="null"),
    ],
)
def test_no_quantization(given: Any) -> None:
    with pytest.raises(UsageError) as error:
        parse_option("quantization", given, "here")
    assert str(error.value) == (
        f"here: found {given!r}, expected one of float16, uint8, uint16, or a table of them with "
        "globs of weight names, true at most once for all other weights"
    )


@pytest.mark.parametrize("given", [None, {}, {"tfjsserve": 1}, {"labels": {"tfjsServe": 1}}])
def test_metadata(given: Any) -> None:
    assert parse_option("metadata", given, "here") == given


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"tfjsServe": 1}, f"{OWN}, which tfjs-serve writes itself; expected another key"),
        ({"a": 1, "tfjsServe": None}, f"{OWN}, which tfjs-serve writes itself; expected another"),
        ([1], "here: found [1], expected a table of what JSON can hold"),
        ({"a": float("nan")}, "here: found {'a': nan}, expected a table of what JSON can hold"),
    ],
)
def test_no_metadata(given: Any, sentence: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_option("metadata", given, "here")
    assert str(error.value).startswith(sentence)


def test_a_table_of_a_watched_folder_keeps_our_key_free(tmp_path: Path) -> None:
    (tmp_path / "tfjs-serve.toml").write_text(
        "[[models]]\nmatch = 'm'\nmetadata = {tfjsServe = 1}\n"
    )
    with pytest.raises(UsageError, match="metadata: found the key 'tfjsServe'"):
        load(tmp_path, {}, environ={}, cwd=tmp_path)


@pytest.mark.parametrize("given", [0, 24, "24", 1000])
def test_a_gru_is_laid_out_over_up_to_1000_steps(given: Any) -> None:
    assert parse_option("gru_unroll", given, "here") == int(given)


@pytest.mark.parametrize("given", [-1, 1001, 10**9, "1001", True, 1.0, None, ""])
def test_no_number_of_steps(given: Any) -> None:
    with pytest.raises(UsageError) as error:
        parse_option("gru_unroll", given, "here")
    assert str(error.value) == f"here: found {given!r}, expected a number of steps from 0 to 1000"


TABLES = """
[[models]]
match = "vision/*"
quantization = {uint8 = ["*kernel"], float16 = true}
[[models]]
match = "*"
quantization = "uint16"
"""


@pytest.mark.parametrize("is_strangers", [False, True])
def test_a_watched_folder_quantises_by_glob(tmp_path: Path, is_strangers: bool) -> None:
    models, cwd = tmp_path / "models", tmp_path / "cwd"
    models.mkdir()
    cwd.mkdir()
    ((models if is_strangers else cwd) / "tfjs-serve.toml").write_text(TABLES)
    settings, ignored = load(models, {}, environ={}, cwd=cwd)
    assert ignored == ()
    assert settings.options_for("vision/m") == Options(
        quantization={"uint8": ("*kernel",), "float16": True}
    )
    assert settings.options_for("m") == Options(quantization={"uint16": True})


def test_a_watched_folder_has_a_layout_of_its_own(tmp_path: Path) -> None:
    assert parse_options({"split_weights_by_layer": True}, "Python")
    (tmp_path / "tfjs-serve.toml").write_text(
        "[[models]]\nmatch = 'm'\nsplit_weights_by_layer = true\n"
    )
    with pytest.raises(UsageError, match=r"models: found split_weights_by_layer, expected weight_"):
        load(tmp_path, {}, environ={}, cwd=tmp_path)
