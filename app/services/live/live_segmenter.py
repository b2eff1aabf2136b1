"""Finding the windows of speech in a live stream."""

from __future__ import annotations

import asyncio

import numpy as np

from app.domain.audio import Audio, Samples
from app.gpu.protocols import Vad, VadState
from app.services.stages.vad import WindowCutter
from app.settings import LiveSettings, VadSettings


class LiveSegmenter:
    """Cuts sound into windows that are short enough to be read while people speak.

    Args:
        vad: gives the probability of speech, in a thread of its own.
        how: threshold and padding.
        live: lengths and silences.
    """

    def __init__(self, vad: Vad, how: VadSettings, live: LiveSettings) -> None:
        self._vad = vad
        self._how = how.model_copy(
            update={
                "min_silence_ms": min(how.min_silence_ms, live.min_silence_ms),
                "first_window_ms": live.window_ms,
                "window_ms": live.window_ms,
                "max_gap_ms": live.min_silence_ms,
            }
        )
        self._limit_ms = live.max_window_ms
        self._state: VadState | None = None
        self._rest: Samples = np.zeros(0, np.float32)
        self._cutter = self._new_cutter()

    @property
    def open(self) -> Audio | None:
        """The window that is not finished yet; None while nobody speaks."""
        return self._cutter.open_audio

    async def hear(self, samples: Samples) -> list[Audio]:
        """Take the next sound; return the windows that it completes."""
        frame = self._vad.frame_samples
        samples = np.concatenate((self._rest, samples))
        whole = len(samples) - len(samples) % frame
        samples, self._rest = samples[:whole], samples[whole:]
        if not whole:
            return []
        probabilities, self._state = await asyncio.to_thread(self._vad.detect, samples, self._state)
        return [
            window.audio
            for probability, block in zip(probabilities, samples.reshape(-1, frame), strict=True)
            for window in self._cutter.push(block, float(probability))
        ]

    def cut(self) -> list[Audio]:
        """End the open window here and forget what led to it, at a gap or at the end."""
        windows = [window.audio for window in self._cutter.finish()]
        self._state = None
        self._rest = self._rest[:0]
        self._cutter = self._new_cutter()
        return windows

    def _new_cutter(self) -> WindowCutter:
        return WindowCutter(self._how, self._vad.frame_samples, limit_ms=self._limit_ms)
