"""Debian's Chromium with a page of a server, for tests of the page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.server import ServerProcess

LIMIT_MS = 120_000
"""A busy machine is no fault of the page."""

expect.set_options(timeout=LIMIT_MS)

NEEDS_BROWSER = pytest.mark.skipif(
    shutil.which("chromium") is None, reason="no browser is installed"
)


@contextmanager
def chromium(*arguments: str, muted: bool = True) -> Iterator[Browser]:
    """Start Debian's Chromium.

    Args:
        arguments: of its command.
        muted: whether it makes no sound, which then is not captured either.
    """
    program = shutil.which("chromium")
    assert program, "chromium is not installed"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-gpu", "--no-proxy-server", *arguments],
            ignore_default_args=[] if muted else ["--mute-audio"],
            timeout=LIMIT_MS,
        )
        yield browser
        browser.close()


@contextmanager
def page_in(browser: Browser, server: ServerProcess) -> Iterator[Page]:
    """Open a page of a server as a visitor of whom the browser knows nothing.

    Whatever it asks of another origin is an error at the end.
    """
    context = browser.new_context(base_url=server.url, locale="en-GB")
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.set_default_timeout(LIMIT_MS)
    page.goto("/")
    expect(page.locator("#views")).to_be_visible()
    try:
        yield page
    finally:
        context.close()
    assert asked
    own = (f"{server.url}/", f"blob:{server.url}/", "data:")
    assert [url for url in asked if not url.startswith(own)] == []


@contextmanager
def browser_page(server: ServerProcess, *arguments: str, muted: bool = True) -> Iterator[Page]:
    """Open a page of a server in a browser of its own; the arguments are those of `chromium`."""
    with chromium(*arguments, muted=muted) as browser, page_in(browser, server) as page:
        yield page
