"""The command `cuestream` against a real server with Whisper, and with a server of its own."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from app.cli.main_command import cli
from tests.endpoint_server import Reply, called_server
from tests.server import ROOT, WHISPER, ServerProcess, inherited

CLIP = ROOT / "samples" / "voicemail.mp4"
CAPTIONS = "1\n00:00:01,000 --> 00:00:03,500\nWhere is the house?\n"
FAST = "1\n00:00:01,000 --> 00:00:01,300\nWhere do you want to go, my very old friend?\n"

Run = Callable[..., Result]


@pytest.fixture
def run(server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in this process against the shared server, in a folder of its own."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("CUESTREAM_SERVER", server.url)
    monkeypatch.setenv("CUESTREAM_STATE_DIR", str(tmp_path / "state"))

    def call(*arguments: str, stdin: bytes | None = None) -> Result:
        return CliRunner().invoke(cli, list(arguments), input=stdin, prog_name="cuestream")

    return call


def events_of(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_subtitles_lie_beside_the_file_and_are_never_overwritten(run: Run) -> None:
    Path("talk.srt").write_text(CAPTIONS)
    done = run("talk.srt", "--to", "es", "--format", "srt,vtt", "--json")
    assert done.exit_code == 0, done.output
    assert "casa" in Path("talk.es.srt").read_text()
    assert Path("talk.es.vtt").read_text().startswith("WEBVTT")
    assert sorted(path.name for path in Path().iterdir()) == [
        "talk.es.srt",
        "talk.es.vtt",
        "talk.srt",
    ]
    kinds = [event["event"] for event in events_of(done)]
    assert kinds[0] == "begun"
    assert kinds[-3:] == ["written", "written", "ended"]
    assert {"job", "cues", "stage"} <= set(kinds)
    Path("talk.es.srt").write_text("mine")
    again = run("talk.srt", "--to", "es", "--quiet")
    assert again.exit_code == 3
    assert Path("talk.es.srt").read_text() == "mine"
    assert run("talk.s*", "--to", "es", "--field", "source_lang=en", "--quiet").exit_code == 0
    assert Path("talk.es.srt").read_text() == "mine"
    assert run("talk.srt", "--to", "es", "--force", "--quiet").exit_code == 0
    assert "casa" in Path("talk.es.srt").read_text()


def test_names_have_the_results_language_and_the_words_that_players_know(run: Run) -> None:
    Path("talk.en.forced.srt").write_text(CAPTIONS)
    arguments = ("--to", "es", "--field", "source_lang=en", "--quiet")
    assert run("talk.en.forced.srt", *arguments).exit_code == 0
    assert run("talk.en.forced.srt", *arguments, "--field", "sdh=true").exit_code == 0
    assert sorted(path.name for path in Path().iterdir()) == [
        "talk.en.forced.srt",
        "talk.es.forced.sdh.srt",
        "talk.es.forced.srt",
    ]


def test_a_file_that_appears_meanwhile_is_left_alone(run: Run) -> None:
    Path("talk.srt").write_text(CAPTIONS)
    Path("talk.en.vtt").write_text("mine")
    done = run("talk.srt", "--format", "vtt", "--field", "captions_lang=en", "--json")
    assert done.exit_code == 3, done.output
    assert Path("talk.en.vtt").read_text() == "mine"
    failed = [event for event in events_of(done) if event["event"] == "failed"]
    assert [event["exit_code"] for event in failed] == [3]


def test_a_pipe_in_and_a_pipe_out(run: Run) -> None:
    done = run("-", "--to", "es", "--quiet", stdin=CAPTIONS.encode())
    assert done.exit_code == 0, done.output
    assert "casa" in done.stdout
    assert list(Path().iterdir()) == []
    assert run("-", "--quiet", stdin=b"").exit_code == 6


def test_exit_codes_tell_what_was_wrong(run: Run, tmp_path: Path) -> None:
    Path("talk.srt").write_text(CAPTIONS)
    Path("noise.mp4").write_bytes(b"no media at all" * 99)
    assert run("nothing.mp4").exit_code == 6
    assert run("talk.srt", "--to", "klingon!").exit_code == 2
    assert run("talk.srt", "--format", "docx").exit_code == 2
    assert run("talk.srt", "--field", "novalue").exit_code == 2
    assert run("--no-such-option").exit_code == 2
    assert run("noise.mp4", "--json").exit_code == 1
    refused = run("talk.srt", "--to", "ja", "--json")
    [failed] = [event for event in events_of(refused) if event["event"] == "failed"]
    assert (refused.exit_code, failed["code"]) == (1, "invalid_language")
    assert "TRANSLATION_PROVIDER" in failed["advice"]
    assert run("talk.srt", "--server", "ftp://nowhere").exit_code == 2


def test_work_that_a_server_goes_on_with_is_cancelled(run: Run, server: ServerProcess) -> None:
    with server.client() as client:
        order = {"input": {"url": "http://192.0.2.1/talk.mp4"}}
        job = client.post("/run", json=order).json()["id"]
        done = run("cancel", job, "--json")
        assert done.exit_code == 0, done.output
        [told] = [event for event in events_of(done) if event["event"] == "skipped"]
        state = client.get(f"/status/{job}").json()["status"]
    assert (told["input"], told["reason"]) == (job, state.lower())
    assert state in ("CANCELLED", "FAILED"), "an address that is refused fails at once"
    unknown = run("cancel", "no-such-job", job, "--json")
    assert unknown.exit_code == 1
    [failed] = [event for event in events_of(unknown) if event["event"] == "failed"]
    assert (failed["input"], failed["code"]) == ("no-such-job", "job_not_found")
    [told] = [event for event in events_of(unknown) if event["event"] == "skipped"]
    assert told["input"] == job, "the next one is cancelled all the same"


def test_what_is_mistyped_or_left_out_is_told_with_the_next_step(run: Run) -> None:
    slip = run("doctr")
    assert slip.exit_code == 2
    assert "'doctor'" in slip.output
    Path("doctr").write_text(CAPTIONS)
    assert "'doctor'" not in run("doctr", "--format", "docx").output, "there is a file"
    assert "no file 'nothing.mp4'" in run("--live", "nothing.mp4").output, "an option is no slip"
    nothing = run("subtitle")
    assert nothing.exit_code == 2
    assert "--watch FOLDER" in nothing.output
    for command in ("", "subtitle", "burn", "config", "models"):
        shown = run(*filter(None, [command]), "-h")
        assert (shown.exit_code, f"cuestream {command}".strip() in shown.output) == (0, True)


def test_what_passes_and_what_is_no_server_have_codes_of_their_own(run: Run) -> None:
    """What a program does next differs: try again later, or mend the address."""
    Path("talk.srt").write_text(CAPTIONS)
    later = {"error": "The site asks for patience", "code": "source_unavailable"}
    answers = {True: Reply({**later, "retryable": True}, status=503), False: Reply(b"<html>Hi")}
    for retryable, code in ((True, 9), (False, 4)):
        with called_server(lambda _, reply=answers[retryable]: reply) as other:  # type: ignore[misc]
            done = run("qc", "talk.srt", "--server", other.url, "--json")
        assert done.exit_code == code, done.output
        kinds = [event["event"] for event in events_of(done)]
        assert kinds == ["failed", "ended"], "it does not wait for what it knows no end of"


def test_quality_is_reported_and_layout_done_anew(run: Run) -> None:
    Path("fast.srt").write_text(FAST)
    report = run("qc", "fast.srt", "--json")
    assert report.exit_code == 7
    told, _ended = events_of(report)
    assert told["event"] == "report"
    assert told["conforming"] < told["cues"]
    assert "obey" in run("qc", "fast.srt", "--profile", "netflix").stdout
    assert run("relayout", "fast.srt", "--profile", "shorts", "-q").exit_code == 0
    assert "friend" in Path("fast.shorts.srt").read_text()
    assert run("relayout", "fast.srt", "--profile", "shorts", "-q").exit_code == 3


def test_subtitles_are_burned_in(run: Run) -> None:
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=s=64x64:d=1:r=10"]
    subprocess.run([*command, "clip.mp4"], check=True)
    Path("clip.es.srt").write_text(CAPTIONS)
    done = run("burn", "clip.mp4", "clip.es.srt", "-q")
    assert done.exit_code == 0, done.output
    assert b"ftyp" in Path("clip.es.burned.mp4").read_bytes()[:12]
    assert not list(Path().glob(".cuestream*"))


def test_models_settings_and_the_version_are_shown(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("models", "list").exit_code == 0
    assert run("--version").stdout.strip()
    monkeypatch.setenv("SERVER_API_KEY", "sk-very-secret")
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:hush@host/db")
    shown = run("config", "--all", "--json")
    assert shown.exit_code == 0
    assert "very-secret" not in shown.stdout
    assert "hush" not in shown.stdout
    sources = {row["name"]: row["source"] for row in events_of(shown)[0]["settings"]}
    assert sources["SERVER_API_KEY"] == "environment"
    assert sources["HOST"] == "default"


def test_the_doctor_says_what_is_broken(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    well = run("doctor", "--json", "--no-calls")
    checks = {each["name"]: each for each in events_of(well)[:-1]}
    assert {"ffmpeg", "ffmpeg filters", "fonts", "GPU", "yt-dlp", "port"} <= set(checks)
    monkeypatch.setenv("PATH", "/nowhere")
    ill = run("doctor", "--json", "--no-calls")
    assert ill.exit_code == 8
    broken = [each for each in events_of(ill)[:-1] if each["state"] == "broken"]
    assert "ffmpeg" in {each["name"] for each in broken}
    assert all(each["advice"] for each in broken)


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    state = {"CUESTREAM_STATE_DIR": str(tmp_path / "state"), "PYTHONPATH": str(ROOT)}
    return {**inherited(), **WHISPER, **state, "CACHE_DIR": str(tmp_path / "cache"), **more}


def started(folder: Path, env: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "app", *arguments],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
    )


def read_until(process: subprocess.Popen[str], kind: str) -> Iterator[dict[str, Any]]:
    """Yield events until one of that kind has come."""
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        yield event
        if event["event"] == kind:
            return
    process.wait(60)
    raise AssertionError(f"the command ended without {kind!r}, with {process.returncode}")


def rest_of(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    """Return the events from here to the command's end.

    ``communicate`` would lose those that were read ahead and not taken yet.
    """
    assert process.stdout is not None
    events = [json.loads(line) for line in process.stdout]
    process.wait(60)
    return events


def cue_times(events: list[dict[str, Any]]) -> list[tuple[int, int]]:
    return [
        (cue["start"], cue["end"])
        for event in events
        if event["event"] == "cues"
        for cue in event["cues"]
    ]


def test_after_an_interrupt_the_next_run_goes_on(
    server: ServerProcess, tmp_path: Path, clip: Path
) -> None:
    shutil.copy(clip, tmp_path / "talk.mp4")
    env = environment(tmp_path, CUESTREAM_SERVER=server.url)
    first = started(tmp_path, env, "talk.mp4", "--json", "--field", "force_refresh=true")
    seen = list(read_until(first, "cues"))
    first.send_signal(signal.SIGINT)
    seen += rest_of(first)
    assert first.returncode == 130
    assert not list(tmp_path.glob("*.srt"))
    second = started(tmp_path, env, "talk.mp4", "--json", "--field", "force_refresh=true")
    output, _ = second.communicate(timeout=100)
    assert second.returncode == 0, output
    events = [json.loads(line) for line in output.splitlines()]
    assert events[0] == {"event": "begun", "input": "talk.mp4", "resumed": True}
    told = cue_times(seen) + cue_times(events)
    assert len(told) == len(set(told)), "a cue came twice"
    [written] = tmp_path.glob("talk.*.srt")
    assert written.read_text().count("-->") == len(told), "a cue is missing"


def test_a_watched_file_is_taken_once_it_is_whole(server: ServerProcess, tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    folder.mkdir()
    wav = tmp_path / "talk.wav"
    command = ["ffmpeg", "-v", "error", "-t", "6", "-i", str(CLIP), str(wav)]
    subprocess.run(command, check=True)
    env = environment(tmp_path, CUESTREAM_SERVER=server.url)
    watching = started(folder, env, "--watch", ".", "--settle-s", "1", "--json", "--from", "en")
    content = wav.read_bytes()
    with (folder / "new.wav").open("wb") as file:
        file.write(content[: len(content) // 2])
        file.flush()
        time.sleep(0.6)
        file.write(content[len(content) // 2 :])
    events = list(read_until(watching, "written"))
    watching.send_signal(signal.SIGINT)
    rest_of(watching)
    assert watching.returncode == 130
    assert [event["input"] for event in events if event["event"] == "begun"] == ["new.wav"]
    assert events[-1]["duration_ms"] > 5500, "a part of the file was heard"
    assert (folder / "new.en.srt").exists()
