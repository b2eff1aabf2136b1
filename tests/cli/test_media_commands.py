"""`burn` and `dub`: every option reaches the operation, and an interrupt leaves nothing behind."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command_process import CAPTIONS, PATIENCE_S, CommandProcess
from tests.processes import media_programs_of
from tests.server import ServerProcess


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of picture with noise under it, as WebM: its copy is Matroska."""
    path = tmp_path_factory.mktemp("film") / "film.webm"
    picture = ("-f", "lavfi", "-i", "testsrc=s=1280x720:r=30:d=60")
    sound = ("-f", "lavfi", "-i", "anoisesrc=d=60:c=pink:a=0.05:r=48000")
    codecs = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "16", "-b:v", "500k")
    subprocess.run(["ffmpeg", "-v", "error", *picture, *sound, *codecs, str(path)], check=True)
    return path


def run(here: Path, server: ServerProcess, *arguments: str) -> CommandProcess:
    with CommandProcess(here, *arguments, "--json", CUESTREAM_SERVER=server.url) as command:
        command.end()
    return command


def streams(path: Path) -> list[dict[str, Any]]:
    command = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", str(path)]
    found: list[dict[str, Any]] = json.loads(subprocess.check_output(command))["streams"]
    return found


def test_every_option_of_a_dub_reaches_the_operation(
    server: ServerProcess, here: Path, film: Path
) -> None:
    shutil.copy(film, here / "film.webm")
    (here / "film.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:03.500\n<v Anna>Hello there.\n")
    dub = ("dub", "film.webm", "--subtitles", "film.vtt", "--to", "en", "--from", "en")
    made = run(
        here, server, *dub, "--make", "track", "--mode", "replace", "--voices", "Anna=en-gb",
        "--voices", "Bob=en-us", "--field", "default_track=true",
    )  # fmt: skip
    assert made.process.returncode == 0, made.events
    assert made.of("written")[0]["path"] == "film.en.dub.mkv"
    sounds = [each for each in streams(here / "film.en.dub.mkv") if each["codec_type"] == "audio"]
    assert [each["disposition"]["default"] for each in sounds] == [0, 1]
    assert {each["code"]: each["message"] for each in made.of("notice")}["voices_unused"].count(
        "Bob"
    )
    assert decoded_peak(here / "film.en.dub.mkv", "0:a:1", "0.9") < 0.001, "the noise is gone"
    sound = run(here, server, *dub, "--format", "opus", "--mode", "mix", "--speakers")
    assert sound.of("written")[0]["path"] == "film.en.dub.opus", sound.events
    assert decoded_peak(here / "film.en.dub.opus", "0:a:0", "0.9") > 0.01, "the noise stays"
    for option, wrong, code in (
        ("--mode", "loud", "invalid_field"),
        ("--format", "mid", "invalid_field"),
        ("--voices", "Anna=nobody", "invalid_field"),
        ("--field", "duck_db=loud", "invalid_field"),
        ("--to", "a/b", "invalid_language"),
        ("--from", "a/b", "invalid_language"),
    ):
        refused = run(here, server, *dub, option, wrong, "-o", "other")
        assert refused.process.returncode == 1, (option, refused.events)
        assert refused.of("failed")[0]["code"] == code, (option, refused.events)
    assert run(here, server, *dub, "--voices", "Anna").process.returncode == 2
    assert len(list(here.iterdir())) == 4


def decoded_peak(path: Path, stream: str, length_s: str) -> float:
    """Return the highest level of the begin of a sound, 0..1."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", stream, "-t", length_s]
    data = subprocess.check_output([*command, "-ac", "1", "-f", "s16le", "-"])
    return max(map(abs, memoryview(data).cast("h"))) / 32768


def test_a_style_reaches_what_burns_in(server: ServerProcess, here: Path, film: Path) -> None:
    shutil.copy(film, here / "film.webm")
    (here / "film.srt").write_text(CAPTIONS)
    burn = ("burn", "film.webm", "film.srt")
    for options in (("--style", "FontSize=huge"), ("--field", "force_style=FontSize=huge")):
        wrong = run(here, server, *burn, *options)
        assert wrong.of("failed")[0]["code"] == "invalid_field", wrong.events
        assert "FontSize" in wrong.of("failed")[0]["message"]
    unknown = run(here, server, *burn, "--profile", "nobodys")
    assert unknown.of("failed")[0]["code"] == "invalid_profile", unknown.events


def lines(count: int) -> str:
    """Return subtitles of many lines, of which none was spoken before."""
    block = "{}\n00:00:{:02d},{:03d} --> 00:00:{:02d},{:03d}\nInterrupted line number {}.\n"
    times = [(n * 200 // 1000, n * 200 % 1000) for n in range(count + 1)]
    return "\n".join(block.format(n, *times[n], *times[n + 1], n) for n in range(count))


@pytest.mark.parametrize(
    ("arguments", "stage"),
    [
        (("burn", "film.webm", "film.srt"), "Encoding the video"),
        (("dub", "film.webm", "--subtitles", "film.srt", "--from", "en"), "Speaking line"),
    ],
    ids=["burn", "dub"],
)
def test_an_interrupt_ends_the_work_on_the_server_and_leaves_no_file(
    server: ServerProcess, here: Path, film: Path, arguments: tuple[str, ...], stage: str
) -> None:
    shutil.copy(film, here / "film.webm")
    (here / "film.srt").write_text(lines(290))
    with CommandProcess(here, *arguments, "--json", CUESTREAM_SERVER=server.url) as command:
        while stage not in command.until("stage")["message"]:
            pass
        assert command.end(signal.SIGINT) == 130, command.events
    assert command.of("skipped")[0]["reason"] == "the same command begins anew"
    assert not command.of("written")
    assert sorted(path.name for path in here.iterdir()) == ["film.srt", "film.webm"]
    deadline_s = time.monotonic() + PATIENCE_S
    while (left := media_programs_of(server)) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert not left
