"""Every fixture through the running server and plain `tf.loadLayersModel`: Keras's numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.browser.browser import Browser, Page
from tests.browser.live_server import LiveServer
from tests.browser.page_server import PageServer
from tests.conformance.comparison import differences
from tests.fixtures.cases import BATCH, CONVERTED, REFUSED, Case, Tensor
from tfjs_serve.companion import URL_PATH
from tfjs_serve.events import Converted, Failed
from tfjs_serve.layers_format.catalog import CATALOG

# The first test waits until all fixtures are converted, and WebGL may be computed by a processor.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

BACKENDS = ("cpu", "wasm", "webgl")
SAMPLE = tuple(
    case
    for case in CONVERTED[::10]
    if {tensor.shape[0] for tensor in (*case.inputs, *case.outputs)} == {BATCH}
    and "is stateful" not in case.warns  # takes one number of rows, and goes on from the last
)


@pytest.fixture(scope="module")
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    """Serve the fixtures of all tests that will run at once, each under its case's id."""
    folder = tmp_path_factory.mktemp("models")
    ours = (item for item in request.session.items if item.path == request.path)
    calls = (getattr(item, "callspec", None) for item in ours)
    wanted = {call.params["case"].id for call in calls if call and "case" in call.params}
    for case in (case for case in (*CONVERTED, *REFUSED) if case.id in wanted):
        path = folder / _file(case)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(case.content)
    with LiveServer(folder) as running:
        running.settle()
        yield running


@pytest.fixture(scope="module")
def companion_page(browser: Browser, page_server: PageServer, server: LiveServer) -> Iterator[Page]:
    """One page that has loaded the companion module, for the fixtures that need it."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"http://localhost:{page_server.port}/")
    page.evaluate("async (url) => { await import(url); }", server.url + URL_PATH)
    yield page
    context.close()


def _file(case: Case) -> Path:
    return Path(case.id).parent / case.path.name


def _fed(tensor: Tensor) -> dict[str, object]:
    return {"shape": tensor.shape, "dtype": tensor.dtype, "values": tensor.values}


def _with_rows(tensor: Tensor, count: int) -> Tensor:
    """Return a tensor of so many rows, the given ones over and over."""
    size = len(tensor.values) // BATCH
    values = (tensor.values * -(-count // BATCH))[: count * size]
    return replace(tensor, shape=(count, *tensor.shape[1:]), values=values)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("case", CONVERTED, ids=lambda case: case.id)
def test_predictions_are_those_of_keras(
    case: Case, backend: str, server: LiveServer, shared_page: Page, companion_page: Page
) -> None:
    (event,) = (e for e in server.events if isinstance(e, Converted) and e.name == case.id)
    for words in case.warns:
        assert any(words in note.text for note in event.warnings), (words, event.warnings)
    inputs = [_fed(tensor) for tensor in case.inputs]
    page = companion_page if event.needs_companion else shared_page
    prediction = page.predict(server.url + event.url, inputs, backend=backend)
    assert [output.shape for output in prediction.outputs] == [o.shape for o in case.outputs]
    differing = [
        difference
        for output, expected in zip(prediction.outputs, case.outputs, strict=True)
        for difference in differences(output.values, expected.values)
    ]
    if backend in case.differs_on:
        assert any(f"{backend} backend" in note.text for note in event.warnings)
        assert differing != [], "TensorFlow.js computes it rightly now: take the warning away"
    else:
        assert differing == []


@pytest.mark.parametrize("count", [1, 7])
@pytest.mark.parametrize("case", SAMPLE, ids=lambda case: case.id)
def test_webgl_predicts_any_number_of_rows_again_and_again(
    case: Case, count: int, server: LiveServer, shared_page: Page, companion_page: Page
) -> None:
    """The second prediction is drawn on the textures that the first one left."""
    (event,) = (e for e in server.events if isinstance(e, Converted) and e.name == case.id)
    inputs = [_fed(_with_rows(tensor, count)) for tensor in case.inputs]
    page = companion_page if event.needs_companion else shared_page
    prediction = page.predict(server.url + event.url, inputs, backend="webgl", times=3)
    for output, expected in zip(prediction.outputs, case.outputs, strict=True):
        wanted = _with_rows(expected, count)
        assert output.shape == wanted.shape
        assert differences(output.values, wanted.values) == []


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_refusals_name_the_cause(case: Case, server: LiveServer) -> None:
    failed = (event for event in server.events if isinstance(event, Failed))
    (event,) = (event for event in failed if event.name.removesuffix(".weights") == case.id)
    assert not event.served
    for expected in case.refused:
        assert any(
            reason.layer == expected.layer
            and (reason.class_name or "").endswith(expected.class_name or "")
            and expected.word in str(reason)
            for reason in event.reasons
        ), (expected, event)


def test_every_class_of_the_catalog_is_predicted_with() -> None:
    covered = frozenset[str]().union(*(case.classes for case in CONVERTED))
    own = {name for name, spec in CATALOG.items() if not spec.needs_companion}
    assert own - covered == set()
