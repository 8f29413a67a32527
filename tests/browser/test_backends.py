"""Each backend of TensorFlow.js runs in the page of the tests, and runs as it does elsewhere."""

from __future__ import annotations

import pytest

from tests.browser.browser import BrowserError, Page
from tests.browser.page_server import PageServer

pytestmark = pytest.mark.browser

STATE = """async (backend) => {
  await useBackend(backend);
  const values = Array.from(await tf.tidy(() => tf.tensor([1, 2]).mul(1 / 3)).data());
  return {
    name: tf.getBackend(),
    values,
    isFast: backend === 'wasm' ? await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT') : null,
    isExact: backend === 'webgl' ? tf.env().getBool('WEBGL_RENDER_FLOAT32_ENABLED') : null,
    version: backend === 'webgl' ? tf.env().getNumber('WEBGL_VERSION') : null,
  };
}"""


def test_a_backend_that_is_none_is_not_replaced_by_another(page: Page) -> None:
    with pytest.raises(BrowserError, match="webgpu"):
        page.evaluate(STATE, "webgpu")


@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        ("cpu", {"isFast": None, "isExact": None, "version": None}),
        ("wasm", {"isFast": True, "isExact": None, "version": None}),
        ("webgl", {"isFast": None, "isExact": True, "version": 2}),
    ],
)
def test_the_backend_computes(backend: str, expected: dict[str, object], page: Page) -> None:
    state = page.evaluate(STATE, backend)
    values = state.pop("values")
    assert state == {"name": backend, **expected}
    assert values == pytest.approx([1 / 3, 2 / 3], rel=1e-7)
    assert page.log().trouble == []


def test_wasm_comes_with_its_media_type(page: Page, page_server: PageServer) -> None:
    page.evaluate("(backend) => useBackend(backend)", "wasm")
    fetched = [r.url for r in page.log().responses if r.url.endswith(".wasm")]
    assert fetched == [f"http://localhost:{page_server.port}/wasm/tfjs-backend-wasm-simd.wasm"]
    kind = "async (url) => (await fetch(url)).headers.get('content-type')"
    assert page.evaluate(kind, fetched[0]) == "application/wasm"
