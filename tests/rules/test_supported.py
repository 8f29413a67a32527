from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import functional, layer, nested, on, refused, source
from tfjs_serve.artifacts import Note
from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog import CATALOG
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
    assert found.notes == (Note(str(CATALOG[name].warning), "a"),)


CUSTOM = "a custom class, whose Python code is not in the file"
LAMBDA = "a Lambda layer holds Python code, which a browser cannot run"
REMEDY = "replace it by built-in layers and save the model again"


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
            wrapped("TimeDistributed", layer=nested("n", functional([source()], ["x"]))),
            refused(wrapped("TimeDistributed"), "not supported yet: layer = Functional"),
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
        pytest.param(layer("Lambda"), refused(layer("Lambda"), LAMBDA, remedy=REMEDY), id="Lambda"),
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
            refused(layer("pkg>Dense"), CUSTOM, remedy=REMEDY),
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
