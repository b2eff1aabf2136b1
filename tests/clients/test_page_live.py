"""Live captions of a microphone in Debian's Chromium, by a real Whisper."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.clients.browser import NEEDS_BROWSER, browser_page
from tests.server import ServerProcess

pytestmark = NEEDS_BROWSER


def test_what_a_microphone_hears_is_captioned(server: ServerProcess, dialogue: Path) -> None:
    arguments = (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={dialogue}",
    )
    with browser_page(server, *arguments) as page:
        page.click("#views a[href='#live']")
        page.get_by_role("button", name="Microphone").click()
        expect(page.get_by_role("button", name="Stop")).to_be_visible()
        said = re.compile("river|water|bridge|sun|help", re.IGNORECASE)
        expect(page.locator(".live li").filter(has_text=said).first).to_be_visible(timeout=120_000)
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_role("button", name="Microphone")).to_be_visible()
        expect(page.locator("#banner")).to_be_hidden()
