from __future__ import annotations

from typing import Any

import pytest

from tests.models import KERAS3, changed, layer
from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.fields import initializer
from tfjs_serve.layers_format.catalog.objects import INITIALIZERS
from tfjs_serve.rules.initializers import ZEROS, rewrite

SEED = {"class_name": "SeedGenerator", "config": {"name": "s", "seed": 1}}


def made(class_name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": config}


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Flatten"), id="none to have"),
        pytest.param(layer("Dense", initializer="my_own"), id="another field"),
        pytest.param(layer("Dense", kernel_initializer="glorot_uniform"), id="known text"),
        pytest.param(layer("Dense", kernel_initializer=made("Zeros")), id="no config"),
        pytest.param(layer("Dense", kernel_initializer=made("HeNormal", seed=None)), id="no seed"),
        pytest.param(layer("Dense", kernel_initializer=made("HeNormal", seed=7)), id="seed"),
        pytest.param(layer("Dense", kernel_initializer=made("Constant", value=0.5)), id="constant"),
        pytest.param(
            layer(
                "Dense",
                kernel_initializer=made(
                    "VarianceScaling", scale=2.0, mode="fan_avg", distribution="uniform", seed=None
                ),
            ),
            id="variance scaling",
        ),
    ],
)
def test_what_tfjs_can_make_stays(before: Layer) -> None:
    assert rewrite(before, KERAS3) is None


SCALING = {"scale": 1.0, "mode": "fan_in", "distribution": "normal"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(made("LecunNormal", seed=3), made("LeCunNormal", seed=3), id="renamed"),
        pytest.param(
            made("RandomUniform", minval=-1, maxval=1, seed=SEED),
            made("RandomUniform", minval=-1, maxval=1, seed=None),
            id="seed generator",
        ),
        pytest.param(
            made("RandomNormal", mean=[0.0], stddev=float("inf"), seed=True),
            made("RandomNormal", mean=None, stddev=None, seed=None),
            id="what is no number",
        ),
        pytest.param(
            made("HeNormal", seed=None, dtype="float32"),
            made("HeNormal", seed=None),
            id="extra key",
        ),
        pytest.param("lecun_uniform", made("LeCunUniform"), id="text that tfjs has not"),
        pytest.param("uniform", made("RandomUniform"), id="short text"),
        pytest.param("constant", ZEROS, id="constant without a value"),
        pytest.param(made("Constant"), ZEROS, id="constant without a value, as an object"),
        pytest.param(made("Constant", value=[1.0, 2.0]), ZEROS, id="constant array"),
        pytest.param(made("Constant", value=10**400), ZEROS, id="constant beyond all floats"),
        pytest.param(made("ZerosV2"), made("Zeros"), id="version 2"),
        pytest.param(
            made("OrthogonalInitializer", gain=2), made("Orthogonal", gain=2), id="long name"
        ),
        pytest.param(
            made("VarianceScaling", scale=1.0, mode="fan_in", distribution="untruncated_normal"),
            made("VarianceScaling", **SCALING),
            id="untruncated",
        ),
        pytest.param(
            made("VarianceScaling", scale=1.0, mode="sideways", distribution=["normal"]),
            made("VarianceScaling", **SCALING),
            id="odd mode and distribution",
        ),
        pytest.param(
            "VarianceScaling",
            made("VarianceScaling", mode="fan_in", distribution="normal"),
            id="class name as text",
        ),
        pytest.param(made("pkg>Zeros", value=1), ZEROS, id="somebody's own"),
        pytest.param(made("STFT"), ZEROS, id="unknown"),
        pytest.param("my_init", ZEROS, id="unknown text"),
        pytest.param(
            {"class_name": "HeNormal", "config": None}, made("HeNormal"), id="null config"
        ),
        pytest.param({"class_name": "HeNormal", "config": 5}, made("HeNormal"), id="odd config"),
        pytest.param({"class_name": ["Zeros"], "config": {}}, ZEROS, id="odd class"),
        pytest.param(None, ZEROS, id="null"),
        pytest.param(3, ZEROS, id="number"),
        pytest.param(["zeros"], ZEROS, id="list"),
    ],
)
def test_others_are_translated(value: Any, expected: Any) -> None:
    before = layer("Dense", units=2, kernel_initializer=value, bias_initializer="zeros")
    assert rewrite(before, KERAS3) == changed(before, kernel_initializer=expected)
    assert initializer("zeros").accepts(expected)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_the_catalog_takes_what_comes_out(name: str) -> None:
    for value in (name, made(name), made(name, seed=SEED, value=2, gain=1.0, scale=None)):
        before = layer("Dense", kernel_initializer=value)
        found = rewrite(before, KERAS3)
        after = before if found is None else found.layer
        assert initializer("zeros").accepts(after.config["kernel_initializer"]), value
