"""Shapes and weights of the companion module's classes, equal to what layers.js makes."""

from __future__ import annotations

from typing import Any

import pytest

from tfjs_serve.layers_format.catalog import CATALOG, ExpectedWeight, Shape, ShapeError

X: Shape = (None, None, 3)
STATE: Shape = (None, 2)
MASK: Shape = (None, None)


def gru(**config: Any) -> dict[str, Any]:
    fields = {"units": 2, "use_bias": True, "has_mask": False}
    return {**fields, "return_sequences": False, "return_state": False, **config}


@pytest.mark.parametrize(
    ("config", "inputs", "outputs"),
    [
        (gru(), (X,), ((None, 2),)),
        (gru(return_sequences=True), (X, STATE), ((None, None, 2),)),
        (gru(return_state=True, has_mask=True), (X, STATE, MASK), ((None, 2), (None, 2))),
        (gru(has_mask=True), ((4, 30, 3), (4, 30)), ((4, 2),)),
    ],
)
def test_shapes(
    config: dict[str, Any], inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]
) -> None:
    assert CATALOG["TfjsServeGRU"].output_shapes(config, inputs) == outputs


@pytest.mark.parametrize(
    ("config", "inputs", "why"),
    [
        (gru(), ((None, 3),), "rank 3"),
        (gru(), ((None, 5, None),), "number of features"),
        (gru(), (X, (None, 3)), r"needs one state of 2 units, got \(None, 3\)"),
        (gru(), (X, STATE, STATE), "needs one state of 2 units"),
        (gru(has_mask=True), (X, STATE, X), "needs a mask of rank 2"),
        (gru(has_mask=True), (X,), "needs a mask of rank 2"),
    ],
)
def test_shapes_that_are_refused(
    config: dict[str, Any], inputs: tuple[Shape, ...], why: str
) -> None:
    with pytest.raises(ShapeError, match=why):
        CATALOG["TfjsServeGRU"].output_shapes(config, inputs)


@pytest.mark.parametrize("use_bias", [False, True])
def test_weights(use_bias: bool) -> None:
    expected = [ExpectedWeight("kernel", (3, 6)), ExpectedWeight("recurrent_kernel", (2, 6))]
    if use_bias:
        expected.append(ExpectedWeight("bias", (2, 6)))
    found = CATALOG["TfjsServeGRU"].weights(gru(use_bias=use_bias), (X, STATE))
    assert list(found) == expected


