"""HLS as hls.js plays it in Debian's Chromium."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api_requests import post_file
from tests.browser_page import browser_page
from tests.conftest import StartServer
from tests.server import DEAF, ServerProcess

HLS_JS = Path(__file__).parent / "node_modules" / "hls.js" / "dist" / "hls.min.js"
ENGLISH = "1\n00:00:01,000 --> 00:00:02,000\nThe river rose.\n"

_PLAY = """
document.body.innerHTML = '<video muted></video>';
window.video = document.querySelector('video');
window.hls = new Hls({enableWorker: false});
window.faults = [];
hls.on(Hls.Events.ERROR, (_, data) => { if (data.fatal) faults.push(data.details); });
hls.on(Hls.Events.SUBTITLE_TRACKS_UPDATED, () => { hls.subtitleTrack = 0; });
hls.loadSource('%s');
hls.attachMedia(video);
video.play();
0
"""


@pytest.fixture(scope="module")
def server(start_server: StartServer) -> ServerProcess:
    return start_server(**DEAF, ALLOW_PRIVATE_URLS="true")


@pytest.fixture(scope="module", params=["copied", "encoded"])
def packaged(
    request: pytest.FixtureRequest,
    server: ServerProcess,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Any]:
    """The answer for a video of 5 s, whose picture is copied or encoded."""
    folder = tmp_path_factory.mktemp("hls")
    (folder / "en.srt").write_text(ENGLISH)
    inputs = ["-f", "lavfi", "-i", "testsrc=size=160x90:rate=10:duration=5"]
    inputs += ["-f", "lavfi", "-i", "sine=500:duration=5", "-i", str(folder / "en.srt")]
    x264 = [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-pix_fmt",
        "yuv420p",
        "-g",
        "10",
        "-bf",
        "2",
    ]
    codec = x264 if request.param == "copied" else ["-c:v", "mpeg4"]
    maps = ["-map", "0", "-map", "1", "-map", "2", "-metadata:s:s:0", "language=eng"]
    path = folder / "film.mkv"
    command = ["ffmpeg", "-v", "error", *inputs, *maps, *codec, "-c:a", "aac", str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    tracks = '[{"subtitles": "1\\n00:00:01,000 --> 00:00:02,000\\nDer Fluss stieg.\\n",'
    tracks += '"language": "de", "hearing_impaired": true}]'
    answer = post_file(server, path, "/api/media/hls", tracks=tracks, segment_s="1")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert (found["encoder"] == "copy") == (request.param == "copied")
    return found


def text_of(url: str) -> str:
    answer = httpx.get(url, trust_env=False)
    assert answer.status_code == 200
    return answer.text


def test_the_playlists_name_everything(packaged: dict[str, Any]) -> None:
    master = text_of(packaged["playlist_url"])
    assert master.count("#EXT-X-MEDIA:TYPE=SUBTITLES") == 2
    assert 'LANGUAGE="en"' in master
    assert 'LANGUAGE="de"' in master
    assert "RESOLUTION=160x90" in master
    media = text_of(master.splitlines()[-1])
    assert media.count("#EXTINF") == packaged["segments"] >= 4
    assert media.rstrip().endswith("#EXT-X-ENDLIST")
    assert packaged["duration"] == pytest.approx(5, abs=0.3)
    subtitles = text_of(master.split('URI="')[1].split('"')[0])
    vtt = text_of(subtitles.splitlines()[-2])
    assert vtt.startswith("WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:")
    assert "The river rose." in vtt


def test_a_playlist_is_asked_for_again_and_a_segment_is_not(packaged: dict[str, Any]) -> None:
    master = httpx.get(packaged["playlist_url"], trust_env=False)
    assert master.headers["content-type"].startswith("application/vnd.apple.mpegurl")
    assert master.headers["cache-control"] == "private, no-cache"
    media = text_of(master.text.splitlines()[-1])
    segment = next(line for line in media.splitlines() if line.startswith("http"))
    answer = httpx.get(segment, trust_env=False, headers={"Range": "bytes=0-187"})
    assert answer.status_code == 206
    assert answer.content[0] == 0x47
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no browser is installed")
def test_hls_js_plays_it_with_subtitles_on_their_times(
    packaged: dict[str, Any], tmp_path: Path
) -> None:
    with browser_page(tmp_path, "--autoplay-policy=no-user-gesture-required") as page:
        page.evaluate(HLS_JS.read_text() + ";0")
        page.evaluate(_PLAY % packaged["playlist_url"])
        page.wait_for("faults.length || video.currentTime > 1.2")
        assert page.evaluate("faults") == []
        cue = page.wait_for(
            "[...video.textTracks].flatMap(track => [...(track.cues || [])])"
            ".map(cue => ({text: cue.text, start: cue.startTime, end: cue.endTime}))[0]"
        )
        assert cue["text"] == "The river rose."
        assert cue["start"] == pytest.approx(1.0, abs=0.15)
        assert page.evaluate("video.videoWidth") == 160
        assert page.evaluate("hls.subtitleTracks.map(track => track.lang)") == ["en", "de"]
