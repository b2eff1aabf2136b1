"""What the command takes and where its results go: folders, pipes, sites, odd names, full disks."""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command_process import CAPTIONS, CommandProcess, environment, mount_or_skip
from tests.cli.test_progress_bars import last_rows
from tests.cli.test_sub_commands import piped, run
from tests.conftest import StartServer
from tests.endpoint_server import Reply, called_server
from tests.server import ROOT, ServerProcess

PLUGINS = ROOT / "tests" / "services" / "sources" / "ytdlp" / "site_plugins"


def names_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.srt"))


def test_folders_and_patterns_in_several_languages_into_a_folder(
    server: ServerProcess, here: Path, talk: Path
) -> None:
    (here / "talks" / "b").mkdir(parents=True)
    for name in ("a.wav", "b/a.WAV", ".hidden.wav", "b/part.wav.part", "notes.txt"):
        shutil.copy(talk, here / "talks" / name)
    arguments = ("talks", "--from", "en", "--to", "es,en,es,", "-o", "out/")
    done = run(here, *arguments, CUESTREAM_SERVER=server.url)
    assert done.process.returncode == 0, done.events
    found = ["a.en.srt", "a.es.srt", "b/a.en.srt", "b/a.es.srt"]
    assert names_below(here / "out") == found
    again = run(here, *arguments, CUESTREAM_SERVER=server.url)
    assert again.process.returncode == 0
    assert len(again.of("skipped")) == 4
    assert not again.of("job")
    globbed = run(
        here, "talks/**/*.[wW][aA][vV]", "--from", "en", "-o", "two/", CUESTREAM_SERVER=server.url
    )
    assert globbed.process.returncode == 0, globbed.events
    assert names_below(here / "two") == ["a.en.srt", "b/a.en.srt"]
    several = run(here, "talks", "--to", "es,en", "-o", "one.srt", CUESTREAM_SERVER=server.url)
    assert several.process.returncode == 2
    empty = run(here, "out", CUESTREAM_SERVER=server.url)
    assert empty.process.returncode == 6


def test_media_by_a_pipe_and_cues_as_they_come(
    server: ServerProcess, here: Path, talk: Path
) -> None:
    done = piped(
        here, "-", "--to", "es", "--live", stdin=talk.read_bytes(), CUESTREAM_SERVER=server.url
    )
    assert done.returncode == 0, done.stderr
    assert b"-->" in done.stdout
    assert b"-->" not in done.stderr
    assert b"0:00:0" in done.stderr, "no cue was shown"
    assert os.listdir(here) == []
    shutil.copy(talk, here / "talk.wav")
    full = f"{sys.executable} -P -m app talk.wav --from en -o - >/dev/full"
    env = environment(here, {"CUESTREAM_SERVER": server.url})
    failed = subprocess.run(["sh", "-c", full], cwd=here, env=env, capture_output=True, check=False)
    assert failed.returncode == 1
    assert b"standard output cannot be written: No space left" in failed.stderr
    assert b"Traceback" not in failed.stderr
    events = subprocess.run(
        ["sh", "-c", full.replace("-o -", "--json --force")],
        cwd=here, env=env, capture_output=True, check=False,
    )  # fmt: skip
    assert events.returncode == 1
    assert b"Traceback" not in events.stderr
    closed = subprocess.run(
        ["sh", "-c", f"{full.partition('>')[0]} --force | true; exit ${{PIPESTATUS:-0}}"],
        cwd=here, env=env, capture_output=True, check=False,
    )  # fmt: skip
    assert b"Traceback" not in closed.stderr


def test_names_that_are_odd(server: ServerProcess, here: Path) -> None:
    odd = [b"-talk.srt", b"new\nline.srt", b"\xff\xfe.srt", b'quo"te; x=y.srt', b"talk[1].srt"]
    for name in odd:
        Path(os.fsdecode(os.fsencode(here) + b"/" + name)).write_text(CAPTIONS)
    with CommandProcess(
        here, "--to", "es", "--json", "--", *odd, CUESTREAM_SERVER=server.url
    ) as command:
        assert command.end() == 0, command.events
    made = {os.fsencode(path.name) for path in here.glob("*.es.srt")}
    assert made == {name.removesuffix(b".srt") + b".es.srt" for name in odd}
    assert [os.fsencode(event["input"]) for event in command.of("written")] == odd
    shown = subprocess.run(
        [sys.executable, "-P", "-m", "app", "qc", "--", *odd],
        cwd=here,
        env=environment(here, {"CUESTREAM_SERVER": server.url, "PYTHONIOENCODING": "ascii"}),
        capture_output=True,
        check=False,
    )
    assert shown.returncode in (0, 7), shown.stderr
    assert b"new\\nline.srt" in shown.stdout
    missing = run(here, "x" * 300, CUESTREAM_SERVER=server.url)
    assert missing.process.returncode == 6
    sent = subprocess.run(
        [sys.executable, "-P", "-m", "app", "--field", b"title=\xff", "./-talk.srt"],
        cwd=here,
        env=environment(here, {"CUESTREAM_SERVER": server.url}),
        capture_output=True,
        check=False,
    )
    assert sent.returncode == 2, sent.stderr


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        ("mount -t tmpfs -o size=4k x out; head -c 4096 /dev/zero >out/filler", "No space left"),
        ("mount -t tmpfs x out; mount -o remount,ro out", "Read-only"),
    ],
    ids=["full", "read-only"],
)
def test_a_folder_that_cannot_be_written_is_told(
    server: ServerProcess, here: Path, before: str, reason: str
) -> None:
    mount_or_skip()
    (here / "out").mkdir()
    (here / "talk.srt").write_text(CAPTIONS)
    with CommandProcess(
        here, "talk.srt", "--to", "es", "-o", "out", "--json",
        before=before, CUESTREAM_SERVER=server.url,
    ) as command:  # fmt: skip
        assert command.end() == 1, command.events
    [failed] = command.of("failed")
    assert reason in failed["message"]
    assert "out/talk.es.srt" in failed["message"]


