"""Layout of words as cues: its time, and how many of its cues obey the profile.

All sides get the same words: those that faster-whisper's own loop recognises in the files of
sentences and in a telephone talk. Ours lays them out for Netflix's limits of the language. Beside
it stand whisperx's subtitle writer, told of 42 columns and two lines; faster-whisper's segments as
they are; and stable-ts, whose default regrouping splits by punctuation, gaps and length.

A cue obeys the profile where it has no more and no wider lines than allowed, is neither shorter nor
longer, and leaves the gap before the next one. The reading speed is that of the speech, which no
layout changes; the share of cues that can be read in their time is reported beside it.
"""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.profile import ReadingProfile, profile_named
from app.domain.time import Span, seconds_to_ms
from app.domain.transcript import Word
from app.services.layout import lay_out
from app.services.layout.width import text_width
from bench.figure import BenchError, Figure, Goal
from bench.measure import BenchEnvironment
from bench.peers import SEQUENTIAL
from bench.recognition import Recognition, TimedText
from bench.sides import OURS, real_sides
from bench.speech_corpus import LANGUAGES
from bench.word_times import sample_file

RTF = Goal("layout_rtf", 0.01, "")
CONFORMING = Goal("layout_conforming", 1.0, "", "higher")

_HOURS_MS = 2 * 3_600_000
_WRITER, _SEGMENTS, _STABLE = "whisperx_writer", "faster_whisper_segments", "stable_ts"
_NAMES = (OURS, _WRITER, _SEGMENTS, _STABLE)


@dataclass(frozen=True, slots=True)
class ShownCue:
    """A cue of any side."""

    span: Span
    lines: tuple[str, ...]


@dataclass(slots=True)
class _Share:
    """Cues of one side that obey the profile, and that can be read in their time."""

    cues: int = 0
    conforming: int = 0
    readable: int = 0

    def add(self, cues: Sequence[ShownCue], profile: ReadingProfile) -> None:
        starts = [cue.span.start_ms for cue in cues[1:]]
        for cue, next_ms in zip(cues, [*starts, None], strict=True):
            self.cues += 1
            self.conforming += conforms(cue, next_ms, profile)
            width = sum(map(text_width, cue.lines)) + len(cue.lines) - 1
            self.readable += 1000 * width <= profile.max_cps * cue.span.duration_ms


