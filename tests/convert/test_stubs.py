"""The stubs of real files; that they run is proved in tests/conformance/test_custom_layers.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.convert.files import write
from tests.fixtures.cases import CASES
from tests.front_ends.configs import entry, input2, sequential
from tfjs_serve.convert.stubs import stub_of
from tfjs_serve.errors import ConversionError, Reason


def stub(case: str) -> str | None:
    (path,) = (one.path for one in CASES if one.id == case)
    return stub_of(path)


def test_a_model_of_keras_own_layers_has_none() -> None:
    assert stub("keras3/functional") is None


@pytest.mark.parametrize("case", ["keras2/refused_lambda", "keras3/refused_lambda"])
def test_a_lambda_shows_no_code(case: str) -> None:
    text = stub(case)
    assert text is not None
    assert "4wEA" not in text
    assert "function: config.function, // null" in text


def test_weights_have_the_names_that_model_json_gives_them() -> None:
    text = stub("keras3/refused_custom_weights")
    assert text is not None
    lines = [line.strip() for line in text.splitlines() if "addWeight" in line]
    assert lines == [
        f'this.variables["{name}"] = this.addWeight("{name}", {shape}, \'float32\', '
        "tf.initializers.zeros());"
        for name, shape in (
            ("w", "[3, 4]"),
            ("shift", "[4]"),
            ("inside/kernel", "[4, 4]"),
            ("inside/bias", "[4]"),
        )
    ]


def test_a_model_whose_custom_classes_are_all_inside_other_layers(tmp_path: Path) -> None:
    wrapped = entry("Bidirectional", "dense", layer=entry("mine>Scale", "inside"))
    path = write(tmp_path / "m.h5", sequential(input2("x", (None, 5, 4)), wrapped), {})
    with pytest.raises(ConversionError) as error:
        stub_of(path)
    assert error.value.reasons == (
        Reason(
            "not supported yet: a custom class inside another layer in its mine>Scale",
            "dense",
            "Bidirectional",
            "call it outside of that layer, or replace it by built-in layers",
        ),
    )


def test_other_reasons_for_a_refusal_are_told() -> None:
    text = stub("keras2/refused_custom_weights")
    assert text is not None
    assert "// Refused all the same: layer 'top' (Dense): not supported yet: called on" in text
