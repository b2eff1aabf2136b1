"""Detection of speech in a whole recording, for what needs no transcript."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

from app.domain.audio import Audio
from app.domain.events import Notice
from app.domain.request import Source
from app.domain.time import Span
from app.gpu.protocols import Vad
from app.services.sources.opener import MediaOpener
from app.services.stages.stage_clock import StageClock
from app.services.stages.vad import cut_windows
from app.settings import VadSettings


@dataclass(frozen=True, slots=True)
class DetectedSpeech:
    """Speech of a recording.

    Attributes:
        spans: where somebody speaks, in order.
        length_ms: of the recording.
        notices: what is to be said of its sound.
    """

    spans: tuple[Span, ...]
    length_ms: int
    notices: tuple[Notice, ...] = ()


async def detect_speech(
    opener: MediaOpener, vad: Vad, settings: VadSettings, source: Source
) -> DetectedSpeech:
    """Decode a recording and return where somebody speaks; its samples are not kept.

    Raises:
        CuestreamError: the source cannot be opened or decoded.
    """
    length_ms = 0

    async def counted(blocks: AsyncIterator[Audio]) -> AsyncIterator[Audio]:
        nonlocal length_ms
        async for block in blocks:
            length_ms = block.span.end_ms
            yield block

    media = await opener.open(source)
    spans: list[Span] = []
    async with aclosing(media):
        windows = cut_windows(counted(media.blocks), vad, settings, StageClock())
        async for window in windows:
            spans += window.voiced
        return DetectedSpeech(tuple(spans), length_ms, media.notices())
