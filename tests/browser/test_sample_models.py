"""Every sample model, from its file to Keras's own predictions in a page on another port."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.browser import Page
from tests.browser.live_server import LiveServer
from tests.conformance.comparison import differences
from tfjs_serve.events import Converted, Failed

pytestmark = pytest.mark.browser

SAMPLES = Path(__file__).parents[2] / "sample_models"
NAMES = sorted(path.stem for path in SAMPLES.glob("*.h5"))
GOOD = [name for name in NAMES if not name.startswith("refused")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Serve a copy of the sample models."""
    folder = tmp_path_factory.mktemp("samples")
    for path in SAMPLES.glob("*.h5"):
        shutil.copy(path, folder)
    with LiveServer(folder) as running:
        running.settle()
        yield running


@pytest.mark.parametrize("name", GOOD)
def test_predictions_are_those_of_keras(name: str, server: LiveServer, page: Page) -> None:
    samples = json.loads((SAMPLES / f"{name}.samples.json").read_text(encoding="utf-8"))
    prediction = page.predict(f"{server.url}/{name}/model.json", samples["inputs"])
    expected = list(samples["outputs"].values())
    assert [list(output.shape) for output in prediction.outputs] == [e["shape"] for e in expected]
    for output, tensor in zip(prediction.outputs, expected, strict=True):
        assert differences(output.values, tensor["values"]) == []
    assert page.log().trouble == []


def test_the_lambda_is_refused_and_the_others_are_served(server: LiveServer) -> None:
    converted = {event.name for event in server.events if isinstance(event, Converted)}
    (refused,) = (event for event in server.events if isinstance(event, Failed))
    assert converted == set(GOOD)
    assert refused.name == "refused_lambda"
    assert [reason.class_name for reason in refused.reasons] == ["Lambda"]
