"""Operations that are put together of others, by what they compute."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.rules.numbers import X, Y, draw, op, seen, through
from tfjs_serve.errors import ConversionError
from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rules.compositions import rewrite

NAN, INF = np.float32(np.nan), np.float32(np.inf)


def as_value(value: Any) -> Any:
    return tuple(map(as_value, value)) if isinstance(value, list) else value


def check(before: Layer, expected: Any, *arrays: Any) -> None:
    """Compare the outputs of an operation, after all rules, with those of NumPy."""
    wanted = expected(*arrays)
    wanted = wanted if isinstance(wanted, list | tuple) else [wanted]
    found = through(before, *arrays, outputs=len(wanted))
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other.astype(np.float32), rtol=1e-5, atol=1e-5)


CALCULATIONS = {
    "Angle": (op("Angle", X), np.angle),
    "CountNonzero": (op("CountNonzero", X, axis=1), lambda x: np.count_nonzero(x, 1)),
    "Crelu": (
        op("Crelu", X, axis=-1),
        lambda x: np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)], 2),
    ),
    "Deg2rad": (op("Deg2rad", X), np.deg2rad),
    "Exp2": (op("Exp2", X), np.exp2),
    "Fabs": (op("Fabs", X), np.fabs),
    "FullLike of truth": (op("FullLike", X, 2.0, dtype="bool"), lambda x: np.ones_like(x)),
    "FullLike of integers": (op("FullLike", X, 2.5, dtype="int32"), lambda x: 2 * np.ones_like(x)),
    "Heaviside": (op("Heaviside", X, Y), np.heaviside),
    "Heaviside of a number": (op("Heaviside", X, 0.25), lambda x: np.heaviside(x, 0.25)),
    "Imag": (op("Imag", X), np.imag),
    "Isclose": (op("Isclose", X, Y, 0.5, 0.25), lambda x, y: np.isclose(x, y, 0.5, 0.25)),
    "Isclose to a number": (
        op("Isclose", X, 1.5, rtol=0.5, atol=0.25),
        lambda x: np.isclose(x, 1.5, 0.5, 0.25),
    ),
    "Isreal": (op("Isreal", X), np.isreal),
    "Logaddexp2": (op("Logaddexp2", X, Y), np.logaddexp2),
    "Logaddexp2 of a number": (op("Logaddexp2", 2.0, X), lambda x: np.logaddexp2(2.0, x)),
    "LogicalAnd": (op("LogicalAnd", X, 2.0), lambda x: np.logical_and(x, 2.0)),
    "LogicalAnd of truth": (op("LogicalAnd", True, X), lambda x: np.logical_and(x, True)),
    "LogicalAnd of many truths": (
        op("LogicalAnd", X, (((True,) * 4, (True, False) * 2, (False,) * 4),)),
        lambda x: np.logical_and(x, [[1] * 4, [1, 0] * 2, [0] * 4]),
    ),
    "Logsumexp over axes": (
        op("Logsumexp", X, axis=[1, 2]),
        lambda x: np.log(np.exp(x).sum((1, 2))),
    ),
    "Logsumexp over kept axes": (
        op("Logsumexp", X, axis=[1, 2], keepdims=True),
        lambda x: np.log(np.exp(x).sum((1, 2), keepdims=True)),
    ),
    "LogicalOr": (op("LogicalOr", 0.0, X), lambda x: np.logical_or(x, 0.0)),
    "LogicalXor": (op("LogicalXor", X, 2.0), lambda x: np.logical_xor(x, 2.0)),
    "Ptp": (op("Ptp", X, axis=2, keepdims=True), lambda x: np.ptp(x, 2, keepdims=True)),
    "Rad2deg": (op("Rad2deg", X), np.rad2deg),
    "ReciprocalNoNan": (
        op("ReciprocalNoNan", X),
        lambda x: np.divide(1, x, out=np.zeros_like(x), where=x != 0),
    ),
    "RMSNorm": (
        op("RMSNorm", X, axis=-1, epsilon=0.1),
        lambda x: x / np.sqrt((x**2).mean(2, keepdims=True) + 0.1),
    ),
    "Round": (op("Round", X, decimals=1), lambda x: np.round(x, 1)),
    "RGBToGrayscale": (
        op("RGBToGrayscale", Y),
        lambda x: x @ np.asarray([[0.2989], [0.587], [0.114]]),
    ),
    "RGBToGrayscale, channels first": (
        op("RGBToGrayscale", Y, data_format="channels_first"),
        lambda x: np.einsum("bchw,c->bhw", x, [0.2989, 0.587, 0.114])[:, None],
    ),
}


@pytest.mark.parametrize("name", CALCULATIONS)
def test_calculations(name: str) -> None:
    before, expected = CALCULATIONS[name]
    arrays = [draw(3, 4) for _ in range(2)]
    arrays[0][:, 0] = 0.0
    if name.startswith("RGB"):
        before, arrays = op("RGBToGrayscale", X, **before.config), [draw(3, 5, 3)]
    check(before, expected, *arrays[: len(before.calls[0].inputs)])


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (op("NanToNum", X), np.nan_to_num),
        (
            op("NanToNum", X, nan=1.0, posinf=2.0, neginf=3.0),
            lambda x: np.nan_to_num(x, nan=1.0, posinf=2.0, neginf=3.0),
        ),
    ],
)
def test_what_is_no_number_is_replaced(before: Layer, expected: Any) -> None:
    x = draw(5)
    x[0, :3] = NAN, INF, -INF
    check(before, expected, x)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Nansum", np.nansum),
        ("Nanprod", np.nanprod),
        ("Nanmean", np.nanmean),
        ("Nanvar", np.nanvar),
        ("Nanstd", np.nanstd),
        ("Nancumsum", np.nancumsum),
        ("Nancumprod", np.nancumprod),
    ],
)
def test_what_is_no_number_is_left_out(name: str, expected: Any) -> None:
    x = draw(3, 4)
    x[0, 1, :3] = NAN
    check(op(name, X, axis=2), lambda x: expected(x, axis=2), x)


def _split(ends: Any, axis: int) -> Any:
    return lambda x: np.array_split(x, ends, axis)


PIECES = {
    "Append": (op("Append", X, Y, axis=-1), lambda x, y: np.append(x, y, -1)),
    "Hstack": (op("Hstack", (X, Y)), lambda x, y: np.concatenate([x, y], 1)),
    "Dstack": (op("Dstack", (X, Y)), lambda x, y: np.concatenate([x, y], 2)),
    "Fliplr": (op("Fliplr", X), np.fliplr),
    "Rot90": (op("Rot90", X, k=1, axes=[1, 2]), lambda x: np.rot90(x, 1, (1, 2))),
    "Rot90 back": (op("Rot90", X, k=-1, axes=[1, 2]), lambda x: np.rot90(x, -1, (1, 2))),
    "Rot90 not": (op("Rot90", X, k=4, axes=[1, 2]), lambda x: x),
    "ArraySplit": (op("ArraySplit", X, indices_or_sections=3, axis=2), _split(3, 2)),
    "ArraySplit at": (op("ArraySplit", X, indices_or_sections=[1, 3], axis=2), _split([1, 3], 2)),
    "Hsplit": (op("Hsplit", X, indices_or_sections=3), _split(3, 1)),
    "Dsplit": (op("Dsplit", X, indices_or_sections=2), _split(2, 2)),
    "Diagonal": (
        op("Diagonal", X, offset=1, axis1=1, axis2=2),
        lambda x: np.diagonal(x, 1, 1, 2),
    ),
    "Trace": (op("Trace", X, offset=-1, axis1=2, axis2=1), lambda x: np.trace(x, -1, 2, 1)),
    "Slice": (op("Slice", X, begin=(0, 1, 0), size=(-1, 2, 3)), lambda x: x[:, 1:3, :3]),
}


@pytest.mark.parametrize("name", PIECES)
def test_pieces(name: str) -> None:
    before, expected = PIECES[name]
    check(before, expected, *(draw(3, 4) for _ in before.calls[0].inputs))


def test_half_a_turn_of_a_square() -> None:
    check(op("Rot90", X, k=2, axes=[2, 1]), lambda x: np.rot90(x, 2, (2, 1)), draw(4, 4))


def test_two_vectors_are_joined_along_a_new_axis() -> None:
    check(op("Dstack", (X, Y)), lambda x, y: np.dstack([x, y]), draw(3), draw(3))


MATRIX = ((1.0, 2.0, -1.0), (0.5, 0.25, 3.0))


@pytest.mark.parametrize(
    "before",
    [
        op("Dot", X, MATRIX),
        op("Tensordot", X, MATRIX, axes=1),
        op("Tensordot", X, MATRIX, axes=(2, 0)),
        op("Tensordot", X, MATRIX, axes=((-1,), (-2,))),
    ],
)
def test_a_product_by_a_constant_matrix(before: Layer) -> None:
    check(before, lambda x: x @ np.asarray(MATRIX, np.float32), draw(4, 2))


@pytest.mark.parametrize("axis", [-1, 1, 2])
@pytest.mark.parametrize("whole", [False, True])
def test_one_hot(axis: int, *, whole: bool) -> None:
    x = np.asarray([[0, 2, -1], [3, 9, 1]], np.float32)
    config: dict[str, Any] = {"num_classes": 4, "axis": axis}
    if whole:
        config["whole"] = True
    else:
        x += np.float32(0.25) * np.sign(x)

    def expected(x: Any) -> Any:
        return np.moveaxis((np.trunc(x)[..., None] == np.arange(4)).astype(np.float32), -1, axis)

    check(op("OneHot", X, **config), expected, x)


@pytest.mark.parametrize(
    ("config", "on", "off"),
    [
        ({"on_value": 2.5, "off_value": -1.0}, 2.5, -1.0),
        ({"on_value": 0.5}, 0.5, 0.0),
        ({"on_value": 3, "off_value": 1, "dtype": "float32"}, 3.0, 1.0),
    ],
)
def test_other_numbers_for_1_and_0(config: dict[str, Any], on: float, off: float) -> None:
    def expected(x: Any) -> Any:
        return np.where(x[..., None] == np.arange(3), on, off).astype(np.float32)

    x = np.asarray([[0, 2, 5], [1, 1, 0]], np.float32)
    check(op("OneHot", X, num_classes=3, **config), expected, x)


def _sparsemax(x: Any) -> Any:
    falling = -np.sort(-x, 2)
    sums, counts = falling.cumsum(2), np.arange(1, x.shape[2] + 1)
    taken = falling - (sums - 1) / counts > 0
    bound = ((sums * taken).sum(2, keepdims=True) - 1) / taken.sum(2, keepdims=True)
    return np.maximum(x - bound, 0)


ORDERING = {
    "Sort": (op("Sort", X, axis=1), lambda x: np.sort(x, 1)),
    "Sort down": (op("Sort", X, axis=-1, direction="DESCENDING"), lambda x: -np.sort(-x, 2)),
    "Argsort": (op("Argsort", X, axis=1), lambda x: np.argsort(x, 1)),
    "Argsort down": (
        op("Argsort", X, axis=2, direction="DESCENDING"),
        lambda x: np.argsort(-x, 2),
    ),
    "TopK": (
        op("TopK", X, k=2, sorted=True),
        lambda x: (-np.sort(-x, 2)[..., :2], np.argsort(-x, 2)[..., :2]),
    ),
    "Median": (op("Median", X, axis=2), lambda x: np.median(x, 2)),
    "Median, axis kept": (
        op("Median", X, axis=[1], keepdims=True),
        lambda x: np.median(x, 1, keepdims=True),
    ),
    "Quantile": (op("Quantile", X, 0.3, axis=2), lambda x: np.quantile(x, 0.3, 2)),
    "Percentile": (op("Percentile", X, 100, axis=1), lambda x: np.percentile(x, 100, 1)),
    "Sparsemax": (op("Sparsemax", X, axis=-1), _sparsemax),
    "Cumprod": (op("Cumprod", X, axis=1), lambda x: np.cumprod(x, 1)),
}


@pytest.mark.parametrize("name", ORDERING)
def test_ordering(name: str) -> None:
    before, expected = ORDERING[name]
    check(before, expected, draw(3, 4))


@pytest.mark.parametrize("axis", [1, 2, -1])
def test_elements_are_taken_by_the_indices_of_every_sample(axis: int) -> None:
    shape = (2, 4) if axis == 1 else (3, 2)
    places = np.asarray(np.random.default_rng(1).integers(-2, 3, (2, *shape)), np.float32)
    check(
        op("TakeAlongAxis", X, Y, axis=axis),
        lambda x, y: np.take_along_axis(x, y.astype(int), axis),
        draw(3, 4),
        places,
    )


def test_rows_are_gathered_for_every_sample() -> None:
    places = np.asarray([[0, 2], [1, 1]], np.float32)

    def expected(x: Any, y: Any) -> Any:
        return np.stack([rows[index.astype(int)] for rows, index in zip(x, y, strict=True)])

    check(op("Take", X, Y, axis=1, batch_dims=1), expected, draw(3, 4), places)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(op("Append", X, Y, axis=None), id="flat"),
        pytest.param(op("Vsplit", X, indices_or_sections=2), id="samples apart"),
        pytest.param(op("Rot90", X, k=1, axes=[0, 1]), id="the batch turned"),
        pytest.param(op("Rot90", X, k=2, axes=[1, 2]), id="half a turn of no square"),
        pytest.param(op("Diagonal", X, axis1=0, axis2=1), id="across the batch"),
        pytest.param(op("Diagonal", X, axis1=1, axis2=2, offset=9), id="no diagonal"),
        pytest.param(op("Hsplit", X, indices_or_sections=4), id="too many pieces"),
        pytest.param(op("OneHot", X, num_classes=4, axis=0), id="classes before samples"),
        pytest.param(op("OneHot", X, num_classes=4, sparse=True), id="sparse"),
        pytest.param(op("OneHot", X, num_classes=4, on_value=2), id="integers for 1 and 0"),
        pytest.param(op("OneHot", X, num_classes=4, on_value="a"), id="words for 1 and 0"),
        pytest.param(op("CountNonzero", X, axis=1, dtype="float32"), id="counts that are floats"),
        pytest.param(op("Tensordot", X, ((1.0,),), axes=2), id="a product over two axes"),
        pytest.param(op("Tensordot", X, ((1.0,),), axes=((1,), (0,))), id="over another axis"),
        pytest.param(op("TopK", X, k=0), id="none"),
        pytest.param(op("TopK", X, k=2, sorted=False), id="no order"),
        pytest.param(op("Quantile", X, 0.5, axis=1, method="lower"), id="another method"),
        pytest.param(op("Quantile", X, 1.5, axis=1), id="no share"),
        pytest.param(op("Median", X, axis=[1, 2]), id="two axes"),
        pytest.param(op("Median", X, axis=None), id="all axes"),
        pytest.param(op("Take", X, Y, axis=1), id="places of other samples"),
        pytest.param(op("Isclose", X, Y, 0.5, 0.5, equal_nan=True), id="NaN is NaN"),
        pytest.param(op("RMSNorm", X, Y, axis=-1), id="a scale that is a tensor"),
    ],
)
def test_what_is_not_computed_is_refused(before: Layer) -> None:
    with pytest.raises(ShapeError):
        rewrite(before, seen(before, (None, 3, 4), (None, 3, 4)))


@pytest.mark.parametrize("before", [op("Vstack", (X, Y)), op("Flipud", X)])
def test_samples_stay_apart(before: Layer) -> None:
    with pytest.raises(ConversionError, match="works on the batch axis"):
        through(before, draw(3, 4), draw(3, 4))


def test_places_of_another_shape_are_refused() -> None:
    before = op("TakeAlongAxis", X, Y, axis=1)
    with pytest.raises(ShapeError, match="another shape"):
        rewrite(before, seen(before, (None, 3, 4), (None, 2, 1)))


@pytest.mark.parametrize(("name", "expected"), [("Equal", np.equal), ("NotEqual", np.not_equal)])
def test_compared_with_itself(name: str, expected: Any) -> None:
    x = draw(5)
    x[0, :3] = NAN, INF, -INF
    check(op(name, X, X), lambda x: expected(x, x), x)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Add", np.add),
        ("Multiply", np.multiply),
        ("Maximum", np.maximum),
        ("Less", np.less),
        ("LogicalOr", np.logical_or),
    ],
)
@pytest.mark.parametrize("shape", [(3, 4), (1, 3, 1), (4,)])
def test_a_constant_longer_than_the_tensor(
    name: str, expected: Any, shape: tuple[int, ...]
) -> None:
    x, constant = draw(1, 4)[:, :, :1], np.linspace(-1, 2, math.prod(shape)).reshape(shape)
    given = op(name, X, as_value(constant.tolist()))
    check(given, lambda x: expected(x, constant.astype(np.float32)), x)
