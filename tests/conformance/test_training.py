"""Compiled models in a browser: `evaluate` and one step of `fit` give Keras's numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.browser import Page
from tests.browser.live_server import LiveServer
from tests.conformance.comparison import differences
from tests.fixtures.cases import TRAINED, Case, Tensor
from tfjs_serve.events import Converted
from tfjs_serve.layers_format.catalog.compiled import LOSSES, METRICS_BY_NAME, OPTIMIZERS

pytestmark = pytest.mark.browser

SCRIPT = Path(__file__).with_name("train.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Serve all compiled fixtures."""
    folder = tmp_path_factory.mktemp("models")
    for case in TRAINED:
        path = folder / Path(case.id).parent / case.path.name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(case.content)
    with LiveServer(folder) as running:
        running.settle()
        yield running


def _fed(tensors: tuple[Tensor, ...]) -> list[dict[str, object]]:
    return [{"shape": t.shape, "dtype": t.dtype, "values": t.values} for t in tensors]


@pytest.mark.parametrize("case", TRAINED, ids=lambda case: case.id)
def test_training_goes_on_as_in_keras(case: Case, server: LiveServer, shared_page: Page) -> None:
    (event,) = (e for e in server.events if isinstance(e, Converted) and e.name == case.id)
    assert case.trained is not None
    found = shared_page.evaluate(
        SCRIPT, server.url + event.url, _fed(case.inputs), _fed(case.trained.targets)
    )
    # TensorFlow.js evaluates without the penalties of regularizers.
    loss, *others = _evaluated(found["evaluated"], len(case.outputs))
    assert differences([loss + case.trained.penalty, *others], case.trained.evaluate) == []
    assert differences([found["loss"]], [case.trained.loss]) == []
    for output, expected, before in zip(
        found["outputs"], case.trained.outputs, case.outputs, strict=True
    ):
        assert differences(output, expected.values) == []
        assert differences(before.values, expected.values) != []  # The step shows.


def _evaluated(evaluated: list[float], outputs: int) -> list[float]:
    """Return what `evaluate` gave as Keras orders it.

    Of several outputs tfjs gives running sums of the losses first (engine/training.ts,
    `makeTestFunction`); the last of them is Keras's loss.
    """
    return evaluated[outputs - 1 :] if outputs > 1 else evaluated


def test_every_loss_metric_and_optimizer_of_the_catalog_is_trained_with(
    server: LiveServer, shared_page: Page
) -> None:
    source = "async (url) => (await (await fetch(url)).json()).trainingConfig"
    configs = [
        shared_page.evaluate(source, server.url + event.url)
        for event in server.events
        if isinstance(event, Converted)
    ]
    losses = {loss for c in configs for loss in _listed(c["loss"])}
    optimizers = {c["optimizer_config"]["class_name"] for c in configs}
    metrics = {name for c in configs for names in _by_output(c["metrics"]) for name in names}
    assert losses == set(LOSSES.values())
    assert optimizers == {spec.class_name for spec in OPTIMIZERS.values()}
    assert {_snake(name) for name in metrics} == METRICS_BY_NAME | {"accuracy", "crossentropy"}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _by_output(metrics: Any) -> list[list[str]]:
    return list(metrics.values()) if isinstance(metrics, dict) else [metrics]


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
