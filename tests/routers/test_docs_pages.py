"""The pages that show the API, in a browser, without any other host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser_page import BrowserPage, browser_page
from tests.conftest import StartServer
from tests.server import DEAF, ServerProcess

KEY = "a-key-for-the-pages"
_FILL = """
(selector, text) => {
  const field = document.querySelector(selector);
  const set = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value").set;
  set.call(field, text);
  field.dispatchEvent(new Event("input", {bubbles: true}));
  field.dispatchEvent(new Event("change", {bubbles: true}));
  return true;
}
"""


@pytest.fixture(scope="module")
def shown(start_server: StartServer) -> ServerProcess:
    server = start_server(ready=False, API_KEYS=KEY, DOCS_OPEN="true", **DEAF)
    server.wait_listening()
    return server


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserPage]:
    with browser_page(tmp_path_factory.mktemp("chromium")) as found:
        yield found


def only_own(page: BrowserPage, server: ServerProcess) -> bool:
    """Whether the page has asked for nothing but what its own server has."""
    others = [url for url in page.requested if not url.startswith((server.url, "data:", "blob:"))]
    assert others == []
    # Redoc's badge alone would come from elsewhere, and the policy forbids it.
    assert [text for text in page.complaints if "Policy" in text and "img-src" not in text] == []
    return bool(page.requested)


def test_a_route_is_tried_with_a_key_in_a_browser(
    shown: ServerProcess, page: BrowserPage, tmp_path: Path
) -> None:
    page.open(f"{shown.url}/docs")
    page.wait_for("document.querySelectorAll('.opblock').length > 20")
    assert "Make subtitles" in page.text()
    page.screenshot(tmp_path / "docs.png")
    tried = "#operations-health-getVersion"
    assert _status_of(page, tried) == "401"

    page.evaluate("document.querySelector('.btn.authorize').click()")
    page.wait_for("document.querySelector('.auth-container input')")
    page.evaluate(f"({_FILL})('.auth-container input', '{KEY}')")
    page.evaluate("document.querySelector('.auth-container button.authorize').click()")
    page.evaluate("document.querySelector('.btn-done').click()")
    assert _status_of(page, tried) == "200"
    assert "yt_dlp" in page.evaluate(f"document.querySelector('{tried}').innerText")
    assert only_own(page, shown)


def _status_of(page: BrowserPage, block: str) -> str:
    """Try a route on the page and return the status that it shows."""
    if not page.evaluate(f"!!document.querySelector('{block} .execute')"):
        page.evaluate(f"document.querySelector('{block} .opblock-summary-control').click()")
        page.wait_for(f"document.querySelector('{block} .try-out__btn')")
        page.evaluate(f"document.querySelector('{block} .try-out__btn').click()")
        page.wait_for(f"document.querySelector('{block} .execute')")
    else:
        page.evaluate(f"document.querySelector('{block} .btn-clear').click()")
        page.wait_for(f"!document.querySelector('{block} .live-responses-table')")
    page.evaluate(f"document.querySelector('{block} .execute').click()")
    return str(
        page.wait_for(
            f"document.querySelector('{block} .live-responses-table tr.response')"
            "?.querySelector('.response-col_status')?.innerText.match(/[0-9]{3}/)?.[0]"
        )
    )


def test_the_reference_is_there_to_read(
    shown: ServerProcess, page: BrowserPage, tmp_path: Path
) -> None:
    page.open(f"{shown.url}/redoc")
    page.wait_for("document.body?.innerText.includes('Write cues as a subtitle file')")
    page.screenshot(tmp_path / "redoc.png")
    assert "media_unreadable" in page.evaluate("document.documentElement.innerHTML")
    assert only_own(page, shown)


def test_the_pages_run_no_script_of_their_own_text(shown: ServerProcess) -> None:
    with shown.client() as client:
        for path in ("/docs", "/redoc"):
            answer = client.get(path)
            policy = answer.headers["content-security-policy"]
            scripts = policy.partition("script-src")[2].partition(";")[0]
            assert scripts.strip() == "'self'"
            assert "http" not in policy
            assert "http" not in answer.text
        assert client.get("/docs/assets/..%2Fapp%2Fmain.py").status_code == 404


def test_without_a_key_nothing_of_the_pages_is_shown(start_server: StartServer) -> None:
    locked = start_server(ready=False, API_KEYS=KEY, **DEAF)
    locked.wait_listening()
    paths = ["/docs", "/redoc", "/openapi.json", "/docs/assets/redoc.css"]
    with locked.client() as client:
        assert [client.get(path).status_code for path in paths] == [401] * 4
        own = {"X-API-Key": KEY}
        assert [client.get(path, headers=own).status_code for path in paths] == [200] * 4
