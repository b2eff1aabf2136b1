"""Live captions of a microphone and of a tab in Debian's Chromium, by a real Whisper."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.clients.browser import NEEDS_BROWSER, browser_page
from tests.server import ServerProcess

pytestmark = NEEDS_BROWSER


SAID = re.compile("river|water|bridge|sun|help", re.IGNORECASE)
_TALK = """<!doctype html><title>Talk</title><audio src="talk.wav" autoplay loop></audio>"""


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
        expect(page.locator(".live li").filter(has_text=SAID).first).to_be_visible(timeout=120_000)
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_role("button", name="Microphone")).to_be_visible()
        expect(page.locator("#banner")).to_be_hidden()


def test_what_a_tab_plays_is_captioned(server: ServerProcess, dialogue: Path) -> None:
    arguments = (
        "--auto-select-tab-capture-source-by-title=Talk",
        "--autoplay-policy=no-user-gesture-required",
    )
    with browser_page(server, *arguments) as page:
        talk = page.context.new_page()
        talk.route("**/talk", lambda route: route.fulfill(content_type="text/html", body=_TALK))
        talk.route("**/talk.wav", lambda route: route.fulfill(path=dialogue))
        talk.goto("/talk")
        expect(talk.locator("audio")).to_have_js_property("paused", False)
        page.bring_to_front()
        page.click("#views a[href='#live']")
        page.get_by_role("button", name="Sound of a tab").click()
        expect(page.get_by_role("button", name="Stop")).to_be_visible()
        expect(page.locator(".live li").filter(has_text=SAID).first).to_be_visible(timeout=120_000)
        talk.close()  # what was shared has ended, and so have its captions
        expect(page.get_by_role("button", name="Sound of a tab")).to_be_visible()
        expect(page.locator("#banner")).to_be_hidden()
