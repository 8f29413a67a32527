"""Custom classes from file to browser: the stub, its calls filled in, gives Keras's numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.browser import Browser, Page
from tests.browser.page_server import PageServer
from tests.conformance.comparison import differences
from tests.fixtures.cases import REFUSED, Case
from tfjs_serve.convert import convert_file
from tfjs_serve.convert.stubs import stub_of

pytestmark = pytest.mark.browser

CALLS = {
    "MixIn": "const [w, shift] = Object.values(this.variables).map((one) => one.read());"
    " if (this.fields.mode !== 'halfWay') throw new Error(this.fields.mode);"
    " return tf.relu(tf.dot(x, w).mul(this.fields.myFactor).add(shift));",
    "Block": "const [kernel, bias] = Object.values(this.variables).map((one) => one.read());"
    " return x.add(tf.dot(x, kernel)).add(bias);",
    "Doubling": "return x.mul(2);",
    "Lambda": "return x.mul(2);",
}
KEPT = ("Doubling", "Lambda")
"""Classes that return the shape of their input."""

IN_LOOPS = {"TimeDistributed": "MixIn"}
"""What the wrappers of the fixtures hold, in whose names it is refused."""


def classes_of(case: Case) -> set[str]:
    """Return the classes for which a case is refused."""
    names = {str(found.class_name) for found in case.refused}
    return {IN_LOOPS.get(name, name) for name in names}


CUSTOM = tuple(
    case
    for case in REFUSED
    if classes_of(case) <= CALLS.keys()
    and all(found.word == "custom" for found in case.refused if found.class_name in IN_LOOPS)
    # Keras 2 writes no shapes into a .h5: what follows its custom layers stays refused.
    and case.id not in ("keras2/refused_custom_weights", "keras2/refused_custom_each_step")
)


@pytest.fixture
def page(browser: Browser, page_server: PageServer) -> Iterator[Page]:
    """A page of its own for each model: a class is registered for good."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"http://localhost:{page_server.port}/")
    yield page
    context.close()


def converted(case: Case, folder: Path) -> str:
    """Convert a model with its custom classes passed through; return its stub."""
    classes = sorted(classes_of(case))
    allowed = [f"{name}:same" if name in KEPT else name for name in classes]
    conversion = convert_file(case.path, folder, allow_custom=allowed)
    assert conversion.summary.custom_classes == tuple(classes)
    stub = stub_of(case.path)
    assert stub is not None
    return stub


def test_there_are_models_with_custom_classes() -> None:
    assert {case.id for case in CUSTOM} >= {
        "keras2/refused_custom_archive",
        "keras2/refused_custom_before_dense",
        "keras2/refused_custom_each_step_archive",
        "keras2/refused_custom_nested",
        "keras2/refused_lambda",
        "keras3/refused_custom_archive",
        "keras3/refused_custom_before_dense",
        "keras3/refused_custom_each_step",
        "keras3/refused_custom_each_step_archive",
        "keras3/refused_custom_layer",
        "keras3/refused_custom_nested",
        "keras3/refused_custom_weights",
    }


@pytest.mark.parametrize("case", CUSTOM, ids=lambda case: case.id)
def test_a_stub_with_its_calls_filled_in_gives_the_numbers_of_keras(
    case: Case, tmp_path: Path, page: Page, page_server: PageServer
) -> None:
    stub = converted(case, tmp_path)
    for name, body in CALLS.items():
        stub = stub.replace(f'throw new Error("{name}: call is not written yet");', body)
    assert "not written yet" not in stub
    (tmp_path / "custom.js").write_text(stub, "utf-8")
    inputs = [{"shape": t.shape, "dtype": t.dtype, "values": t.values} for t in case.inputs]
    with page_server.serving(f"/{case.id}/", tmp_path) as url:
        page.evaluate("async (url) => { await import(url); }", f"{url}custom.js")
        prediction = page.predict(f"{url}model.json", inputs)
    assert [output.shape for output in prediction.outputs] == [o.shape for o in case.outputs]
    for output, expected in zip(prediction.outputs, case.outputs, strict=True):
        assert differences(output.values, expected.values) == []


def test_a_stub_as_it_is_loads_the_model_and_says_what_is_missing(
    tmp_path: Path, page: Page, page_server: PageServer
) -> None:
    (case,) = (case for case in CUSTOM if case.id == "keras3/refused_custom_weights")
    (tmp_path / "custom.js").write_text(converted(case, tmp_path), "utf-8")
    with page_server.serving("/unfilled/", tmp_path) as url:
        told = page.evaluate(
            """async (url) => {
                const {register} = await import(`${url}custom.js`);
                register(tf);
                const model = await tf.loadLayersModel(`${url}model.json`);
                const config = model.getLayer('mixed').getConfig();
                try {
                    model.predict(tf.ones([1, 3]));
                } catch (error) {
                    return [error.message, config.units, config.myFactor, config.mode];
                }
            }""",
            url,
        )
    assert told == ["MixIn: call is not written yet", 4, 0.5, "halfWay"]
