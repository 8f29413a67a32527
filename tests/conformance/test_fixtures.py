"""Every fixture through the running server and plain `tf.loadLayersModel`: Keras's numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.browser import Browser, Page
from tests.browser.live_server import LiveServer
from tests.browser.page_server import PageServer
from tests.conformance.comparison import differences
from tests.fixtures.cases import CONVERTED, REFUSED, Case, Tensor
from tfjs_serve.events import Converted, Failed
from tfjs_serve.layers_format.catalog import CATALOG

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Serve all fixtures at once, each under its case's id."""
    folder = tmp_path_factory.mktemp("models")
    for case in (*CONVERTED, *REFUSED):
        path = folder / _file(case)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(case.content)
    with LiveServer(folder) as running:
        running.settle()
        yield running


@pytest.fixture(scope="module")
def shared_page(browser: Browser, page_server: PageServer) -> Iterator[Page]:
    """One page for all fixtures: a model that leaves something behind shows in the next."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"http://localhost:{page_server.port}/")
    yield page
    context.close()


def _file(case: Case) -> Path:
    return Path(case.id).parent / case.path.name


def _fed(tensor: Tensor) -> dict[str, object]:
    return {"shape": tensor.shape, "dtype": tensor.dtype, "values": tensor.values}


@pytest.mark.parametrize("case", CONVERTED, ids=lambda case: case.id)
def test_predictions_are_those_of_keras(case: Case, server: LiveServer, shared_page: Page) -> None:
    (event,) = (e for e in server.events if isinstance(e, Converted) and e.name == case.id)
    for words in case.warns:
        assert any(words in note.text for note in event.warnings), (words, event.warnings)
    inputs = [_fed(tensor) for tensor in case.inputs]
    prediction = shared_page.predict(server.url + event.url, inputs)
    assert [output.shape for output in prediction.outputs] == [o.shape for o in case.outputs]
    for output, expected in zip(prediction.outputs, case.outputs, strict=True):
        assert differences(output.values, expected.values) == []


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
    assert set(CATALOG) - covered == set()
