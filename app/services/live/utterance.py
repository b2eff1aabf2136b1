"""One utterance of a live stream."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from app.domain.errors import CuestreamError
from app.domain.text import ends_sentence
from app.domain.transcript import Segment
from app.services.live.agreed_words import AgreedWords

_NO_SPACE_AFTER = ("zh", "ja", "th", "lo", "km", "my", "yue")
"""Base tags of languages that write no space between sentences."""


@dataclass(slots=True, eq=False)
class HeardUtterance:
    """What is known of an utterance.

    Attributes:
        id: on the wire.
        begin_ms: where its sound begins, counted from the stream's start.
        streams: whether its words may be sent.
        unheard: windows whose words are not known yet.
        untold: words that wait until they may be sent.
        dropped: set when nobody wants it any more.
    """

    begin_ms: int
    streams: bool
    id: str = field(default_factory=lambda: f"item_{uuid.uuid4().hex[:21]}")
    unheard: int = 0
    untold: str = ""
    dropped: bool = False
    error: CuestreamError | None = None
    end_ms: int = 0
    segments: list[Segment] = field(default_factory=list)
    agreed: AgreedWords = field(default_factory=AgreedWords)
    told_open: bool = False
    """Whether words of the open window were told, with the space ahead of them."""

    @property
    def text(self) -> str:
        """The words so far."""
        return self._joined(segment.text.strip() for segment in self.segments)

    @property
    def is_whole(self) -> bool:
        """Whether all of it so far was heard and ends as a sentence does."""
        if self.unheard or not self.segments:
            return False
        last = self.segments[-1]
        return ends_sentence(last.text, language=last.language)

    def partial(self, segments: list[Segment]) -> str:
        """Take a hearing of the open window; return the words that are now sure."""
        sure = self.agreed.hear(self._joined(segment.text.strip() for segment in segments))
        return self._spaced(sure)

    def hear(self, segments: list[Segment]) -> str:
        """Take the words of a finished window; return those that were not told."""
        rest = self.agreed.finish(self._joined(segment.text.strip() for segment in segments))
        rest = self._spaced(rest)
        self.segments += [segment for segment in segments if segment.text.strip()]
        self.told_open = False
        return rest

    def _spaced(self, words: str) -> str:
        """Return words with a space ahead of those that begin a window after another one."""
        if not words or self.told_open:
            return words
        self.told_open = True
        words = words.lstrip()
        return words if not self.segments or self._is_glued else f" {words}"

    @property
    def _is_glued(self) -> bool:
        language = self.segments[0].language if self.segments else ""
        return language.partition("-")[0] in _NO_SPACE_AFTER

    def _joined(self, texts: Iterable[str]) -> str:
        return ("" if self._is_glued else " ").join(filter(None, texts))


Hearing = tuple[HeardUtterance, "asyncio.Task[list[Segment] | CuestreamError] | None"]
"""An utterance with one of its windows; without one, its end."""
