"""A file overwritten while pages load it: every load is wholly one version."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.browser.browser import Page
from tests.browser.dense_models import write_dense_model
from tests.browser.live_server import LiveServer

pytestmark = pytest.mark.browser

VERSIONS = 20
LAYERS = ("first", "second", "third", "fourth")

LOAD_UNTIL_STOPPED = """async (url) => {
  const loads = [];
  globalThis.isStopped = false;
  while (!globalThis.isStopped) {
    const model = await tf.loadLayersModel(url);
    const values = new Set();
    for (const weight of model.getWeights()) for (const v of weight.dataSync()) values.add(v);
    loads.push([...values]);
    model.dispose();
  }
  return loads;
}"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    """Serve the first version of a model of two shards."""
    write_dense_model(tmp_path / "model.h5", dict.fromkeys(LAYERS, 1.0))
    with LiveServer(tmp_path) as running:
        running.wait_for_versions("model", 1)
        yield running


def test_every_load_is_wholly_old_or_wholly_new(
    server: LiveServer, page: Page, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(1) as pool:
        url = f"{server.url}/model/model.json"
        loading = pool.submit(page.evaluate, LOAD_UNTIL_STOPPED, url, limit_s=50.0)
        for number in range(2, VERSIONS + 1):
            write_dense_model(tmp_path / "model.h5", dict.fromkeys(LAYERS, float(number)))
            server.wait_for_versions("model", number)
        page.evaluate("() => { globalThis.isStopped = true; }")
        loads = loading.result()
    assert all(len(values) == 1 for values in loads), loads
    seen = [values[0] for values in loads]
    assert seen == sorted(seen)
    assert len(set(seen)) > 3


def test_a_retrained_head_changes_one_shard(server: LiveServer, tmp_path: Path) -> None:
    def shards(digest: str) -> list[str]:
        served = tmp_path / ".tfjs-serve" / f"big@{digest}" / "model.json"
        (group,) = json.loads(served.read_text())["weightsManifest"]
        return list(group["paths"])

    body = {f"body_{index}": 1.0 for index in range(10)}
    write_dense_model(tmp_path / "big.h5", {**body, "head": 1.0})
    (first,) = server.wait_for_versions("big", 1)
    write_dense_model(tmp_path / "big.h5", {**body, "head": 2.0})
    _, second = server.wait_for_versions("big", 2)
    old, new = shards(first.digest), shards(second.digest)
    assert first.bytes > 14_000_000
    assert len(old) == len(new) >= 4
    assert [a == b for a, b in zip(old, new, strict=True)] == [True] * (len(old) - 1) + [False]
