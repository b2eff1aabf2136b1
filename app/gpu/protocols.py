"""Protocols of the speech engines.

Engines are synchronous and are called from worker threads; they take and return domain
values and know no HTTP, no subtitle format and no environment.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import NewType, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from app.domain.audio import Audio, Samples
from app.domain.request import SpeakerCount, Task
from app.domain.transcript import Segment, SpeakerTurn

ELSEWHERE = "remote"
"""Device of an engine that calls a server: its calls wait, perhaps for minutes, and compute nothing
here."""


class Engine(Protocol):
    """What all engines have in common.

    Attributes:
        name: of the engine.
        device: where it runs, ``cuda``, ``cpu`` or ``remote``.
        cache_key: everything that changes the engine's output for the same input: identity of
            the model's files, version of what runs it, precision, and the settings that it
            reads. Threads, batch sizes and the folder of the files are not in it. Part of the
            address of cached results.
    """

    name: str
    device: str
    cache_key: str

    @property
    def detail(self) -> str:
        """Model with its precision, for people; contains no path."""
        ...


VadState = NewType("VadState", object)
"""State of a VAD between two calls on one recording; opaque to callers."""


class Vad(Engine, Protocol):
    """Voice activity detection on a stream.

    Attributes:
        frame_samples: samples per probability.
    """

    frame_samples: int

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
    """A stretch of speech to transcribe: at most 30 s, cut in a pause if possible.

    Attributes:
        audio: its samples and its place in the recording.
        language: BCP 47 tag, or None to detect it.
        prompt: words that are likely to occur (a title), or an empty string.
        allowed_languages: base tags that detection chooses from; empty for all that the engine
            knows.
        cancelled: set when the result is no longer needed; an engine that can stop early does.
        task: ``translate`` only where the engine translates. English speech is transcribed in
            either case; of any other language the segments hold an English translation, with the
            spoken language in ``Segment.spoken``.
        sounds: whether sounds are described in the text (``[laughter]``, ``♪``), by an engine that
            knows any.
    """

    audio: Audio
    language: str | None = None
    prompt: str = ""
    allowed_languages: tuple[str, ...] = ()
    cancelled: Event = field(default_factory=Event)
    task: Task = "transcribe"
    sounds: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A window that is ready for its device.

    Attributes:
        window: what it was made of.
        batch_key: windows with equal keys may be decoded in one call.
        padded_ms: length that it is decoded at, silence at its end included.
        attempt: 0 for the first decoding; above, earlier ones were not good enough.
        payload: the engine's own: a spectrogram, a prompt, earlier attempts.
    """

    window: Window
    batch_key: Hashable = None
    padded_ms: int = 0
    attempt: int = 0
    payload: object = None


class Transcriber(Engine, Protocol):
    """Speech to text, in two steps so that one batch is prepared while another is decoded.

    Attributes:
        lanes: calls of `decode` at a time.
        max_batch: windows in one call.
        languages: base tags that a window may have; None where the engine has no list, so
            that any language may be requested and detection may return any.
        translates: whether it can write speech in other languages in English, see `Window.task`.
    """

    lanes: int
    max_batch: int
    languages: tuple[str, ...] | None
    translates: bool

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
            start (none where nothing was said), or the window prepared for another attempt.

        Raises:
            EngineError: the batch failed.
            OutOfMemoryError: the batch does not fit the device.
        """
        ...


@dataclass(frozen=True, slots=True)
class AudioPrice:
    """Price of transcribed audio.

    Attributes:
        model: at the server, for accounts.
        usd_per_s: US dollars for a second; None where it is not known.
        least_billed_s: seconds that a shorter window is billed as.
    """

    model: str
    usd_per_s: float | None
    least_billed_s: float = 0.0

    def cost_usd(self, audio_s: float) -> float | None:
        """Return what one window costs; None where the price is not known."""
        if self.usd_per_s is None:
            return None
        return max(audio_s, self.least_billed_s) * self.usd_per_s


@runtime_checkable
class PaidTranscriber(Protocol):
    """A transcriber whose server is paid for the audio.

    Attributes:
        price: of the audio.
    """

    price: AudioPrice


@dataclass(frozen=True, slots=True, eq=False)
class AlignmentInput:
    """The transcript of one window with its audio.

    Attributes:
        audio: the window.
        segments: in order, of one language, inside the window.
    """

    audio: Audio
    segments: tuple[Segment, ...]


class Aligner(Engine, Protocol):
    """Forced alignment: exact times of words whose text is known.

    Attributes:
        max_batch: windows in one call.
    """

    max_batch: int

    def supports(self, language: str) -> bool:
        """Whether there is a model for a BCP 47 tag; loads it if need be, so it may take long."""
        ...

    def unavailable_reason(self, language: str) -> str:
        """Return why a language is not supported, for people; empty where it is."""
        ...

    def align(self, inputs: Sequence[AlignmentInput]) -> Sequence[tuple[Segment, ...]]:
        """Return the segments of each window with better word times, texts unchanged.

        Args:
            inputs: of supported languages, any mixture.

        Raises:
            EngineError: the batch failed.
            OutOfMemoryError: it does not fit the device.
        """
        ...


DiarizationState = NewType("DiarizationState", object)
"""State of a diarizer between two calls on one recording; opaque to callers."""


class Diarizer(Engine, Protocol):
    """Speaker diarization, fed in slices while the recording still arrives.

    Attributes:
        slice_samples: preferred number of samples in one call of `process`.
    """

    slice_samples: int

    def process(
        self, samples: Samples, state: DiarizationState | None, *, last: bool = False
    ) -> DiarizationState:
        """Process the next samples of a recording.

        Args:
            samples: any number, following those of the previous call.
            state: what the previous call returned; None at the start. It must not be used again.
            last: nothing follows.

        Raises:
            EngineError: the models failed.
            OutOfMemoryError: the slice does not fit the device.
        """
        ...

    def turns(self, state: DiarizationState, speakers: SpeakerCount) -> Sequence[SpeakerTurn]:
        """Cluster the voices of a whole recording into speakers, after the last `process`.

        Returns:
            Turns in order of start; speakers are called ``SPEAKER_00`` and on by first
            appearance. Empty where the recording contains no speech.

        Raises:
            EngineError: the clustering failed.
        """
        ...


@runtime_checkable
class WaitingDiarizer(Protocol):
    """A diarizer elsewhere, for whose turns a thread waits.

    Attributes:
        lanes: calls of `turns_while` at a time.
    """

    lanes: int

    def turns_while(
        self, state: DiarizationState, speakers: SpeakerCount, is_cancelled: Callable[[], bool]
    ) -> Sequence[SpeakerTurn]:
        """Return what `Diarizer.turns` does, unless it is no longer wanted meanwhile.

        Raises:
            JobCancelledError: it is not.
            EngineError: it failed.
        """
        ...
