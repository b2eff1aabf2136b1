"""The editor in a page of its own, in Chromium driven by Playwright, with a server's origin."""

from __future__ import annotations

import mimetypes
from typing import Any
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import BrowserContext, Page, Route

from tests.clients.browser import LIMIT_MS
from tests.server_process import ROOT

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src 'self' blob:; connect-src 'self'; worker-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""A strict one: no script or style within the page, and nothing of other hosts."""

_FILES = "/page/"
_SHOWN = "tests/web/editor.html"


class EditorTab:
    """A tab with the editor.

    Args:
        context: of the browser; tabs of one share what is kept.
        url: of the server, whose origin the page has.

    Attributes:
        complaints: what the browser has written to its console.
        requested: addresses that it has asked for.
    """

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.url = url
        self.page: Page = context.new_page()
        self.page.set_default_timeout(LIMIT_MS)
        self.complaints: list[str] = []
        self.requested: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requested.append(request.url))
        self.page.route(f"{url}{_FILES}**", serve)

    def _heard(self, message: Any) -> None:
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def open(self, **query: str) -> None:
        """Show the editor, and wait for its first row."""
        self.page.goto(f"{self.url}{_FILES}{_SHOWN}?{urlencode(query)}")
        self.page.locator("cue-editor .row").first.wait_for()

    def row(self, number: int) -> Any:
        """Return a row of the list by the number that it shows."""
        return self.page.locator(f"cue-editor .row[aria-rowindex='{number + 1}']")

    def field(self, name: str) -> Any:
        """Return a field of the cue that is worked on."""
        return self.page.locator(f"cue-editor .detail [name={name}]")

    def tool(self, name: str) -> Any:
        """Return a button of the bar."""
        return self.page.locator(f"cue-editor .tools button[name={name}]")

    def wait_saved(self) -> None:
        """Wait until the server has all edits."""
        self.page.locator("cue-editor .status[data-state=saved]").wait_for()

    def cues(self) -> list[dict[str, Any]]:
        """Return the cues of the editor."""
        found: list[dict[str, Any]] = self.page.evaluate(
            "document.querySelector('cue-editor').cues"
        )
        return found


def serve(route: Route) -> None:
    """Answer with a file of the repository, as the server's page will be."""
    path = (ROOT / urlsplit(route.request.url).path.removeprefix(_FILES)).resolve()
    allowed = (ROOT / "app" / "web", ROOT / "tests" / "web", ROOT / "samples")
    if not path.is_file() or not any(map(path.is_relative_to, allowed)):
        route.fulfill(status=404)
        return
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    headers = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}
    route.fulfill(status=200, body=path.read_bytes(), content_type=kind, headers=headers)
