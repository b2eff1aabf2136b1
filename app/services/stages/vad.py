"""Voice activity detection: speech windows cut out of audio while it arrives."""

from __future__ import annotations

import itertools
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
from app.system.thread_groups import VOICE

_FIRST_LIMIT_MS = 12_000
_LIMIT_MS = 30_000
"""Source: Whisper reads 30 s at most; a first window of 8-12 s lets the first cue leave early."""

_PAUSE_WORTH = 4
"""Fill of a window that a longer pause is worth: one of 1 s is preferred to one of 0.5 s that comes
up to 2 s later. A window that ends inside a sentence costs words at the joint."""

_LONGEST_PAUSE_MS = 1_000
"""Longer pauses are no better."""

_HYSTERESIS = 0.15
"""Speech goes on until the probability falls this far below the threshold. Source: Silero VAD."""

_EDGE = 0.15
"""Speech begins and ends where the probability passes this, next to frames that pass the threshold.
Against the known times of 500 recordings in five languages, onsets are then off by -15 to 75 ms
(5th and 95th percentile, median 5 ms), and by -3 to 121 ms (20 ms) with the threshold alone."""

_EDGE_MS = 192
"""Such an edge is no longer than that: in noise the probability may stay there for long."""

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
            if block.gap:  # nobody speaks, and what comes after it is not its continuation
                probabilities = np.zeros(len(samples) // vad.frame_samples, np.float32)
                state = None
            else:
                with clock.measure("speech"):
                    probabilities, state = await VOICE.run(vad.detect, samples, state)
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

    A window begins a little before speech and ends at a long pause in any case. The first one,
    and every one of a live stream, ends at the next pause once it is long enough. Others are
    filled as far as the transcriber reads and then cut at the best of their late pauses: a window
    costs about the same whatever its length, so full ones are fewer and cheaper. Where there is no
    pause, the cut is at the quietest place. Only the frames of the open window and the padding
    before it stay in memory.

    Args:
        settings: lengths and thresholds.
        frame_samples: samples in one frame.
        first_frame: number of the first frame that will come.
        limit_ms: longest window of a live stream; None for a recording, whose windows may be as
            long as a transcriber reads at once.
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
        self._padding = ms_to_samples(settings.pad_ms) // frame_samples
        self._frames: list[Samples] = []
        self._probabilities: list[float] = []
        self._voiced: list[bool] = []
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

    @property
    def open_from_ms(self) -> int | None:
        """Where the open window begins, once it holds more voice than a click; None before."""
        if not self._open or self._ms(sum(self._voiced)) < _LEAST_SPEECH_MS:
            return None
        return self._ms(self._first_frame)

    @property
    def is_open(self) -> bool:
        """Whether a window is open."""
        return self._open

    def push(self, frame: Samples, probability: float) -> list[SpeechWindow]:
        """Take the next frame; return the window that it completes, if any."""
        self._frames.append(frame)
        self._probabilities.append(probability)
        self._voiced.append(self._is_voiced(probability))
        if self._voiced[-1]:
            self._open = True
            self._last_voiced = len(self._frames) - 1
        if not self._open:
            self._drop_all_but_padding()
            return []
        return self._completed()

    def finish(self) -> list[SpeechWindow]:
        """End of the recording: return the window that was open, if any."""
        return self._cut_in(self._last_voiced, len(self._frames)) if self._open else []

    def _is_voiced(self, probability: float) -> bool:
        threshold = self._settings.threshold
        just_spoke = self._open and self._last_voiced == len(self._frames) - 2
        return probability >= (max(0.01, threshold - _HYSTERESIS) if just_spoke else threshold)

    def _completed(self) -> list[SpeechWindow]:
        first = self._count == 0
        enough_ms = self._settings.first_window_ms if first else self._settings.window_ms
        silence_ms = self._ms(len(self._frames) - 1 - self._last_voiced)
        speech_ms = self._ms(self._last_voiced + 1)
        soon = first or self._limit_ms is not None
        if silence_ms >= self._settings.max_gap_ms or (
            soon and silence_ms >= self._settings.min_silence_ms and speech_ms >= enough_ms
        ):
            return self._cut_in(self._last_voiced, len(self._frames))
        limit_ms = self._limit_ms or (_FIRST_LIMIT_MS if first else _LIMIT_MS)
        if self._ms(len(self._frames)) >= limit_ms:
            return self._cut_full(enough_ms)
        return []

    def _cut_full(self, enough_ms: int) -> list[SpeechWindow]:
        """Close a window that has reached its limit: in the best of its late pauses, if any."""
        least = max(1, ms_to_samples(self._settings.min_silence_ms) // self._frame_samples)
        voiced = np.flatnonzero(self._voiced)
        pauses = [
            (int(last), int(following))
            for last, following in itertools.pairwise([*voiced, len(self._frames)])
            if following - last > least and self._ms(int(last) + 1) >= enough_ms
        ]
        if pauses:
            return self._cut_in(*max(pauses, key=self._worth))
        quietest = self._quietest_frame()
        return self._cut(quietest, clear=quietest)

    def _worth(self, pause: tuple[int, int]) -> int:
        last, following = pause
        length_ms = min(self._ms(following - last - 1), _LONGEST_PAUSE_MS)
        return self._ms(last) + _PAUSE_WORTH * length_ms

    def _cut_in(self, last: int, following: int) -> list[SpeechWindow]:
        """Close the window in a pause; half of it at most goes to each side.

        Args:
            last: the last voiced frame before it.
            following: the first frame after it.
        """
        end = last + 1 + min(self._padding, (following - last) // 2)
        return self._cut(end, clear=following)

    def _cut(self, end: int, clear: int) -> list[SpeechWindow]:
        """Close the window before frame ``end``; what follows stays for the next one.

        Args:
            end: one past its last frame.
            clear: the frame until which no speech follows.
        """
        voiced = np.asarray(self._probabilities[:end]) >= self._settings.threshold
        start_sample = self._first_frame * self._frame_samples
        spans = tuple(self._spans(self._with_edges(voiced)))
        clear_ms = samples_to_ms((self._first_frame + clear) * self._frame_samples)
        audio = Audio(np.concatenate(self._frames[:end]), start_sample)
        self._drop(end)
        if self._open:
            self._drop(max(0, self._voiced.index(True) - self._padding))
        if self._ms(int(voiced.sum())) < _LEAST_SPEECH_MS:
            return []
        window = SpeechWindow(self._count, audio, clear_ms, spans)
        self._count += 1
        return [window]

    def _with_edges(self, voiced: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Widen runs of voiced frames by what is nearly voiced beside them."""
        nearly = np.asarray(self._probabilities[: len(voiced)]) >= _EDGE
        wide = voiced.copy()
        for _ in range(ms_to_samples(_EDGE_MS) // self._frame_samples):
            beside = wide.copy()
            beside[1:] |= wide[:-1]
            beside[:-1] |= wide[1:]
            wide |= beside & nearly
        return wide

    def _spans(self, voiced: NDArray[np.bool_]) -> Iterator[Span]:
        """Yield the runs of voiced frames; a break that is no silence does not end one."""
        least = max(1, ms_to_samples(self._settings.min_silence_ms) // self._frame_samples)
        frames = np.flatnonzero(voiced)
        runs = np.split(frames, np.flatnonzero(np.diff(frames) > least) + 1)
        for run in runs if len(frames) else ():
            first, last = self._first_frame + int(run[0]), self._first_frame + int(run[-1])
            yield Span(self._ms(first), self._ms(last + 1))

    def _drop(self, frames: int) -> None:
        del self._frames[:frames], self._probabilities[:frames], self._voiced[:frames]
        self._first_frame += frames
        self._last_voiced -= frames
        self._open = self._last_voiced >= 0

    def _quietest_frame(self) -> int:
        """Where to cut speech without a pause: the least voiced place in the last half.

        The probabilities are averaged over 5 frames, since one low frame may be a consonant.
        """
        half = len(self._probabilities) // 2
        tail = np.asarray(self._probabilities[half:])
        smooth = np.convolve(np.pad(tail, 2, mode="edge"), np.full(5, 0.2), mode="valid")
        return half + int(np.argmin(smooth))

    def _drop_all_but_padding(self) -> None:
        extra = len(self._frames) - self._padding
        if extra > 0:
            self._drop(extra)
            self._last_voiced = -1

    def _ms(self, frames: int) -> int:
        return samples_to_ms(frames * self._frame_samples)
