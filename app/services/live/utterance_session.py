"""One client's stream of utterances."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import structlog

from app.domain.audio import Audio, Samples
from app.domain.errors import CuestreamError
from app.domain.time import SAMPLE_RATE_HZ, samples_to_ms
from app.domain.transcript import Segment
from app.gpu.protocols import Window
from app.gpu.work_context import WorkContext
from app.services.live import utterance_events as told
from app.services.live.partial_transcriber import PartialTranscriber
from app.services.live.turn_cutter import TurnCutter
from app.services.live.utterance import HeardUtterance, Hearing
from app.services.readiness import Readiness
from app.settings import Settings

log = structlog.get_logger()

_BLOCK = SAMPLE_RATE_HZ
"""Samples that are cut at a time: a second."""

_WAITING_BLOCKS = 8
"""Blocks and commands that wait; a client that sends more waits himself."""

_WINDOWS_AHEAD = 4
"""Finished windows that may wait for the transcriber; after that the sound has to wait."""

_LEAST_COMMIT_MS = 100
"""Source: OpenAI's reference of `input_audio_buffer.commit`."""

_QUEUE_PLACE = 0
"""Scheduler place of a finished window: that of the first window of any request."""


@dataclass(frozen=True, slots=True)
class _Commit:
    reference: str | None
    always: bool


class _Clear:
    pass


class _Look:
    """Words are known that may end an utterance by their meaning."""


_Command = Samples | _Commit | _Clear | _Look | told.TurnOptions | None


