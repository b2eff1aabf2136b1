"""`make demo`, run as people run it, from the installed environment on."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import jiwer
import psutil
import pysubs2
import pytest

from tests.server import ROOT

DEMO = [sys.executable, "-m", "scripts.demo"]
TRUTH = json.loads((ROOT / "samples" / "two-voices.json").read_text())["sentences"]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Run it once; return what it printed and where its files are."""
    out = tmp_path_factory.mktemp("demo")
    environment = {**os.environ, "API_KEYS": "other", "PORT": "1", "ASR_ENGINE": "whisperx"}
    done = subprocess.run(
        [*DEMO, "--out", str(out)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, out


def cue_lines(text: str) -> list[tuple[str, str]]:
    """Return each cue that was printed, in both languages."""
    return re.findall(r"^  \d\d:\d\d\.\d - \d\d:\d\d\.\d  (.+)\n {20,}(.+)$", text, re.MULTILINE)


def plain(text: str) -> str:
    return re.sub(r"[^a-z' ]", "", text.lower())


def test_it_shows_each_cue_in_both_languages(shown: tuple[str, Path]) -> None:
    text, _ = shown
    cues = cue_lines(text)
    heard = plain(" ".join(english for english, _ in cues))
    truth = plain(" ".join(sentence["text"] for sentence in TRUTH))
    assert jiwer.wer(truth, heard) <= 0.10
    spanish = " ".join(translation for _, translation in cues).lower()
    for word in ("quieres", "verano", "museo", "casa", "tren", "veinte"):
        assert word in spanish


def test_it_shows_progress_before_the_first_cue_and_between_cues(shown: tuple[str, Path]) -> None:
    text, _ = shown
    percents = [int(percent) for percent in re.findall(r"^ +(\d+) %  ", text, re.MULTILINE)]
    assert percents == sorted(percents)
    assert percents[-1] == 100
    first_cue = text.index(" - 00:")
    assert " %  " in text[:first_cue]


def test_a_file_gets_no_control_codes(shown: tuple[str, Path]) -> None:
    assert "\033" not in shown[0]
    assert "\r" not in shown[0]


@pytest.mark.parametrize("name", ["srt", "vtt", "ass"])
def test_it_writes_the_files_that_it_names(shown: tuple[str, Path], name: str) -> None:
    text, out = shown
    path = out / f"demo.{name}"
    assert str(path) in text
    subtitles = pysubs2.load(str(path))
    assert len(subtitles) == len(cue_lines(text))
    for line, sentence in zip(subtitles, TRUTH, strict=True):
        assert abs(line.start - sentence["start_ms"]) <= 300
        assert abs(line.end - sentence["end_ms"]) <= 300


def test_it_says_how_to_do_it_by_hand(shown: tuple[str, Path]) -> None:
    text, _ = shown
    assert "make serve" in text
    assert "curl -N -F file=@samples/two-voices.mp4 -F target_lang=es http://localhost" in text


def servers_of(folder: Path) -> list[psutil.Process]:
    """Return the processes that run in a folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_no_server_is_left(shown: tuple[str, Path]) -> None:
    assert servers_of(shown[1]) == []


@pytest.fixture
def midway(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A demonstration that has shown its first progress."""
    command = [*DEMO, "--out", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any(" %  " in line for line in process.stdout)
        assert servers_of(tmp_path)
        yield process, tmp_path
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_server_is_left_however_it_is_stopped(
    midway: tuple[subprocess.Popen[str], Path], number: signal.Signals
) -> None:
    process, folder = midway
    process.send_signal(number)
    assert process.wait(40) == (-9 if number == signal.SIGKILL else 130)
    deadline = time.monotonic() + 30
    while servers_of(folder):
        assert time.monotonic() < deadline, servers_of(folder)
        time.sleep(0.1)


def test_a_failure_is_told_and_ends_with_1(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    apertium = programs / "apertium"
    apertium.write_text("#!/bin/sh\nexit 1\n")
    apertium.chmod(0o755)
    out = tmp_path / "out"
    done = subprocess.run(
        [*DEMO, "--out", str(out)],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: the engines cannot be loaded: ")
    assert "apertium" in done.stderr.lower()
    assert servers_of(out) == []
