"""Voice activity detection: speech windows cut out of audio while it arrives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.domain.audio import Audio, Samples
from app.domain.time import Span, ms_to_samples, samples_to_ms
from app.gpu.protocols import Vad, VadState
from app.services.stages.stage_clock import StageClock
from app.settings import VadSettings
from app.system.async_iterators import close_stage

_FIRST_LIMIT_MS = 12_000
_LIMIT_MS = 30_000
"""Source: Whisper reads 30 s at most; a first window of 8-12 s lets the first cue leave early."""

_HYSTERESIS = 0.15
"""Speech goes on until the probability falls this far below the threshold. Source: Silero VAD."""

_LEAST_SPEECH_MS = 96
"""A window with less voiced time than this is a click, not a word."""


@dataclass(frozen=True, slots=True, eq=False)
class SpeechWindow:
    """A window of speech and how long it is known to be quiet after it.

    Attributes:
        index: its place in the recording, counted from 0.
        clear_until_ms: no speech was detected between the window's last word and this time.
        voiced: spans of detected speech in it, in order.
        part: which part of the recording it was cut from, in the order of work.
    """

    index: int
    audio: Audio
    clear_until_ms: int
    voiced: tuple[Span, ...] = ()
    part: int = 0


async def speech_windows(
    parts: AsyncIterator[AsyncIterator[Audio]],
    vad: Vad,
    settings: VadSettings,
    clock: StageClock,
) -> AsyncIterator[SpeechWindow]:
    """Yield the windows of several parts of one recording, one part after the other.

    Windows are counted through, so that only the first one of all is the first of its job. The
    first one of each part is cut short like it, since a viewer waits for it.
    """
    count = number = 0
    try:
        async for part in parts:
            windows = cut_windows(part, vad, settings, clock)
            try:
                async for window in windows:
                    yield replace(window, index=count, part=number)
                    count += 1
            finally:
                await close_stage(windows)
            number += 1
    finally:
        await close_stage(parts)


async def cut_windows(
    blocks: AsyncIterator[Audio], vad: Vad, settings: VadSettings, clock: StageClock
) -> AsyncIterator[SpeechWindow]:
    """Yield windows of speech as soon as each is complete.

    Args:
        blocks: contiguous audio from the start of a VAD frame; all but the last a whole number
            of frames.
        vad: gives the probability of speech, in a thread of its own.
        settings: lengths and thresholds.
        clock: counts the time spent under ``speech``.

    Yields:
        Windows in order, not overlapping, each at most 30 s.
    """
    cutter: WindowCutter | None = None
    state: VadState | None = None
    try:
        async for block in blocks:
            if cutter is None:
                first_frame = block.start_sample // vad.frame_samples
                cutter = WindowCutter(settings, vad.frame_samples, first_frame)
            samples = _whole_frames(block.samples, vad.frame_samples)
            with clock.measure("speech"):
                probabilities, state = await asyncio.to_thread(vad.detect, samples, state)
            for probability, frame in zip(
                probabilities, samples.reshape(-1, vad.frame_samples), strict=True
            ):
                for window in cutter.push(frame, float(probability)):
                    yield window
        for window in cutter.finish() if cutter is not None else ():
            yield window
    finally:
        await close_stage(blocks)


def _whole_frames(samples: Samples, frame_samples: int) -> Samples:
    missing = -len(samples) % frame_samples
    return np.pad(samples, (0, missing)) if missing else samples


class WindowCutter:
    """Decides where windows begin and end, one VAD frame at a time.

    A window begins a little before speech. It ends at a pause once it is long enough, at a long
    pause in any case, and at the quietest place when it reaches its limit. Only the frames of
    the open window and the padding before it stay in memory.

    Args:
        settings: lengths and thresholds.
        frame_samples: samples in one frame.
        first_frame: number of the first frame that will come.
        limit_ms: longest window; None for what a transcriber reads at once.
    """

    def __init__(
        self,
        settings: VadSettings,
        frame_samples: int,
        first_frame: int = 0,
        limit_ms: int | None = None,
    ) -> None:
        self._settings = settings
        self._limit_ms = limit_ms
        self._frame_samples = frame_samples
        self._frames: list[Samples] = []
        self._probabilities: list[float] = []
        self._first_frame = first_frame
        self._open = False
        self._last_voiced = -1
        self._count = 0

    @property
    def open_audio(self) -> Audio | None:
        """The audio of the open window so far; None while there is no speech."""
        if not self._open:
            return None
        return Audio(np.concatenate(self._frames), self._first_frame * self._frame_samples)

    def push(self, frame: Samples, probability: float) -> list[SpeechWindow]:
        """Take the next frame; return the window that it completes, if any."""
        self._frames.append(frame)
        self._probabilities.append(probability)
        if self._is_voiced(probability):
            self._open = True
            self._last_voiced = len(self._frames) - 1
        if not self._open:
            self._drop_all_but_padding()
            return []
        return self._completed()

    def finish(self) -> list[SpeechWindow]:
        """End of the recording: return the window that was open, if any."""
        return self._cut(self._padded_end()) if self._open else []

    def _is_voiced(self, probability: float) -> bool:
        threshold = self._settings.threshold
        just_spoke = self._open and self._last_voiced == len(self._frames) - 2
        return probability >= (max(0.01, threshold - _HYSTERESIS) if just_spoke else threshold)

    def _completed(self) -> list[SpeechWindow]:
        first = self._count == 0
        enough_ms = self._settings.first_window_ms if first else self._settings.window_ms
        silence_ms = self._ms(len(self._frames) - 1 - self._last_voiced)
        speech_ms = self._ms(self._last_voiced + 1)
        if silence_ms >= self._settings.max_gap_ms or (
            silence_ms >= self._settings.min_silence_ms and speech_ms >= enough_ms
        ):
            return self._cut(self._padded_end())
        limit_ms = self._limit_ms or (_FIRST_LIMIT_MS if first else _LIMIT_MS)
        if self._ms(len(self._frames)) >= limit_ms:
            return self._cut(self._quietest_frame())
        return []

    def _cut(self, end: int) -> list[SpeechWindow]:
        """Close the window before frame ``end``; what follows stays for the next one."""
        voiced = np.asarray(self._probabilities[:end]) >= self._settings.threshold
        start_sample = self._first_frame * self._frame_samples
        spans = tuple(self._spans(voiced))
        clear = self._first_frame + (len(self._frames) if end > self._last_voiced else end)
        audio = Audio(np.concatenate(self._frames[:end]), start_sample)
        self._drop(end)
        if self._ms(int(voiced.sum())) < _LEAST_SPEECH_MS:
            return []
        clear_ms = samples_to_ms(clear * self._frame_samples)
        window = SpeechWindow(self._count, audio, clear_ms, spans)
        self._count += 1
        return [window]

    def _spans(self, voiced: NDArray[np.bool_]) -> Iterator[Span]:
        """Yield the runs of voiced frames; a break that is no silence does not end one."""
        least = max(1, ms_to_samples(self._settings.min_silence_ms) // self._frame_samples)
        frames = np.flatnonzero(voiced)
        runs = np.split(frames, np.flatnonzero(np.diff(frames) > least) + 1)
        for run in runs if len(frames) else ():
            first, last = self._first_frame + int(run[0]), self._first_frame + int(run[-1])
            yield Span(self._ms(first), self._ms(last + 1))

    def _drop(self, frames: int) -> None:
        del self._frames[:frames], self._probabilities[:frames]
        self._first_frame += frames
        self._last_voiced -= frames
        self._open = self._last_voiced >= 0

    def _padded_end(self) -> int:
        """One past the last frame to keep: half of the pause at most goes to each side."""
        pause = len(self._frames) - 1 - self._last_voiced
        padding = ms_to_samples(self._settings.pad_ms) // self._frame_samples
        return self._last_voiced + 1 + min(padding, (pause + 1) // 2)

    def _quietest_frame(self) -> int:
        """Where to cut speech without a pause: the least voiced place in the last half.

        The probabilities are averaged over 5 frames, since one low frame may be a consonant.
        """
        half = len(self._probabilities) // 2
        tail = np.asarray(self._probabilities[half:])
        smooth = np.convolve(np.pad(tail, 2, mode="edge"), np.full(5, 0.2), mode="valid")
        return half + int(np.argmin(smooth))

    def _drop_all_but_padding(self) -> None:
        padding = ms_to_samples(self._settings.pad_ms) // self._frame_samples
        extra = len(self._frames) - padding
        if extra > 0:
            self._drop(extra)
            self._last_voiced = -1

    def _ms(self, frames: int) -> int:
        return samples_to_ms(frames * self._frame_samples)
