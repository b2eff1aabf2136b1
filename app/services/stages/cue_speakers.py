"""Speakers of cues that stay as they are."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

from app.domain.cue import Cue
from app.domain.transcript import Segment


class CueSpeakers:
    """Names the speaker of whole cues.

    Args:
        segments: of the whole recording, with a speaker for each word.
    """

    def __init__(self, segments: Sequence[Segment]) -> None:
        words = (word for segment in segments for word in segment.words)
        self._words = sorted(words, key=lambda word: word.span.start_ms)
        self._starts = [word.span.start_ms for word in self._words]

    def name(self, cue: Cue) -> Cue:
        """Return the cue's next revision with the speaker of most of its words' time.

        The cue itself where none of its words has a speaker. Of equals the first counts.
        """
        shares: dict[str, int] = {}
        first = bisect_left(self._starts, cue.span.start_ms)
        last = bisect_left(self._starts, cue.span.end_ms)
        for word in self._words[first:last]:
            if word.speaker is not None:
                shares[word.speaker] = shares.get(word.speaker, 0) + word.span.duration_ms + 1
        if not shares:
            return cue
        return replace(cue, speaker=max(shares, key=shares.__getitem__), revision=cue.revision + 1)
