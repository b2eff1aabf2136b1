"""Media of a job that began with an address, played by the page from the server's copy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.clients.browser import NEEDS_BROWSER, browser_page
from tests.clients.held_engines import Held, held_server
from tests.clients.test_page_operations import WIDTH, ffmpeg
from tests.media_server import MediaServer

pytestmark = NEEDS_BROWSER


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    held = held_server(tmp_path_factory.mktemp("held"), ALLOW_PRIVATE_URLS="true")
    yield held
    held.release()
    held.server.stop()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of a tone that the scripted engine takes for speech, with a picture."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    tone = ["-f", "lavfi", "-i", "sine=frequency=220:duration=4"]
    picture = ["-f", "lavfi", "-i", f"testsrc=s={WIDTH}x360:r=5:d=4"]
    ffmpeg(*tone, *picture, "-pix_fmt", "yuv420p", "-movflags", "+faststart", path)
    return path


def plays(page: Page) -> None:
    """Check that the video is shown, has a picture and can be sought."""
    video = page.locator("video")
    expect(video).to_be_visible(timeout=60_000)
    expect(video).to_have_js_property("videoWidth", WIDTH)
    video.evaluate("video => { video.currentTime = 2 }")
    expect(video).to_have_js_property("seeking", False)
    assert video.evaluate("video => video.currentTime") == pytest.approx(2)
    assert video.evaluate("video => video.play().then(() => video.paused)") is False


def test_media_of_an_address_plays_while_the_job_runs_and_when_it_is_opened_elsewhere(
    held: Held, film: Path, site: MediaServer
) -> None:
    held.hold()
    with browser_page(held.server) as page:
        page.fill("[name=url]", site.add(film))
        page.click(".new .main")
        plays(page)
        expect(page.locator(".job")).to_have_attribute("data-state", "running")
        held.release()
        expect(page.locator(".job[data-state=done]")).to_be_visible(timeout=60_000)
        job = page.evaluate("location.hash")
        page.click("#views a[href='#jobs']")
        page.click("tr[data-state=done] a")
        plays(page)
    with browser_page(held.server) as page:
        page.goto(f"/{job}")
        expect(page.locator(".job[data-state=done]")).to_be_visible()
        plays(page)
        page.locator(".cues li button").first.click()
        start = page.evaluate("document.querySelector('video').textTracks[0].cues[0].startTime")
        assert page.evaluate("document.querySelector('video').currentTime") == pytest.approx(start)


def test_a_job_without_media_has_no_picture(held: Held) -> None:
    with held.server.client() as client:
        body = {"captions": [{"start": 0, "end": 900, "text": "Hello."}], "captions_lang": "en"}
        job = client.post("/api/process", json=body).json()["job_id"]
    with browser_page(held.server) as page:
        with page.expect_response(f"**/api/jobs/{job}/media") as asking:
            page.goto(f"/#job/{job}")
        assert asking.value.status == 404
        expect(page.locator(".job[data-state=done]")).to_be_visible()
        expect(page.locator(".cues li")).to_have_count(1)
        expect(page.locator("video")).to_be_hidden()
