"""What the page makes out of media: by a job's menu with edited cues, and by the form of tools."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from app.services.operations.activity import MESSAGES
from tests.clients.browser import NEEDS_BROWSER, page_in
from tests.media_server import MediaServer
from tests.server import ROOT, ServerProcess

pytestmark = NEEDS_BROWSER

WIDTH, HEIGHT = 640, 360


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    settings = {"MEDIA_ENCODER": "x264", "ALLOW_PRIVATE_URLS": "true"}
    server = ServerProcess(tmp_path_factory.mktemp("page"), settings)
    server.wait_ready()
    yield server
    server.stop()


@pytest.fixture
def page(browser: Browser, served: ServerProcess) -> Iterator[Page]:
    with page_in(browser, served) as page:
        yield page


@pytest.fixture(scope="module")
def film(dialogue: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dialogue with a black picture."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    picture = ["-f", "lavfi", "-i", f"color=black:s={WIDTH}x{HEIGHT}:r=5"]
    ffmpeg("-i", dialogue, *picture, "-shortest", "-pix_fmt", "yuv420p", path)
    return path


def ffmpeg(*args: str | Path) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *args], check=True)


def lit_width(video: Path, at_s: float) -> int:
    """Return how many columns of a frame the bright letters span."""
    command = ["ffmpeg", "-v", "error", "-ss", str(at_s), "-i", video, "-frames:v", "1"]
    raw = subprocess.run(
        [*command, "-f", "rawvideo", "-pix_fmt", "gray", "-"], check=True, capture_output=True
    ).stdout
    lit = np.flatnonzero((np.frombuffer(raw, np.uint8).reshape(HEIGHT, WIDTH) > 128).any(axis=0))
    return int(lit[-1] - lit[0]) if len(lit) else 0


def made_file(page: Page, path: Path) -> Path:
    """Save the first file that an operation has made."""
    link = page.locator("div.made a").first
    expect(link).to_be_visible(timeout=180_000)
    answer = page.request.get(link.get_attribute("href") or "")
    assert answer.status == 200
    path.write_bytes(answer.body())
    return path


def test_an_edited_cue_is_burned_in(page: Page, film: Path, tmp_path: Path) -> None:
    page.select_option("[name=format]", "srt")
    page.select_option("[name=operation]", "caption")
    page.set_input_files("#file", film)
    expect(page.locator(".job[data-state=done]")).to_be_visible(timeout=120_000)
    expect(page.locator("p.made a")).to_have_text("film.srt")
    cue = "document.querySelector('video').textTracks[0].cues[0]"
    middle_s = page.evaluate(f"({cue}.startTime + {cue}.endTime) / 2")
    before = made_file(page, tmp_path / "before.mp4")
    assert lit_width(before, middle_s) > WIDTH / 4
    page.get_by_role("button", name="Edit cues").click()
    page.locator("cue-editor .detail [name=text]").fill("Hm")
    page.get_by_role("button", name="Burn in").click()  # what was typed just now is in it
    expect(page.locator("div.made a")).to_have_count(0)
    after = made_file(page, tmp_path / "after.mp4")
    assert 0 < lit_width(after, middle_s) < WIDTH / 8


_PROGRESS = """
window.percents = [];
window.told = [];
new MutationObserver(() => {
  const bar = document.querySelector('div.made progress');
  if (bar) window.percents.push(bar.value);
  if (bar) window.told.push(bar.parentElement.textContent.trim());
}).observe(document.querySelector('div.made'), {subtree: true, childList: true});
"""


def test_a_dub_speaks_the_edited_cues_and_shows_its_progress(
    page: Page, film: Path, tmp_path: Path
) -> None:
    page.set_input_files("#file", film)
    expect(page.locator(".job[data-state=done]")).to_be_visible(timeout=120_000)
    page.get_by_role("button", name="Edit cues").click()
    page.locator("cue-editor .detail [name=text]").fill("The bridge is open again.")
    page.evaluate(_PROGRESS)
    page.select_option("#language", "de")
    with page.expect_response("**/api/media/dub") as asking:
        page.get_by_role("button", name=german("make_dub"), exact=True).click()
    dubbed = made_file(page, tmp_path / "dubbed.mp4")
    answers = [line[6:] for line in asking.value.text().splitlines() if line.startswith("data: ")]
    [result] = [found["result"] for each in answers if "result" in (found := json.loads(each))]
    assert result["lines"][0]["text"] == "The bridge is open again."
    assert result["lines"][0]["spoken"] is True
    percents = page.evaluate("window.percents")
    assert percents
    assert percents == sorted(percents)
    own = {german(f"stage_{activity}") for activity in MESSAGES}
    assert set(page.evaluate("window.told")) <= own
    assert length_s(dubbed) == pytest.approx(length_s(film), abs=1)
    assert sound(dubbed) != sound(film)


def german(key: str) -> str:
    """Return a text of the page."""
    table = json.loads((ROOT / "app" / "web" / "texts.json").read_text("utf-8"))
    return str(table["texts"][key][table["languages"].index("de")])


def sound(path: Path) -> str:
    """Return a hash of the decoded sound of a file."""
    command = ["ffmpeg", "-v", "error", "-i", path, "-map", "0:a:0", "-f", "md5", "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_a_job_that_is_opened_again_plays_and_is_dubbed(
    page: Page, film: Path, tmp_path: Path
) -> None:
    page.set_input_files("#file", film)
    expect(page.locator(".job[data-state=done]")).to_be_visible(timeout=120_000)
    count = page.locator(".cues li").count()
    page.reload()
    expect(page.locator("video")).to_be_visible()
    expect(page.locator(".cues li")).to_have_count(count)
    expect(page.locator(".job[data-state=done]")).to_be_visible()
    page.locator(".cues li button").nth(1).click()
    video = page.locator("video")
    start = page.evaluate("document.querySelector('video').textTracks[0].cues[1].startTime")
    assert video.evaluate("video => video.currentTime") == pytest.approx(start)
    assert video.evaluate("video => video.play().then(() => video.videoWidth)") == WIDTH
    page.get_by_role("button", name="Add as track").click()  # no file has to be chosen for it
    expect(page.locator("div.made a")).to_be_visible(timeout=60_000)
    check_dub_with_choices(page, tmp_path / "dub.mp4")


def check_dub_with_choices(page: Page, path: Path) -> None:
    """Dub the open job as its menu's fields say: a second track that players choose."""
    page.locator(".more > summary").click()
    fields = page.locator("fieldset[data-operation=dub]")
    assert fields.locator("[name=url_video], [name=job_id], [name=subtitles]").count() == 0
    fields.locator("[name=output]").select_option("track")
    fields.locator("[name=default_track]").select_option("true")
    page.get_by_role("button", name="Dub", exact=True).click()
    expect(page.locator("div.made a")).to_have_text(re.compile("_dubbed.mp4"), timeout=60_000)
    sounds = [each for each in streams(made_file(page, path)) if each["codec_type"] == "audio"]
    assert [each["disposition"]["default"] for each in sounds] == [0, 1]


