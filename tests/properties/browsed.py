"""Converts a file and predicts with it in a real browser, thousands of times over."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.browser.browser import Browser
from tests.browser.page_server import PageServer
from tfjs_serve import convert_file

LOAD = """async (url) => {
  await tf.setBackend('cpu');
  (await tf.loadLayersModel(url)).dispose();
}"""


class Browsed:
    """A browser and a static server beside it; a context manager."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._count = 0

    def __enter__(self) -> Self:
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        pages = self._stack.enter_context(PageServer())
        handler = partial(_Handler, directory=str(self._folder))
        server = self._stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self._stack.callback(server.shutdown)
        self._url = f"http://127.0.0.1:{server.server_port}"
        browser = self._stack.enter_context(Browser(limit_s=60))
        self._page = browser.new_page()
        self._page.goto(f"http://localhost:{pages.port}/")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def predictions(self, path: Path, inputs: Sequence[Any]) -> list[Sequence[float]]:
        """Return the outputs of a model file; ConversionError when it is refused.

        A page as this one has no companion module, so a model that needs it counts as refused.
        """
        url = self._converted(path)
        fed = [{key: item[key] for key in ("shape", "dtype", "values")} for item in inputs]
        return [output.values for output in self._page.predict(url, fed).outputs]

    def load(self, path: Path) -> None:
        """Load a model file; ConversionError when it is refused, BrowserError when it fails."""
        self._page.evaluate(LOAD, self._converted(path))

    def _converted(self, path: Path) -> str:
        shutil.rmtree(self._folder / str(self._count), ignore_errors=True)
        self._count += 1
        convert_file(path, self._folder / str(self._count), companion=False)
        return f"{self._url}/{self._count}/model.json"


class _Handler(SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Keep the run's output quiet."""
