"""What an engine must do, one method each.

Engines are synchronous and are called from worker threads; they take and return domain
values and know no HTTP, no subtitle format and no environment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import NewType, Protocol

import numpy as np
from numpy.typing import NDArray

from app.domain.audio import Audio, Samples
from app.domain.transcript import Segment

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
        cancelled: set when nobody wants the result any more; an engine that can stop early does.
    """

    audio: Audio
    language: str | None = None
    prompt: str = ""
    cancelled: Event = field(default_factory=Event)


class Transcriber(Protocol):
    """Speech to text."""

    def transcribe(self, windows: Sequence[Window]) -> Sequence[Sequence[Segment]]:
        """Transcribe windows of any number of requests together.

        Args:
            windows: one batch.

        Returns:
            One sequence of segments for each window, in order; times count from the
            recording's start. Empty where nothing was said.

        Raises:
            EngineError: the batch failed.
            OutOfMemoryError: the batch does not fit the device.
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