def conv_lstm(**config: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {"filters": 2, "kernel_size": (2, 3, 1), "use_bias": True}
    fields |= {"strides": 1, "dilation_rate": 1, "padding": "valid"}
    return {**fields, "return_sequences": False, "return_state": False, **config}


VOLUMES: Shape = (None, None, 4, 5, 3, 1)


@pytest.mark.parametrize(
    ("config", "outputs"),
    [
        (conv_lstm(), ((None, 3, 3, 3, 2),)),
        (conv_lstm(padding="same", strides=(2, 1, 2)), ((None, 2, 5, 2, 2),)),
        (conv_lstm(dilation_rate=2), ((None, 2, 1, 3, 2),)),
        (conv_lstm(return_sequences=True), ((None, None, 3, 3, 3, 2),)),
        (conv_lstm(return_state=True), ((None, 3, 3, 3, 2),) * 3),
    ],
)
def test_shapes_of_a_conv_lstm(config: dict[str, Any], outputs: tuple[Shape, ...]) -> None:
    assert CATALOG["TfjsServeConvLSTM3D"].output_shapes(config, (VOLUMES,)) == outputs


@pytest.mark.parametrize("shape", [(None, None, 4, 5, 3), (None, None, 4, 5, 3, None)])
def test_shapes_of_a_conv_lstm_that_are_refused(shape: Shape) -> None:
    with pytest.raises(ShapeError):
        CATALOG["TfjsServeConvLSTM3D"].output_shapes(conv_lstm(), (shape,))


@pytest.mark.parametrize("use_bias", [False, True])
def test_weights_of_a_conv_lstm(use_bias: bool) -> None:
    expected = [
        ExpectedWeight("kernel", (2, 3, 1, 1, 8)),
        ExpectedWeight("recurrent_kernel", (2, 3, 1, 2, 8)),
    ]
    if use_bias:
        expected.append(ExpectedWeight("bias", (8,)))
    config = conv_lstm(use_bias=use_bias)
    assert list(CATALOG["TfjsServeConvLSTM3D"].weights(config, (VOLUMES,))) == expected


def operation(name: str, *constants: Any, **config: Any) -> dict[str, Any]:
    fields = {"operation": name, "constants": list(constants), "axes": None, "keepdims": False}
    return {**fields, **config}


@pytest.mark.parametrize(
    ("config", "inputs", "output"),
    [
        (operation("sqrt", None), (X,), X),
        (operation("arctan2", None, None), (X, (None, 1, 3)), (None, None, 3)),
        (operation("power", [1.0, 2.0], None), ((None, 3, 1),), (None, 3, 2)),
        (operation("argmax", None, axes=[2]), (X,), (None, None)),
        (operation("prod", None, axes=[1, 2], keepdims=True), (X,), (None, 1, 1)),
        (operation("flip", None, axes=[1]), (X,), X),
        (
            operation("matmul", None, None),
            ((None, 2, None, 4), (None, 2, 4, None)),
            (None, 2, None, None),
        ),
    ],
)
def test_shapes_of_operations(
    config: dict[str, Any], inputs: tuple[Shape, ...], output: Shape
) -> None:
    assert CATALOG["TfjsServeOperation"].output_shapes(config, inputs) == (output,)


@pytest.mark.parametrize(
    ("config", "inputs", "why"),
    [
        (operation("power", None, None), (X,), "takes 2 tensors, got 1"),
        (operation("power", None, [1.0, 2.0]), (X,), "cannot merge shapes"),
        (operation("power", None, [1.0, [2.0]]), (X,), "constants of one shape"),
        (operation("matmul", None, None), ((None, 2, 4), (None, 3, 2)), "multiplies rows of 4"),
        (operation("matmul", None, None), ((None, 2, 4), (None, 1, 4, 3)), "as many matrices"),
        (operation("matmul", None, None), ((None, 4), (None, 4)), "as many matrices"),
    ],
)
def test_shapes_of_operations_that_are_refused(
    config: dict[str, Any], inputs: tuple[Shape, ...], why: str
) -> None:
    with pytest.raises(ShapeError, match=why):
        CATALOG["TfjsServeOperation"].output_shapes(config, inputs)


@pytest.mark.parametrize(
    ("field", "value", "is_accepted"),
    [
        ("operation", "power", True),
        ("operation", "unique", False),
        ("constants", [None, 0.5, [1, 2]], True),
        ("constants", [True], False),
        ("constants", [[]], False),
        ("constants", 0.5, False),
        ("axes", None, True),
        ("axes", [1, 2], True),
        ("axes", [0], False),
    ],
)
def test_fields_of_operations(field: str, value: object, is_accepted: bool) -> None:
    assert CATALOG["TfjsServeOperation"].fields[field].accepts(value) is is_accepted


@pytest.mark.parametrize(
    ("encoding", "given", "output"),
    [
        ("int", (None, None, 3), (None, None, 3)),
        ("onehot", (None, 3), (None, 3, 5)),
        ("onehot", (None, None, 1), (None, None, 5)),
        ("multihot", (None, None), (None, 5)),
        ("count", (None, 1), (None, 5)),
    ],
)
def test_shapes_of_lookups(encoding: str, given: Shape, output: Shape) -> None:
    config = {"encoding": encoding, "depth": 5}
    assert CATALOG["TfjsServeLookup"].output_shapes(config, (given,)) == (output,)


@pytest.mark.parametrize(
    ("encoding", "given", "why"),
    [
        ("onehot", (None, None), "number of tokens"),
        ("count", (None, 2, 3), "tokens of a sample together"),
    ],
)
def test_shapes_of_lookups_that_are_refused(encoding: str, given: Shape, why: str) -> None:
    with pytest.raises(ShapeError, match=why):
        CATALOG["TfjsServeLookup"].output_shapes({"encoding": encoding, "depth": 5}, (given,))


@pytest.mark.parametrize(
    ("size", "factors", "output"),
    [([4, 5], None, (None, 4, 5, 2)), (None, [2, 3], (None, None, 9, 2))],
)
def test_shapes_of_resized_images(size: object, factors: object, output: Shape) -> None:
    config = {"size": size, "factors": factors}
    assert CATALOG["TfjsServeResize"].output_shapes(config, ((None, None, 3, 2),)) == (output,)


def test_images_of_unknown_channels_are_not_resized() -> None:
    with pytest.raises(ShapeError, match="number of channels"):
        CATALOG["TfjsServeResize"].output_shapes({"size": [1, 1]}, ((None, 2, 2, None),))
