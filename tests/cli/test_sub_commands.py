"""Sub-commands that make files and captions, the doctor's call, and the shell's completion."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import srt

from tests.cli.command_process import (
    CAPTIONS,
    CLIP,
    CommandProcess,
    environment,
    wait_until_closed,
)
from tests.conftest import StartServer
from tests.server import ROOT, ServerProcess, free_port

TALK = ROOT / "fixtures" / "talk" / "two-voices.mp4"
SENTENCES: list[dict[str, Any]] = json.loads(TALK.with_suffix(".json").read_text())["sentences"]


def run(here: Path, *arguments: str, **variables: str) -> CommandProcess:
    """Run the command with `--json` to its end."""
    with CommandProcess(here, *arguments, "--json", **variables) as command:
        command.end()
    return command


def piped(
    here: Path, *arguments: str, stdin: bytes = b"", **variables: str
) -> subprocess.CompletedProcess[bytes]:
    """Run the command with its standard streams in pipes."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "app", *arguments],
        cwd=here,
        env=environment(here, variables),
        input=stdin,
        capture_output=True,
        check=False,
    )


def streams_of(path: Path) -> list[str]:
    command = ["ffprobe", "-v", "error", "-show_entries", "stream=codec_type", "-of", "csv=p=0"]
    done = subprocess.run([*command, str(path)], check=True, capture_output=True, text=True)
    return done.stdout.split()


@pytest.mark.parametrize("kind", ["text", "subtitles"])
def test_a_text_gets_the_times_at_which_it_is_said(
    server: ServerProcess, here: Path, kind: str
) -> None:
    shutil.copy(TALK, here / "talk.mp4")
    if kind == "text":
        given = "script.txt"
        text = "\n".join(each["text"] for each in SENTENCES)
    else:
        given = "wrong.srt"
        block = "{}\n00:00:00,000 --> 00:00:00,500\n{}\n"
        text = "\n".join(block.format(n, each["text"]) for n, each in enumerate(SENTENCES, 1))
    (here / given).write_text(text)
    arguments = ("align", given, "talk.mp4", "--from", "en")
    done = run(here, *arguments, CUESTREAM_SERVER=server.url)
    assert done.process.returncode == 0, done.events
    assert done.of("written")[0]["path"] == "talk.en.srt"
    cues = list(srt.parse((here / "talk.en.srt").read_text()))
    words = " ".join(each["text"] for each in SENTENCES).split()
    assert " ".join(cue.content for cue in cues).split() == words
    begins_ms = cues[0].start.total_seconds() * 1000
    assert abs(begins_ms - SENTENCES[0]["start_ms"]) <= 150
    assert run(here, *arguments, CUESTREAM_SERVER=server.url).process.returncode == 3


def test_a_text_that_is_not_said_is_refused(server: ServerProcess, here: Path) -> None:
    shutil.copy(TALK, here / "talk.mp4")
    (here / "other.txt").write_text("nothing like this was ever said by any of them in the talk")
    done = run(here, "align", "other.txt", "talk.mp4", CUESTREAM_SERVER=server.url)
    assert done.process.returncode == 1
    assert [event["code"] for event in done.of("failed")] == ["media_mismatch"]
    assert not list(here.glob("*.srt"))


VOICED = ("--mode", "replace", "--voice", "es", "--voices", "Bob=es+f3")
VOICED += ("--field", "default_track=true")


def defaults_of(path: Path) -> list[str]:
    """Return for each stream whether players choose it."""
    command = ["ffprobe", "-v", "error", "-show_entries", "stream_disposition=default"]
    return subprocess.check_output([*command, "-of", "csv=p=0", str(path)], text=True).split()


