"""Compares the models of tests/fixtures/applications.py in a browser with Keras, file by file.

    python -m tests.conformance.applications FOLDER [--minutes N] [NAME ...]

FOLDER is the one those models were written to; what was found is kept in `results.json` there after
each file, and a file that stands in it is not done again. No file is begun after N minutes (50).
Once all are done, the results are written to `tests/conformance/results/applications.json`.

Status 1: a model is refused, or further from Keras than a part in ten thousand of its greatest
output. Status 3: the time was over, call it again.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.browser.browser import SOFTWARE_WEBGL_FLAGS, Browser, BrowserError, Page
from tests.browser.page_server import PACKAGES, PageServer
from tests.conformance.official import OFFICIAL_VERSION, convert_officially, shortened
from tfjs_serve.convert import convert_file
from tfjs_serve.errors import ConversionError

COMMITTED = Path(__file__).with_name("results") / "applications.json"
LIMIT_S = 600.0
RELATIVE = 1e-4
SUFFIXES = (".h5", ".keras")
ON_WEBGL = (
    *("MobileNetV2", "EfficientNetB0", "ConvNeXtTiny", "MobileNetV3Small", "RegNetY002"),
    *("ResNet50V2", "Xception", "DenseNet121", "NASNetMobile"),
)
"""Also predicted with on webgl, which a processor computes slowly."""

Found = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Application:
    """A file that Keras wrote, with an input and Keras's output for it.

    output: None for a model too large to predict with, whose structure alone is checked.
    """

    path: Path
    keras_version: str
    input: dict[str, Any]
    output: list[float] | None

    @property
    def id(self) -> str:
        """Return the name in the results, such as `keras2/MobileNet.h5`."""
        return f"{self.path.parent.name}/{self.path.name}"

    @property
    def backends(self) -> tuple[str, ...]:
        """Return the backends to predict on."""
        if self.output is None:
            return ()
        return ("wasm", "webgl") if self.path.stem in ON_WEBGL else ("wasm",)


def main(arguments: Sequence[str]) -> int:
    """Check what is not checked yet and return the exit status."""
    parser = argparse.ArgumentParser(prog="applications")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=50.0)
    parser.add_argument("names", nargs="*")
    chosen = parser.parse_args(arguments)
    until = time.monotonic() + 60 * chosen.minutes
    every = list(_applications(chosen.folder))
    kept = chosen.folder / "results.json"
    results: dict[str, Found] = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    todo = [
        item
        for item in every
        if item.id not in results and (not chosen.names or item.path.stem in chosen.names)
    ]
    with PageServer() as pages, Browser(flags=SOFTWARE_WEBGL_FLAGS, limit_s=LIMIT_S) as browser:
        version = browser.version
        for item, found in _checked(todo, pages, browser.new_page(), until):
            results[item.id] = found
            kept.write_text(_text(results), encoding="utf-8")
            print(item.id, json.dumps(found), flush=True)
    if not all(item.id in results for item in (every if not chosen.names else todo)):
        return 3
    if not chosen.names:
        _commit(every, results, version)
    return 0 if all(map(_is_right, results.values())) else 1


def _applications(folder: Path) -> Iterator[Application]:
    for description in sorted(folder.glob("keras*/*.json")):
        known = json.loads(description.read_text("utf-8"))
        output = known.get("output", {}).get("values")
        for suffix in SUFFIXES:
            path = description.with_suffix(suffix)
            if path.exists():
                yield Application(path, known["keras_version"], known.get("input", {}), output)


def _checked(
    todo: Sequence[Application], pages: PageServer, page: Page, until: float
) -> Iterator[tuple[Application, Found]]:
    """Check one file after the other, while the official converter works on the next ones."""
    page.goto(f"http://localhost:{pages.port}/")
    with (
        tempfile.TemporaryDirectory(prefix="tfjs-serve-applications-") as folder,
        ThreadPoolExecutor(1) as background,
    ):
        theirs = [
            background.submit(convert_officially, item.path, Path(folder, "official", item.id))
            for item in todo
            if item.output is not None
        ]
        for item in todo:
            if time.monotonic() > until:
                break
            with tempfile.TemporaryDirectory(dir=folder) as ours:
                found = _found(item, Path(ours), pages, page)
            if item.output is not None:
                with theirs.pop(0).result() as official:
                    found["official"] = official.error or _official(
                        item, official.folder, pages, page
                    )
            yield item, found
        background.shutdown(cancel_futures=True)


def _found(item: Application, folder: Path, pages: PageServer, page: Page) -> Found:
    """Convert a model and predict; return what the results hold about it."""
    try:
        made = convert_file(item.path, folder)
    except ConversionError as error:
        return {"refused": str(error)}
    found: Found = {"layers": made.summary.layers, "parameters": made.summary.parameters}
    for backend in item.backends:
        try:
            found[backend] = _distance(item, folder, pages, page, backend)
        except BrowserError as error:
            found[backend] = str(error)
    applied = [rule for rules in made.report.rules.values() for rule in rules]
    found["rules"] = sorted(set(applied))
    found["warnings"] = sorted({note.text for note in made.warnings})
    return found


def _official(item: Application, folder: Path, pages: PageServer, page: Page) -> str:
    """Return in words what the official converter's model does on wasm."""
    try:
        distance = _distance(item, folder, pages, page, "wasm")
    except BrowserError as error:
        return shortened(f"load error: {str(error).split('. This may')[0]}")
    return f"{'ok' if distance['rel'] <= RELATIVE else 'wrong'} ({distance['rel']:.1e})"


def _distance(
    item: Application, folder: Path, pages: PageServer, page: Page, backend: str
) -> dict[str, float]:
    """Return how far a model in `folder` is from Keras, also relative to the greatest output."""
    expected = item.output or []
    with pages.serving("/model/", folder) as url:
        prediction = page.predict(f"{url}model.json", [item.input], backend=backend)
    pairs = zip(prediction.outputs[0].values, expected, strict=True)
    worst = max(abs(value - wanted) for value, wanted in pairs)
    relative = worst / max(map(abs, expected))
    return {"abs": float(f"{worst:.1e}"), "rel": float(f"{relative:.1e}")}


def _is_right(found: Found) -> bool:
    """Tell whether a model was converted, and is as Keras has it wherever it was predicted with."""
    distances = [found[backend] for backend in ("wasm", "webgl") if backend in found]
    return "refused" not in found and all(
        not isinstance(distance, str) and distance["rel"] <= RELATIVE for distance in distances
    )


def _commit(every: Sequence[Application], results: dict[str, Found], chromium: str) -> None:
    packages = json.loads((PACKAGES / "tfjs" / "package.json").read_text("utf-8"))
    versions = {item.path.parent.name: item.keras_version for item in every}
    versions |= {"tfjs": packages["version"], "official": OFFICIAL_VERSION, "chromium": chromium}
    models = {item.id: results[item.id] for item in every}
    COMMITTED.parent.mkdir(exist_ok=True)
    COMMITTED.write_text(_text({"versions": versions, "models": models}), encoding="utf-8")


def _text(value: Any) -> str:
    return json.dumps(value, indent=1) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
