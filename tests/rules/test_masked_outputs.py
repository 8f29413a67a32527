"""Which outputs carry a mask, by which Keras leaves steps out of a loss."""

from __future__ import annotations

import pytest

from tests.models import functional, layer, nested, on, sequential, source
from tfjs_serve.graph import Call, Graph, Layer
from tfjs_serve.rules.implicit_masks import masked_outputs


def called(class_name: str, name: str, *calls: Call, **config: object) -> Layer:
    return Layer(name, class_name, config, calls)


TABLE = called("Embedding", "table", on("x"), mask_zero=True)
DENSE = called("Dense", "dense", on("table"), units=3)
INNER = functional((source(), TABLE, DENSE), ["dense"], name="inner")


@pytest.mark.parametrize("generation", [2, 3])
@pytest.mark.parametrize(
    ("graph", "masked"),
    [
        pytest.param(functional((source(), layer("Dense")), ["a"]), (False,), id="no masks"),
        pytest.param(
            functional((source(), TABLE, called("Flatten", "flat", on("table"))), ["flat", "x"]),
            (False, False),
            id="the mask ends",
        ),
        pytest.param(
            functional((source(), TABLE, called("LSTM", "lstm", on("table"))), ["lstm"]),
            (False,),
            id="last step",
        ),
        pytest.param(functional((source(), TABLE, DENSE), ["dense"]), (True,), id="steps"),
        pytest.param(sequential(source(), TABLE, DENSE), (True,), id="Sequential"),
        pytest.param(
            functional((source(), nested("inner", INNER, on("x"))), ["inner"]),
            (True,),
            id="made inside",
        ),
    ],
)
def test_masks_at_the_end(graph: Graph, generation: int, masked: tuple[bool, ...]) -> None:
    assert masked_outputs(graph, generation) == masked
