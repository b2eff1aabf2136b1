"""Labels of speakers ahead of what they say, for viewers who do not hear who speaks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from app.domain.time import Span
from app.domain.transcript import Word

_DIARIZED = re.compile(r"SPEAKER_([0-9]{1,4})")


def speaker_label(speaker: str) -> str:
    """Return how a speaker is named on screen: ``[Speaker 1]``, or by the name that he has.

    Source: Netflix Timed Text Style Guide, "Subtitles for the Deaf and Hard of Hearing": speaker
    identifiers stand in square brackets.
    """
    match = _DIARIZED.fullmatch(speaker)
    name = f"Speaker {int(match[1]) + 1}" if match else speaker.strip()
    # No line breaks within a label: its words are joined by no-break spaces.
    return "[" + "\u00a0".join(name.split()) + "]"


def is_speaker_label(word: Word) -> bool:
    """Whether a word is a label that `SpeakerIdentification` has put there."""
    if word.speaker is None or word.span.duration_ms:
        return False
    return word.text == speaker_label(word.speaker)


class SpeakerIdentification:
    """Puts a label ahead of the first word of whoever begins to speak.

    The label is a word without duration: layout counts its characters, keeps it with the word
    behind it, and leaves the times of what is said.
    """

    def __init__(self) -> None:
        self._current: str | None = None

    def labelled(self, words: Iterable[Word]) -> Iterator[Word]:
        """Yield words, in order, with the labels ahead of them; more may follow later."""
        for word in words:
            if word.speaker and word.speaker.strip() and word.speaker != self._current:
                self._current = word.speaker
                start_ms = word.span.start_ms
                span = Span(start_ms, start_ms)
                yield Word(speaker_label(word.speaker), span, word.confidence, word.speaker)
                yield replace(word, glued=False)
            else:
                yield word
