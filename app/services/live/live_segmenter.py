"""Speech segmenter of a live stream."""

from __future__ import annotations

import numpy as np

from app.domain.audio import Audio, Samples
from app.gpu.protocols import Vad, VadState
from app.services.stages.vad import WindowCutter
from app.settings import LiveSettings, VadSettings
from app.system.thread_groups import VOICE


class LiveSegmenter:
    """Cuts audio into speech windows that are short enough for live captions.

    Args:
        vad: voice activity detector, run in a thread of its own.
        how: threshold and padding.
        live: window lengths and minimum silence.
    """

    def __init__(self, vad: Vad, vad_settings: VadSettings, live: LiveSettings) -> None:
        self._vad = vad
        self._vad_settings = vad_settings.model_copy(
            update={
                "min_silence_ms": min(vad_settings.min_silence_ms, live.min_silence_ms),
                "first_window_ms": live.window_ms,
                "window_ms": live.window_ms,
                "max_gap_ms": live.min_silence_ms,
            }
        )
        self._limit_ms = live.max_window_ms
        self._state: VadState | None = None
        self._remainder: Samples = np.zeros(0, np.float32)
        self._cutter = self._new_cutter()

    @property
    def open_window(self) -> Audio | None:
        """The window that is not finished yet; None during silence."""
        return self._cutter.open_audio

    async def feed(self, samples: Samples) -> list[Audio]:
        """Add the next samples (float32, 16 kHz mono); return the windows that they complete."""
        frame = self._vad.frame_samples
        samples = np.concatenate((self._remainder, samples))
        whole = len(samples) - len(samples) % frame
        samples, self._remainder = samples[:whole], samples[whole:]
        if not whole:
            return []
        probabilities, self._state = await VOICE.run(self._vad.detect, samples, self._state)
        return [
            window.audio
            for probability, block in zip(probabilities, samples.reshape(-1, frame), strict=True)
            for window in self._cutter.push(block, float(probability))
        ]

    def cut(self) -> list[Audio]:
        """End the open window and reset the detector's state, at a gap or at the end."""
        windows = [window.audio for window in self._cutter.finish()]
        self._state = None
        self._remainder = self._remainder[:0]
        self._cutter = self._new_cutter()
        return windows

    def _new_cutter(self) -> WindowCutter:
        return WindowCutter(self._vad_settings, self._vad.frame_samples, limit_ms=self._limit_ms)