def conforms(cue: ShownCue, next_ms: int | None, profile: ReadingProfile) -> bool:
    """Whether a cue obeys a profile.

    Args:
        cue: the cue.
        next_ms: start of the next one; None for the last.
        profile: limits of its language.
    """
    lines_fit = len(cue.lines) <= profile.max_lines and all(
        text_width(line) <= profile.max_line_chars for line in cue.lines
    )
    lasts = profile.min_duration_ms <= cue.span.duration_ms <= profile.max_duration_ms
    is_apart = next_ms is None or next_ms - cue.span.end_ms >= profile.min_gap_ms
    return lines_fit and lasts and is_apart


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Return the time factor of two hours, and the share of cues that obey the profile.

    Raises:
        BenchError: an extra is not installed, or weights or recordings cannot be had.
    """
    shares = {name: _Share() for name in _NAMES}
    english: list[Word] = []
    async with real_sides(environment) as sides:
        for media, language in _files(environment):
            environment.progress.now(f"layout: {media.stem}")
            found = await sides.recognize(SEQUENTIAL, media, language, words=True)
            _add(shares, found, language)
            if language == "en":
                english += _behind(english, _words(found))
    for name, share in shares.items():
        environment.progress.step(
            f"{name}_conforming: {share.conforming / share.cues:.4f} of {share.cues} cues,"
            f" {share.readable / share.cues:.4f} within the reading speed"
        )
    ours = shares[OURS]
    rtf = _time_factor(english)
    return [RTF.reached(rtf), CONFORMING.reached(ours.conforming / ours.cues)]


def _files(environment: BenchEnvironment) -> list[tuple[Path, str]]:
    files = [(environment.corpus.sentences(language).path, language) for language in LANGUAGES]
    return [*files, (sample_file("wav"), "en")]


def _add(shares: dict[str, _Share], found: Recognition, language: str) -> None:
    profile = profile_named("netflix").in_language(language)
    laid_out = lay_out(_words(found), profile, language)
    shares[OURS].add([ShownCue(cue.span, cue.lines) for cue in laid_out], profile)
    shares[_SEGMENTS].add(
        [ShownCue(each.span, (each.text.strip(),)) for each in found.lines], profile
    )
    shares[_WRITER].add(_written(found, profile), profile)
    shares[_STABLE].add(_regrouped(found), profile)


def _words(found: Recognition) -> list[Word]:
    return [Word(word.text, word.span) for word in found.words]


def _time_factor(words: Sequence[Word]) -> float:
    """Return the processor time of laying out two hours of speech by their duration."""
    many: list[Word] = []
    while not many or many[-1].span.end_ms < _HOURS_MS:
        many += _behind(many, words)
    start = time.process_time()
    lay_out(many, profile_named("netflix"), "en")
    return (time.process_time() - start) * 1000 / many[-1].span.end_ms


def _behind(before: Sequence[Word], words: Sequence[Word]) -> list[Word]:
    """Return words as if they were said after others."""
    shift_ms = before[-1].span.end_ms + 500 if before else 0
    return [
        Word(word.text, Span(word.span.start_ms + shift_ms, word.span.end_ms + shift_ms))
        for word in words
    ]


def _segments(found: Recognition, space: str) -> list[dict[str, Any]]:
    """Return the segments with their words, each with what stands before it."""
    rows: list[dict[str, Any]] = []
    words = list(found.words)
    for line in found.lines:
        own: list[TimedText] = []
        while words and (words[0].span.start_ms < line.span.end_ms or line is found.lines[-1]):
            own.append(words.pop(0))
        timed = [
            {
                "word": space + word.text,
                "start": word.span.start_ms / 1000,
                "end": word.span.end_ms / 1000,
                "probability": 1.0,
            }
            for word in own
        ]
        if timed:
            ends = {"start": timed[0]["start"], "end": timed[-1]["end"]}
            rows.append({**ends, "text": line.text, "words": timed})
    return rows


def _written(found: Recognition, profile: ReadingProfile) -> list[ShownCue]:
    """Return the cues of whisperx's writer of SubRip files."""
    from whisperx.utils import WriteSRT

    result = {"language": found.language, "segments": _segments(found, "")}
    file = io.StringIO()
    WriteSRT(".").write_result(
        result,
        file,
        {
            "max_line_width": profile.max_line_chars,
            "max_line_count": profile.max_lines,
            "highlight_words": False,
        },
    )
    return [_srt_cue(block) for block in file.getvalue().split("\n\n") if block.strip()]


def _srt_cue(block: str) -> ShownCue:
    _, times, *lines = block.strip("\n").split("\n")
    start_ms, end_ms = (_srt_ms(each) for each in times.split(" --> "))
    return ShownCue(Span(start_ms, end_ms), tuple(line.strip() for line in lines))


def _srt_ms(stamp: str) -> int:
    hours, minutes, seconds = stamp.replace(",", ".").split(":")
    return round(1000 * (3600 * int(hours) + 60 * int(minutes) + float(seconds)))


def _regrouped(found: Recognition) -> list[ShownCue]:
    """Return the segments of stable-ts.

    Raises:
        BenchError: it is not installed.
    """
    try:
        from stable_whisper import WhisperResult
    except ImportError as error:
        raise BenchError(f"needs the bench extra: {error}") from error
    result = WhisperResult({"language": found.language, "segments": _segments(found, " ")})
    result.regroup()
    return [
        ShownCue(
            Span(seconds_to_ms(each.start), seconds_to_ms(each.end)), (str(each.text).strip(),)
        )
        for each in result.segments
    ]