class UtteranceSession:
    """Hears a stream until it is finished or closed, or falls silent for too long.

    Nothing is skipped: a client that sends faster than the server hears waits in `feed`.

    Args:
        readiness: engines; they may still be loading.
        settings: lengths and limits.
        options: how the stream is cut and heard.
        send: receives what happens, in order.

    Attributes:
        task: ends when the stream does; it raises what ended it.
        idle: whether it was ended because no sound came.
    """

    def __init__(
        self,
        readiness: Readiness,
        settings: Settings,
        options: told.TurnOptions,
        send: told.SendEvent,
    ) -> None:
        self._readiness, self._settings, self._send = readiness, settings, send
        self._options = options
        self._inbox: asyncio.Queue[_Command] = asyncio.Queue(_WAITING_BLOCKS)
        self._hearings: asyncio.Queue[Hearing | None] = asyncio.Queue(_WINDOWS_AHEAD)
        self._context = WorkContext(f"utterances-{uuid.uuid4().hex}")
        self._lock = asyncio.Lock()
        self._current: HeardUtterance | None = None
        self._since_commit = 0
        self.idle = False
        self.task = asyncio.create_task(self._run(), name="utterances")

    async def feed(self, samples: Samples) -> None:
        """Add sound: mono, 16 kHz; waits while much waits already."""
        for at in range(0, len(samples), _BLOCK):
            await self._put(samples[at : at + _BLOCK])

    async def commit(self, reference: str | None = None, *, always: bool = False) -> None:
        """End the utterance.

        Args:
            reference: told again where there is nothing to end.
            always: whether an utterance without sound is one too.
        """
        await self._put(_Commit(reference, always))

    async def clear(self) -> None:
        """Forget the sound that was not committed."""
        await self._put(_Clear())

    async def configure(self, options: told.TurnOptions) -> None:
        """Hear what follows in another way."""
        await self._put(options)

    async def finish(self) -> None:
        """End the stream once all of it is told."""
        await self._put(None)

    async def close(self) -> None:
        """Stop now, withdrawing queued windows."""
        self._context.cancelled.set()
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def _put(self, command: _Command) -> None:
        """Hand a command over; one that comes after the end of the stream is nobody's."""
        putting = asyncio.ensure_future(self._inbox.put(command))
        try:
            await asyncio.wait({putting, self.task}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            putting.cancel()

    async def _run(self) -> None:
        try:
            await self._readiness.wait()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(tasks))
                tasks.create_task(self._tell())
        finally:
            self._context.cancelled.set()

    async def _listen(self, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks
        self._apply(self._options, 0)
        clock, idle_s = asyncio.get_running_loop().time, self._settings.live.idle_s
        silent_from_s = clock()
        try:
            while True:
                # Sound alone counts: a client could hold a place by other commands for ever.
                async with asyncio.timeout_at(silent_from_s + idle_s):
                    command = await self._inbox.get()
                if command is None:
                    break
                await self._obey(command)
                if isinstance(command, np.ndarray):
                    silent_from_s = clock()
        except TimeoutError:
            self.idle = True
        finally:
            self._partials.cancel()
        await self._hearings.put(None)

    def _apply(self, options: told.TurnOptions, start_sample: int) -> None:
        engines = self._readiness.engine_manager.engines
        self._options = options
        self._cutter = TurnCutter(engines.vad, self._settings.vad, options, start_sample)
        every_ms = options.partial_ms
        self._partials = PartialTranscriber(
            engines.scheduler,
            self._context,
            self._settings.live.partial_ms if every_ms is None else every_ms,
            self._tell_partial,
            prompt=options.prompt,
        )

    async def _obey(self, command: Samples | _Commit | _Clear | _Look | told.TurnOptions) -> None:
        match command:
            case _Commit():
                await self._commit_now(command)
            case _Clear():
                self._partials.cancel()
                self._cutter.reset()
                self._since_commit = 0
                if self._current is not None:
                    self._current.dropped = True
                    self._current = None
                await self._send(told.Cleared())
            case _Look():
                await self._look_at_meaning()
            case told.TurnOptions():
                await self._configure_now(command)
            case _:
                await self._hear(command)

    async def _configure_now(self, options: told.TurnOptions) -> None:
        """Hear what follows otherwise; an utterance that is under way ends here."""
        if options == self._options:
            return
        if self._current is not None:
            await self._end(await self._cutter.cut(), self._cutter.heard_ms)
        self._partials.cancel()
        self._apply(options, self._cutter.next_sample)

    async def _hear(self, samples: Samples) -> None:
        self._since_commit += len(samples)
        if self._options.ends_by in ("commit", "stream") and self._current is None:
            self._begin(self._cutter.heard_ms)
        for cut, at_ms in await self._cutter.feed(samples):
            if cut == "start":
                await self._send(told.SpeechStarted(self._begin(at_ms).id, at_ms))
            elif cut == "stop":
                await self._stop(at_ms)
            elif isinstance(cut, Audio):
                await self._transcribe([cut])
        await self._look_at_meaning()
        current = self._current
        if current is not None and current.streams and not current.unheard:
            self._partials.update(self._cutter.open_window, self._options.language)

    def _begin(self, at_ms: int) -> HeardUtterance:
        current = HeardUtterance(at_ms, streams=self._options.ends_by != "commit")
        self._current = current
        return current

    async def _look_at_meaning(self) -> None:
        current = self._current
        if self._options.ends_by != "meaning" or current is None or not current.is_whole:
            return
        if self._cutter.open_window is None and self._cutter.silent_ms:
            self._cutter.end_turn()
            await self._stop(self._cutter.heard_ms)

    async def _stop(self, at_ms: int) -> None:
        if self._current is not None:
            await self._send(told.SpeechStopped(self._current.id, at_ms))
            await self._end([], at_ms)

    async def _commit_now(self, command: _Commit) -> None:
        sound_ms = self._since_commit * 1000 / SAMPLE_RATE_HZ
        if self._current is None and sound_ms < _LEAST_COMMIT_MS and not command.always:
            await self._send(told.NothingToCommit(sound_ms, command.reference))
            return
        if self._options.ends_by == "commit" and sound_ms < _LEAST_COMMIT_MS and not command.always:
            await self._send(told.NothingToCommit(sound_ms, command.reference))
            return
        if self._current is None:
            self._begin(max(0, self._cutter.heard_ms - samples_to_ms(self._since_commit)))
        await self._end(await self._cutter.cut(), self._cutter.heard_ms)

    async def _end(self, windows: Sequence[Audio], at_ms: int) -> None:
        """End the utterance with its last windows."""
        current = self._current
        if current is None:
            return
        self._since_commit = 0
        current.streams, current.end_ms = True, at_ms
        await self._send(told.Committed(current.id))
        await self._transcribe(windows)
        self._partials.cancel()
        self._current = None
        await self._hearings.put((current, None))

    async def _transcribe(self, windows: Sequence[Audio]) -> None:
        current = self._current
        if current is None:
            return
        for audio in windows:
            self._partials.cancel()
            current.unheard += 1
            task = self._tasks.create_task(self._words(audio, self._options))
            await self._hearings.put((current, task))

    async def _words(
        self, audio: Audio, options: told.TurnOptions
    ) -> list[Segment] | CuestreamError:
        cancelled = self._context.cancelled
        window = Window(audio, options.language, options.prompt, cancelled=cancelled)
        scheduler = self._readiness.engine_manager.engines.scheduler
        try:
            return list(await scheduler.transcribe(window, self._context, _QUEUE_PLACE))
        except CuestreamError as error:
            return error

    async def _tell(self) -> None:
        """Tell what was heard, window by window, in the order of the utterances."""
        while (hearing := await self._hearings.get()) is not None:
            current, task = hearing
            words = None if task is None else await task
            if current.dropped:
                continue
            async with self._lock:
                if words is None:
                    await self._tell_end(current)
                else:
                    await self._tell_window(current, words)

    async def _tell_window(
        self, current: HeardUtterance, words: list[Segment] | CuestreamError
    ) -> None:
        current.unheard -= 1
        if isinstance(words, CuestreamError):
            current.error = words
            return
        current.untold += current.hear(words)
        await self._tell_untold(current)
        if current.is_whole and not self._inbox.full():  # where it is full, sound leads to a look
            self._inbox.put_nowait(_Look())

    async def _tell_untold(self, current: HeardUtterance) -> None:
        if current.streams and current.untold:
            text, current.untold = current.untold, ""
            await self._send(told.TextDelta(current.id, text))

    async def _tell_end(self, current: HeardUtterance) -> None:
        if current.error is not None:
            await self._send(told.NotTranscribed(current.id, current.error))
            return
        await self._tell_untold(current)
        sound_ms = max(0, current.end_ms - current.begin_ms)
        segments = tuple(current.segments)
        await self._send(told.Transcribed(current.id, current.text, sound_ms, segments))

    async def _tell_partial(self, segments: Sequence[Segment]) -> None:
        async with self._lock:
            current = self._current
            if current is not None and not current.unheard and not current.dropped:
                current.untold += current.partial(list(segments))
                await self._tell_untold(current)
