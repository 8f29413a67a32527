"""What the browser asks for again: one 304 for model.json, never a shard."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.browser import Browser, Context, Page
from tests.browser.live_server import Answered, LiveServer
from tests.browser.page_server import PageServer

pytestmark = pytest.mark.browser

SAMPLE = Path(__file__).parents[2] / "sample_models" / "digits_keras3.h5"
MODEL = "/digits/model.json"
LOAD = "async (url) => { (await tf.loadLayersModel(url)).dispose(); }"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    """Serve one model."""
    shutil.copy(SAMPLE, tmp_path / "digits.h5")
    with LiveServer(tmp_path) as running:
        running.settle()
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[Context]:
    """Open a private context: an empty cache."""
    opened = browser.new_context()
    yield opened
    opened.close()


def _shards(server: LiveServer, page: Page) -> list[str]:
    manifest = page.evaluate("async (url) => (await fetch(url)).json()", server.url + MODEL)
    (group,) = manifest["weightsManifest"]
    server.take_answered()
    return [f"/_w/{path.rpartition('/')[2]}" for path in group["paths"]]


def _opened(context: Context, page_server: PageServer) -> Page:
    page = context.new_page()
    page.goto(f"http://localhost:{page_server.port}/")
    return page


def test_a_reload_asks_for_model_json_alone(
    server: LiveServer, context: Context, page_server: PageServer, browser: Browser
) -> None:
    private = browser.new_context()
    shards = _shards(server, _opened(private, page_server))
    private.close()
    page = _opened(context, page_server)
    page.evaluate(LOAD, server.url + MODEL)
    first = server.take_answered()
    assert first[0] == Answered("GET", MODEL, 200)
    assert sorted(first[1:]) == sorted(Answered("GET", shard, 200) for shard in shards)
    page.reload()
    page.evaluate(LOAD, server.url + MODEL)
    assert server.take_answered() == [Answered("GET", MODEL, 304)]


def test_a_second_port_shares_the_cache(
    server: LiveServer, context: Context, page_server: PageServer
) -> None:
    _opened(context, page_server).evaluate(LOAD, server.url + MODEL)
    server.take_answered()
    with PageServer() as other:
        _opened(context, other).evaluate(LOAD, server.url + MODEL)
        assert server.take_answered() == [Answered("GET", MODEL, 304)]


@pytest.mark.parametrize("first", ["/", MODEL], ids=["the list page", "model.json in a tab"])
def test_what_was_open_before_does_no_harm(
    first: str, server: LiveServer, context: Context, page_server: PageServer
) -> None:
    """A cache filled without an Origin must serve pages of other origins too."""
    tab = context.new_page()
    tab.goto(server.url + first)
    page = _opened(context, page_server)
    page.evaluate(LOAD, server.url + MODEL)
    server.take_answered()
    page.reload()
    page.evaluate(LOAD, server.url + MODEL)
    assert server.take_answered() == [Answered("GET", MODEL, 304)]


def test_shards_fetched_from_the_servers_own_origin_serve_others(
    server: LiveServer, context: Context, page_server: PageServer
) -> None:
    tab = context.new_page()
    tab.goto(server.url + MODEL)
    fetch = """async (url) => {
      const manifest = await (await fetch(url)).json();
      for (const path of manifest.weightsManifest[0].paths) await fetch(new URL(path, url));
    }"""
    tab.evaluate(fetch, server.url + MODEL)
    server.take_answered()
    _opened(context, page_server).evaluate(LOAD, server.url + MODEL)
    assert server.take_answered() == [Answered("GET", MODEL, 304)]


def test_a_new_version_is_loaded_on_the_next_load(
    server: LiveServer, context: Context, page_server: PageServer, tmp_path: Path
) -> None:
    page = _opened(context, page_server)
    page.evaluate(LOAD, server.url + MODEL)
    shutil.copy(SAMPLE.with_name("digits_keras2.h5"), tmp_path / "digits.h5")
    server.wait_for_versions("digits", 2)
    server.take_answered()
    page.evaluate(LOAD, server.url + MODEL)
    answered = server.take_answered()
    assert answered[0] == Answered("GET", MODEL, 200)
    assert {status for _, _, status in answered} == {200}
    assert len(answered) > 1
