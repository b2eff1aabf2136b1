"""`burn` and `dub`: every option reaches the operation, and an interrupt leaves nothing behind."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.cli.command_process import CAPTIONS, CLIP, CommandProcess
from tests.server import ServerProcess


@pytest.fixture(scope="module")
def long_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of film that takes seconds to encode; two seconds of it again and again."""
    path = tmp_path_factory.mktemp("film") / "film.mkv"
    sources = ("testsrc=s=1280x720:r=20:d=2", "anoisesrc=d=2:a=0.05:seed=1")
    inputs = [part for source in sources for part in ("-f", "lavfi", "-i", source)]
    begin = path.with_name("begin.mkv")
    ffmpeg = ("ffmpeg", "-v", "error")
    subprocess.run([*ffmpeg, *inputs, "-c:v", "mjpeg", "-c:a", "flac", str(begin)], check=True)
    repeated = ("-stream_loop", "29", "-i", str(begin), "-c", "copy", str(path))
    subprocess.run([*ffmpeg, *repeated], check=True)
    return path


def run(here: Path, server: ServerProcess, *arguments: str) -> CommandProcess:
    with CommandProcess(here, *arguments, "--json", CUESTREAM_SERVER=server.url) as command:
        command.end()
    return command


def test_options_of_a_dub_that_are_wrong_are_named(server: ServerProcess, here: Path) -> None:
    (here / "talk.wav").write_bytes(b"no sound")
    dub = ("dub", "talk.wav", "-o", "x")
    options = ("--mode", "loud", "--format", "mid", "--make", "film", "--field", "duck_db=low")
    wrong = run(here, server, *dub, *options)
    assert wrong.of("failed")[0]["code"] == "invalid_field", wrong.events
    named = set(re.findall(r"\w+", wrong.of("failed")[0]["message"]))
    assert {"mode", "format", "output", "duck_db"} <= named
    for given, code in (
        (("--to", "a/b"), "invalid_language"),
        (("--to", "es", "--voices", "Anna=nobody"), "invalid_field"),
    ):
        refused = run(here, server, *dub[:2], *given)
        assert refused.of("failed")[0]["code"] == code, (given, refused.events)
    assert run(here, server, *dub, "--voices", "Anna").process.returncode == 2


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--style", "FontSize=huge"), "invalid_field"),
        (("--profile", "nobodys"), "invalid_profile"),
    ],
)
def test_options_of_burn_reach_the_operation(
    server: ServerProcess, here: Path, options: tuple[str, ...], code: str
) -> None:
    shutil.copy(CLIP, here / "film.mp4")
    (here / "film.srt").write_text(CAPTIONS)
    wrong = run(here, server, "burn", "film.mp4", "film.srt", *options)
    assert wrong.of("failed")[0]["code"] == code, wrong.events


def lines(count: int) -> str:
    """Return subtitles of many lines, of which none was spoken before."""
    block = "{}\n00:00:{:02d},{:03d} --> 00:00:{:02d},{:03d}\nInterrupted line number {}.\n"
    times = [(n * 200 // 1000, n * 200 % 1000) for n in range(count + 1)]
    return "\n".join(block.format(n, *times[n], *times[n + 1], n) for n in range(count))


@pytest.mark.parametrize(
    ("arguments", "stage"),
    [
        (("burn", "film.mkv", "film.srt"), "Encoding the video"),
        (("dub", "film.mkv", "--subtitles", "film.srt", "--from", "en"), "Speaking line"),
    ],
    ids=["burn", "dub"],
)
def test_an_interrupt_ends_the_command_s_own_server_and_leaves_no_file(
    here: Path, long_film: Path, arguments: tuple[str, ...], stage: str
) -> None:
    shutil.copy(long_film, here / "film.mkv")
    (here / "film.srt").write_text(lines(290))
    with CommandProcess(here, *arguments, "--json") as command:
        while stage not in command.until("stage")["message"]:
            pass
        server = psutil.Process(command.process.pid).children(recursive=True)
        assert server
        assert command.end(signal.SIGINT) == 130, command.events
    assert command.of("skipped")[0]["reason"] == "the same command begins anew"
    assert not command.of("written")
    assert sorted(path.name for path in here.iterdir()) == ["film.mkv", "film.srt"]
    assert not psutil.wait_procs(server, timeout=60)[1]
