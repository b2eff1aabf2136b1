"""Cutter of a live stream into utterances and windows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from app.domain.audio import Audio, Samples
from app.domain.time import samples_to_ms
from app.gpu.protocols import Vad, VadState
from app.services.live.utterance_events import TurnOptions
from app.services.stages.vad import WindowCutter
from app.settings import VadSettings
from app.system.thread_groups import VOICE

_WINDOW_MS = 10_000
"""From this length on, a part of an utterance ends at the next short silence."""

_LIMIT_MS = 20_000
"""Longest part: an open one is transcribed again as it grows, so long ones cost more each time."""

_CHECK_MS = 400
"""Silence after which it is checked whether a sentence has ended."""

_SLOWEST_MS = 3_000
"""Silence that ends a part, where the client ends the utterance."""

Cut = Literal["start", "stop"] | Audio


class TurnCutter:
    """Finds where utterances begin and end, and cuts them into windows for the transcriber.

    Args:
        vad: voice activity detector, run in a thread of its own.
        settings: what the client does not choose.
        options: what he does.
        start_sample: of the stream, where this cutter begins.

    Attributes:
        position_ms: how much of the stream was cut.
        begin_ms: where the utterance begins that "start" was yielded for.
    """

    def __init__(
        self, vad: Vad, settings: VadSettings, options: TurnOptions, start_sample: int = 0
    ) -> None:
        self._vad = vad
        self.options = options
        by_client = options.ends_by in ("commit", "stream")
        gap_ms = options.silence_ms
        if options.ends_by == "meaning":
            gap_ms = min(_CHECK_MS, gap_ms)
        detected = {"threshold": options.threshold, "pad_ms": options.padding_ms}
        self._settings = settings.model_copy(
            update={
                **({} if by_client else detected),
                "min_silence_ms": settings.min_silence_ms
                if by_client
                else min(settings.min_silence_ms, gap_ms),
                "first_window_ms": _WINDOW_MS,
                "window_ms": _WINDOW_MS,
                "max_gap_ms": _SLOWEST_MS if by_client else gap_ms,
            }
        )
        self._state: VadState | None = None
        self._rest: Samples = np.zeros(0, np.float32)
        self._next = -(-start_sample // vad.frame_samples)
        self._silent = 0
        self.turn = by_client
        self.begin_ms = self.position_ms
        self._cutter = self._new_cutter()

    def _new_cutter(self) -> WindowCutter:
        frame = self._vad.frame_samples
        return WindowCutter(self._settings, frame, self._next, limit_ms=_LIMIT_MS)

    @property
    def position_ms(self) -> int:
        """How much of the stream was cut."""
        return samples_to_ms(self._next * self._vad.frame_samples)

    @property
    def next_sample(self) -> int:
        """The first sample that was not cut."""
        return self._next * self._vad.frame_samples

    @property
    def silent_ms(self) -> int:
        """Length of the silence so far."""
        return samples_to_ms(self._silent * self._vad.frame_samples)

    @property
    def open_window(self) -> Audio | None:
        """The window that is not finished yet; None during silence."""
        return self._cutter.open_audio

    async def feed(self, samples: Samples) -> list[tuple[Cut, int]]:
        """Take the next samples; return what happens in them, each with its time in ms."""
        frame = self._vad.frame_samples
        samples = np.concatenate((self._rest, samples))
        whole = len(samples) - len(samples) % frame
        samples, self._rest = samples[:whole], samples[whole:]
        if not whole:
            return []
        probabilities, self._state = await VOICE.run(self._vad.detect, samples, self._state)
        frames = samples.reshape(-1, frame)
        return [
            cut
            for probability, block in zip(probabilities, frames, strict=True)
            for cut in self._push(block, float(probability))
        ]

    def _push(self, frame: Samples, probability: float) -> Iterator[tuple[Cut, int]]:
        windows = self._cutter.push(frame, probability)
        self._next += 1
        self._silent = 0 if probability >= self._settings.threshold else self._silent + 1
        opened_ms = windows[0].audio.span.start_ms if windows else self._cutter.open_from_ms
        if not self.turn and opened_ms is not None:
            self.turn, self.begin_ms = True, opened_ms
            yield "start", opened_ms
        for window in windows:
            yield window.audio, self.position_ms
        if self._has_ended():
            self.turn = False
            yield "stop", self.position_ms

    def _has_ended(self) -> bool:
        if not self.turn or self.options.ends_by in ("commit", "stream"):
            return False
        return not self._cutter.is_open and self.silent_ms >= self.options.silence_ms

    async def cut(self) -> list[Audio]:
        """End the utterance here; return the window that was open, and begin anew."""
        windows: list[Audio] = []
        if len(self._rest):
            missing = self._vad.frame_samples - len(self._rest)
            for cut, _ in await self.feed(np.zeros(missing, np.float32)):
                if isinstance(cut, Audio):
                    windows.append(cut)
        windows += [window.audio for window in self._cutter.finish()]
        self.reset()
        return windows

    def reset(self) -> None:
        """Discard the open window and the state of the detector."""
        self._state = None
        self._rest = self._rest[:0]
        self._silent = 0
        self._cutter = self._new_cutter()
        self.turn = self.options.ends_by in ("commit", "stream")
        self.begin_ms = self.position_ms

    def end_turn(self) -> None:
        """Note that the utterance has ended, in the silence after it."""
        self.turn = False
