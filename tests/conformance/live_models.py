"""Compares what `save_keras_model` made of live models with Keras, in a browser.

    python -m tests.conformance.live_models FOLDER

FOLDER is the one that tests/fixtures/live_models.py was run with, once in each environment.
Status 1: a model does not load, or predicts something else; 2: there is no model.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.browser.browser import SOFTWARE_WEBGL_FLAGS, Browser, BrowserError, Page
from tests.browser.page_server import PageServer
from tests.conformance.comparison import differences


def main() -> int:
    """Compare every model; the status of the process."""
    cases = sorted(Path(sys.argv[1]).glob("*/*/case.json"))
    with Browser(flags=SOFTWARE_WEBGL_FLAGS) as browser, PageServer() as server:
        page = browser.new_context().new_page()
        page.goto(f"http://localhost:{server.port}/")
        failed = 0
        for case in cases:
            with server.serving(
                f"/{case.parent.parent.name}/{case.parent.name}/", case.parent
            ) as url:
                wrong = _compared(page, url, case)
            print(f"{case.parent.parent.name}/{case.parent.name}: {wrong or 'as Keras'}")
            failed += wrong is not None
    print(f"{len(cases)} live models, {failed} wrong")
    return 2 if not cases else int(failed > 0)


def _compared(page: Page, url: str, case: Path) -> str | None:
    """Return what is wrong with a model, None when nothing is."""
    known = json.loads(case.read_text(encoding="utf-8"))
    try:
        prediction = page.predict(f"{url}model.json", known["inputs"])
    except BrowserError as error:
        return str(error)
    shapes = [list(output.shape) for output in prediction.outputs]
    if shapes != [output["shape"] for output in known["outputs"]]:
        return f"outputs of shapes {shapes}"
    pairs = zip(prediction.outputs, known["outputs"], strict=True)
    found = [
        text for output, wanted in pairs for text in differences(output.values, wanted["values"])
    ]
    return str(found[0]) if found else None


if __name__ == "__main__":
    sys.exit(main())
