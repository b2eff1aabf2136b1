"""`cuestream --watch`: which files it takes, when, and what it outlives."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command_process import CommandProcess, mount_or_skip
from tests.conftest import StartServer
from tests.server import DEAF, ServerProcess, free_port

WATCH = ("--watch", ".", "--settle-s", "0.5", "--from", "en", "--json")


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def watching(server: ServerProcess, inbox: Path) -> Iterator[CommandProcess]:
    with CommandProcess(inbox, *WATCH, CUESTREAM_SERVER=server.url) as command:
        yield command


def begin(watching: CommandProcess, talk: Path, inbox: Path) -> None:
    """Wait until the folder is watched: a first file has come and gone."""
    shutil.copy(talk, inbox / "first.wav")
    watching.until("written", input="first.wav")


def test_a_renamed_file_and_one_in_a_later_folder_are_taken(
    watching: CommandProcess, talk: Path, inbox: Path
) -> None:
    begin(watching, talk, inbox)
    shutil.copy(talk, inbox / "second.wav.part")
    (inbox / "second.wav.part").rename(inbox / "second.wav")
    watching.until("written", input="second.wav")
    made = inbox.with_name("made")
    (made / "deep").mkdir(parents=True)
    shutil.copy(talk, made / "deep" / "moved.wav")
    made.rename(inbox / "made")
    watching.until("written", input="made/deep/moved.wav")
    (inbox / "later" / ".git").mkdir(parents=True)
    shutil.copy(talk, inbox / "later" / "third.wav")
    watching.until("written", input="later/third.wav")
    assert watching.end(signal.SIGINT) == 130
    names = [event["input"] for event in watching.of("begun")]
    assert names == ["first.wav", "second.wav", "made/deep/moved.wav", "later/third.wav"]
    assert (inbox / "later" / "third.en.srt").exists()


def test_a_file_that_is_written_for_long_is_taken_once_it_is_closed(
    watching: CommandProcess, talk: Path, inbox: Path
) -> None:
    begin(watching, talk, inbox)
    content = talk.read_bytes()
    with (inbox / "long.wav").open("wb") as file:
        file.write(content[: len(content) // 2])
        file.flush()
        told = watching.until("notice", code="watch")
        assert "long.wav is open for writing" in told["message"]
        shutil.copy(talk, inbox / "short.wav")
        watching.until("written", input="short.wav")
        file.write(content[len(content) // 2 :])
    written = watching.until("written", input="long.wav")
    assert written["duration_ms"] > 5500, "a part of the file was heard"
    assert watching.end(signal.SIGTERM) == 143
    assert watching.events[-1] == {"event": "ended", "exit_code": 143}
    begun = [event["input"] for event in watching.of("begun")]
    assert begun == ["first.wav", "short.wav", "long.wav"]


def test_a_watch_outlives_what_fails_and_the_folder_itself(
    server: ServerProcess, talk: Path, inbox: Path
) -> None:
    shutil.copy(talk, inbox / "first.wav")
    watch = ("--watch", "inbox", *WATCH[2:])
    with CommandProcess(inbox.parent, *watch, CUESTREAM_SERVER=server.url) as watching:
        watching.until("written", input="inbox/first.wav")
        (inbox / "noise.wav").write_bytes(b"no media at all" * 99)
        assert watching.until("failed", input="inbox/noise.wav")["exit_code"] == 1
        away = inbox.with_name("away")
        inbox.rename(away)
        shutil.copy(talk, away / "second.wav")
        assert "is not there" in watching.until("notice", code="watch")["message"]
        away.rename(inbox)
        watching.until("written", input="inbox/second.wav")
        shutil.copy(talk, inbox / "noise.wav")
        watching.until("written", input="inbox/noise.wav")
        assert watching.end(signal.SIGINT) == 130
    begun = [event["input"] for event in watching.of("begun")]
    assert begun[0] == "inbox/first.wav"
    assert begun.count("inbox/first.wav") == 1


def test_files_wait_for_a_server_that_is_away(
    start_server: StartServer, talk: Path, inbox: Path
) -> None:
    port = str(free_port())
    url = f"http://127.0.0.1:{port}"
    with CommandProcess(inbox, *WATCH, CUESTREAM_SERVER=url) as watching:
        shutil.copy(talk, inbox / "early.wav")
        watching.until("reconnecting", input="early.wav")
        start_server(PORT=port)
        watching.until("written", input="early.wav")
        assert watching.end(signal.SIGINT) == 130


def test_a_wrong_key_ends_the_watch(start_server: StartServer, talk: Path, inbox: Path) -> None:
    keyed = start_server(**DEAF, API_KEYS="the-key")
    shutil.copy(talk, inbox / "talk.wav")
    with CommandProcess(inbox, *WATCH, "--key", "no", CUESTREAM_SERVER=keyed.url) as watching:
        assert watching.end() == 5
    assert [event["code"] for event in watching.of("failed")] == ["unauthorized"]


def test_without_the_systems_help_the_folder_is_looked_at(
    server: ServerProcess, talk: Path, inbox: Path
) -> None:
    """A system gives a user so many watches, and other programs may hold them all."""
    mount_or_skip()
    none = "echo 0 >/proc/sys/user/max_inotify_instances"
    with CommandProcess(inbox, *WATCH, before=none, CUESTREAM_SERVER=server.url) as watching:
        assert "Too many open files" in watching.until("notice", code="watch")["message"]
        shutil.copy(talk, inbox / "talk.wav")
        watching.until("written", input="talk.wav")
        assert watching.end(signal.SIGINT) == 130
    assert (inbox / "talk.en.srt").exists()
