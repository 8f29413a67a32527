"""Quantised models, from the setting of a watched folder to the weights and numbers of a page."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
import numpy.typing as npt
import pytest

from tests.browser.browser import Page
from tests.command import ROOT, Served, serving
from tests.convert.files import decoded
from tests.fixtures.cases import CASES
from tfjs_serve import convert_file

pytestmark = pytest.mark.browser

TYPES = ("float16", "uint8", "uint16")
MODELS = (
    "keras2/bidirectional",
    "keras2/groups2d",
    "keras2/small_cnn",
    "keras3/archive_functional",
    "keras3/lstm",
)
LARGEST = {"float16": 3e-3, "uint8": 0.15, "uint16": 1e-3}
"""How far predictions of these models may be from Keras's."""

GET_WEIGHTS = """async (url) => {
  await tf.setBackend('cpu');
  const model = await tf.loadLayersModel(url);
  const found = model.getWeights().map((tensor, i) => ({
    name: model.weights[i].originalName,
    shape: tensor.shape,
    bits: Array.from(new Uint32Array(new Float32Array(tensor.dataSync()).buffer)),
  }));
  model.dispose();
  return found;
}"""

PREDICT_WITH = """async (url, weights, inputs) => {
  await tf.setBackend('cpu');
  const model = await tf.loadLayersModel(url);
  model.setWeights(weights.map(({shape, bits}) =>
    tf.tensor(new Float32Array(new Uint32Array(bits).buffer), shape)));
  const result = model.predict(inputs.map((x) => tf.tensor(x.values, x.shape, x.dtype)));
  return (Array.isArray(result) ? result : [result]).map((y) => Array.from(y.dataSync()));
}"""


@dataclass(frozen=True, slots=True)
class Folder:
    """A watched folder and the server that runs on it."""

    path: Path
    server: Served

    def url(self, name: str) -> str:
        return f"{self.server.url}/{name}/model.json"

    def report(self, name: str) -> Any:
        with urlopen(f"{self.server.url}/_tfjs-serve/api/models/{name}") as answer:
            return json.load(answer)["report"]["quantization"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    """Serve every model exactly and in each type, by a file of settings in the folder itself."""
    path = tmp_path_factory.mktemp("models")
    names = [f"{dtype}/{case}" for dtype in ("exact", *TYPES) for case in MODELS]
    for name in names:
        source = next(case for case in CASES if case.id == name.partition("/")[2]).path
        target = path / f"{name}{source.suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    (path / "tfjs-serve.toml").write_text(
        "".join(f"[[models]]\nmatch = '{t}/*'\nquantization = '{t}'\n" for t in TYPES)
    )
    with serving([str(path)], ROOT) as server:
        done = {event["name"] for event in server.early if event["event"] == "converted"}
        while len(done) < len(names):
            done.add(server.until("converted", "failed")["name"])
        assert done == set(names)
        yield Folder(path / ".tfjs-serve", server)


def in_browser(page: Page, url: str) -> dict[str, Any]:
    """Return the weights of a model as a page has them, by the names tfjs gave them."""
    return {found["name"]: found for found in page.evaluate(GET_WEIGHTS, url)}


def by_variable(
    weights: dict[str, npt.NDArray[np.float32]], known: Collection[str]
) -> dict[str, npt.NDArray[np.float32]]:
    """Return weights by the names of tfjs, which leaves out those of cells (container.ts 640)."""
    found = {}
    for name, values in weights.items():
        head, _, last = name.rpartition("/")
        found[name if name in known else f"{head.rpartition('/')[0]}/{last}"] = values
    return found


@pytest.mark.parametrize("case", MODELS)
@pytest.mark.parametrize("dtype", TYPES)
def test_weights_are_those_that_were_computed(
    dtype: str, case: str, folder: Folder, page: Page, tmp_path: Path
) -> None:
    """To the last bit; and what they lost is what the server reports."""
    name = f"{dtype}/{case}"
    found = in_browser(page, folder.url(name))
    expected = by_variable(decoded(folder.path / name), found)
    assert {key: weight["shape"] for key, weight in found.items()} == {
        key: list(values.shape) for key, values in expected.items()
    }
    for key, values in expected.items():
        assert found[key]["bits"] == values.reshape(-1).view("u4").tolist(), key

    source = next(known for known in CASES if known.id == case).path
    convert_file(source, tmp_path / "exact")
    exact = decoded(tmp_path / "exact")
    lost = {
        key: float(np.abs(values.astype("f8") - exact[key]).max())
        for key, values in decoded(folder.path / name).items()
    }
    report = folder.report(name)
    # Constants that the translation made are not quantised, and not reported.
    reported = {weight["name"]: weight["error"] for weight in report["weights"]}
    assert dict.fromkeys(lost, 0.0) | reported == lost
    assert report["largest_error"] == max(lost.values()) > 0
    sizes = {name: values.size for name, values in exact.items()}
    assert report["bytes_before"] == 4 * sum(sizes.values())
    saved = 3 if dtype == "uint8" else 2
    assert report["bytes_after"] == report["bytes_before"] - saved * sum(sizes[n] for n in reported)


@pytest.mark.parametrize("case", MODELS)
@pytest.mark.parametrize("dtype", TYPES)
def test_predictions_are_those_of_the_computed_weights(
    dtype: str, case: str, folder: Folder, page: Page
) -> None:
    known = next(found for found in CASES if found.id == case)
    inputs = [{"shape": t.shape, "dtype": t.dtype, "values": t.values} for t in known.inputs]
    prediction = page.predict(folder.url(f"{dtype}/{case}"), inputs)
    url = folder.url(f"exact/{case}")
    variables = in_browser(page, url)
    values = by_variable(decoded(folder.path / dtype / case), variables)
    weights = [
        {"shape": values[name].shape, "bits": values[name].reshape(-1).view("u4").tolist()}
        for name in variables
    ]
    expected = page.evaluate(PREDICT_WITH, url, weights, inputs)
    assert [output.values for output in prediction.outputs] == expected
    for output, tensor in zip(prediction.outputs, known.outputs, strict=True):
        difference = np.abs(np.subtract(output.values, tensor.values)).max()
        assert 0 < difference < LARGEST[dtype]
    assert page.log().trouble == []
