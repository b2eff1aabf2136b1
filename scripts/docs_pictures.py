"""Make docs/pictures/page-*.png: the page at `/` with a real server, in Debian's Chromium.

Run as ``python -m scripts.make_screenshots`` with chromium, ffmpeg and Playwright installed.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from scripts.demo import demo_server
from scripts.local_server import ROOT, LocalServer

_SAMPLE = ROOT / "samples" / "voicemail.mp4"
_PICTURES = ROOT / "docs" / "pictures"
_READY_S = 600
_LIMIT_MS = 300_000
_PAINT_MS = 1500
"""For the picture of the video after a jump; the policy forbids to poll by a script."""

_SECOND = 20
"""Position in the sample that is shown, s."""


def main() -> int:
    """Begin a job, then take each picture."""
    with (
        tempfile.TemporaryDirectory() as folder,
        demo_server(Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        server.wait_ready(_READY_S)
        program = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        _take_all(browser, server)
        browser.close()
    return 0


def _take_all(browser: Browser, server: LocalServer) -> None:
    wide = _opened(browser, server, 1360, 800)
    _shot(wide, "new")
    wide.select_option("[name=target_lang]", "es")
    wide.set_input_files("#file", _SAMPLE)
    expect(wide.locator(".job[data-state=done]")).to_be_visible(timeout=_LIMIT_MS)
    _watch(wide)
    _shot(wide, "light")
    wide.select_option("#theme", "dark")
    _shot(wide, "dark")
    job = wide.evaluate("location.hash")
    wide.select_option("#theme", "light")
    wide.click("#views a[href='#new']")
    wide.fill("[name=url]", "http://127.0.0.1/private.mp4")
    wide.click(".new .main")
    expect(wide.locator(".problem")).to_be_visible()
    _shot(wide, "error")
    for view, found in (("jobs", "tbody tr"), ("server", ".panels")):
        wide.click(f"#views a[href='#{view}']")
        expect(wide.locator(found).first).to_be_visible()
        _shot(wide, view)
    phone = _opened(browser, server, 390, 844)
    phone.goto(f"{server_url(server)}/{job}")
    phone.locator(".tools input").set_input_files(_SAMPLE)
    expect(phone.locator(".cues li").first).to_be_visible()
    _watch(phone)
    _shot(phone, "phone")


def server_url(server: LocalServer) -> str:
    """Return the address that the browser asks."""
    return f"http://127.0.0.1:{server.port}"


def _opened(browser: Browser, server: LocalServer, width: int, height: int) -> Page:
    """Return a page that has the server's key and shows the form."""
    page = browser.new_page(viewport={"width": width, "height": height}, locale="en-GB")
    page.goto(f"{server_url(server)}/")
    page.fill("#key-field", server.key)
    page.click("#key-dialog .main")
    expect(page.locator("[name=profile] option").first).to_be_attached()
    return page


def _watch(page: Page) -> None:
    """Show the video at a cue."""
    page.evaluate(f"document.querySelector('video').currentTime = {_SECOND}; undefined")
    expect(page.locator(".cues [aria-current]")).to_be_visible()


def _shot(page: Page, name: str) -> None:
    page.wait_for_timeout(_PAINT_MS)
    page.screenshot(path=_PICTURES / f"page-{name}.png")


if __name__ == "__main__":
    sys.exit(main())
