from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import functional, layer, nested, on, refused, source
from tfjs_serve.artifacts import Options
from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog import CATALOG
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Refusal, Rewrite
from tfjs_serve.rewriting.supported import checked

DENSE: dict[str, Any] = {
    "units": 2,
    "activation": "linear",
    "use_bias": True,
    "kernel_initializer": "zeros",
    "bias_initializer": "zeros",
    "kernel_regularizer": None,
    "bias_regularizer": None,
    "kernel_constraint": None,
    "bias_constraint": None,
}
PART = Layer("d", "Dense", DENSE)


def wrapped(class_name: str, **parts: Layer) -> Layer:
    return Layer("w", class_name, {}, (on("x"),), parts=parts)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(source(), id="input"),
        pytest.param(nested("n", functional([source()], ["x"]), on("x")), id="model"),
        pytest.param(layer("Dense", trainable=False, **DENSE), id="all fields"),
        pytest.param(layer("Flatten", data_format="channels_last"), id="flatten"),
    ],
)
def test_what_is_complete_stays(before: Layer) -> None:
    assert checked(before) == Rewrite(before)


def test_fields_that_are_left_out_get_kerass_defaults() -> None:
    found = checked(layer("Dense", units=2))
    assert isinstance(found, Rewrite)
    assert found.layer.config.keys() == DENSE.keys()
    assert found.layer.config["use_bias"] is True


def test_fields_that_tfjs_ignores_go() -> None:
    before = layer("Dense", **DENSE, activity_regularizer=None)
    assert checked(before) == Rewrite(layer("Dense", **DENSE))


def test_a_class_with_a_warning_gives_a_note() -> None:
    (name,) = (name for name, spec in CATALOG.items() if name == "Conv3DTranspose")
    found = checked(layer(name, filters=1, kernel_size=[1, 1, 1]))
    assert isinstance(found, Rewrite)
    assert found.notes == (Note(str(CATALOG[name].warning), "a", NoteKind.BACKEND),)


def test_a_class_of_the_companion_module_is_refused_where_it_is_ruled_out() -> None:
    found = checked(layer("TfjsServeGRU"), Options(companion=False))
    assert found == refused(
        layer("TfjsServeGRU"),
        "needs TfjsServeGRU of the companion module",
        remedy="allow it (companion = true), and load layers.js before the model",
    )


CUSTOM = "a custom class, whose Python code is not in the file"
LAMBDA = "a Lambda layer holds Python code, which a browser cannot run"


