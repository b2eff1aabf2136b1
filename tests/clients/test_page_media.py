"""Media of a job that began with an address, played by the page from the server's copy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.clients.browser import NEEDS_BROWSER, browser_page
from tests.clients.held_engines import Held, held_server
from tests.clients.test_page_operations import WIDTH, ffmpeg
from tests.conftest import write_wav
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


@pytest.fixture(scope="module")
def page(held: Held) -> Iterator[Page]:
    with browser_page(held.server) as page:
        yield page


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
    held: Held, page: Page, film: Path, site: MediaServer
) -> None:
    held.hold()
    page.fill("[name=url]", site.add(film))
    page.click(".new .main")
    plays(page)
    expect(page.locator(".job")).to_have_attribute("data-state", "running")
    held.release()
    expect(page.locator(".job[data-state=done]")).to_be_visible()
    job = page.evaluate("location.hash")
    page.click("#views a[href='#jobs']")
    page.click("tr[data-state=done] a")
    plays(page)
    browser = page.context.browser
    assert browser is not None
    elsewhere = browser.new_context(base_url=held.server.url, locale="en-GB").new_page()
    elsewhere.goto(f"/{job}")
    expect(elsewhere.locator(".job[data-state=done]")).to_be_visible()
    plays(elsewhere)
    elsewhere.locator(".cues li button").first.click()
    start = elsewhere.evaluate("document.querySelector('video').textTracks[0].cues[0].startTime")
    assert elsewhere.evaluate("document.querySelector('video').currentTime") == pytest.approx(start)
    elsewhere.context.close()


def test_a_job_without_media_has_no_picture(held: Held, page: Page) -> None:
    with held.server.client() as client:
        body = {"captions": [{"start": 0, "end": 900, "text": "Hello."}], "captions_lang": "en"}
        job = client.post("/api/process", json=body).json()["job_id"]
    with page.expect_response(f"**/api/jobs/{job}/media") as asking:
        page.goto(f"/#job/{job}")
    assert asking.value.status == 404
    expect(page.locator(".job[data-state=done]")).to_be_visible()
    expect(page.locator(".cues li")).to_have_count(1)
    expect(page.locator("video")).to_be_hidden()


_LENGTH_S = 240
_ARRIVALS = """
window.arrivals = [];
new MutationObserver((records) => {
  for (const record of records) for (const row of record.addedNodes) {
    const said = row.querySelector?.('.cues .time') ?? null;
    if (said && row.matches('.cues li')) {
      const [minutes, seconds] = said.textContent.split(':').map(Number);
      window.arrivals.push(minutes * 60 + seconds);
    }
  }
}).observe(document, {subtree: true, childList: true});
"""


def test_a_click_in_the_timeline_is_worked_on_first(held: Held, page: Page, tmp_path: Path) -> None:
    """By the order in which cues come, whatever the machine does meanwhile."""
    samples = np.zeros(_LENGTH_S * 16_000, np.float32)
    tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(32_000) / 16_000)
    for second in range(0, _LENGTH_S - 2, 3):
        samples[second * 16_000 : second * 16_000 + len(tone)] = tone
    path = tmp_path / "long.wav"
    write_wav(path, samples)
    held.hold()
    page.goto("/")
    page.evaluate(_ARRIVALS)
    page.set_input_files("#file", path)
    expect(page.locator(".status").first).to_contain_text("Transcribing")
    timeline = page.get_by_role("slider", name="Timeline")
    expect(timeline).to_have_attribute("aria-valuemax", str(_LENGTH_S * 1000))
    box = timeline.bounding_box()
    assert box is not None
    with page.expect_response("**/position") as moved:
        timeline.click(position={"x": box["width"] * 0.75, "y": box["height"] / 2})
    assert moved.value.ok
    place_s = json.loads(moved.value.request.post_data or "")["position_s"]
    assert place_s == pytest.approx(180, abs=2)
    video = page.locator("video")
    assert video.evaluate("video => video.currentTime") == pytest.approx(place_s)
    held.release()
    expect(page.locator(".job[data-state=done]")).to_be_visible(timeout=60_000)
    arrivals = page.evaluate("window.arrivals")
    there = next(n for n, start_s in enumerate(arrivals) if start_s >= place_s - 5)
    skipped = [n for n, start_s in enumerate(arrivals) if 65 <= start_s < place_s - 35]
    assert skipped
    assert there < min(skipped), arrivals
