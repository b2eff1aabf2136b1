"""Demonstration: a clip in two languages goes to the real server, live subtitles come back.

Run by `make demo`. Subtitles the clip once in each of its languages, shows progress and every cue
as it arrives, writes the subtitle files and compares what was heard with what is said. Exits with 1
and the reason when anything fails.
"""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import httpx

from scripts.demo_server import ROOT, DemoError, DemoServer, demo_server
from scripts.demo_terminal import TerminalOutput
from scripts.word_errors import plain_words, word_errors

CLIP = ROOT / "samples" / "voicemail.mp4"
LANGUAGES = {"es": "Spanish", "en": "English"}
"""Languages of the clip, each the target of one job, in order. The jobs name both, since the
embedded translator knows no others: detection then chooses between them."""

FORMATS = ("srt", "vtt", "ass")
_READY_S = 600
"""Models may have to be downloaded first."""


@dataclass(frozen=True, slots=True)
class Subtitled:
    """What one job gave.

    Attributes:
        target: language of its subtitles.
        result: the stream's last event.
        first_cue_s: from sending the clip to the first cue.
        total_s: from sending the clip to the result.
    """

    target: str
    result: dict[str, Any]
    first_cue_s: float
    total_s: float


def main() -> int:
    """Run the demonstration; return the exit code."""
    parser = argparse.ArgumentParser(prog="make demo", description="Subtitle the sample.")
    parser.add_argument("--out", type=Path, default=ROOT / "out", help="folder for the files")
    out: Path = parser.parse_args().out.resolve()
    signal.signal(signal.SIGTERM, _leave)
    out.mkdir(parents=True, exist_ok=True)
    terminal = TerminalOutput()
    try:
        with demo_server(out) as server:
            show(server, out, terminal)
    except DemoError as error:
        terminal.done()
        print(f"error: {error}", file=sys.stderr)
        return 1
    except httpx.HTTPError as error:
        terminal.done()
        tail = server.log_tail()
        print(f"error: the server could not be reached: {error!r}\n{tail}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        terminal.done()
        print("stopped", file=sys.stderr)
        return 130
    return 0


def _leave(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def show(server: DemoServer, out: Path, terminal: TerminalOutput) -> None:
    """Send the clip for each language, show what comes back and say where the files are."""
    terminal.line(f"Starting the server on port {server.port} ...")
    terminal.status("Loading the engines")
    ready_s = server.wait_ready(_READY_S)
    terminal.done()
    terminal.line(f"Ready after {ready_s:.1f} s.")
    finished = [subtitle(server, target, terminal) for target in LANGUAGES]
    terminal.line()
    for job in finished:
        show_figures(job, terminal)
    show_files([write_files(job, out) for job in finished], terminal)


def subtitle(server: DemoServer, target: str, terminal: TerminalOutput) -> Subtitled:
    """Have the clip subtitled in one language and show every cue as it arrives."""
    clip = CLIP.relative_to(ROOT)
    terminal.line()
    terminal.line(f"{clip} with subtitles in {LANGUAGES[target]}", style="1")
    terminal.line()
    started_s = time.monotonic()
    first_cue_s: float | None = None
    for event in stream(server, target):
        if "error" in event:
            raise DemoError(f"{event['error']} (code {event.get('code')})")
        if "result" in event:
            terminal.done()
            if first_cue_s is None:
                raise DemoError("the result came without a cue before it")
            return Subtitled(target, event["result"], first_cue_s, time.monotonic() - started_s)
        if event.get("stage") == "subtitles":
            first_cue_s = first_cue_s or time.monotonic() - started_s
            for cue in event["subtitles"]:
                show_cue(cue, target, terminal)
        elif "stage" in event:
            terminal.status(f"{event.get('percent', 0):3d} %  {event['message']}")
    raise DemoError("the stream ended without a result")


def stream(server: DemoServer, target: str) -> Iterator[dict[str, Any]]:
    """Yield the data of every event that the server sends for the clip."""
    with (
        CLIP.open("rb") as clip,
        server.client() as client,
        client.stream(
            "POST",
            "/api/stream",
            files={"file": (CLIP.name, clip, "video/mp4")},
            data={
                "target_lang": target,
                "allowed_languages": ",".join(LANGUAGES),
                "formats": ",".join(FORMATS),
            },
            headers={"Accept": "text/event-stream"},
        ) as response,
    ):
        if response.is_error:
            raise DemoError(f"HTTP {response.status_code}: {response.read().decode()[:500]}")
        for line in response.iter_lines():
            if line.startswith("data:"):
                yield json.loads(line.removeprefix("data:"))


def show_cue(cue: dict[str, Any], target: str, terminal: TerminalOutput) -> None:
    """Print what was heard and, where that is another language, its translation."""
    span = f"{clock(cue['start'])} - {clock(cue['end'])}"
    spoken = cue["language"].partition("-")[0]
    terminal.line(f"  {span}  {spoken}  {cue['text']}")
    if spoken != target:
        terminal.line(f"  {'':{len(span)}}  {target}  {cue['translatedText']}", style="1;32")


def clock(ms: int) -> str:
    """Return a time as minutes, seconds and tenths."""
    return f"{ms // 60_000:02d}:{ms // 1000 % 60:02d}.{ms // 100 % 10}"


def write_files(job: Subtitled, out: Path) -> list[str]:
    """Write the subtitle files that came with a result; return their names, seen from here."""
    names = []
    for name in FORMATS:
        path = out / f"demo.{job.target}.{name}"
        path.write_text(job.result["formats"][name], encoding="utf-8")
        names.append(str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path))
    return names


def show_figures(job: Subtitled, terminal: TerminalOutput) -> None:
    """Say how long it took and how much of what was said was heard."""
    cues = job.result["subtitles"]
    audio_s = job.result["duration_ms"] / 1000
    terminal.line(
        f"Into {LANGUAGES[job.target]}: {len(cues)} cues for {audio_s:.1f} s of audio in "
        f"{job.total_s:.1f} s; the first one came after {job.first_cue_s:.1f} s."
    )
    if cached := job.result["cached"]["transcribe"]:
        terminal.line(
            f"  {100 * cached:.0f} % of the transcript came from the cache of an earlier job."
        )
    rates = error_rates(cues)
    each = ", ".join(f"{percent(rates[code])} in {name}" for code, name in LANGUAGES.items())
    terminal.line(f"  Word error rate of what was heard: {percent(rates['all'])} ({each}),")
    terminal.line("  without regard to case, accents and punctuation.")
    terminal.line()


def percent(share: float) -> str:
    """Return a share as a percentage."""
    return f"{100 * share:.1f} %"


def error_rates(cues: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return the word error rate of cues' texts, before translation.

    Returns:
        The rate for each language of the clip, by the language of the word that was said, and
        for ``all``.
    """
    transcript = json.loads(CLIP.with_suffix(".json").read_text("utf-8"))
    said: list[str] = []
    languages: list[str] = []
    for sentence in transcript["sentences"]:
        words = plain_words(sentence["text"])
        said += words
        languages += [sentence["language"]] * len(words)
    heard = [word for cue in cues for word in plain_words(cue["text"])]
    errors = word_errors(said, heard)
    rates = {"all": sum(errors) / len(said)}
    for code in LANGUAGES:
        own = [count for count, language in zip(errors, languages, strict=True) if language == code]
        rates[code] = sum(own) / len(own)
    return rates


def show_files(jobs: Sequence[Sequence[str]], terminal: TerminalOutput) -> None:
    """Say where the files are, how to see them and how to do the same by hand."""
    clip = shlex.quote(str(CLIP.relative_to(ROOT)))
    srt, _, ass = (shlex.quote(name) for name in jobs[0])
    terminal.line("Files:")
    for names in jobs:
        terminal.line(f"  {'  '.join(names)}", style="1")
    terminal.line("See them on the video:")
    terminal.line(f"  ffplay -vf subtitles={ass} {clip}")
    terminal.line(f"  mpv --sub-file={srt} {clip}")
    terminal.line("Do the same by hand:")
    terminal.line("  make serve")
    terminal.line(
        f"  curl -N -F file=@{clip} -F target_lang={next(iter(LANGUAGES))} "
        f"-F allowed_languages={','.join(LANGUAGES)} http://localhost:5001/api/stream"
    )


if __name__ == "__main__":
    sys.exit(main())
