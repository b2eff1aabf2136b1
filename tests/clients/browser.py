"""Debian's Chromium with a page of a server, for tests of the page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.server import ServerProcess

expect.set_options(timeout=60_000)
"""A busy machine is no fault of the page."""

NEEDS_BROWSER = pytest.mark.skipif(
    shutil.which("chromium") is None, reason="no browser is installed"
)


@contextmanager
def browser_page(server: ServerProcess, *arguments: str) -> Iterator[Page]:
    """Open a page of a server; whatever it asks of another origin is an error at the end.

    Args:
        server: whose page it is.
        arguments: of Chromium.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", *arguments]
        )
        context = browser.new_context(base_url=server.url, locale="en-GB")
        asked: list[str] = []
        context.on("request", lambda request: asked.append(request.url))
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto("/")
        expect(page.locator("#views")).to_be_visible()
        yield page
        browser.close()
    assert asked
    own = (f"{server.url}/", f"blob:{server.url}/", "data:")
    assert [url for url in asked if not url.startswith(own)] == []