def streams(path: Path) -> list[dict[str, Any]]:
    command = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", path]
    shown = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    found: list[dict[str, Any]] = shown["streams"]
    return found


def test_media_of_the_server_is_worked_on_where_the_browser_has_none(
    served: ServerProcess, page: Page, film: Path, site: MediaServer, tmp_path: Path
) -> None:
    """Nothing is kept in this browser: it opens a job that somebody else began by an address."""
    captions = [{"start": 0, "end": 900, "text": "Hello."}]
    with served.client() as client:
        asked = {"url": site.add(film), "format": "json"}
        told = client.post("/runsync?wait=120000", json={"input": asked}).json()
        assert told["status"] == "COMPLETED", told
        bare = client.post("/api/process", json={"captions": captions, "captions_lang": "en"})
    site.files.pop(film.name)  # only the server's own copy is left
    page.goto(f"/#job/{told['id']}")
    expect(page.locator(".job[data-state=done]")).to_be_visible()
    page.get_by_role("button", name="Add as track").click()
    made = streams(made_file(page, tmp_path / "made.mp4"))
    assert [each["codec_type"] for each in made] == ["video", "audio", "subtitle"]
    assert made[0]["width"] == WIDTH
    page.goto(f"/#job/{bare.json()['job_id']}")
    expect(page.locator(".cues li")).to_have_count(1)
    page.get_by_role("button", name="Add as track").click()
    expect(page.locator("div.made")).to_have_text("Open the media file first.")


