"""The companion module in an app that Vite builds with its own TensorFlow.js."""

from __future__ import annotations

import functools
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.browser.browser import Page
from tests.browser.chromium import find_node
from tests.browser.live_server import LiveServer
from tests.command import outcome
from tests.companion.models import MODELS, fed, write_models
from tests.conformance.comparison import differences
from tests.fixtures.cases import Case

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

APP = Path(__file__).with_name("app")
PACKAGES = Path(__file__).parents[2] / "web" / "node_modules"
BUILD_LIMIT_S = 120


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output quiet."""


@pytest.fixture(scope="module")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Build the app beside a module that `convert --companion` wrote, and serve what comes out."""
    folder = tmp_path_factory.mktemp("app")
    shutil.copytree(APP, folder, dirs_exist_ok=True)
    arguments = ("convert", str(MODELS[0].path), str(folder / "converted"), "--companion")
    status, _, complaints = outcome(arguments)
    assert status == 0, complaints
    for name in ("layers.js", "layers.d.ts"):
        shutil.copy(folder / "converted" / name, folder)
    (folder / "node_modules").symlink_to(PACKAGES)
    vite = PACKAGES / "vite" / "bin" / "vite.js"
    subprocess.run(
        [find_node(), str(vite), "build", "--logLevel", "error"],
        cwd=folder,
        check=True,
        timeout=BUILD_LIMIT_S,
    )
    handler = functools.partial(_Quiet, directory=str(folder / "dist"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://localhost:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("companion")
    write_models(folder)
    with LiveServer(folder) as running:
        running.settle()
        yield running


@pytest.mark.parametrize("case", MODELS, ids=lambda case: case.id)
def test_the_app_predicts_as_keras_does(
    case: Case, app_url: str, server: LiveServer, page: Page
) -> None:
    page.goto(app_url)
    assert page.evaluate("() => typeof globalThis.tf") == "undefined"
    found = page.evaluate(
        "(url, inputs) => predictInApp(url, inputs)",
        f"{server.url}/{case.id}/model.json",
        [fed(tensor) for tensor in case.inputs],
    )
    assert [tuple(output["shape"]) for output in found] == [o.shape for o in case.outputs]
    for output, expected in zip(found, case.outputs, strict=True):
        assert differences(output["values"], expected.values) == []
    assert page.log().trouble == []
