"""Output of a stream of utterances: their text in order, as it becomes known."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from app.domain.errors import CuestreamError
from app.domain.transcript import Segment
from app.services.live import utterance_events as events
from app.services.live.utterance import LiveUtterance, QueuedWindow, Transcription

_WINDOWS_AHEAD = 4
"""Finished windows that may wait for the transcriber; after that the audio has to wait."""


class UtteranceOutput:
    """Sends the text of utterances, window by window, in the order of the stream.

    Args:
        send: receives the events.
        sentence_ended: called when the text of an utterance ends as a sentence does.
        by_window: see `TurnOptions`.
    """

    def __init__(
        self,
        send: events.SendEvent,
        sentence_ended: Callable[[], None],
        *,
        by_window: bool = False,
    ) -> None:
        self._send = send
        self._by_window = by_window
        self._sentence_ended = sentence_ended
        self._windows: asyncio.Queue[QueuedWindow | None] = asyncio.Queue(_WINDOWS_AHEAD)
        self._lock = asyncio.Lock()

    async def add_window(self, utterance: LiveUtterance, transcription: Transcription) -> None:
        """Add the next window; waits while several wait already."""
        utterance.pending_windows += 1
        await self._windows.put((utterance, transcription))

    async def end_utterance(self, utterance: LiveUtterance) -> None:
        """Add the end of an utterance, behind its last window."""
        await self._windows.put((utterance, None))

    async def finish(self) -> None:
        """Add the end of the stream."""
        await self._windows.put(None)

    async def run(self) -> None:
        """Send what was added until the stream ends."""
        while (window := await self._windows.get()) is not None:
            utterance, transcription = window
            segments = None if transcription is None else await transcription
            if utterance.dropped:
                continue
            async with self._lock:
                if segments is None:
                    await self._send_end(utterance)
                else:
                    await self._send_window(utterance, segments)

    async def send_partial(self, utterance: LiveUtterance, segments: Sequence[Segment]) -> None:
        """Send what will not change any more in the transcript of an open window."""
        async with self._lock:
            if not utterance.pending_windows and not utterance.dropped:
                utterance.unsent_text += utterance.update_open_window(list(segments))
                await self._send_text(utterance)
                if self._by_window:
                    await self._send(events.PartialTranscript(utterance.id, tuple(segments)))

    async def _send_window(
        self, utterance: LiveUtterance, segments: list[Segment] | CuestreamError
    ) -> None:
        utterance.pending_windows -= 1
        if isinstance(segments, CuestreamError):
            utterance.error = segments
            return
        utterance.unsent_text += utterance.finish_window(segments)
        await self._send_text(utterance)
        if self._by_window:
            is_last = utterance.complete and not utterance.pending_windows
            await self._send(events.WindowTranscribed(utterance.id, tuple(segments), is_last))
        if utterance.is_complete_sentence:
            self._sentence_ended()

    async def _send_text(self, utterance: LiveUtterance) -> None:
        if utterance.streams and utterance.unsent_text:
            text, utterance.unsent_text = utterance.unsent_text, ""
            await self._send(events.TextDelta(utterance.id, text))

    async def _send_end(self, utterance: LiveUtterance) -> None:
        if utterance.error is not None:
            await self._send(events.NotTranscribed(utterance.id, utterance.error))
            return
        await self._send_text(utterance)
        sound_ms = max(0, utterance.end_ms - utterance.begin_ms)
        segments = tuple(utterance.segments)
        await self._send(events.Transcribed(utterance.id, utterance.text, sound_ms, segments))
