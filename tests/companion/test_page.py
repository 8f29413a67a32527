"""The companion module in a page whose `tf` comes from a script tag."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.browser import Browser, BrowserError, Page
from tests.browser.live_server import LiveServer
from tests.browser.page_server import PageServer
from tests.companion.models import MODELS, fed, write_models
from tests.conformance.comparison import differences
from tests.fixtures.cases import Case
from tfjs_serve.companion import URL_PATH, register_snippet
from tfjs_serve.layers_format.catalog import CATALOG
from tfjs_serve.layers_format.catalog.companion_activations import ACTIVATION

pytestmark = pytest.mark.browser

LONG = "keras2/companion_gru_long"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("companion")
    write_models(folder)
    with LiveServer(folder) as running:
        running.settle()
        yield running


@pytest.fixture(scope="module")
def registered(browser: Browser, page_server: PageServer, server: LiveServer) -> Iterator[Page]:
    """A page with the module as a script tag, from another port."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"http://localhost:{page_server.port}/")
    page.evaluate(
        """(url) => new Promise((resolve, reject) => {
          const tag = Object.assign(document.createElement('script'), {type: 'module', src: url});
          tag.onload = resolve;
          tag.onerror = reject;
          document.head.append(tag);
        })""",
        server.url + URL_PATH,
    )
    yield page
    context.close()


def test_plain_loading_fails_and_names_the_class(server: LiveServer, page: Page) -> None:
    url = f"{server.url}/{LONG}/model.json"
    with pytest.raises(BrowserError, match="Unknown layer: TfjsServeGRU"):
        page.evaluate("async (url) => { await tf.loadLayersModel(url); }", url)


def test_the_snippet_makes_it_load_however_often_it_runs(server: LiveServer, page: Page) -> None:
    snippet = register_snippet(server.url + URL_PATH)
    lines = f"{snippet}; {snippet}; return (await tf.loadLayersModel(url)).layers.length;"
    assert page.evaluate(f"async (url) => {{ {lines} }}", f"{server.url}/{LONG}/model.json") == 5
    assert page.log().trouble == []


@pytest.mark.parametrize("case", MODELS, ids=lambda case: case.id)
def test_a_script_tag_is_enough(case: Case, server: LiveServer, registered: Page) -> None:
    inputs = [fed(tensor) for tensor in case.inputs]
    prediction = registered.predict(f"{server.url}/{case.id}/model.json", inputs)
    for output, expected in zip(prediction.outputs, case.outputs, strict=True):
        assert differences(output.values, expected.values) == []
    assert prediction.leaked == 0


def test_the_classes_are_those_of_the_catalog(registered: Page) -> None:
    own = registered.evaluate(
        "() => Object.keys(tf.serialization.SerializationMap.getMap().classNameMap)"
        ".filter((name) => name.startsWith('TfjsServe'))"
    )
    layers = {name for name, spec in CATALOG.items() if spec.needs_companion}
    assert set(own) == layers | {ACTIVATION}


@pytest.mark.parametrize("case", MODELS, ids=lambda case: case.id)
def test_a_model_saved_in_the_browser_is_the_same(
    case: Case, server: LiveServer, registered: Page
) -> None:
    found = registered.evaluate(
        """async (url, shapes) => {
          const model = await tf.loadLayersModel(url);
          let saved;
          await model.save(tf.io.withSaveHandler(async (artifacts) => {
            saved = artifacts;
            return {modelArtifactsInfo: {dateSaved: new Date(), modelTopologyType: 'JSON'}};
          }));
          const again = await tf.loadLayersModel(tf.io.fromMemory(saved));
          const xs = shapes.map((shape) => tf.randomNormal(shape));
          const [a, b] = [model, again].map((one) => one.predict(xs.length > 1 ? xs : xs[0]));
          return a.map((y, i) => tf.max(tf.abs(tf.sub(y, b[i]))).dataSync()[0]);
        }""",
        f"{server.url}/{case.id}/model.json",
        [tensor.shape for tensor in case.inputs],
    )
    assert found == [0] * len(case.outputs)


def test_gradients_are_the_slopes_of_the_loss(server: LiveServer, registered: Page) -> None:
    pairs = registered.evaluate(
        """async (url) => {
          await useBackend('cpu');
          const model = await tf.loadLayersModel(url);
          const x = tf.randomNormal([2, 30, 2], 0, 1, 'float32', 7);
          const loss = () => tf.tidy(() => tf.sum(tf.square(model.apply(x)[0])));
          const {grads} = tf.variableGrads(loss);
          const weights = model.trainableWeights.filter(({name}) => !name.startsWith('top'));
          return weights.map((weight) => {
            const start = weight.read().clone();
            const way = tf.randomNormal(start.shape, 0, 1, 'float32', 9);
            const at = (h) => {
              weight.write(tf.add(start, tf.mul(way, h)));
              return loss().dataSync()[0];
            };
            const slope = (at(5e-3) - at(-5e-3)) / 1e-2;
            weight.write(start);
            return [tf.sum(tf.mul(grads[weight.val.name], way)).dataSync()[0], slope];
          });
        }""",
        f"{server.url}/{LONG}/model.json",
    )
    assert len(pairs) == 9
    for gradient, slope in pairs:
        assert gradient == pytest.approx(slope, rel=0.02, abs=2e-3)
    assert max(abs(gradient) for gradient, _ in pairs) > 0.01


def test_it_trains_with_its_dropout(server: LiveServer, registered: Page) -> None:
    found = registered.evaluate(
        """async (url) => {
          await useBackend('cpu');
          const model = await tf.loadLayersModel(url);
          const x = tf.randomNormal([4, 6, 3]);
          const [calm, again, shaken] = [false, false, true].map((training) =>
            model.apply(x, {training}).map((y) => y.arraySync()));
          // TensorFlow.js cannot add the losses of sequences to those of single steps.
          const losses = [];
          for (const chosen of [[0, 3, 5], [1, 2, 4]]) {
            const part = tf.model({
              inputs: model.inputs,
              outputs: chosen.map((i) => model.outputs[i]),
            });
            part.compile({optimizer: tf.train.sgd(0.05), loss: 'meanSquaredError'});
            const ys = chosen.map((i) => tf.zerosLike(tf.tensor(calm[i])));
            losses.push((await part.fit(x, ys, {epochs: 20})).history.loss);
          }
          const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
          return {
            repeats: same(calm, again),
            shaken: calm.map((y, i) => !same(y, shaken[i])),
            losses,
          };
        }""",
        f"{server.url}/keras3/companion_gru/model.json",
    )
    assert found["repeats"]
    # The layers called `acts` and `new` have a dropout, of the input and of the state.
    assert found["shaken"] == [False, False, False, True, True, False]
    for losses in found["losses"]:
        assert losses[-1] < losses[0]
