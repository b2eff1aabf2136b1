"""Which recognised word is which spoken one, by their texts alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jiwer

from app.domain.time import Span
from bench.recognition import TimedText
from bench.word_errors import normalized


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one speaker says without a pause, with its true time.

    Attributes:
        span: from the first sound to the end of the last one.
    """

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class TimeErrors:
    """Errors of the times of first and last words, recognised minus true.

    Attributes:
        starts_ms: by place of the utterance.
        ends_ms: the same.
    """

    starts_ms: Mapping[int, int]
    ends_ms: Mapping[int, int]


def time_errors(spoken: Sequence[Utterance], words: Sequence[TimedText]) -> TimeErrors:
    """Return the time errors of the utterances whose edges are recognised as they were spoken.

    All words of the recording, without case, accents and punctuation, are aligned with all
    recognised ones by the fewest edits (jiwer's alignment); times play no part in it, so a wrong
    time cannot hide behind another word. A first word counts where it and the word after it were
    recognised, side by side and spelled the same, a last word where it and the one before were;
    of utterances of one word, that word. A recognised word that is several here, such as
    ``l'appel``, gives its start to the first and its end to the last of them.
    """
    spoken_words = [normalized(each.text) for each in spoken]
    parts = _parts(words)
    found = _equal([word for each in spoken_words for word in each], [text for text, _ in parts])
    starts_ms: dict[int, int] = {}
    ends_ms: dict[int, int] = {}
    at = 0
    for place, each in enumerate(spoken_words):
        last = at + len(each) - 1
        if each and _side_by_side(found, at, min(at + 1, last)):
            starts_ms[place] = parts[found[at]][1].start_ms - spoken[place].span.start_ms
        if each and _side_by_side(found, max(last - 1, at), last):
            ends_ms[place] = parts[found[last]][1].end_ms - spoken[place].span.end_ms
        at = last + 1
    return TimeErrors(starts_ms, ends_ms)


def _parts(words: Sequence[TimedText]) -> list[tuple[str, Span]]:
    """Return the normalised words of recognised ones, each with the whole one's time."""
    return [(part, word.span) for word in words for part in normalized(word.text)]


def _equal(spoken: Sequence[str], recognized: Sequence[str]) -> dict[int, int]:
    """Return places of spoken words, and those of the recognised ones that are the same."""
    if not spoken or not recognized:
        return {}
    aligned = jiwer.process_words(" ".join(spoken), " ".join(recognized)).alignments[0]
    return dict(
        pair
        for chunk in aligned
        if chunk.type == "equal"
        for pair in zip(
            range(chunk.ref_start_idx, chunk.ref_end_idx),
            range(chunk.hyp_start_idx, chunk.hyp_end_idx),
            strict=True,
        )
    )


def _side_by_side(found: Mapping[int, int], first: int, last: int) -> bool:
    """Whether all these spoken words were recognised, with nothing in between."""
    places = [found[place] for place in range(first, last + 1) if place in found]
    return len(places) > last - first and places[-1] - places[0] == last - first
