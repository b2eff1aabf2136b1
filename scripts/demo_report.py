"""What the demonstration says in the end: figures, files, and how to do the same by hand."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.demo_terminal import TerminalOutput
from scripts.local_server import ROOT
from scripts.word_errors import plain_words, word_errors

CLIP = ROOT / "samples" / "voicemail.mp4"
LANGUAGES = {"es": "Spanish", "en": "English"}
"""Languages of the clip, each the target of one job, in order."""

FORMATS = ("srt", "vtt", "ass")


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
        "http://localhost:5001/api/stream"
    )
