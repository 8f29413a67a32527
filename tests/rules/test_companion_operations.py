from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import layer, on, shaped
from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.rule import Refusal, Rewrite
from tfjs_serve.rules.companion_operations import rewrite

SHAPE = (None, 3, 4)


def op(name: str, *args: Any, **config: Any) -> Layer:
    return replace(layer(f"keras.ops.{name}", **config), calls=(Call(args),))


X, Y = TensorRef("x"), TensorRef("y")


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Softmax"), id="layer"),
        pytest.param(op("Add", X, Y), id="operation of another rule"),
        pytest.param(op("Sqrt"), id="no argument"),
        pytest.param(op("Power", X), id="argument missing"),
        pytest.param(op("Power", X, "two"), id="text"),
        pytest.param(replace(op("Sqrt"), calls=(on("x", out=Y),)), id="named argument"),
    ],
)
def test_nothing_to_hand_on(before: Layer) -> None:
    assert rewrite(before, shaped(SHAPE)) is None


@pytest.mark.parametrize(
    ("before", "config", "inputs"),
    [
        pytest.param(
            op("Sqrt", X), {"operation": "sqrt", "constants": [None]}, (X,), id="one tensor"
        ),
        pytest.param(
            op("Power", 2, X), {"operation": "power", "constants": [2.0, None]}, (X,), id="constant"
        ),
        pytest.param(
            op("Arctan2", X, (1.0, 2.0)),
            {"operation": "arctan2", "constants": [None, [1.0, 2.0]]},
            (X,),
            id="nested constants",
        ),
        pytest.param(
            op("Power", X, Y),
            {"operation": "power", "constants": [None, None]},
            (X, Y),
            id="several",
        ),
        pytest.param(
            op("Argmax", X, axis=-1, keepdims=False),
            {"operation": "argmax", "constants": [None], "axes": [2], "keepdims": False},
            (X,),
            id="axis",
        ),
        pytest.param(
            op("Prod", X, axis=(1, -1), keepdims=True),
            {"operation": "prod", "constants": [None], "axes": [1, 2], "keepdims": True},
            (X,),
            id="axes",
        ),
    ],
)
def test_an_operation_is_handed_on(
    before: Layer, config: dict[str, Any], inputs: tuple[TensorRef, ...]
) -> None:
    result = rewrite(before, shaped(*[SHAPE for _ in inputs]))
    assert isinstance(result, Rewrite)
    assert (result.layer.name, result.layer.class_name) == ("a", "TfjsServeOperation")
    assert result.layer.config == config
    assert result.layer.calls[0].inputs == inputs


@pytest.mark.parametrize(
    ("before", "shapes", "why"),
    [
        pytest.param(op("Round", X, decimals=2), (SHAPE,), "decimals = 2", id="decimals"),
        pytest.param(op("Prod", X, axis=1, initial=2.0), (SHAPE,), "initial = 2.0", id="start"),
        pytest.param(
            op("Power", X, Y), (SHAPE, (None, 4)), "tensors of different ranks", id="ranks"
        ),
    ],
)
def test_what_means_something_else_is_refused(before: Layer, shapes: Any, why: str) -> None:
    result = rewrite(before, shaped(*shapes))
    assert isinstance(result, Refusal)
    assert why in result.reasons[0].why


@pytest.mark.parametrize("axis", [None, 0, -3, 3, (1, 2)])
def test_axes_are_single_known_and_behind_the_batch(axis: Any) -> None:
    with pytest.raises(ShapeError):
        rewrite(op("Argmax", X, axis=axis), shaped(SHAPE))
