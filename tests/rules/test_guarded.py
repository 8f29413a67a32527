from __future__ import annotations

import pytest

from tests.models import KERAS3, functional, layer, source
from tfjs_serve.graph import Graph, Layer
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.guarded import guarded
from tfjs_serve.rewriting.rule import Context, Refusal

DENSE = layer("Dense", units=None)
GRAPH = functional([source(), DENSE], ["a"])


def test_what_a_rule_makes_is_handed_on() -> None:
    assert guarded(lambda subject, context: subject, DENSE, KERAS3) is DENSE


def test_shapes_are_to_blame_as_the_rule_says() -> None:
    def rewrite(subject: Layer, context: Context) -> None:
        raise ShapeError("no such axis")

    with pytest.raises(ShapeError, match="no such axis"):
        guarded(rewrite, DENSE, KERAS3)


@pytest.mark.parametrize(
    ("read", "cause"),
    [
        (lambda config: config["filters"], "KeyError: 'filters'"),
        (lambda config: config["units"] * 2, "TypeError: unsupported operand"),
        (lambda config: int("é"), "ValueError: invalid literal"),
        (lambda config: 1 // 0, "ZeroDivisionError: "),
        (lambda config: bytearray(2**62), "MemoryError: "),
    ],
)
def test_a_config_that_cannot_be_read_refuses_its_layer(read: object, cause: str) -> None:
    def rewrite(subject: Layer, context: Context) -> object:
        return read(subject.config)  # type: ignore[operator]

    found = guarded(rewrite, DENSE, KERAS3)
    assert isinstance(found, Refusal)
    (reason,) = found.reasons
    assert (reason.layer, reason.class_name) == ("a", "Dense")
    assert reason.why.startswith(f"its config is not as Keras writes it ({cause}")
    assert reason.remedy is not None


def test_a_rule_of_models_names_no_layer() -> None:
    def rewrite(subject: Graph, context: Context) -> object:
        return subject.layers[7]

    found = guarded(rewrite, GRAPH, KERAS3)
    assert isinstance(found, Refusal)
    assert found.reasons[0].layer is None