def remedy(name: str) -> str:
    return (
        f"write it in JavaScript (tfjs-serve stub begins it) and pass --allow-custom {name}, "
        "or replace it by built-in layers"
    )


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        pytest.param(
            layer("Dense", **{**DENSE, "use_bias": 1}),
            refused(layer("Dense"), "not supported yet: use_bias = 1 (expected true or false)"),
            id="value",
        ),
        pytest.param(
            layer("Dense", **DENSE, gate="x"),
            refused(layer("Dense"), "not supported yet: gate = 'x'"),
            id="unknown field",
        ),
        pytest.param(
            layer("Dense", **{key: value for key, value in DENSE.items() if key != "units"}),
            refused(layer("Dense"), "its config holds no units (expected a whole number above 0)"),
            id="missing field",
        ),
        pytest.param(
            layer("Dense", **{**DENSE, "use_bias": "x" * 80}, gate=[0] * 5000),
            refused(
                layer("Dense"),
                f"not supported yet: use_bias = '{'x' * 79}… (expected true or false)",
                f"not supported yet: gate = [{'0, ' * 26}0…",
            ),
            id="long values",
        ),
        pytest.param(
            layer("Dense", use_bias=None, gate=1),
            refused(
                layer("Dense"),
                "not supported yet: use_bias = None (expected true or false)",
                "not supported yet: gate = 1",
                "its config holds no units (expected a whole number above 0)",
            ),
            id="all at once",
        ),
        pytest.param(
            wrapped("TimeDistributed", layer=Layer("l", "LSTM", {})),
            refused(wrapped("TimeDistributed"), "not supported yet: layer = LSTM"),
            id="wrapped class",
        ),
        pytest.param(
            wrapped("Bidirectional", layer=nested("n", functional([source()], ["x"]))),
            refused(wrapped("Bidirectional"), "not supported yet: layer = Functional"),
            id="wrapped model",
        ),
        pytest.param(
            wrapped("Bidirectional", layer=PART, backward_layer=PART),
            refused(wrapped("Bidirectional"), "not supported yet: layer = Dense"),
            id="both ways, of a class without time",
        ),
        pytest.param(
            replace(layer("Dense", **DENSE), parts={"layer": PART}),
            refused(layer("Dense"), "not supported yet: layer = Dense"),
            id="a part that the class has not",
        ),
        pytest.param(
            wrapped("TimeDistributed"),
            None,
            id="no part at all",
        ),
        pytest.param(
            layer("Lambda", function=["4wEA", None, None]),
            refused(
                layer("Lambda"), f"{LAMBDA} (a lambda without a name)", remedy=remedy("Lambda")
            ),
            id="Lambda",
        ),
        pytest.param(
            layer("Lambda", function="doubled", function_type="function"),
            refused(layer("Lambda"), f"{LAMBDA} (function 'doubled')", remedy=remedy("Lambda")),
            id="Lambda with a name",
        ),
        pytest.param(
            layer("Mine", dtype="float32", trainable=True),
            refused(
                layer("Mine"),
                f"{CUSTOM} (its config holds nothing of its own)",
                remedy=remedy("Mine"),
            ),
            id="custom class of nothing",
        ),
        pytest.param(
            layer("Mine", units=4, mode="half", table=list(range(40)), more="m" * 60, end="e" * 60),
            refused(
                layer("Mine"),
                f'{CUSTOM} (config: units = 4, mode = "half", table = '
                f'[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 1…, more = "{"m" * 39}…, '
                f'end = "{"e" * 26}…)',
                remedy=remedy("Mine"),
            ),
            id="custom class of much",
        ),
        pytest.param(
            layer("keras.ops.Add"),
            refused(layer("keras.ops.Add"), "not supported yet: operation keras.ops.Add"),
            id="operation",
        ),
        pytest.param(
            layer("MultiHeadAttention"),
            refused(layer("MultiHeadAttention"), "not supported yet: class MultiHeadAttention"),
            id="class of Keras",
        ),
        pytest.param(
            layer("TFOpLambda", function="math.cos"),
            refused(layer("TFOpLambda"), "not supported yet: class TFOpLambda of math.cos"),
            id="operation of Keras 2",
        ),
        pytest.param(
            layer("pkg>Dense"),
            refused(
                layer("pkg>Dense"),
                f"{CUSTOM} (its config holds nothing of its own)",
                remedy=remedy("Dense"),
            ),
            id="custom class",
        ),
    ],
)
def test_everything_else_is_refused(before: Layer, expected: Refusal | None) -> None:
    found = checked(before)
    if expected is None:
        assert isinstance(found, Refusal)
        assert [reason.why[:24] for reason in found.reasons] == ["its config holds no laye"]
    else:
        assert found == expected


def test_an_allowed_class_inside_another_layer_is_refused_all_the_same() -> None:
    found = checked(layer("mine>Cell"), Options(allow_custom=("Cell",)))
    assert found == refused(
        layer("mine>Cell"),
        "not supported yet: a custom class inside another layer",
        remedy="call it outside of that layer, or replace it by built-in layers",
    )


@pytest.mark.parametrize("by", [2.0, float("nan"), float("inf")])
def test_a_custom_layer_has_any_field_that_json_has(by: float) -> None:
    own = replace(layer("Mine", by=by), is_custom=True)
    why = "its config holds NaN or Infinity, which JSON has not"
    assert checked(own) == (Rewrite(own) if by == 2 else refused(own, why))
