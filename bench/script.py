"""Made-up cues as a transcriber would have written them."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator

from app.domain.cue import Cue
from app.domain.profile import DEFAULT_PROFILE
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.services.stages.cues import CueLayout
from bench.speech import SENTENCES

_WORD_MS = 330
"""About 180 words a minute, as people talk."""

_PAUSE_MS = 800


def written_cues(count: int) -> list[Cue]:
    """Return so many cues of consecutive sentences, two to a segment."""
    layout = CueLayout(DEFAULT_PROFILE)
    cues = (cue for segment in _segments() for cue in layout.lay_out(segment))
    return list(itertools.islice(cues, count))


async def all_at_once(cues: list[Cue]) -> AsyncIterator[Cue]:
    """Yield cues as a cached transcript or a caption file would: without any delay."""
    for cue in cues:
        yield cue


def _segments() -> Iterator[Segment]:
    start_ms = 0
    for number in itertools.count():
        # A number makes every line another one, so that no answer can pass for its neighbour's.
        pair = (SENTENCES[(2 * number + place) % len(SENTENCES)] for place in (0, 1))
        text = f"Part {number + 1} now. {' '.join(pair)}"
        words = [
            Word(word, Span(start_ms + at * _WORD_MS, start_ms + (at + 1) * _WORD_MS))
            for at, word in enumerate(text.split())
        ]
        end_ms = words[-1].span.end_ms
        span = Span(start_ms, end_ms)
        yield Segment(text, span, tuple(words), "en", clear_until_ms=end_ms + _PAUSE_MS)
        start_ms = end_ms + _PAUSE_MS
