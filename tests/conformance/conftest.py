"""What the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.browser import Browser, Page
from tests.browser.page_server import PageServer


@pytest.fixture(scope="module")
def shared_page(browser: Browser, page_server: PageServer) -> Iterator[Page]:
    """One page for all fixtures: a model that leaves something behind shows in the next."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"http://localhost:{page_server.port}/")
    yield page
    context.close()
