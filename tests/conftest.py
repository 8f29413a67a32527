"""One Chromium and one page server for all tests that need them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.browser import SOFTWARE_WEBGL_FLAGS, Browser, Page
from tests.browser.page_server import PageServer


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium; tests open contexts of their own in it."""
    with Browser(flags=SOFTWARE_WEBGL_FLAGS) as running:
        yield running


@pytest.fixture(scope="session")
def page_server() -> Iterator[PageServer]:
    """A page with plain tf.js on a port of its own."""
    with PageServer(host="127.0.0.1") as server:
        yield server


@pytest.fixture
def page(browser: Browser, page_server: PageServer) -> Iterator[Page]:
    """That page, open in a private context: an empty cache."""
    context = browser.new_context()
    opened = context.new_page()
    opened.goto(f"http://localhost:{page_server.port}/")
    yield opened
    context.close()
