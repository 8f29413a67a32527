"""Compares the models of tests/fixtures/applications.py in a browser with Keras; prints a table.

    python -m tests.conformance.applications FOLDER [BACKEND] [NAME ...]

FOLDER is the one those models were written to. BACKEND is `cpu` unless another is named. Ends with
status 1 when a model is refused, or further from Keras than a part in ten thousand of its greatest
output.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

from tests.browser.browser import SOFTWARE_WEBGL_FLAGS, Browser, BrowserError, Page
from tests.browser.live_server import LiveServer
from tests.browser.page_server import PageServer
from tfjs_serve.events import Converted, Failed

LIMIT_S = 300.0
RELATIVE = 1e-4
BACKENDS = ("cpu", "wasm", "webgl")


def main(arguments: list[str]) -> int:
    """Check every model and return the exit status."""
    folder, *rest = arguments
    backend = rest.pop(0) if rest and rest[0] in BACKENDS else "cpu"
    cases = sorted(Path(folder).glob("keras*/*.json"))
    cases = [path for path in cases if not rest or path.stem in rest]
    with PageServer() as pages, Browser(flags=SOFTWARE_WEBGL_FLAGS, limit_s=LIMIT_S) as browser:
        page = browser.new_page()
        page.goto(f"http://localhost:{pages.port}/")
        answers = [_checked(case, page, backend) for case in cases]
    return 0 if all(answers) else 1


def _checked(case: Path, page: Page, backend: str) -> bool:
    """Convert one model alone, predict, print a line; tell whether it is as Keras has it."""
    known = json.loads(case.read_text("utf-8"))
    name = f"{case.parent.name}/{case.stem}"
    with tempfile.TemporaryDirectory(prefix="tfjs-serve-applications-") as models:
        shutil.copy(case.with_suffix(".h5"), models)
        with LiveServer(Path(models)) as server:
            server.settle()
            for event in server.events:
                if isinstance(event, Failed):
                    print(f"| {name} | refused: {event.error} |", flush=True)
                    return False
            (made,) = (event for event in server.events if isinstance(event, Converted))
            try:
                url = server.url + made.url
                found = page.predict(url, [known["input"]], backend=backend, limit_s=LIMIT_S)
            except BrowserError as error:
                print(f"| {name} | {backend} | {error} |", flush=True)
                return False
    expected: list[float] = known["output"]["values"]
    pairs = zip(found.outputs[0].values, expected, strict=True)
    worst = max(abs(value - wanted) for value, wanted in pairs)
    relative = worst / max(map(abs, expected))
    print(f"| {name} | {backend} | {worst:.1e} | {relative:.1e} |", flush=True)
    return relative <= RELATIVE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