def peak_of(path: Path, stream: str) -> float:
    """Return the highest level of a sound ahead of its first caption, 0..1."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", stream, "-t", "0.9"]
    data = subprocess.check_output([*command, "-ac", "1", "-f", "s16le", "-"])
    return max(map(abs, memoryview(data).cast("h"))) / 32768


def test_subtitles_are_spoken_as_sound_as_a_track_and_in_a_video(
    server: ServerProcess, here: Path
) -> None:
    clip = ["ffmpeg", "-v", "error", "-i", str(CLIP), "-t", "5", "-c", "copy", "talk.mov"]
    subprocess.run(clip, cwd=here, check=True)
    (here / "talk.srt").write_text(CAPTIONS)
    given = ("dub", "talk.mov", "--subtitles", "talk.srt", "--from", "en", "--to", "es")
    for kind, options, name, streams in [
        ("audio", ("--format", "opus", "--mode", "mix"), "talk.es.dub.opus", ["audio"]),
        ("track", VOICED, "talk.es.dub.mp4", ["video", "audio", "audio"]),
    ]:
        done = run(here, *given, "--make", kind, *options, CUESTREAM_SERVER=server.url)
        assert done.process.returncode == 0, done.events
        assert done.of("written")[0]["path"] == name
        assert streams_of(here / name) == streams
        assert done.of("stage")
    unused = [each for each in done.of("notice") if each["code"] == "voices_unused"]
    assert "Bob" in unused[0]["message"]
    assert defaults_of(here / name) == ["1", "0", "1"]
    assert peak_of(here / name, "0:a:1") < 0.001 < peak_of(here / "talk.es.dub.opus", "0:a:0")
    taken = run(here, *given, "--make", "video", CUESTREAM_SERVER=server.url)
    assert taken.process.returncode == 3
    made = run(here, *given, "--make", "video", "-o", "new/", CUESTREAM_SERVER=server.url)
    assert made.process.returncode == 0, made.events
    assert streams_of(here / "new" / "talk.es.dub.mp4") == ["video", "audio"]
    assert not list(here.rglob(".cuestream*"))


def test_a_recording_is_heard_and_spoken_in_another_language(
    server: ServerProcess, here: Path
) -> None:
    clip = ["ffmpeg", "-v", "error", "-t", "6", "-i", str(CLIP), "talk.wav"]
    subprocess.run(clip, cwd=here, check=True)
    done = piped(
        here, "dub", "talk.wav", "--to", "es", "-o", "-", "-q", CUESTREAM_SERVER=server.url
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout[:4] == b"fLaC"
    assert os.listdir(here) == ["talk.wav"]
    clash = run(here, "dub", "talk.wav", "--to", "es", "-o", "-", CUESTREAM_SERVER=server.url)
    assert clash.process.returncode == 2
    no_voice = run(here, "dub", "talk.wav", "--voice", "nobody", CUESTREAM_SERVER=server.url)
    assert no_voice.process.returncode == 1
    assert no_voice.of("failed")[0]["code"] == "invalid_field"


def test_live_captions_are_translated_and_outlive_a_server(
    start_server: StartServer, here: Path
) -> None:
    clip = ["ffmpeg", "-v", "error", "-ss", "4", "-t", "12", "-i", str(CLIP), "a:b.wav"]
    subprocess.run([*clip[:-1], "file:a:b.wav"], cwd=here, check=True)
    port = str(free_port())
    first = start_server(PORT=port)
    with CommandProcess(
        here, "live", "a:b.wav", "--to", "es", "--json", CUESTREAM_SERVER=first.url
    ) as command:
        command.until("live")
        os.killpg(first.process.pid, signal.SIGKILL)
        wait_until_closed(first.port)
        start_server(PORT=port)
        command.end()
    assert command.of("reconnecting")
    assert command.process.returncode == 0, command.events
    finals = [line for line in command.of("live") if line["status"] == "final"]
    assert finals
    assert any(line["translatedText"] != line["text"] for line in finals), finals


def test_a_microphone_is_captioned(server: ServerProcess, here: Path) -> None:
    """This machine has none: a file stands for it where ffmpeg is asked to open it."""
    programs = here.with_name("programs")
    programs.mkdir()
    ffmpeg = programs / "ffmpeg"
    ffmpeg.write_text(
        "#!/bin/sh\n"
        'case "$*" in *" -f pulse -i desk "*) ;; *) echo "no such device" >&2; exit 1; esac\n'
        f"exec {shutil.which('ffmpeg')} -v error -re -ss 15 -t 2.5 -i {CLIP}"
        " -vn -ac 1 -ar 16000 -f s16le -\n"
    )
    ffmpeg.chmod(0o755)
    settings = {"CUESTREAM_SERVER": server.url, "PATH": f"{programs}:{os.environ['PATH']}"}
    heard = run(here, "live", "--device", "desk", **settings)
    assert heard.process.returncode == 0, heard.events
    assert [line["text"] for line in heard.of("live") if line["status"] == "final"]
    missing = run(here, "live", **settings)
    assert missing.process.returncode == 6
    [failed] = missing.of("failed")
    assert "no such device" in failed["message"]
    assert "--device" in failed["advice"]


def test_without_ffmpeg_there_is_no_sound_to_caption(server: ServerProcess, here: Path) -> None:
    (here / "talk.wav").write_bytes(b"no sound")
    broken = run(here, "live", "talk.wav", CUESTREAM_SERVER=server.url)
    assert broken.process.returncode == 6, broken.events
    missing = run(here, "live", "talk.wav", CUESTREAM_SERVER=server.url, PATH="/nowhere")
    assert missing.process.returncode == 1, missing.events
    assert "doctor" in missing.of("failed")[0]["advice"]


def test_bash_itself_completes_the_command(here: Path) -> None:
    programs = here.with_name("programs")
    programs.mkdir()
    command = programs / "cuestream"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m app "$@"\n')
    command.chmod(0o755)
    script = """
eval "$(cuestream --show-completion bash)"
complete -p cuestream
COMP_WORDS=(cuestream rel) COMP_CWORD=1
_cuestream_completion cuestream rel cuestream
echo "${COMPREPLY[@]}"
"""
    variables = {"PATH": f"{programs}:{os.environ['PATH']}"}
    variables |= {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    done = subprocess.run(
        ["bash", "-ec", script],
        cwd=here,
        env=environment(here, variables),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1].split() == ["relayout"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes_commands_and_options(here: Path, shell: str) -> None:
    # The shell is named: what calls the tests may be none, and is another one elsewhere.
    named = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    script = piped(here, "--show-completion", shell, **named)
    assert script.returncode == 0, script.stderr
    assert b"_CUESTREAM_COMPLETE" in script.stdout
    asked = {"bash": ("doc", "doctor"), "zsh": ("rel", "relayout"), "fish": ("mod", "models")}
    typed, whole = asked[shell]
    variables = {
        "_CUESTREAM_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": f"cuestream {typed}",
        "COMP_CWORD": "1",
        "_TYPER_COMPLETE_ARGS": f"cuestream {typed}",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "_TYPER_COMPLETE_WORD_TO_COMPLETE": typed,
    }
    done = piped(here, **variables)
    assert whole in done.stdout.decode(), (done.stdout, done.stderr)
    variables |= {"COMP_WORDS": "cuestream talk.mp4 --to", "COMP_CWORD": "2"}
    variables |= {"_TYPER_COMPLETE_ARGS": "cuestream talk.mp4 --forc"}
    variables |= {"_TYPER_COMPLETE_WORD_TO_COMPLETE": "--forc"}
    if shell == "bash":
        assert b"--to" in piped(here, **variables).stdout
    else:
        assert b"--force" in piped(here, **variables).stdout
