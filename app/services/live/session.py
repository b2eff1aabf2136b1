"""Live caption session of one audio stream."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence

import structlog

from app.domain.audio import Audio, Samples
from app.domain.errors import CuestreamError
from app.domain.language import Language
from app.domain.request import Task
from app.domain.transcript import Segment
from app.gpu.protocols import Window
from app.gpu.work_context import WorkContext
from app.services.live.audio_queue import AudioQueue
from app.services.live.line_translator import LineTranslator, check_target
from app.services.live.live_result import LiveResult, SendResult
from app.services.live.live_segmenter import LiveSegmenter
from app.services.live.partial_transcriber import PartialTranscriber
from app.services.readiness import Readiness
from app.settings import Settings

log = structlog.get_logger()

_LINES_AHEAD = 3
"""Finished windows that may wait for their translation; after that the audio has to wait."""

_CATCHING_UP_S = 2.0
"""With more audio waiting than this, no partial captions are sent: they are about to change."""

_QUEUE_PLACE = 0
"""Scheduler place of a finished window: that of the first window of any request."""

_Transcription = Sequence[Segment] | CuestreamError


class LiveSession:
    """Transcribes and translates a stream until it is closed, falls idle or is finished.

    Lines are sent in the order in which they were spoken, and one after the other: a later line
    is not sent before an earlier one has its translation.

    Args:
        target: language to translate into; None for transcription alone.
        task: whether the speech is transcribed, or translated into English by the transcriber.
        readiness: engines and translator; it may still be loading.
        settings: lengths and limits.
        send: sends a result to the client.

    Attributes:
        task: ends when the stream does.
        ended_by: why it ended by itself; None while it runs and where its client finished it.
    """

    def __init__(
        self,
        target: Language | None,
        readiness: Readiness,
        settings: Settings,
        send: SendResult,
        task: Task = "transcribe",
    ) -> None:
        self._target = target
        self._task: Task = task
        self._readiness = readiness
        self._settings = settings
        self._send = send
        self._audio = AudioQueue(settings.live.max_lag_s)
        self._context = WorkContext(f"live-{uuid.uuid4().hex}")
        self._transcriptions: asyncio.Queue[asyncio.Task[_Transcription] | None] = asyncio.Queue(
            _LINES_AHEAD
        )
        self._send_lock = asyncio.Lock()
        self._unsent = 0
        self._language: str | None = None
        self._skipped = False
        self.ended_by: str | None = None
        self.task = asyncio.create_task(self._run(), name="live")

    def feed(self, samples: Samples) -> None:
        """Add audio; when too much waits, the oldest is skipped."""
        self._audio.put(samples)

    def finish(self) -> None:
        """End the audio: what was received so far is still captioned."""
        self._audio.end()

    async def close(self) -> None:
        """Stop now, withdrawing queued windows."""
        self._context.cancelled.set()
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            await self._wait_until_ready()
            await self._process()
        except CuestreamError as error:
            await self._end_by(error.message)
        except Exception as error:
            # A defect: the client is to get an end with a reason, never a stream that falls silent.
            log.error("live stream failed by a defect", exc_info=error)
            await self._end_by("Internal server error")
        finally:
            self._context.cancelled.set()

    async def _end_by(self, reason: str) -> None:
        self.ended_by = reason
        await self._send(LiveResult("error", error=reason))

    async def _wait_until_ready(self) -> None:
        if self._readiness.state != "loading":
            return
        text = "The models are loading; captions begin as soon as they are ready"
        await self._send(LiveResult("error", error=text))
        await self._readiness.wait()
        check_options(self._readiness, self._target, self._task)

    async def _process(self) -> None:
        engines = self._readiness.engine_manager.engines
        segmenter = LiveSegmenter(engines.vad, self._settings.vad, self._settings.live)
        every_ms = self._settings.live.partial_ms
        partials = PartialTranscriber(
            engines.scheduler, self._context, every_ms, self._send_partial, self._task
        )
        translator = LineTranslator(self._readiness.translator, self._target)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._segment(segmenter, partials, tasks))
                tasks.create_task(self._send_lines(translator))
        finally:
            partials.cancel()

    async def _segment(
        self, segmenter: LiveSegmenter, partials: PartialTranscriber, tasks: asyncio.TaskGroup
    ) -> None:
        """Cut audio into windows, each of which begins to be transcribed at once."""

        async def transcribe(windows: Sequence[Audio]) -> None:
            for audio in windows:
                partials.cancel()
                self._unsent += 1
                await self._transcriptions.put(tasks.create_task(self._transcribe(audio)))

        try:
            while True:
                async with asyncio.timeout(self._settings.live.idle_s):
                    queued = await self._audio.get()
                if queued is None:
                    break
                if queued.after_gap:
                    await self._report_skipped()
                    await transcribe(segmenter.cut())
                await transcribe(await segmenter.feed(queued.samples))
                if not self._unsent and self._audio.waiting_s < _CATCHING_UP_S:
                    partials.update(segmenter.open_window, self._language)
        except TimeoutError:
            await self._end_by("No sound came any more")
        await transcribe(segmenter.cut())
        await self._transcriptions.put(None)

    async def _transcribe(self, audio: Audio) -> _Transcription:
        window = Window(audio, cancelled=self._context.cancelled, task=self._task)
        scheduler = self._readiness.engine_manager.engines.scheduler
        try:
            return await scheduler.transcribe(window, self._context, _QUEUE_PLACE)
        except CuestreamError as error:
            return error

    async def _send_lines(self, translator: LineTranslator) -> None:
        """Send each finished line, in order."""
        while (pending := await self._transcriptions.get()) is not None:
            transcription = await pending
            async with self._send_lock:
                if isinstance(transcription, CuestreamError):
                    await self._send(LiveResult("error", error=transcription.message))
                elif text := _text(transcription):
                    await self._send_line(translator, text, transcription[0])
                self._unsent -= 1

    async def _send_line(self, translator: LineTranslator, text: str, first: Segment) -> None:
        language, spoken = first.language, first.spoken_language
        self._language = None if spoken == "und" else spoken
        if not translator.is_needed(language):
            await self._send(LiveResult("final", text, text, language))
            return
        await self._send(LiveResult("transcribing", text, None, language))
        try:
            translation = await translator.translate(text, language)
        except CuestreamError as error:
            await self._send(LiveResult("error", text, None, language, error.message))
            return
        await self._send(LiveResult("final", text, translation, language))

    async def _send_partial(self, transcription: Sequence[Segment]) -> None:
        async with self._send_lock:
            # A line that was finished meanwhile comes first, with its final words.
            if not self._unsent and (text := _text(transcription)):
                await self._send(LiveResult("transcribing", text, None, transcription[0].language))

    async def _report_skipped(self) -> None:
        if not self._skipped:
            self._skipped = True
            log.warning("live stream too fast for the server; sound is skipped")
            text = "The server cannot keep up; some speech was skipped"
            await self._send(LiveResult("error", error=text))


def check_options(readiness: Readiness, target: Language | None, task: Task) -> None:
    """Refuse what the engines of this server, which are loaded, cannot do.

    Raises:
        InvalidLanguageError: nothing can be translated into the target language.
        UnavailableOptionError: the transcriber does not translate.
    """
    check_target(readiness.translator, target)
    if task == "translate":
        readiness.engine_manager.engines.require_speech_translation()


def _text(segments: Sequence[Segment]) -> str:
    return " ".join(segment.text.strip() for segment in segments).strip()
