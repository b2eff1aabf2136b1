"""Cues from existing captions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from app.domain.captions import Caption, CaptionKind, Captions
from app.domain.cue import Cue
from app.domain.profile import ReadingProfile
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.services.layout.authored_cues import authored_cues
from app.services.layout.phrase import Phrase
from app.services.layout.segment_words import words_of
from app.services.stages.cues import CueLayout
from app.system.bounded_work import work_on

_SILENCE_MS = 1000
"""A silence that ends a segment: what follows is another thought. Source: of brief, medium and long
pauses the long ones begin at a second (Campione and Veronis, "A large-scale multilingual study of
silent pause duration", 2002)."""


async def caption_cues(captions: Captions, profile: ReadingProfile) -> AsyncIterator[Cue]:
    """Yield the cues of a track.

    People's captions keep their authors' words and times as far as the profile allows. What a
    machine transcribed is laid out anew, like any transcript: by words, pauses and sentences.

    Yields:
        Cues with ids from 0, sorted, never two at once, each in the track's language. Their
        texts together hold every word once, in order.
    """
    chars = sum(len(caption.text) for caption in captions.items)
    cues = await work_on(
        _laid_out, captions.items, captions.language, captions.kind, profile, chars=chars
    )
    for cue in cues:
        yield cue


def caption_segments(captions: Captions, profile: ReadingProfile) -> list[Segment]:
    """Return a track as a transcriber would give it, cut at silences.

    Args:
        captions: where they time no words, each caption's words share its time by their length.
        profile: none of the words is wider than one of its cues.
    """
    own = profile.in_language(captions.language)
    words = [word for caption in captions.items for word in _words(caption, captions, own)]
    return list(_segments(words, captions.language))


def _laid_out(
    items: Sequence[Caption], language: str, kind: CaptionKind, profile: ReadingProfile
) -> Iterator[Cue]:
    captions = Captions(language, kind, tuple(items))
    if kind == "manual":
        yield from authored_cues(captions, profile.in_language(language))
        return
    layout = CueLayout(profile)
    for segment in caption_segments(captions, profile):
        yield from layout.lay_out(segment)


def _words(caption: Caption, captions: Captions, profile: ReadingProfile) -> list[Word]:
    whole = Segment(caption.text, caption.span, caption.words, captions.language)
    return [replace(word, speaker=caption.speaker) for word in words_of(whole, profile)]


def _segments(words: Sequence[Word], language: str) -> Iterator[Segment]:
    starts = [
        index
        for index, (before, after) in enumerate(pairwise(words), start=1)
        if after.span.start_ms - before.span.end_ms >= _SILENCE_MS
    ]
    edges = [0, *starts, len(words)] if words else []
    for begin, end in pairwise(edges):
        phrase = Phrase(tuple(words[begin:end]))
        end_ms = max(phrase.end_ms, phrase.start_ms)
        clear_ms = words[end].span.start_ms if end < len(words) else end_ms
        yield Segment(
            phrase.text,
            Span(phrase.start_ms, end_ms),
            phrase.words,
            language,
            clear_until_ms=max(clear_ms, end_ms),
        )
