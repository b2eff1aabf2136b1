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
class LiveUtterance:
    """An utterance and its transcript so far.

    Attributes:
        id: on the wire.
        begin_ms: where its audio begins, counted from the stream's start.
        streams: whether its text may be sent before it ends.
        pending_windows: number of windows that are not transcribed yet.
        unsent_text: text that waits until it may be sent.
        dropped: set when the client has cleared it.
        error: of a window that could not be transcribed.
        end_ms: where its audio ends; 0 before it does.
        complete: whether all of its windows are known.
        segments: of the windows that were transcribed.
        agreed: words of the open window that will not change.
        open_window_sent: whether text of the open window was sent, with the space ahead of it.
    """

    begin_ms: int
    streams: bool
    id: str = field(default_factory=lambda: f"item_{uuid.uuid4().hex[:21]}")
    pending_windows: int = 0
    unsent_text: str = ""
    dropped: bool = False
    error: CuestreamError | None = None
    end_ms: int = 0
    complete: bool = False
    segments: list[Segment] = field(default_factory=list)
    agreed: AgreedWords = field(default_factory=AgreedWords)
    open_window_sent: bool = False

    @property
    def text(self) -> str:
        """The transcript so far."""
        return self._joined(segment.text.strip() for segment in self.segments)

    @property
    def is_complete_sentence(self) -> bool:
        """Whether every window so far is transcribed, and the text ends as a sentence does."""
        if self.pending_windows or not self.segments:
            return False
        last = self.segments[-1]
        return ends_sentence(last.text, language=last.language)

    def update_open_window(self, segments: list[Segment]) -> str:
        """Take a transcript of the open window; return the text that will not change any more."""
        confirmed = self.agreed.update(self._joined(segment.text.strip() for segment in segments))
        return self._spaced(confirmed)

    def finish_window(self, segments: list[Segment]) -> str:
        """Take the transcript of a finished window; return the text that was not sent."""
        rest = self.agreed.finish(self._joined(segment.text.strip() for segment in segments))
        rest = self._spaced(rest)
        self.segments += [segment for segment in segments if segment.text.strip()]
        self.open_window_sent = False
        return rest

    def _spaced(self, words: str) -> str:
        """Return words with a space ahead of those that begin a window after another one."""
        if not words or self.open_window_sent:
            return words
        self.open_window_sent = True
        words = words.lstrip()
        return words if not self.segments or self._writes_no_spaces else f" {words}"

    @property
    def _writes_no_spaces(self) -> bool:
        language = self.segments[0].language if self.segments else ""
        return language.partition("-")[0] in _NO_SPACE_AFTER

    def _joined(self, texts: Iterable[str]) -> str:
        return ("" if self._writes_no_spaces else " ").join(filter(None, texts))


Transcription = asyncio.Task[list[Segment] | CuestreamError]
"""The transcription of a window, under way; its result is an error where it failed."""

QueuedWindow = tuple[LiveUtterance, Transcription | None]
"""An utterance with one of its windows; None marks its end."""
