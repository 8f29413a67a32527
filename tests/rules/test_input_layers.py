from __future__ import annotations

from typing import Any

import pytest

from tests.models import KERAS3, layer, refused
from tfjs_serve.graph import Call, Layer
from tfjs_serve.rewriting.rule import Rewrite
from tfjs_serve.rules.input_layers import rewrite

NO_SHAPE = "its shape is not in the file"


def source(**config: Any) -> Layer:
    return Layer("x", "InputLayer", config, (Call(),))


FINISHED = {"shape": (None, 4), "dtype": "float32", "sparse": False}


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Dense", dtype="int64", shape=None), id="other class"),
        pytest.param(source(**FINISHED), id="float32"),
        pytest.param(source(**{**FINISHED, "dtype": "bool"}), id="bool"),
        pytest.param(source(**FINISHED, is_implicit=True), id="implicit"),
        pytest.param(source(**{**FINISHED, "shape": (8, None, 0)}), id="fixed batch, no length"),
    ],
)
def test_finished_inputs_stay(before: Layer) -> None:
    assert rewrite(before, KERAS3) is None


@pytest.mark.parametrize(
    ("dtype", "fed"),
    [
        *((name, "float32") for name in ("float16", "bfloat16", "float64", None)),
        *((name, "float32") for name in ("mixed_float16", "mixed_bfloat16")),
        *((name, "int32") for name in ("int8", "uint8", "int16", "uint16", "uint32", "int64")),
    ],
)
def test_dtypes_that_can_be_fed(dtype: str | None, fed: str) -> None:
    before = source(shape=(None, 4), dtype=dtype, sparse=False)
    assert rewrite(before, KERAS3) == Rewrite(source(**{**FINISHED, "dtype": fed}))


def test_other_fields_go() -> None:
    before = source(shape=[None, 4], ragged=False, optional=False, trainable=True, sparse=None)
    assert rewrite(before, KERAS3) == Rewrite(source(**FINISHED))


@pytest.mark.parametrize(
    ("before", "why", "remedy"),
    [
        pytest.param(source(), NO_SHAPE, "give keras.Input a shape and save", id="no shape"),
        pytest.param(
            source(shape=(None, "4")), NO_SHAPE, "give keras.Input a shape and save", id="text"
        ),
        pytest.param(
            source(shape=(None, -1)), NO_SHAPE, "give keras.Input a shape and save", id="negative"
        ),
        pytest.param(
            source(shape=(None, True)), NO_SHAPE, "give keras.Input a shape and save", id="boolean"
        ),
        pytest.param(
            source(shape=(None, 4), dtype="string"),
            "dtype = 'string' cannot be fed in TensorFlow.js",
            "feed numbers instead",
            id="text as input",
        ),
        pytest.param(
            source(shape=(None, 4), dtype=["float32"]),
            "dtype = ['float32'] cannot be fed in TensorFlow.js",
            "feed numbers instead",
            id="dtype that is no name",
        ),
        pytest.param(
            source(shape=(None, 4), sparse=True),
            "sparse and ragged inputs do not exist in TensorFlow.js",
            None,
            id="sparse",
        ),
        pytest.param(
            source(shape=(None, 4), ragged=True),
            "sparse and ragged inputs do not exist in TensorFlow.js",
            None,
            id="ragged",
        ),
    ],
)
def test_inputs_that_tfjs_cannot_have(before: Layer, why: str, remedy: str | None) -> None:
    assert rewrite(before, KERAS3) == refused(before, why, remedy=remedy)