def test_tools_have_a_form_for_each_operation(page: Page, film: Path, tmp_path: Path) -> None:
    page.click("#views a[href='#operations']")
    expect(page.locator(".operation")).to_be_visible()
    names = page.locator("[name=operation] option").evaluate_all("all => all.map(o => o.value)")
    assert {"img2vid", "addaudio", "screenshots", "hls", "caption", "dub"} <= set(names)
    for name in names:
        page.select_option("[name=operation]", name)
        expect(page.locator(".operation .fields .field").first).to_be_visible()
    page.select_option("#language", "de")
    page.select_option("[name=operation]", "addaudio")
    for field, text in (
        ("url_video", "Address of the video"),
        ("url_audio", "Address of the sound"),
    ):
        shown = page.locator(f".field:has([name={field}])")
        expect(shown).to_have_attribute("title", text)
        assert language_of(shown) == "en", "whose tooltip it is"
        assert language_of(shown.locator("> span")) == "de"
        expect(shown.locator("> span")).to_have_text(f"{german(f'field_{field}')} *")
        assert language_of(shown.get_by_role("group", name=german(f"field_{field}"))) == "de"
    assert page.locator("[name=operation] option[title]").count() == 0


def language_of(element: Locator) -> str:
    """Return the language in which an element's own text and attributes are read aloud."""
    return str(element.evaluate("element => element.closest('[lang]').lang"))


def test_pictures_become_videos(page: Page, tmp_path: Path) -> None:
    for name in ("one.png", "two.png"):
        ffmpeg("-f", "lavfi", "-i", "testsrc=s=320x180", "-frames:v", "1", tmp_path / name)
    page.click("#views a[href='#operations']")
    page.select_option("[name=operation]", "img2vid")
    page.set_input_files("[name=images]", [tmp_path / "one.png", tmp_path / "two.png"])
    page.fill("[name=duracao]", "1")
    page.click(".operation summary")
    page.fill("[name=width]", "320")
    page.fill("[name=height]", "180")
    page.click(".operation .main")
    expect(page.locator("div.made a")).to_have_count(2, timeout=180_000)
    assert length_s(made_file(page, tmp_path / "one.mp4")) == pytest.approx(1, abs=0.2)


def test_sound_is_added_to_a_video(page: Page, film: Path, dialogue: Path, tmp_path: Path) -> None:
    page.click("#views a[href='#operations']")
    page.select_option("[name=operation]", "addaudio")
    page.click(".operation .main")
    assert page.eval_on_selector("[type=url]", "field => field.validationMessage") != ""
    page.set_input_files("[name=url_video]", film)
    page.set_input_files("[name=url_audio]", dialogue)
    page.click(".operation .main")
    assert length_s(made_file(page, tmp_path / "sounding.mp4")) == pytest.approx(17, abs=3)


def test_screenshots_and_what_has_no_file(page: Page, film: Path, tmp_path: Path) -> None:
    page.click("#views a[href='#operations']")
    page.select_option("[name=operation]", "screenshots")
    page.set_input_files("[name=video_url]", film)
    page.fill("[name=timestamps]", "1.5; 00:00:03,000; soon")
    page.click(".operation .main")
    expect(page.locator("div.made a")).to_have_count(2, timeout=120_000)
    expect(page.locator(".made pre")).to_contain_text("soon")
    assert made_file(page, tmp_path / "shot").read_bytes()[:2] == b"\xff\xd8"
    page.select_option("[name=operation]", "tracks")
    page.set_input_files("[name=url_video]", film)
    page.click(".operation .main")
    expect(page.locator(".made pre")).to_contain_text("aac", timeout=60_000)


def length_s(path: Path) -> float:
    command = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "json", path]
    shown = subprocess.run(command, check=True, capture_output=True).stdout
    return float(json.loads(shown)["format"]["duration"])
