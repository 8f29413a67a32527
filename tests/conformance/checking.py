"""One file at a time: convert it, predict with it in a browser, compare with Keras."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.browser.browser import SOFTWARE_WEBGL_FLAGS, Browser, BrowserError, Page
from tests.browser.page_server import PageServer
from tests.conformance.cases import Made
from tests.conformance.comparison import ABSOLUTE, RELATIVE
from tfjs_serve import companion
from tfjs_serve.convert import Conversion, convert_file
from tfjs_serve.errors import ConversionError

COMPANION = Path(companion.__file__).parent
BACKENDS = ("cpu", "wasm", "webgl")
LIMIT_S = 120.0
MODELS_PER_PAGE = 400
"""WebGL keeps what it compiled for each model."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file.

    rules: layer -> rules that changed it, in order; empty where none did.
    refused: class and cause of each reason.
    errors: backend -> the largest |found - expected| / max(1, |expected|).
    wrong: backend -> what is wrong there; the empty backend stands for the conversion.
    """

    id: str
    rules: Mapping[str, list[str]]
    refused: tuple[tuple[str, str], ...] = ()
    errors: Mapping[str, float] | None = None
    wrong: Mapping[str, str] | None = None
    needs_companion: bool = False
    warnings: tuple[str, ...] = ()


class Checker:
    """Converts and predicts; remembers in a file what a backend made of the same model."""

    def __init__(self, pages: PageServer, browser: Browser, memory: Path) -> None:
        self._pages = pages
        self._browser = browser
        self._memory = memory
        self._known: dict[str, float | str] = {}
        self._used: dict[bool, tuple[Page, int]] = {}
        if memory.exists():
            for line in memory.read_text("utf-8").splitlines():
                key, value = json.loads(line)
                self._known[key] = value

    def check(self, case: Made, backends: tuple[str, ...]) -> Outcome:
        """Return what becomes of a file, predicting on these backends.

        What another backend made of the same model in an earlier run stands beside it.
        """
        with tempfile.TemporaryDirectory(prefix="tfjs-serve-conformance-") as folder:
            try:
                made = convert_file(case.path, folder)
            except ConversionError as error:
                reasons = error.reasons
                found = [(r.class_name or "", r.why) for r in reasons] or [("", str(error))]
                return Outcome(case.id, {}, refused=tuple(dict.fromkeys(found)))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is a defect to be told
                return Outcome(case.id, {}, wrong={"": f"{type(error).__name__}: {error}"})
            measured = dict(self._measured(case, made, Path(folder), backends))
        rules = {name: rules for name, rules in made.report.rules.items() if name is not None}
        return Outcome(
            case.id,
            rules,
            errors={b: value for b, value in measured.items() if not isinstance(value, str)},
            wrong={b: value for b, value in measured.items() if isinstance(value, str)},
            needs_companion=made.summary.needs_companion,
            warnings=tuple(note.text for note in made.warnings),
        )

    def _measured(
        self, case: Made, made: Conversion, folder: Path, backends: tuple[str, ...]
    ) -> Iterator[tuple[str, float | str]]:
        digest = hashlib.sha256()
        for name in made.files:
            content = (folder / name).read_bytes()
            digest.update(_computed(content) if name == "model.json" else content)
        if made.summary.needs_companion:
            digest.update((COMPANION / "layers.js").read_bytes())
        for backend in BACKENDS:
            key = f"{case.digest}-{digest.hexdigest()[:16]}-{backend}"
            if key not in self._known and backend in backends:
                self._known[key] = self._predicted(case, made, folder, backend)
                with self._memory.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps([key, self._known[key]]) + "\n")
            if key in self._known:
                yield backend, self._known[key]

    def _predicted(self, case: Made, made: Conversion, folder: Path, backend: str) -> float | str:
        page = self._page(made.summary.needs_companion)
        with self._pages.serving("/model/", folder) as url:
            try:
                found = page.predict(f"{url}model.json", case.inputs, backend=backend)
            except BrowserError as error:
                self._used.clear()
                return f"fails: {str(error).splitlines()[0]}"[:200]
        shapes = [list(output.shape) for output in found.outputs]
        if shapes != (wanted := [output["shape"] for output in case.outputs]):
            return f"shapes {shapes}, expected {wanted}"
        pairs = [
            (a, b)
            for output, expected in zip(found.outputs, case.outputs, strict=True)
            for a, b in zip(output.values, expected["values"], strict=True)
        ]
        # Written so that a NaN is a difference.
        if not all(abs(a - b) <= ABSOLUTE + RELATIVE * abs(b) for a, b in pairs):
            worst = max(pairs, key=lambda pair: abs(pair[0] - pair[1]) / max(1.0, abs(pair[1])))
            return f"{worst[0]:.6g} instead of {worst[1]:.6g}"
        return max((abs(a - b) / max(1.0, abs(b)) for a, b in pairs), default=0.0)

    def _page(self, needs_companion: bool) -> Page:
        page, count = self._used.get(needs_companion, (None, MODELS_PER_PAGE))
        if page is None or count >= MODELS_PER_PAGE:
            if page is not None:
                page.close()
            page = self._browser.new_page()
            page.goto(f"http://localhost:{self._pages.port}/")
            if needs_companion:
                with self._pages.serving("/companion/", COMPANION) as url:
                    page.evaluate("async (url) => { await import(url); }", f"{url}layers.js")
            count = 0
        self._used[needs_companion] = page, count + 1
        return page


def _computed(model_json: bytes) -> bytes:
    """Return what a model computes by; the two files that Keras writes differ in the rest alone."""
    known = json.loads(model_json)
    return json.dumps(
        [known["modelTopology"]["model_config"], known["weightsManifest"]], sort_keys=True
    ).encode()


@contextmanager
def checker(memory: Path) -> Iterator[Checker]:
    """Start a browser and a server of pages for a run."""
    with PageServer() as pages, Browser(flags=SOFTWARE_WEBGL_FLAGS, limit_s=LIMIT_S) as browser:
        yield Checker(pages, browser, memory)


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as a JSON object without what is empty."""
    fields = {name: getattr(outcome, name) for name in Outcome.__slots__}
    return {name: value for name, value in fields.items() if value}
