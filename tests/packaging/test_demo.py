"""`make demo`, run as people run it, from the installed environment on."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import jiwer
import psutil
import pysubs2
import pytest

from tests.server import ROOT

DEMO = [sys.executable, "-m", "scripts.demo"]
TRUTH = json.loads((ROOT / "samples" / "voicemail.json").read_text("utf-8"))["sentences"]
DIRECTIONS = {"Spanish": "es", "English": "en"}
CUE = re.compile(
    r"^  \d\d:\d\d\.\d - \d\d:\d\d\.\d  (?P<spoken>[a-z]{2})  (?P<text>.+)"
    r"(?:\n {21}(?P<target>[a-z]{2})  (?P<translation>.+))?$",
    re.MULTILINE,
)
"""A cue that was printed, and its translation where there is one."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Run it once; return what it printed and where its files are."""
    out = tmp_path_factory.mktemp("demo")
    environment = {**os.environ, "API_KEYS": "other", "PORT": "1", "ASR_ENGINE": "none"}
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


def cues(text: str, language: str) -> list[re.Match[str]]:
    """Return the cues that were printed for subtitles in a language."""
    begin = text.index(f"with subtitles in {language}")
    end = text.find("with subtitles in", begin + 1)
    return list(CUE.finditer(text[begin : end if end > 0 else text.index("\nInto ")]))


def words(texts: Iterable[str]) -> str:
    """Return texts as jiwer compares them: no case, accents or punctuation."""
    decomposed = unicodedata.normalize("NFD", " ".join(texts).lower().replace("'", ""))
    return " ".join(re.sub(r"[^a-z0-9\u0300-\u036f]", " ", decomposed).split()).translate(
        {code: None for code in range(0x300, 0x370)}
    )


@pytest.mark.parametrize("language", DIRECTIONS)
def test_it_shows_each_cue_in_both_languages(shown: tuple[str, Path], language: str) -> None:
    found = cues(shown[0], language)
    target = DIRECTIONS[language]
    assert {cue["spoken"] for cue in found} == {"es", "en"}
    for cue in found:
        expected = None if cue["spoken"] == target else target
        assert cue["target"] == expected, cue[0]
    translated = [cue for cue in found if cue["translation"]]
    assert len(translated) >= 4
    assert any(cue["translation"] != cue["text"] for cue in translated)


def test_it_says_the_word_error_rate_of_what_it_showed(shown: tuple[str, Path]) -> None:
    text, _ = shown
    truth = words(sentence["text"] for sentence in TRUTH)
    for language in DIRECTIONS:
        figures = re.search(
            rf"^Into {language}: (\d+) cues for 78\.\d s of audio in [\d.]+ s; the first one came "
            r"after [\d.]+ s\.$(?:\n  \d+ % .*)?\n  Word error rate of what was heard: ([\d.]+) % "
            r"\(([\d.]+) % in Spanish, ([\d.]+) % in English\)",
            text,
            re.MULTILINE,
        )
        assert figures is not None
        count, everywhere, spanish, english = map(float, figures.groups())
        found = cues(text, language)
        assert count == len(found)
        heard = words(cue["text"] for cue in found)
        assert everywhere == pytest.approx(100 * jiwer.wer(truth, heard), abs=0.06)
        assert min(spanish, english) <= everywhere <= max(spanish, english)
        assert everywhere <= 12


def test_it_shows_progress_before_the_first_cue_and_between_cues(shown: tuple[str, Path]) -> None:
    for part in shown[0].split("with subtitles in")[1:]:
        percents = [int(percent) for percent in re.findall(r"^ +(\d+) %  ", part, re.MULTILINE)]
        assert percents == sorted(percents)
        assert percents[-1] == 100
        assert " %  " in part[: part.index(" - 00:")]


def test_a_file_gets_no_control_codes(shown: tuple[str, Path]) -> None:
    assert "\033" not in shown[0]
    assert "\r" not in shown[0]


@pytest.mark.parametrize("name", ["srt", "vtt", "ass"])
@pytest.mark.parametrize("language", DIRECTIONS)
def test_it_writes_the_files_that_it_names(
    shown: tuple[str, Path], language: str, name: str
) -> None:
    text, out = shown
    path = out / f"demo.{DIRECTIONS[language]}.{name}"
    assert str(path) in text
    subtitles = pysubs2.load(str(path))
    printed = cues(text, language)
    assert len(subtitles) == len(printed)
    for line, cue in zip(subtitles, printed, strict=True):
        assert line.plaintext.split() == (cue["translation"] or cue["text"]).split()
    said = [(sentence["start_ms"], sentence["end_ms"]) for sentence in TRUTH]
    for line in subtitles:
        assert any(
            min(line.end, end_ms) - max(line.start, start_ms) > (line.end - line.start) / 2
            for start_ms, end_ms in said
        ), f"{line.plaintext} is shown where nobody says it"


def test_it_says_how_to_do_it_by_hand(shown: tuple[str, Path]) -> None:
    text, _ = shown
    assert "make serve" in text
    assert "curl -N -F file=@samples/voicemail.mp4 -F target_lang=es" in text


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


@contextmanager
def demo_until(told: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a demonstration, and yield it when it has told so much and its server runs."""
    command = [*DEMO, "--out", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any(told in line for line in process.stdout)
        assert servers_of(folder)
        yield process
        process.kill()


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (signal.SIGINT, "Loading the engines"),
        (signal.SIGINT, " %  "),  # its first progress
        (signal.SIGTERM, "Loading the engines"),
        (signal.SIGKILL, "Loading the engines"),
    ],
)
def test_no_server_is_left_however_it_is_stopped(
    number: signal.Signals, told: str, tmp_path: Path
) -> None:
    with demo_until(told, tmp_path) as process:
        process.send_signal(number)
        assert process.wait(40) == (-9 if number == signal.SIGKILL else 130)
        deadline = time.monotonic() + 30
        while servers_of(tmp_path):
            assert time.monotonic() < deadline, servers_of(tmp_path)
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
