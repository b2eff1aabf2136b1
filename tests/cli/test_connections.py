"""The command across cut connections, stopped servers and signals: nothing is lost."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command_process import CLIP, CommandProcess, cue_times, wait_until_closed
from tests.cli.cutting_proxy import Cut, CuttingProxy
from tests.conftest import StartServer
from tests.media_server import MediaServer
from tests.server import DEAF, ServerProcess, free_port

ANEW = ("talk.mp4", "--from", "en", "--field", "force_refresh=true", "--json")
CUES = Cut(seen=b'"subtitles":', ends_event=True)


@pytest.fixture
def here(tmp_path: Path, clip: Path) -> Path:
    """A folder with a recording."""
    folder = tmp_path / "here"
    folder.mkdir()
    shutil.copy(clip, folder / "talk.mp4")
    return folder


@pytest.fixture
def large(here: Path) -> Path:
    """A recording of some seconds that is sent in two parts."""
    path = here / "large.wav"
    command = ["ffmpeg", "-v", "error", "-i", str(CLIP), "-t", "7.5", "-ac", "2", "-ar", "192000"]
    subprocess.run([*command, "-c:a", "pcm_f64le", str(path)], check=True)
    assert 17 * 2**20 < path.stat().st_size < 30 * 2**20
    return path


def assert_whole(command: CommandProcess, srt: Path) -> None:
    """Check that each cue of a file was told once."""
    told = cue_times(command.events)
    assert len(told) == len(set(told)), "a cue came twice"
    assert srt.read_text().count("-->") == len(told) > 0, "a cue is missing"


def test_a_cut_stream_goes_on_behind_its_last_event(server: ServerProcess, here: Path) -> None:
    with (
        CuttingProxy(server.port, CUES, CUES) as proxy,
        CommandProcess(here, *ANEW, CUESTREAM_SERVER=proxy.url) as command,
    ):
        assert command.end() == 0, command.events
        assert proxy.done == [CUES, CUES]
    assert [event["wait_s"] for event in command.of("reconnecting")] == [1, 1]
    assert len(command.of("job")) == 1
    assert_whole(command, here / "talk.en.srt")


def test_a_cut_upload_goes_on_where_it_stood(
    server: ServerProcess, here: Path, large: Path
) -> None:
    size = large.stat().st_size
    cut = Cut(sent_bytes=20 * 2**20)
    with (
        CuttingProxy(server.port, cut) as proxy,
        CommandProcess(
            here, "large.wav", "--from", "en", "--json", CUESTREAM_SERVER=proxy.url
        ) as command,
    ):
        assert command.end() == 0, command.events
        assert proxy.done == [cut]
        assert proxy.sent_bytes < 2 * size - 10 * 2**20, "it was sent from its beginning again"
    percents = [e["percent"] for e in command.of("stage") if e["stage"] == "uploading"]
    assert percents[-1] == 100
    assert percents == sorted(percents)
    assert len(command.of("reconnecting")) >= 1
    assert_whole(command, here / "large.en.srt")


def test_an_upload_that_was_interrupted_is_gone_on_with_by_the_next_run(
    server: ServerProcess, here: Path, large: Path
) -> None:
    arguments = ("large.wav", "--from", "en", "--to", "es", "--json")
    with CuttingProxy(server.port, Cut(sent_bytes=20 * 2**20)) as proxy:
        with CommandProcess(here, *arguments, CUESTREAM_SERVER=proxy.url) as first:
            first.until("reconnecting")
            assert first.end(signal.SIGINT) == 130
        with CommandProcess(here, *arguments, CUESTREAM_SERVER=proxy.url) as second:
            assert second.end() == 0, second.events
        assert proxy.sent_bytes < 2 * large.stat().st_size - 10 * 2**20
    assert second.of("begun")[0]["resumed"]
    assert (here / "large.es.srt").exists()


def test_after_a_termination_the_next_run_goes_on(server: ServerProcess, here: Path) -> None:
    with CommandProcess(here, *ANEW, CUESTREAM_SERVER=server.url) as first:
        first.until("cues")
        assert first.end(signal.SIGTERM) == 143
    assert first.events[-1] == {"event": "ended", "exit_code": 143}
    with CommandProcess(here, *ANEW, CUESTREAM_SERVER=server.url) as second:
        assert second.end() == 0, second.events
    assert second.events[0] == {"event": "begun", "input": "talk.mp4", "resumed": True}
    second.events = first.events + second.events
    assert_whole(second, here / "talk.en.srt")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_that_is_started_again_in_mid_job_ends_it(
    start_server: StartServer, here: Path, brief_talk: Path, number: int
) -> None:
    shutil.copy(brief_talk, here / "talk.wav")
    settings = {"PORT": str(free_port()), "CACHE_DIR": str(here.with_name("server-cache"))}
    first = start_server(**settings)
    arguments = ("talk.wav", *ANEW[1:])
    with CommandProcess(here, *arguments, CUESTREAM_SERVER=first.url) as command:
        command.until("cues")
        os.killpg(first.process.pid, number)
        first.process.wait(60)
        wait_until_closed(first.port)
        start_server(**settings)
        assert command.end() == 0, command.events
    assert command.of("reconnecting")
    written = (here / "talk.en.srt").read_text()
    told = set(cue_times(command.events))
    assert written.count("-->") <= len(told)
    assert len(command.of("written")) == 1


@pytest.fixture(scope="module")
def keyed(start_server: StartServer) -> ServerProcess:
    return start_server(**DEAF, API_KEYS="the-key", LIVE_OPEN="false")


@pytest.mark.parametrize(
    ("key", "arguments"),
    [
        ("wrong", ("talk.mp4",)),
        ("kéy", ("talk.mp4",)),
        ("", ("talk.mp4",)),
        ("", ("qc", "a.srt")),
        ("kéy", ("relayout", "a.srt", "--profile", "shorts")),
        ("wrong", ("align", "a.srt", "talk.mp4")),
        ("kéy", ("burn", "talk.mp4", "a.srt")),
        ("", ("dub", "talk.mp4", "--to", "es", "--subtitles", "a.srt")),
        ("wrong", ("live", "talk.mp4")),
        ("kéy", ("live", "talk.mp4")),
    ],
)
def test_a_wrong_key_has_a_code_of_its_own(
    keyed: ServerProcess, here: Path, arguments: tuple[str, ...], key: str
) -> None:
    (here / "a.srt").write_text("1\n00:00:01,000 --> 00:00:02,500\nWhere is the house?\n")
    before = sorted(here.iterdir())
    with CommandProcess(
        here, *arguments, "--json", CUESTREAM_SERVER=keyed.url, CUESTREAM_API_KEY=key
    ) as command:
        assert command.end() == 5, command.events
    assert [event["exit_code"] for event in command.of("failed")] == [5]
    assert sorted(here.iterdir()) == before


@pytest.fixture
def foreign(tmp_path: Path) -> Iterator[MediaServer]:
    """A server of web pages."""
    site = MediaServer()
    yield site
    site.stopping.set()


def test_another_server_at_the_address_is_told_at_once(here: Path, foreign: MediaServer) -> None:
    with CommandProcess(here, *ANEW, CUESTREAM_SERVER=foreign.url) as command:
        assert command.end() in (1, 4), command.events
    assert not command.of("reconnecting")
    assert len(command.of("failed")) == 1


def test_a_job_that_failed_is_begun_anew_by_the_next_run(
    server: ServerProcess, site: MediaServer, here: Path
) -> None:
    address = f"{site.url}/later.wav"
    arguments = (address, "--from", "en", "--json")
    with CommandProcess(here, *arguments, CUESTREAM_SERVER=server.url) as first:
        assert first.end() == 1, first.events
    command = ["ffmpeg", "-v", "error", "-t", "6", "-i", str(CLIP), str(here / "later.wav")]
    subprocess.run(command, check=True)
    site.add(here / "later.wav")
    with CommandProcess(here, *arguments, CUESTREAM_SERVER=server.url) as second:
        assert second.end() == 0, second.events
    assert second.of("written")


def test_a_job_that_somebody_cancels_is_not_begun_again(server: ServerProcess, here: Path) -> None:
    with CommandProcess(here, *ANEW, CUESTREAM_SERVER=server.url) as command:
        job_id = command.until("job")["job_id"]
        with server.client() as client:
            assert client.delete(f"/api/jobs/{job_id}").is_success
        assert command.end() == 1, command.events
    assert [event["code"] for event in command.of("failed")] == ["cancelled"]
    assert not command.of("notice")


def test_two_runs_at_once_on_one_file_take_turns(server: ServerProcess, here: Path) -> None:
    with (
        CommandProcess(here, *ANEW, CUESTREAM_SERVER=server.url) as first,
        CommandProcess(here, *ANEW, CUESTREAM_SERVER=server.url) as second,
    ):
        assert sorted([first.end(), second.end()]) == [0, 3]
    assert len(first.of("job") + second.of("job")) == 1
    winner = first if first.of("written") else second
    assert_whole(winner, here / "talk.en.srt")
