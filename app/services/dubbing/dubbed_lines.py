"""Cues to sounds at their places: spoken, placed, condensed where they must be, shaped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from app.services.dubbing.line_condenser import LongLine
from app.services.dubbing.line_placement import (
    MOST_SPEED_UP,
    LinePlacement,
    LineToPlace,
    place_lines,
    sped_length_ms,
    time_limits,
)
from app.services.dubbing.line_speaker import LineSpeaker, SpeechOrder
from app.services.dubbing.sound_shaping import shaped
from app.services.dubbing.speech_track import PlacedSound
from app.services.dubbing.spoken_lines import SpokenLine
from app.services.dubbing.voice_choice import VoiceChoice
from app.services.layout.width import text_width
from app.services.tts.speech_engine import Voice
from app.services.tts.speech_sound import SpeechSound, read_sound
from app.system.gathering import gather_or_cancel
from app.system.thread_groups import DISK
from app.system.workdir import storage_errors

NO_ROOM, OUTSIDE = "no_room", "outside"
"""Why a line is not spoken: the one before takes its time, or its cue lies behind the end."""

_TOLERATED = 1.02
_MIN_RMS, _LOUDEST = 1.0, 26_000.0
_VOICE_RMS = 3000.0
"""Level to which voices are brought ahead of the mix, so that none is louder: about -21 dB."""

Condense = Callable[[Sequence[LongLine]], Awaitable[Mapping[int, str]]]
OnLineDone = Callable[[int, int, int | None], None]
"""Callback: how many lines are done, of how many, and the time to the end in ms."""


@dataclass(frozen=True, slots=True)
class DubbedLine:
    """What became of a line.

    Attributes:
        line: with the text that is spoken.
        voice: whose; None where the line is not to be spoken.
        placement: None where nothing was said.
        sound: where its samples are; None where it is not heard.
        natural_ms: length of its speech at the voice's own speed.
        is_condensed: whether its translation was shortened.
        unspoken: why it is not heard; empty where it is.
    """

    line: SpokenLine
    voice: Voice | None
    placement: LinePlacement | None = None
    sound: PlacedSound | None = None
    natural_ms: int = 0
    is_condensed: bool = False
    unspoken: str = ""


@dataclass(frozen=True, slots=True)
class DubbingRoom:
    """Where and how lines are spoken.

    Attributes:
        folder: for their sounds.
        rate_hz: of the programme.
        total_samples: of the programme.
        at_once: lines that are worked on at a time.
    """

    folder: Path
    rate_hz: int
    total_samples: int
    at_once: int

    @property
    def total_ms(self) -> int:
        """Length of the programme, rounded down."""
        return self.total_samples * 1000 // self.rate_hz


class LineDubber:
    """Makes sounds of lines.

    Args:
        speaker: speaks them.
        choice: with whose voice.
        room: where their sounds go.
        condense: returns shorter texts of lines that are too long.
        tell: gets the progress.
    """

    def __init__(
        self,
        speaker: LineSpeaker,
        choice: VoiceChoice,
        room: DubbingRoom,
        condense: Condense,
        tell: OnLineDone,
    ) -> None:
        self._speaker = speaker
        self._choice = choice
        self._room = room
        self._condense = condense
        self._tell = tell
        self._lines: list[SpokenLine] = []
        self._lengths_ms: dict[int, int] = {}
        self._levels: dict[str, tuple[float, int]] = {}
        self._condensed: set[int] = set()

    async def dub(self, lines: Sequence[SpokenLine]) -> list[DubbedLine]:
        """Speak lines and place them.

        Args:
            lines: in order of their start.

        Raises:
            SpeechError: the speech engine does not work.
            StorageError: the disk is full.
            CuestreamError: the translator cannot be reached.
        """
        self._lines = list(lines)
        await self._speak([n for n, line in enumerate(lines) if not line.unspoken])
        await self._shorten()
        places = self._placed()
        return await self._shape(places)

    async def _speak(self, numbers: Sequence[int]) -> None:
        started_s = time.monotonic()
        done = 0

        def take(order: SpeechOrder, sound: SpeechSound) -> None:
            nonlocal done
            self._keep(order.number, sound)
            done += 1
            left_ms = (time.monotonic() - started_s) * 1000 / done * (len(numbers) - done)
            self._tell(done, len(numbers), round(left_ms))

        orders = [SpeechOrder(n, self._lines[n].text, self._voice(n)) for n in numbers]
        await self._speaker.speak_all(orders, take)

    def _keep(self, number: int, sound: SpeechSound) -> None:
        with storage_errors():
            self._path(number).write_bytes(sound.to_wav())
        self._lengths_ms[number] = sound.length_ms
        energy, count = self._levels.get(self._voice(number).id, (0.0, 0))
        energy += float(np.sum(sound.samples.astype(np.float64) ** 2))
        self._levels[self._voice(number).id] = energy, count + len(sound.samples)

    async def _shorten(self) -> None:
        """Condense what is too long at any speed, and speak it again."""
        numbers, limits = self._limits()
        long = [
            LongLine(
                number,
                self._lines[number],
                limit - self._lines[number].start_ms,
                text_width(self._lines[number].text) / self._lengths_ms[number],
                MOST_SPEED_UP,
            )
            for number, limit in zip(numbers, limits, strict=True)
            if sped_length_ms(self._lengths_ms[number], MOST_SPEED_UP)
            > limit - self._lines[number].start_ms
            > 0
        ]
        for number, text in (await self._condense(long) if long else {}).items():
            order = SpeechOrder(number, text, self._voice(number))
            sound = await self._speaker.speak(order)
            if sound is not None and sound.length_ms < self._lengths_ms[number]:
                self._lines[number] = replace(self._lines[number], text=text)
                self._condensed.add(number)
                self._keep(number, sound)

    def _limits(self) -> tuple[list[int], list[int]]:
        """Return the numbers of the lines that have sounds, and when each of them has to end."""
        numbers = sorted(self._lengths_ms)
        return numbers, time_limits([self._to_place(n) for n in numbers], self._room.total_ms)

    def _to_place(self, number: int) -> LineToPlace:
        line = self._lines[number]
        return LineToPlace(line.start_ms, line.end_ms, self._lengths_ms[number])

    def _placed(self) -> dict[int, LinePlacement]:
        numbers = sorted(self._lengths_ms)
        places = place_lines([self._to_place(n) for n in numbers], self._room.total_ms)
        return dict(zip(numbers, places, strict=True))

    async def _shape(self, places: Mapping[int, LinePlacement]) -> list[DubbedLine]:
        at_once = asyncio.Semaphore(self._room.at_once)

        async def work(number: int) -> DubbedLine:
            async with at_once:
                return await self._dubbed(number, places.get(number))

        return await gather_or_cancel(work(number) for number in range(len(self._lines)))

    async def _dubbed(self, number: int, place: LinePlacement | None) -> DubbedLine:
        line = self._lines[number]
        voice = self._choice.voices.get(line.role)
        failure = self._speaker.failures.get(number, "")
        if place is None:
            return DubbedLine(line, voice, unspoken=line.unspoken or failure)
        natural_ms = self._lengths_ms[number]
        condensed = number in self._condensed
        if not place.is_spoken:
            reason = OUTSIDE if line.start_ms >= self._room.total_ms else NO_ROOM
            return DubbedLine(line, voice, None, None, natural_ms, condensed, reason)
        sound = await self._sound(number, place)
        return DubbedLine(line, voice, place, sound, natural_ms, condensed)

    async def _sound(self, number: int, place: LinePlacement) -> PlacedSound:
        """Return the samples of a line, by a faster voice where the engine has one."""
        most = place.length_ms * self._room.rate_hz // 1000
        natural = await read_sound(await DISK.run(self._path(number).read_bytes))
        sound = natural
        if place.speed_up > 1.0:
            order = SpeechOrder(
                number, self._lines[number].text, self._voice(number), place.speed_up
            )
            faster = await self._speaker.speak(order)
            if faster is not None and _is_within(faster, natural):
                sound = faster
        samples = await shaped(sound, self._room.rate_hz, most + 1)
        samples = samples[: min(most, self._room.total_samples - self._start(place))]
        path = self._path(number).with_suffix(".s16")
        with storage_errors():
            await DISK.run(path.write_bytes, samples.astype("<i2").tobytes())
            await DISK.run(self._path(number).unlink)
        peak = float(np.abs(samples.astype(np.float32)).max(initial=1.0))
        gain = min(self._gain(number), _LOUDEST / peak)
        return PlacedSound(path, self._start(place), len(samples), gain)

    def _start(self, place: LinePlacement) -> int:
        return place.start_ms * self._room.rate_hz // 1000

    def _gain(self, number: int) -> float:
        energy, count = self._levels[self._voice(number).id]
        return float(_VOICE_RMS / max(_MIN_RMS, (energy / max(1, count)) ** 0.5))

    def _voice(self, number: int) -> Voice:
        return self._choice.voices[self._lines[number].role]

    def _path(self, number: int) -> Path:
        return self._room.folder / f"line-{number}.wav"


def _is_within(faster: SpeechSound, natural: SpeechSound) -> bool:
    """Whether a sound is faster than the voice's own, and not by more than it may.

    Engines that know no speed answer at their own, and some round it.
    """
    ratio = natural.length_ms / max(1, faster.length_ms)
    return 1.0 < ratio <= MOST_SPEED_UP * _TOLERATED
