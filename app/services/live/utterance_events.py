"""Options of a stream of utterances, and the events that it sends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from app.domain.errors import CuestreamError
from app.domain.transcript import Segment

TurnEnd = Literal["silence", "meaning", "commit", "stream"]
"""What ends an utterance: a silence; a silence after a sentence; the client alone, and nothing
is sent before he says so; the client, while text is sent as it is known."""


@dataclass(frozen=True, slots=True)
class TurnOptions:
    """How a stream is cut into utterances, and how they are transcribed.

    Attributes:
        ends_by: what ends an utterance.
        threshold: probability from which a frame counts as speech, 0..1.
        padding_ms: audio ahead of speech that belongs to it.
        silence_ms: length of the silence that ends an utterance; the longest one by meaning.
        language: BCP 47 tag, or None to detect it.
        prompt: words that are likely to occur.
        partial_ms: further speech after which the open window is transcribed again; None for the
            server's setting.
        by_window: whether there is an event for the transcript of each window, beside the text.
    """

    ends_by: TurnEnd = "silence"
    threshold: float = 0.5
    padding_ms: int = 300
    silence_ms: int = 500
    language: str | None = None
    prompt: str = ""
    partial_ms: int | None = None
    by_window: bool = False


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Speech began; times count from the stream's start."""

    item: str
    start_ms: int


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The utterance ended by itself."""

    item: str
    end_ms: int


@dataclass(frozen=True, slots=True)
class Committed:
    """No more audio is added to an utterance."""

    item: str


@dataclass(frozen=True, slots=True)
class NothingToCommit:
    """A client ended an utterance that holds less than a tenth of a second.

    Attributes:
        sound_ms: what it holds.
        reference: of the client's command.
    """

    sound_ms: float
    reference: str | None


@dataclass(frozen=True, slots=True)
class Cleared:
    """The audio that was not committed is discarded."""


@dataclass(frozen=True, slots=True)
class TextDelta:
    """Further text of an utterance."""

    item: str
    text: str


@dataclass(frozen=True, slots=True)
class Transcribed:
    """The transcript of a whole utterance.

    Attributes:
        sound_ms: length of its audio.
    """

    item: str
    text: str
    sound_ms: int
    segments: tuple[Segment, ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class PartialTranscript:
    """The transcript so far of the window that is open, all of which may still change."""

    item: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class WindowTranscribed:
    """The transcript of a finished window of an utterance, which does not change any more.

    Attributes:
        is_last: whether the utterance is known to have no further window.
    """

    item: str
    segments: tuple[Segment, ...]
    is_last: bool


@dataclass(frozen=True, slots=True)
class NotTranscribed:
    """An utterance that could not be transcribed; the stream continues."""

    item: str
    error: CuestreamError


UtteranceEvent = (
    SpeechStarted
    | SpeechStopped
    | Committed
    | NothingToCommit
    | Cleared
    | TextDelta
    | Transcribed
    | PartialTranscript
    | WindowTranscribed
    | NotTranscribed
)

SendEvent = Callable[[UtteranceEvent], Awaitable[None]]
