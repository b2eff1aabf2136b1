"""No line and no cue parts what belongs together, in seven languages."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from app.domain.profile import ReadingProfile, profile_named
from app.domain.time import Span
from app.domain.transcript import Word
from app.services.layout import LaidOutCue, break_lines, lay_out
from app.services.layout.width import text_width

SETS = Path(__file__).parent / "break_sets"
LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl")
PROFILES = ("netflix", "bbc")
SPEEDS_CPS = (12, 17)
JOINT = "_"


@dataclass(frozen=True, slots=True)
class Marked:
    """A sentence of the sets.

    Attributes:
        words: without marks.
        joined: indexes of words that stay with the one before.
    """

    words: tuple[str, ...]
    joined: frozenset[int]

    @classmethod
    def of(cls, line: str) -> Marked:
        """Return the sentence of a line."""
        words: list[str] = []
        joined: set[int] = set()
        for chunk in line.split():
            for index, word in enumerate(chunk.split(JOINT)):
                if index:
                    joined.add(len(words))
                words.append(word)
        return cls(tuple(words), frozenset(joined))


def sentences(language: str, part: str) -> list[Marked]:
    """Return the sentences of a part of a language's set."""
    text = (SETS / f"{language}.txt").read_text(encoding="utf-8")
    lines = text.partition(f"# {part}\n")[2].partition("#")[0].splitlines()
    return [Marked.of(line) for line in lines if line.strip()]


def spoken(texts: tuple[str, ...], cps: float, start_ms: int = 0) -> list[Word]:
    """Return words with the times of even speech."""
    words: list[Word] = []
    at_ms = start_ms
    for text in texts:
        end_ms = at_ms + round(1000 * (len(text) + 1) / cps)
        words.append(Word(text, Span(at_ms, end_ms - 20)))
        at_ms = end_ms
    return words


def first_words(cues: list[LaidOutCue]) -> set[int]:
    """Return the numbers of the words that begin a line."""
    found: set[int] = set()
    number = 0
    for line in (line for cue in cues for line in cue.lines):
        found.add(number)
        number += len(line.split())
    return found


def check_limits(cues: list[LaidOutCue], profile: ReadingProfile) -> None:
    """Check that every cue obeys a profile in lines, width, times and gaps."""
    for cue in cues:
        assert len(cue.lines) <= profile.max_lines
        assert all(text_width(line) <= profile.max_line_chars for line in cue.lines)
        assert profile.min_duration_ms <= cue.span.duration_ms <= profile.max_duration_ms
    for before, after in pairwise(cues):
        assert after.span.start_ms - before.span.end_ms >= profile.min_gap_ms


@pytest.mark.parametrize("part", ["tuning", "final"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_break_of_the_sets_is_forbidden(language: str, part: str) -> None:
    marked = sentences(language, part)
    assert len(marked) == 30
    wrong: list[str] = []
    for name in PROFILES:
        profile = profile_named(name).in_language(language)
        for sentence in marked:
            for cps in SPEEDS_CPS:
                cues = lay_out(spoken(sentence.words, cps), profile, language)
                check_limits(cues, profile)
                wrong += [
                    f"{name}: {sentence.words[at - 1]} | {sentence.words[at]}"
                    for at in first_words(cues) & sentence.joined
                ]
    assert not wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lines_of_a_cue_are_those_that_files_have(language: str) -> None:
    profile = profile_named("web")
    for sentence in sentences(language, "tuning"):
        for cue in lay_out(spoken(sentence.words, 15), profile, language):
            assert list(cue.lines) == break_lines(cue.text, profile, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_speech_at_the_speed_of_a_reader_can_be_read(language: str) -> None:
    profile = profile_named("netflix").in_language(language)
    texts = tuple(word for each in sentences(language, "tuning") for word in each.words)
    cues = lay_out(spoken(texts, 0.9 * profile.max_cps), profile, language)
    check_limits(cues, profile)
    fast = [
        cue.text
        for cue in cues
        if 1000 * text_width(" ".join(cue.lines)) > profile.max_cps * cue.span.duration_ms
    ]
    assert len(fast) <= 0.02 * len(cues), fast
