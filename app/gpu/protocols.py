"""What an engine must do.

Engines are synchronous and are called from worker threads; they take and return domain
values and know no HTTP, no subtitle format and no environment.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import NewType, Protocol

import numpy as np
from numpy.typing import NDArray

from app.domain.audio import Audio, Samples
from app.domain.request import SpeakerCount
from app.domain.transcript import Segment, SpeakerTurn

VadState = NewType("VadState", object)
"""What a VAD remembers between two calls on one recording; opaque to callers."""


class Vad(Protocol):
    """Voice activity detection on a stream.

    Attributes:
        frame_samples: samples per probability.
        revision: see `Engine`.
    """

    frame_samples: int
    revision: str

    def detect(
        self, samples: Samples, state: VadState | None
    ) -> tuple[NDArray[np.float32], VadState]:
        """Return the probability of speech for each frame.

        Args:
            samples: the next samples of the recording, a whole number of frames.
            state: what the previous call returned; None at the start of a recording.

        Returns:
            Probabilities 0..1, shape ``(len(samples) // frame_samples,)``, and the new state.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A stretch of speech to transcribe: at most 30 s, cut where nobody speaks if possible.

    Attributes:
        audio: its samples and its place in the recording.
        language: BCP 47 tag, or None to detect it.
        prompt: words that are likely to occur (a title), or an empty string.
        allowed_languages: base tags that detection chooses from; empty for all that the engine
            knows.
        cancelled: set when nobody wants the result any more; an engine that can stop early does.
    """

    audio: Audio
    language: str | None = None
    prompt: str = ""
    allowed_languages: tuple[str, ...] = ()
    cancelled: Event = field(default_factory=Event)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A window that is ready for its device.

    Attributes:
        window: what it was made of.
        batch_key: windows with equal keys may be decoded in one call.
        padded_ms: length that it is decoded at, silence at its end included.
        attempt: 0 for the first decoding; above, it was not good enough so far.
        payload: the engine's own: a spectrogram, a prompt, earlier attempts.
    """

    window: Window
    batch_key: Hashable = None
    padded_ms: int = 0
    attempt: int = 0
    payload: object = None


class Transcriber(Protocol):
    """Speech to text, in two steps so that one batch is made ready while another is decoded.

    Attributes:
        lanes: calls of `decode` at a time.
        max_batch: windows in one call.
        revision: see `Engine`.
    """

    lanes: int
    max_batch: int
    revision: str

    def prepare(self, window: Window) -> Prepared:
        """Do what needs no device; any thread may call it.

        Raises:
            InvalidLanguageError: the engine does not know the window's language.
            EngineError: the window is too long.
        """
        ...

    def decode(self, batch: Sequence[Prepared]) -> Sequence[Sequence[Segment] | Prepared]:
        """Transcribe windows of any number of requests together.

        Args:
            batch: windows with equal keys.

        Returns:
            For each window, in order, its segments, whose times count from the recording's
            start (none where nothing was said), or the window made ready for another attempt.

        Raises:
            EngineError: the batch failed.
            OutOfMemoryError: the batch does not fit the device.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class AlignmentInput:
    """What was heard in one window, and its sound.

    Attributes:
        audio: the window.
        segments: in order, of one language, inside the window.
    """

    audio: Audio
    segments: tuple[Segment, ...]


class Aligner(Protocol):
    """Finds out when exactly each word was said.

    Attributes:
        max_batch: passages in one call.
        revision: see `Engine`.
    """

    max_batch: int
    revision: str

    def supports(self, language: str) -> bool:
        """Whether there is a model for a BCP 47 tag; loads it if need be, so it may take long."""
        ...

    def unavailable_reason(self, language: str) -> str:
        """Return why a language is not served, for people; empty where it is."""
        ...

    def align(self, passages: Sequence[AlignmentInput]) -> Sequence[tuple[Segment, ...]]:
        """Return the segments of each passage with better word times, texts unchanged.

        Args:
            passages: of languages that are served, any mixture.

        Raises:
            EngineError: the batch failed.
            OutOfMemoryError: it does not fit the device.
        """
        ...


DiarizationState = NewType("DiarizationState", object)
"""What a diarizer has heard of one recording so far; opaque to callers."""


class Diarizer(Protocol):
    """Who speaks when, listened to in slices while the recording still arrives.

    Attributes:
        slice_samples: what `process` likes to be given at a time.
        revision: see `Engine`.
    """

    slice_samples: int
    revision: str

    def process(
        self, samples: Samples, voices: DiarizationState | None, *, last: bool = False
    ) -> DiarizationState:
        """Take in the next samples of a recording.

        Args:
            samples: any number, following those of the previous call.
            voices: what the previous call returned; None at the start. It must not be used again.
            last: nothing follows.

        Raises:
            EngineError: the models failed.
            OutOfMemoryError: the slice does not fit the device.
        """
        ...

    def turns(self, voices: DiarizationState, speakers: SpeakerCount) -> Sequence[SpeakerTurn]:
        """Tell the speakers apart, once everything was listened to.

        Returns:
            Turns in order of start; speakers are called ``SPEAKER_00`` and on by first
            appearance. Empty where nobody speaks.

        Raises:
            EngineError: the clustering failed.
        """
        ...


class Engine(Protocol):
    """What every engine says of itself.

    Attributes:
        name: of the engine.
        device: where it runs.
        detail: what it runs, for people.
        revision: changes whenever the same input might give another output: the loaded model's
            own identity, its precision, the version of what runs it. Part of the address of
            remembered work. Settings of the server are not in it.
    """

    name: str
    device: str
    detail: str
    revision: str
