"""`make subtitles`: one file, subtitles beside it; run from the installed environment on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pysubs2
import pytest

from scripts import subtitles
from tests.packaging.test_demo import servers_of
from tests.server import ROOT, WHISPER, inherited

Make = Callable[..., "subprocess.CompletedProcess[str]"]

CAPTIONS = "1\n00:00:01,000 --> 00:00:03,500\nWhere is the house?\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with captions of one line, whose name has every sign that a shell acts on."""
    (tmp_path / "a $talk #1's.en.vtt.srt").write_text(CAPTIONS)
    return tmp_path


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Run `make subtitles` where everything is installed already."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for name in ("app", "Makefile", "gunicorn.conf.py", "pyproject.toml", "constraints.txt"):
        (checkout / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "scripts", checkout / "scripts")
    (checkout / ".venv").symlink_to(ROOT / ".venv")
    (checkout / "scripts" / "prepare.sh").write_text("#!/bin/sh\n")

    def run(**variables: str) -> subprocess.CompletedProcess[str]:
        kept = inherited()
        settings = {
            **kept,
            "CACHE_DIR": str(tmp_path / "cache"),
            **WHISPER,
            "ENABLE_WHISPER": "false",
        }
        command = ["make", "subtitles", *(f"{name}={text}" for name, text in variables.items())]
        return subprocess.run(
            command,
            cwd=checkout,
            env=settings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def test_it_writes_the_subtitles_beside_the_file(folder: Path, make: Make) -> None:
    file = next(folder.glob("*.srt"))
    done = make(FILE=str(file), TO="es", FORMAT="vtt")
    assert done.returncode == 0, done.stdout + done.stderr
    written = folder / "a $talk #1's.en.vtt.es.vtt"
    assert "casa" in pysubs2.load(str(written))[0].text
    assert str(written) in done.stdout
    assert "in Spanish" in done.stdout
    assert " %  " in done.stdout
    assert f"{written}: 1 cue in es, " in done.stdout
    assert oct(written.stat().st_mode & 0o777) == oct(0o666 & ~subtitles._umask())
    left = {path.name for path in folder.iterdir()} - {"checkout", "cache"}
    assert left == {file.name, written.name}, "nothing else is left"
    again = make(FILE=str(file), TO="es", FORMAT="vtt")
    assert again.returncode != 0
    assert "is there already; FORCE=1 overwrites it" in again.stderr
    written.write_text("old")
    forced = make(FILE=str(file), TO="es", FORMAT="vtt", FORCE="1")
    assert forced.returncode == 0, forced.stderr
    assert "casa" in written.read_text()


def test_what_the_server_refuses_is_said_with_what_helps(folder: Path, make: Make) -> None:
    done = make(FILE=str(next(folder.glob("*.srt"))), TO="ja")
    assert done.returncode != 0
    assert "from English to Spanish and from Spanish to English only" in done.stderr
    assert "TRANSLATION_PROVIDER=openai" in done.stderr
    assert [path for path in folder.iterdir() if path.suffix == ".srt"] == [
        next(folder.glob("*.srt"))
    ]


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({}, "no FILE is named\nusage: make subtitles FILE=talk.mp4"),
        ({"FILE": "no such.mp4"}, "there is no file 'no such.mp4' in /"),
        ({"FILE": "scripts"}, "FILE: 'scripts' is not a file"),
        (
            {"FILE": "Makefile", "TO": "klingonese"},
            "TO: 'klingonese' is not the code of a language",
        ),
        ({"FILE": "Makefile", "FORMAT": "docx"}, "Unknown format 'docx'; known: srt, vtt"),
        ({"FILE": "~/no such.mp4"}, "there is no file '~/no such.mp4'"),
    ],
)
def test_what_cannot_be_is_said_before_a_server_starts(
    make: Make, variables: dict[str, str], text: str
) -> None:
    done = make(**variables)
    assert done.returncode != 0
    assert text in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout.strip() == ""


def test_the_file_itself_is_never_overwritten(folder: Path, make: Make) -> None:
    file = next(folder.glob("*.srt"))
    done = make(FILE=str(file), FORCE="1")
    assert "the subtitles would overwrite" in done.stderr
    assert file.read_text() == CAPTIONS


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_a_file_that_appears_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:

        def refuse(*_: object) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(Path, "hardlink_to", refuse)
    temporary, output = tmp_path / "made", tmp_path / "talk.srt"
    temporary.write_text("new")
    subtitles._put(temporary, output, force=False)
    assert output.read_text() == "new"
    temporary.unlink(missing_ok=True)
    temporary.write_text("newer")
    with pytest.raises(FileExistsError):
        subtitles._put(temporary, output, force=False)
    assert output.read_text() == "new"
    temporary.write_text("newest")
    subtitles._put(temporary, output, force=True)
    assert output.read_text() == "newest"


def test_an_interrupt_leaves_no_file_and_no_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_folder = tmp_path / "log"
    log_folder.mkdir()
    (tmp_path / "talk.srt").write_text(CAPTIONS)
    command = [subtitles.sys.executable, "-m", "scripts.subtitles"]
    command += ["--file", str(tmp_path / "talk.srt"), "--to", "es"]
    environment = {**os.environ, **WHISPER, "CACHE_DIR": str(tmp_path / "cache")}
    environment["TMPDIR"] = str(log_folder)
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert any("Loading the engines" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr is not None
        assert process.stderr.read().endswith("stopped; nothing was written\n")
    assert not list(tmp_path.glob("*.es.srt"))
    assert list(log_folder.iterdir()) == []
    assert servers_of(log_folder) == []
