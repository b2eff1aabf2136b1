"""Speaker labels in the text, for viewers who do not hear who speaks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from app.domain.time import Span
from app.domain.transcript import Segment, Word

_DIARIZED = re.compile(r"SPEAKER_([0-9]{1,4})")


def label_of(speaker: str) -> str:
    """Return how a speaker is named on screen: ``[Speaker 1]``, or by the name that he has.

    Source: Netflix Timed Text Style Guide, "Subtitles for the Deaf and Hard of Hearing": speaker
    identifiers stand in square brackets.
    """
    match = _DIARIZED.fullmatch(speaker)
    return f"[Speaker {int(match[1]) + 1}]" if match else f"[{speaker}]"


def with_speaker_labels(segments: Sequence[Segment]) -> list[Segment]:
    """Return segments whose words have a label ahead of them wherever another one speaks.

    A recording with one speaker alone needs none. The label is a word without duration, so that
    layout counts its characters and leaves the times of what is said.

    Args:
        segments: of the whole recording in order, words with their speakers.
    """
    speakers = {word.speaker for segment in segments for word in segment.words} - {None}
    if len(speakers) < 2:
        return list(segments)
    labelled: list[Segment] = []
    current: str | None = None
    for segment in segments:
        words: list[Word] = []
        for word in segment.words:
            if word.speaker is not None and word.speaker != current:
                current = word.speaker
                words += _label_words(word)
                word = replace(word, glued=False)
            words.append(word)
        labelled.append(replace(segment, words=tuple(words)))
    return labelled


def _label_words(before: Word) -> list[Word]:
    start_ms = before.span.start_ms
    texts = label_of(before.speaker or "").split()
    # No line breaks within a label: its words are joined by no-break spaces.
    text = "\u00a0".join(texts)
    return [Word(text, Span(start_ms, start_ms), before.confidence, before.speaker)]
