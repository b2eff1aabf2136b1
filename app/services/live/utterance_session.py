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
from app.services.live import utterance_events as events
from app.services.live.partial_transcriber import PartialTranscriber
from app.services.live.turn_cutter import TurnCutter
from app.services.live.utterance import LiveUtterance
from app.services.live.utterance_output import UtteranceOutput
from app.services.readiness import Readiness
from app.settings import Settings

log = structlog.get_logger()

_BLOCK = SAMPLE_RATE_HZ
"""Samples that are cut at a time: one second."""

_WAITING_BLOCKS = 8
"""Blocks and commands that wait; a client that sends more waits."""

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


class _SentenceEnded:
    """The text of the utterance ends as a sentence does, which may end the utterance."""


_Command = Samples | _Commit | _Clear | _SentenceEnded | events.TurnOptions | None


class UtteranceSession:
    """Transcribes a stream until it is finished or closed, or no audio comes for too long.

    Nothing is skipped: a client that sends faster than the server transcribes waits in `feed`.

    Args:
        readiness: engines; they may still be loading.
        settings: lengths and limits.
        options: how the stream is cut and transcribed.
        send: receives the events, in order.

    Attributes:
        task: ends when the stream does; it raises what ended it.
        idle: whether it was ended because no audio came.
        position_ms: how much of the stream was searched for utterances.
    """

    def __init__(
        self,
        readiness: Readiness,
        settings: Settings,
        options: events.TurnOptions,
        send: events.SendEvent,
    ) -> None:
        self._readiness, self._settings, self._send = readiness, settings, send
        self._options = options
        self._inbox: asyncio.Queue[_Command] = asyncio.Queue(_WAITING_BLOCKS)
        self._output = UtteranceOutput(send, self._sentence_ended, by_window=options.by_window)
        self._context = WorkContext(f"utterances-{uuid.uuid4().hex}")
        self._current: LiveUtterance | None = None
        self._since_commit = 0
        self.idle, self.position_ms = False, 0
        self.task = asyncio.create_task(self._run(), name="utterances")

    @property
    def failure(self) -> BaseException | None:
        """What ended the stream, once `task` is done; None where it was finished or closed."""
        error = None if self.task.cancelled() else self.task.exception()
        return error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error

    async def feed(self, samples: Samples) -> None:
        """Add audio, mono float32 at 16 kHz; waits while much waits already."""
        for at in range(0, len(samples), _BLOCK):
            await self._put(samples[at : at + _BLOCK])

    async def commit(self, reference: str | None = None, *, always: bool = False) -> None:
        """End the utterance.

        Args:
            reference: of the command, which the event repeats where there is nothing to end.
            always: whether an utterance without audio is one too.
        """
        await self._put(_Commit(reference, always))

    async def clear(self) -> None:
        """Discard the audio that was not committed."""
        await self._put(_Clear())

    async def configure(self, options: events.TurnOptions) -> None:
        """Cut and transcribe what follows with other options."""
        await self._put(options)

    async def finish(self) -> None:
        """End the stream once all of it is transcribed and sent."""
        await self._put(None)

    async def close(self) -> None:
        """Stop now, withdrawing queued windows."""
        self._context.cancelled.set()
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def _put(self, command: _Command) -> None:
        """Queue a command; one that comes after the end of the stream is dropped."""
        putting = asyncio.ensure_future(self._inbox.put(command))
        try:
            await asyncio.wait({putting, self.task}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            putting.cancel()

    async def _run(self) -> None:
        try:
            await self._readiness.wait()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read_commands(tasks))
                tasks.create_task(self._output.run())
        finally:
            self._context.cancelled.set()

    async def _read_commands(self, tasks: asyncio.TaskGroup) -> None:
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
                await self._handle(command)
                if isinstance(command, np.ndarray):
                    silent_from_s = clock()
        except TimeoutError:
            self.idle = True
        finally:
            self._partials.cancel()
        await self._output.finish()

    def _apply(self, options: events.TurnOptions, start_sample: int) -> None:
        engines = self._readiness.engine_manager.engines
        self._options = options
        self._cutter = TurnCutter(engines.vad, self._settings.vad, options, start_sample)
        every_ms = options.partial_ms
        self._partials = PartialTranscriber(
            engines.scheduler,
            self._context,
            self._settings.live.partial_ms if every_ms is None else every_ms,
            self._send_partial,
            prompt=options.prompt,
        )

    async def _handle(
        self, command: Samples | _Commit | _Clear | _SentenceEnded | events.TurnOptions
    ) -> None:
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
                await self._send(events.Cleared())
            case _SentenceEnded():
                await self._end_after_sentence()
            case events.TurnOptions():
                await self._configure_now(command)
            case _:
                await self._receive(command)

    async def _configure_now(self, options: events.TurnOptions) -> None:
        """Apply other options from here on; an open utterance ends here."""
        if options == self._options:
            return
        if self._current is not None:
            await self._end(await self._cutter.cut(), self._cutter.position_ms)
        self._partials.cancel()
        self._apply(options, self._cutter.next_sample)

    async def _receive(self, samples: Samples) -> None:
        self._since_commit += len(samples)
        if self._options.ends_by in ("commit", "stream") and self._current is None:
            self._begin(self._cutter.position_ms)
        for cut, at_ms in await self._cutter.feed(samples):
            if cut == "start":
                await self._send(events.SpeechStarted(self._begin(at_ms).id, at_ms))
            elif cut == "stop":
                await self._stop(at_ms)
            elif isinstance(cut, Audio):
                await self._transcribe([cut])
        self.position_ms = self._cutter.position_ms
        await self._end_after_sentence()
        current = self._current
        if current is not None and current.streams and not current.pending_windows:
            self._partials.update(self._cutter.open_window, self._options.language)

    def _begin(self, at_ms: int) -> LiveUtterance:
        current = LiveUtterance(at_ms, streams=self._options.ends_by != "commit")
        self._current = current
        return current

    async def _end_after_sentence(self) -> None:
        current = self._current
        if (
            self._options.ends_by != "meaning"
            or current is None
            or not current.is_complete_sentence
        ):
            return
        if self._cutter.open_window is None and self._cutter.silent_ms:
            self._cutter.end_turn()
            await self._stop(self._cutter.position_ms)

    async def _stop(self, at_ms: int) -> None:
        if self._current is not None:
            await self._send(events.SpeechStopped(self._current.id, at_ms))
            await self._end([], at_ms)

    async def _commit_now(self, command: _Commit) -> None:
        sound_ms = self._since_commit * 1000 / SAMPLE_RATE_HZ
        if self._current is None and sound_ms < _LEAST_COMMIT_MS and not command.always:
            await self._send(events.NothingToCommit(sound_ms, command.reference))
            return
        if self._options.ends_by == "commit" and sound_ms < _LEAST_COMMIT_MS and not command.always:
            await self._send(events.NothingToCommit(sound_ms, command.reference))
            return
        if self._current is None:
            self._begin(max(0, self._cutter.position_ms - samples_to_ms(self._since_commit)))
        await self._end(await self._cutter.cut(), self._cutter.position_ms)

    async def _end(self, windows: Sequence[Audio], at_ms: int) -> None:
        """End the utterance with its last windows."""
        current = self._current
        if current is None:
            return
        self._since_commit = 0
        current.streams, current.end_ms = True, at_ms
        await self._send(events.Committed(current.id))
        await self._transcribe(windows)
        current.complete = True
        self._partials.cancel()
        self._current = None
        await self._output.end_utterance(current)

    async def _transcribe(self, windows: Sequence[Audio]) -> None:
        current = self._current
        if current is None:
            return
        for audio in windows:
            self._partials.cancel()
            task = self._tasks.create_task(self._segments(audio, self._options))
            await self._output.add_window(current, task)

    async def _segments(
        self, audio: Audio, options: events.TurnOptions
    ) -> list[Segment] | CuestreamError:
        cancelled = self._context.cancelled
        window = Window(audio, options.language, options.prompt, cancelled=cancelled)
        scheduler = self._readiness.engine_manager.engines.scheduler
        try:
            return list(await scheduler.transcribe(window, self._context, _QUEUE_PLACE))
        except CuestreamError as error:
            return error

    def _sentence_ended(self) -> None:
        if not self._inbox.full():  # where it is full, audio leads to the same check
            self._inbox.put_nowait(_SentenceEnded())

    async def _send_partial(self, segments: Sequence[Segment]) -> None:
        if self._current is not None:
            await self._output.send_partial(self._current, segments)
