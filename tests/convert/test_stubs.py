"""The stubs of real files; that they run is proved in tests/conformance/test_custom_layers.py."""

from __future__ import annotations

import pytest

from tests.fixtures.cases import CASES
from tfjs_serve.convert.stubs import stub_of


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


def test_other_reasons_for_a_refusal_are_told() -> None:
    text = stub("keras2/refused_custom_weights")
    assert text is not None
    assert "// Refused all the same: layer 'top' (Dense): not supported yet: called on" in text
