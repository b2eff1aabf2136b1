"""Speaking of many lines: several at a time, each tried again, and every failure reported."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from app.domain.errors import OverloadedError, SpeechError
from app.services.tts.speech_engine import Voice
from app.services.tts.speech_sound import SpeechSound
from app.services.tts.speech_synthesizer import SpeechSynthesizer
from app.system.gathering import gather_or_cancel

log = structlog.get_logger()

_TRIES = 2
_FAILED_IN_A_ROW = 3
"""So many lines that fail one after the other, each of them twice, are the engine's fault and no
line's: it does not run, or not as it should."""
_LONGEST_WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class SpeechOrder:
    """A text with its voice.

    Attributes:
        number: of its line.
        text: to be spoken.
        voice: of the engine.
        speed: multiple of the voice's own.
    """

    number: int
    text: str
    voice: Voice
    speed: float = 1.0


class LineSpeaker:
    """Speaks lines.

    Args:
        synthesizer: speaks.
        at_once: lines at a time.

    Attributes:
        failures: code of the failure of each line that could not be spoken, by its number.
    """

    def __init__(self, synthesizer: SpeechSynthesizer, at_once: int) -> None:
        self.failures: dict[int, str] = {}
        self._synthesizer = synthesizer
        self._at_once = at_once
        self._failed_in_a_row = 0
        self._last: SpeechError | None = None

    async def speak_all(
        self, orders: Sequence[SpeechOrder], take: Callable[[SpeechOrder, SpeechSound], None]
    ) -> None:
        """Speak lines, handing each over as soon as it is there.

        Args:
            orders: in order.
            take: gets each line that is spoken; the others are in `failures`.

        Raises:
            SpeechError: the engine does not work, or speaks none of the lines.
            SpeechUnavailableError: this server does not speak.
        """
        waiting = iter(orders)

        async def work() -> None:
            for order in waiting:
                sound = await self._try(order)
                if sound is not None:
                    take(order, sound)

        await gather_or_cancel(work() for _ in range(self._at_once))
        if self._last is not None and all(order.number in self.failures for order in orders):
            raise self._last

    async def speak(self, order: SpeechOrder) -> SpeechSound | None:
        """Speak one line; None where it could not be spoken, which is no failure of the job."""
        try:
            return await self._spoken(order)
        except SpeechError as error:
            log.warning("a line is not spoken", line=order.number, reason=error.message)
            return None

    async def _try(self, order: SpeechOrder) -> SpeechSound | None:
        try:
            sound = await self._spoken(order)
        except SpeechError as error:
            self._last = error
            self.failures[order.number] = error.code
            self._failed_in_a_row += 1
            log.warning("a line is not spoken", line=order.number, reason=error.message)
            if self._failed_in_a_row >= _FAILED_IN_A_ROW:
                raise
            return None
        self._failed_in_a_row = 0
        return sound

    async def _spoken(self, order: SpeechOrder) -> SpeechSound:
        tries = 0
        while True:
            try:
                return await self._synthesizer.sound(
                    order.text, order.voice, order.speed, waits=True
                )
            except OverloadedError as error:
                await asyncio.sleep(min(error.retry_after_s, _LONGEST_WAIT_S))
            except SpeechError:
                tries += 1
                if tries >= _TRIES:
                    raise
