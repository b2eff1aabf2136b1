"""Cue as the layout engine gives it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, pairwise

from app.domain.dialogue_turns import speaker_dash
from app.domain.text import join_words
from app.domain.time import Span
from app.domain.transcript import Word
from app.services.layout.phrase import Phrase

NO_SPACE_DASH = "-"
SPACED_DASH = "- "
_SPACED = frozenset(("fr", "es", "pt", "it", "ru", "pl", "cs", "uk", "ro", "el", "hu", "sv", "da"))
_SECOND_ONLY = frozenset(("nl", "fi", "he", "iw", "sr"))


def dialogue_dashes(language: str) -> tuple[str, str]:
    """Return what the lines of two speakers in one cue begin with.

    Args:
        language: BCP 47 tag.

    Source: Netflix Timed Text Style Guides by language, "Dual Speakers".
    """
    base = language.partition("-")[0].casefold()
    dash = SPACED_DASH if base in _SPACED else NO_SPACE_DASH
    return ("" if base in _SECOND_ONLY else dash), dash


@dataclass(frozen=True, slots=True)
class LaidOutCue:
    """Words on screen.

    Attributes:
        span: time on screen.
        words: at least one; a word that was wider than a line, or of a script without spaces, in
            its pieces.
        lines: the text, as many lines as it takes.
        speaker: of all its words; None where no word has one, or two share the cue.
        text: the lines joined by spaces as the script has them; those of two speakers by a line
            break.
    """

    span: Span
    words: tuple[Word, ...]
    lines: tuple[str, ...]
    speaker: str | None
    text: str

    @property
    def turn_speakers(self) -> tuple[str, ...]:
        """Labels of the two who share it, in the order of their lines; empty where one speaks."""
        said_by = (word.speaker for word in self.words if word.speaker is not None)
        return tuple(speaker for speaker, _ in groupby(said_by)) if "\n" in self.text else ()

    @property
    def confidence(self) -> float:
        """Mean of the words' confidence, 0..1."""
        return Phrase(self.words).confidence


def one_speaker(words: tuple[Word, ...], starts: tuple[int, ...], span: Span) -> LaidOutCue:
    """Return a cue of one speaker; ``starts`` are the words that begin its other lines."""
    edges = (0, *starts, len(words))
    lines = tuple(join_words(words[a:b]) for a, b in pairwise(edges))
    phrase = Phrase(words)
    return LaidOutCue(span, words, lines, phrase.speaker, phrase.text)


def two_speakers(words: tuple[Word, ...], change: int, span: Span, language: str) -> LaidOutCue:
    """Return a cue with a line for each of two speakers, the second from word ``change`` on."""
    turns = (join_words(words[:change]), join_words(words[change:]))
    dashes = dialogue_dashes(language)
    if kept := next(filter(_is_other_dash, map(speaker_dash, turns)), ""):
        # A dash of the text's own at one line is the other's too.
        dashes = (dashes[0] and kept, kept)
    lines = tuple(_dashed(turn, dash) for turn, dash in zip(turns, dashes, strict=True))
    return LaidOutCue(span, words, lines, None, "\n".join(lines))


def _dashed(turn: str, dash: str) -> str:
    """Return a turn with a dash; a hyphen that is written there gives way, another dash stays."""
    written = speaker_dash(turn)
    if _is_other_dash(written):
        return turn
    return dash + turn[len(written) :] if dash else turn


def _is_other_dash(dash: str) -> bool:
    return dash.strip() not in ("", NO_SPACE_DASH)
