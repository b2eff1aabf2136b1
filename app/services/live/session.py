"""One live stream: from its sound to its lines."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence

import structlog

from app.domain.audio import Audio, Samples
from app.domain.errors import CuestreamError
from app.domain.language import Language
from app.domain.transcript import Segment
from app.gpu.protocols import Window
from app.gpu.work_context import WorkContext
from app.services.live.line_translator import LineTranslator, check_target
from app.services.live.live_result import LiveResult, Tell
from app.services.live.live_segmenter import LiveSegmenter
from app.services.live.partial import Partial
from app.services.live.sound_queue import SoundQueue
from app.services.readiness import Readiness
from app.settings import Settings

log = structlog.get_logger()

_LINES_AHEAD = 3
"""Finished windows that may wait for their translation; after that the sound has to wait."""

_CATCHING_UP_S = 2.0
"""With more sound waiting than this, nobody needs words that are about to change."""

_URGENT = 0
"""Place in the queue of a finished window: that of the first window of any request."""

_Heard = Sequence[Segment] | CuestreamError


class LiveSession:
    """Listens, transcribes and translates until it is closed, falls idle or is finished.

    Lines are told in the order in which they were spoken, and one after the other: a later line
    is not shown before an earlier one has its translation.

    Args:
        target: language to translate into; None for transcription alone.
        readiness: engines and translator; it may still be loading.
        settings: lengths and limits.
        tell: sends to the reader.

    Attributes:
        task: ends when the stream does.
    """

    def __init__(
        self, target: Language | None, readiness: Readiness, settings: Settings, tell: Tell
    ) -> None:
        self._target = target
        self._readiness = readiness
        self._settings = settings
        self._tell = tell
        self._sound = SoundQueue(settings.live.max_lag_s)
        self._context = WorkContext(f"live-{uuid.uuid4().hex}")
        self._lines: asyncio.Queue[asyncio.Task[_Heard] | None] = asyncio.Queue(_LINES_AHEAD)
        self._order = asyncio.Lock()
        self._untold = 0
        self._language: str | None = None
        self._skipped = False
        self.task = asyncio.create_task(self._run(), name="live")

    def feed(self, samples: Samples) -> None:
        """Take sound; when too much waits, the oldest is skipped."""
        self._sound.put(samples)

    def finish(self) -> None:
        """No more sound will come: what was spoken is still told."""
        self._sound.end()

    async def close(self) -> None:
        """Stop now and withdraw everything."""
        self._context.cancelled.set()
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            await self._wait_until_ready()
            await self._work()
        except CuestreamError as error:
            await self._tell(LiveResult("error", error=error.message))
        except Exception as error:
            log.error("live stream failed by a defect", exc_info=error)
            await self._tell(LiveResult("error", error="Internal server error"))
        finally:
            self._context.cancelled.set()

    async def _wait_until_ready(self) -> None:
        if self._readiness.state != "loading":
            return
        text = "The models are loading; captions begin as soon as they are ready"
        await self._tell(LiveResult("error", error=text))
        await self._readiness.wait()
        check_target(self._readiness.translator, self._target)

    async def _work(self) -> None:
        engines = self._readiness.engine_manager.engines
        ear = LiveSegmenter(engines.vad, self._settings.vad, self._settings.live)
        every_ms = self._settings.live.partial_ms
        partial = Partial(engines.scheduler, self._context, every_ms, self._tell_partial)
        lines = LineTranslator(self._readiness.translator, self._target)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(ear, partial, tasks))
                tasks.create_task(self._write(lines))
        finally:
            partial.drop()

    async def _listen(self, ear: LiveSegmenter, partial: Partial, tasks: asyncio.TaskGroup) -> None:
        """Turn sound into windows, each of which begins to be transcribed at once."""

        async def finished(windows: Sequence[Audio]) -> None:
            for audio in windows:
                partial.drop()
                self._untold += 1
                await self._lines.put(tasks.create_task(self._hear(audio)))

        try:
            while True:
                async with asyncio.timeout(self._settings.live.idle_s):
                    sound = await self._sound.get()
                if sound is None:
                    break
                if sound.after_gap:
                    await self._tell_skipped()
                    await finished(ear.cut())
                await finished(await ear.hear(sound.samples))
                if not self._untold and self._sound.waiting_s < _CATCHING_UP_S:
                    partial.look(ear.open, self._language)
        except TimeoutError:
            await self._tell(LiveResult("error", error="No sound came any more"))
        await finished(ear.cut())
        await self._lines.put(None)

    async def _hear(self, audio: Audio) -> _Heard:
        window = Window(audio, cancelled=self._context.cancelled)
        scheduler = self._readiness.engine_manager.engines.scheduler
        try:
            return await scheduler.transcribe(window, self._context, _URGENT)
        except CuestreamError as error:
            return error

    async def _write(self, lines: LineTranslator) -> None:
        """Tell each finished line, in order."""
        while (hearing := await self._lines.get()) is not None:
            heard = await hearing
            async with self._order:
                if isinstance(heard, CuestreamError):
                    await self._tell(LiveResult("error", error=heard.message))
                elif text := _text(heard):
                    await self._tell_line(lines, text, heard[0].language)
                self._untold -= 1

    async def _tell_line(self, lines: LineTranslator, text: str, language: str) -> None:
        self._language = None if language == "und" else language
        if not lines.needed(language):
            await self._tell(LiveResult("final", text, text, language))
            return
        await self._tell(LiveResult("transcribing", text, None, language))
        try:
            translation = await lines.translate(text, language)
        except CuestreamError as error:
            await self._tell(LiveResult("error", text, None, language, error.message))
            return
        await self._tell(LiveResult("final", text, translation, language))

    async def _tell_partial(self, heard: Sequence[Segment]) -> None:
        async with self._order:
            # A line that was finished meanwhile comes first, and with its own words.
            if not self._untold and (text := _text(heard)):
                await self._tell(LiveResult("transcribing", text, None, heard[0].language))

    async def _tell_skipped(self) -> None:
        if not self._skipped:
            self._skipped = True
            log.warning("live stream too fast for the server; sound is skipped")
            text = "The server cannot keep up; some speech was skipped"
            await self._tell(LiveResult("error", error=text))


def _text(segments: Sequence[Segment]) -> str:
    return " ".join(segment.text.strip() for segment in segments).strip()
