"""The words of the official converter on our command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command import ROOT
from tfjs_serve.cli.convert import convert
from tfjs_serve.errors import UsageError

MODEL = str(ROOT / "sample_models" / "iris.h5")


def run(*words: str) -> int:
    """Run the command in this process and return its status."""
    status: int = convert.main(list(words), standalone_mode=False)
    return status


def dtypes(folder: Path) -> dict[str, str]:
    """Return what each weight of a folder is quantised to."""
    document = json.loads((folder / "model.json").read_text())
    return {
        entry["name"]: entry.get("quantization", {"dtype": "float32"})["dtype"]
        for group in document["weightsManifest"]
        for entry in group["weights"]
    }


LAYERS = ("mixed", "petal_hidden", "sepal_hidden", "species")
NAMES = tuple(f"{layer}/{role}" for layer in LAYERS for role in ("kernel", "bias"))
KERNELS = dict.fromkeys((name for name in NAMES if name.endswith("kernel")), "uint8")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["--quantize_uint8", "--quantize_float16"],
            "--quantize-float16 and --quantize-uint8 both mean all weights; give all but one of "
            "them patterns",
        ),
        (
            ["--quantization_bytes=1", "--quantize_uint8=*kernel"],
            "--quantization-bytes and --quantize-uint8 exclude each other; drop the first, which "
            "is deprecated",
        ),
        (["--quantization_bytes=4"], "--quantization-bytes: found '4', expected 1 or 2"),
        (
            ["--quantize_uint8=*kernel,"],
            "--quantize-uint8: found '*kernel,', expected globs of weight names with a comma "
            "between them, or no value for all weights",
        ),
        (
            ["--quantize_uint8="],
            "--quantize-uint8: found '', expected globs of weight names with a comma between "
            "them, or no value for all weights",
        ),
        (
            ["--input_format=tf_saved_model"],
            "--input-format: found 'tf_saved_model', expected keras or keras_keras or auto; "
            "tfjs-serve converts whole Keras models (.h5, .keras, told apart by their content) to "
            "Layers models",
        ),
        (
            ["--output_format=tfjs_graph_model"],
            "--output-format: found 'tfjs_graph_model', expected tfjs_layers_model; tfjs-serve",
        ),
    ],
)
def test_wrong_words_write_nothing(tmp_path: Path, words: list[str], sentence: str) -> None:
    out = tmp_path / "out"
    with pytest.raises(UsageError) as error:
        run(MODEL, str(out), *words)
    assert str(error.value).startswith(sentence)
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "rest", "chosen"),
    [
        pytest.param("--input_format=keras IN OUT", "float32", {}, id="as they are"),
        pytest.param("--input_format keras_keras IN OUT", "float32", {}, id="told by content"),
        pytest.param("--quantize_uint8 --input-format=auto IN OUT", "uint8", {}, id="all"),
        pytest.param("IN OUT --quantize_uint16", "uint16", {}, id="at the end"),
        pytest.param("--quantize_float16 * IN OUT", "float16", {}, id="by a space"),
        pytest.param("--quantization_bytes 2 IN OUT", "uint16", {}, id="deprecated"),
        pytest.param("IN OUT --quantize_uint8=*/kernel", "float32", KERNELS, id="some"),
        pytest.param(
            "IN --quantize_uint8=*/kernel,mixed/* OUT --quantize_float16",
            "float16",
            KERNELS | {"mixed/bias": "uint8"},
            id="some, and all others",
        ),
    ],
)
def test_quantised(
    tmp_path: Path,
    words: str,
    rest: str,
    chosen: dict[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    places = {"IN": MODEL, "OUT": str(out)}
    assert run(*(places.get(word, word) for word in words.split())) == 0
    assert dtypes(out) == dict.fromkeys(NAMES, rest) | chosen
    text = capsys.readouterr()
    assert ("quantised: 1.5 kB to " in text.out) is (rest != "float32" or bool(chosen))
    assert text.err == (
        "warning: --quantization-bytes is deprecated; write --quantize-uint16\n"
        if "bytes" in words
        else ""
    )


def test_what_was_lost_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(MODEL, str(tmp_path), "--quantize_uint8", "--quantize_uint16=*bias") == 0
    _, line = capsys.readouterr().out.splitlines()
    assert line == "quantised: 1.5 kB to 406 B, largest error 0.00621 in mixed/kernel"
    assert run(MODEL, str(tmp_path), "--quantize_uint8", "--quiet") == 0
    assert capsys.readouterr().out == ""


def test_each_layer_gets_files_of_its_own(tmp_path: Path) -> None:
    assert run(MODEL, str(tmp_path), "--split_weights_by_layer") == 0
    document = json.loads((tmp_path / "model.json").read_text())
    assert [
        (group["paths"], [entry["name"] for entry in group["weights"]])
        for group in document["weightsManifest"]
    ] == [
        ([f"group{number}-shard1of1.bin"], [f"{layer}/kernel", f"{layer}/bias"])
        for number, layer in enumerate(LAYERS, 1)
    ]
