"""`burn`, `dub`, `align` and `qc` across cut connections and interrupts: no work is done twice."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from tests.cli.command_process import CAPTIONS, CommandProcess
from tests.cli.cutting_proxy import Cut, CuttingProxy
from tests.cli.test_sub_commands import SENTENCES, TALK, streams_of
from tests.media_operations import FAST, ffmpeg
from tests.server import ServerProcess

FIRST = Cut(seen=b'"events":"/api/jobs')
BODY = Cut(seen=b"ftyp")


def noise(path: Path) -> Path:
    """Make a second of a picture that needs more bytes than a proxy passes on at once."""
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=480x270:r=10,noise=alls=90:allf=t",
        "-t",
        "1",
        *FAST,
        str(path),
    )
    return path


def test_a_cut_burn_goes_on_with_its_job_and_a_cut_download_with_its_bytes(
    server: ServerProcess, here: Path
) -> None:
    size = noise(here / "talk.mp4").stat().st_size
    (here / "talk.srt").write_text(CAPTIONS.replace("01,000", "00,000"))
    arguments = ("burn", "talk.mp4", "talk.srt", "--json")
    with (
        CuttingProxy(server.port, FIRST, Cut(), BODY) as proxy,
        CommandProcess(here, *arguments, CUESTREAM_SERVER=proxy.url) as command,
    ):
        assert command.end() == 0, command.events
        assert proxy.done == [FIRST, BODY]
        assert (here / "talk.burned.mp4").stat().st_size > 4 * 2**16, "it comes at once"
        assert proxy.sent_bytes < 2 * size, "the video was sent again"
        assert any(b"\r\nrange: bytes=" in head for head in proxy.heads), "from its beginning"
    assert len(command.of("reconnecting")) == 2
    assert len(command.of("job")) == 1, "the job was begun again"
    made = here / "talk.burned.mp4"
    assert streams_of(made) == ["video"]
    subprocess.run(["ffmpeg", "-v", "error", "-xerror", "-i", made, "-f", "null", "-"], check=True)
    assert sorted(path.name for path in here.iterdir()) == [
        "talk.burned.mp4",
        "talk.mp4",
        "talk.srt",
    ]


def test_after_an_interrupt_the_next_dub_goes_on_with_the_same_job(
    server: ServerProcess, here: Path
) -> None:
    ffmpeg("-f", "lavfi", "-i", "sine=duration=4", str(here / "talk.wav"))
    (here / "talk.srt").write_text(CAPTIONS)
    arguments = ("dub", "talk.wav", "--subtitles", "talk.srt", "--to", "es", "--json")
    with CommandProcess(here, *arguments, CUESTREAM_SERVER=server.url) as first:
        first.until("job")
        assert first.end(signal.SIGINT) == 130
    [told] = first.of("notice")
    job = first.of("job")[0]["job_id"]
    assert (told["code"], f" cancel {job} " in told["message"]) == ("goes_on", True)
    assert sorted(path.name for path in here.iterdir()) == ["talk.srt", "talk.wav"]
    with CommandProcess(here, *arguments, CUESTREAM_SERVER=server.url) as second:
        assert second.end() == 0, second.events
    assert second.events[0] == {"event": "begun", "input": "talk.wav", "resumed": True}
    assert second.of("job") == [], "the job was begun again"
    assert not [event for event in second.of("stage") if event["stage"] == "uploading"]
    assert (here / "talk.es.dub.flac").read_bytes().startswith(b"fLaC")
    again = ("dub", "talk.wav", "--subtitles", "talk.srt", "--to", "es", "--json", "--force")
    with CommandProcess(here, *again, CUESTREAM_SERVER=server.url) as third:
        assert third.end() == 0, third.events
    assert third.events[0]["resumed"] is False, "what is written is work no more"


def test_a_recording_that_was_uploaded_is_aligned_by_the_next_run(
    server: ServerProcess, here: Path
) -> None:
    wav = here / "talk.wav"
    ffmpeg(
        "-i", str(TALK), "-t", "6.2", "-ac", "2", "-ar", "192000", "-c:a", "pcm_f64le", str(wav)
    )  # fmt: skip
    size = wav.stat().st_size
    assert size > 17 * 2**20
    (here / "talk.txt").write_text("\n".join(each["text"] for each in SENTENCES[:2]))
    arguments = ("align", "talk.txt", "talk.wav", "--from", "en", "--json")
    with CuttingProxy(server.port) as proxy:
        with CommandProcess(here, *arguments, CUESTREAM_SERVER=proxy.url) as first:
            first.until("stage", stage="uploading", percent=100)
            assert first.end(signal.SIGINT) == 130
        with CommandProcess(here, *arguments, CUESTREAM_SERVER=proxy.url) as second:
            assert second.end() == 0, second.events
        assert proxy.sent_bytes < size + 2**20, "the recording was sent again"
    assert second.events[0] == {"event": "begun", "input": "talk.wav", "resumed": True}
    assert "next year" in (here / "talk.en.srt").read_text()


def test_a_cut_check_is_asked_for_again(server: ServerProcess, here: Path) -> None:
    (here / "talk.srt").write_text(CAPTIONS)
    cut = Cut(sent_bytes=100)
    with (
        CuttingProxy(server.port, cut) as proxy,
        CommandProcess(here, "qc", "talk.srt", "--json", CUESTREAM_SERVER=proxy.url) as command,
    ):
        assert command.end() in (0, 7), command.events
        assert proxy.done == [cut]
    assert len(command.of("reconnecting")) == 1
    assert len(command.of("report")) == 1