def test_without_a_place_for_its_memory_the_command_works(
    server: ServerProcess, here: Path
) -> None:
    (here / "talk.srt").write_text(CAPTIONS)
    done = run(
        here, "talk.srt", "--to", "es", CUESTREAM_SERVER=server.url, CUESTREAM_STATE_DIR="/proc/no"
    )
    assert done.process.returncode == 0, done.events
    assert [event["code"] for event in done.of("notice")] == ["state_not_saved"]
    assert (here / "talk.es.srt").exists()


@pytest.fixture(scope="module")
def viewer(start_server: StartServer) -> ServerProcess:
    """A server whose yt-dlp knows the pages of the local site."""
    return start_server(ALLOW_PRIVATE_URLS="true", PYTHONPATH=str(PLUGINS))


def test_a_page_that_ytdlp_knows_is_subtitled_under_its_title(
    viewer: ServerProcess, here: Path, talk: Path
) -> None:
    answers = {"/talk.wav": Reply(talk.read_bytes(), headers={"Content-Type": "audio/wav"})}
    with called_server(lambda call: answers.get(call.path, Reply({}, status=404))) as site:
        sound = {"url": f"{site.url}/talk.wav", "ext": "wav", "vcodec": "none"}
        answers["/page/lecture"] = Reply({"title": "../A talk: part 1/2", "formats": [sound]})
        answers["/page/hidden"] = Reply({"fails": "login"})
        for name in ("lecture", "hidden"):
            page = Reply(b"<html>A player</html>", headers={"Content-Type": "text/html"})
            answers[f"/watch/{name}"] = page
        address = f"{site.url}/watch/lecture"
        done = run(here, address, "--from", "en", CUESTREAM_SERVER=viewer.url)
        assert done.process.returncode == 0, done.events
        assert os.listdir(here) == ["A talk part 1 2.en.srt"]
        refused = run(here, f"{site.url}/watch/hidden", CUESTREAM_SERVER=viewer.url)
    assert refused.process.returncode == 1
    assert refused.of("failed")[0]["code"] == "source_login_required"
    assert refused.of("failed")[0]["advice"]


def test_a_terminal_shows_a_bar_for_each_stage_and_the_speed(
    server: ServerProcess, here: Path, talk: Path
) -> None:
    shutil.copy(talk, here / "talk.wav")
    ours, theirs = pty.openpty()
    shown = {"CUESTREAM_SERVER": server.url, "TERM": "xterm-256color", "COLUMNS": "120"}
    with subprocess.Popen(
        [
            sys.executable,
            "-P",
            "-m",
            "app",
            "talk.wav",
            "--to",
            "es",
            "--field",
            "force_refresh=true",
        ],
        cwd=here,
        env=environment(here, shown),
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        drawn = b"".join(_read(ours)).decode()
    os.close(ours)
    assert process.returncode == 0, drawn
    assert re.search(r"transcrib\w*.*\d+ %", drawn), drawn
    assert re.search(r"\d+\.\dx", drawn), drawn
    assert "talk.es.srt" in drawn
    rows = last_rows(drawn.replace("\r\n", "\n"))
    assert ("checking", 100) in rows
    assert {percent for _, percent in rows} == {100}, "a stage that is over stands there as such"
    assert drawn.rfind("\x1b[?25h") > drawn.rfind("\x1b[?25l"), "the cursor stays hidden"


def _read(terminal: int) -> Iterator[bytes]:
    """Yield what a terminal is sent; its end is an error."""
    while True:
        try:
            part = os.read(terminal, 2**16)
        except OSError:
            return
        yield part
