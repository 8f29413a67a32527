"""How an inspection is shown: tests/convert/test_examining.py has what it finds."""

from __future__ import annotations

import pytest

from tfjs_serve.artifacts import TensorInfo
from tfjs_serve.errors import ConversionError, Reason
from tfjs_serve.inspection import Inspection, LayerInfo, Training, walk
from tfjs_serve.report import Applied, Note, NoteKind, Report
from tfjs_serve.terminal.inspection import inspection_lines
from tfjs_serve.terminal.words import width

INNER = LayerInfo("low", "Dense", ((None, 5),), 20, is_trainable=False)
LAYERS = (
    LayerInfo("x", "InputLayer", ((None, 3),), 0),
    LayerInfo("inner", "Functional", ((None, 5), None), 20, inside=(INNER,)),
)
MODEL = Inspection(
    "m.h5",
    "h5",
    "3.15.1",
    "jax",
    "model",
    "Functional",
    LAYERS,
    {"float32": 18, "float16": 2},
    (TensorInfo("x", (None, 3), "float32"),),
    (TensorInfo("inner", None, "float32"),),
    Training("Adam", ("mse",), ("mae", "mine"), is_kept=False),
    custom_classes=("Mine",),
    report=Report(
        (Applied("relu", "low"),),
        (
            Note("is left out", "low", NoteKind.DROPPED),
            Note("needs the class", None, NoteKind.PAGE),
        ),
    ),
)


def test_what_is_no_model() -> None:
    error = ConversionError("m.h5 is a text file", [Reason("is a text file")])
    assert list(inspection_lines(Inspection("m.h5", error=error))) == [
        "Model     m.h5",
        "Converts  no",
        "",
        "Refused",
        "  m.h5 is a text file",
    ]


def test_a_model() -> None:
    assert "\n".join(inspection_lines(MODEL)) == (
        """\
Model     m.h5: Functional model model
Saved     as h5 by Keras 3.15.1 on jax
Inputs    x [?, 3] float32
Outputs   inner unknown float32
Size      3 layers, 20 parameters (18 float32, 2 float16)
Compiled  Adam, mse, metrics mae, mine (not for the browser)
Converts  yes; the page registers the class Mine

Layer  Class           Output           Parameters
x      InputLayer      [?, 3]                    0
inner  Functional      [?, 5], unknown          20
  low  Dense (frozen)  [?, 5]                   20

Left out
  layer 'low': is left out

The page
  needs the class

Conversion
  rules: relu on low"""
    )


def test_every_reason_is_told() -> None:
    reasons = [Reason("one", "a", "Dense"), Reason("two", "b", "Dense", "mend it")]
    error = ConversionError(f"{reasons[0]} (and 1 more reason)", reasons)
    lines = list(inspection_lines(Inspection("m.h5", "h5", error=error)))
    assert lines[lines.index("Refused") - 2] == "Converts  no"
    assert lines[lines.index("Refused") :] == [
        "Refused",
        "  cannot be converted exactly, for 2 reasons:",
        "  - layer 'a' (Dense): one",
        "  - layer 'b' (Dense): two; mend it",
    ]


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_long_names_are_cut_and_sentences_hang(columns: int) -> None:
    long = LayerInfo("n" * 90, "C" * 90, ((None, 128, 128, 2048),), 123_456_789)
    note = Note("word " * 40, "n" * 20, NoteKind.ACCURACY)
    found = Inspection("m.h5", "h5", layers=(long,), report=Report((), (note,)))
    shown = "\n".join(inspection_lines(found, columns)).splitlines()
    assert max(map(width, shown)) <= columns
    assert any("[?, 128, 128, 2048]  123,456,789" in line for line in shown)


def test_what_a_model_wrote_is_escaped() -> None:
    evil = "a\x1b[2J\u202eb"
    layer = LayerInfo(evil, evil, ((None, 3),), 0)
    tensor = TensorInfo(evil, (None, 3), evil)
    report = Report((Applied("relu", evil),), (Note(evil, evil),))
    error = ConversionError(evil, [Reason(evil, evil, evil, evil)])
    found = Inspection(
        evil, "h5", evil, evil, evil, "Functional", (layer,), {evil: 3}, (tensor,), (tensor,),
        Training(evil, (evil,), (evil,), is_kept=True), report=report, error=error,
    )  # fmt: skip
    text = "\n".join(inspection_lines(found))
    assert not {"\x1b", "\u202e"} & set(text)
    assert "a\\x1b[2J\\u202eb" in text


def test_layers_inside_others_come_after_them() -> None:
    assert [(layer.name, depth) for layer, depth in walk(LAYERS)] == [
        ("x", 0),
        ("inner", 0),
        ("low", 1),
    ]
