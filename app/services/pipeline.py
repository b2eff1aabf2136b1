"""The one pipeline: every route, worker and page reads the events that it emits."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TypeVar

from app.domain.audio import Audio
from app.domain.cue import Cue
from app.domain.errors import TranscriptionDisabledError
from app.domain.events import Result
from app.domain.language import Language
from app.domain.media import MediaInfo
from app.domain.request import JobRequest
from app.domain.transcript import Segment
from app.gpu.engine_room import Engines
from app.gpu.ticket import Ticket
from app.services.joints import close_stage
from app.services.run_log import Emit, RunLog
from app.services.sources.kept import Reuse
from app.services.sources.opened import Opened, OpenedCaptions, OpenedMedia, OpenedTranscript
from app.services.sources.rewind import LEAST_POSITION_MS, Rewind
from app.services.stages.captions import caption_cues
from app.services.stages.cues import build_cues
from app.services.stages.ear import Hearing, WindowEar
from app.services.stages.known import known_cues, known_segments
from app.services.stages.speech import cut_parts
from app.services.stages.transcribe import transcribe
from app.services.stages.translate import translate_cues
from app.services.store.caches import Caches
from app.services.store.fingerprints import recording_hearing, window_hearing
from app.services.store.memos import Memo
from app.services.store.transcripts import Transcript
from app.services.translation.job import TranslationJob
from app.services.translation.ledger import JobLedger
from app.services.translation.protocol import Brief, Translator
from app.services.workdir import WorkDir
from app.settings import Settings

T = TypeVar("T")

_PROMPT_CHARS = 200
_ADDRESS = re.compile(r"https?://|www\.|\S+\.\w{2,4}/")


@dataclass(frozen=True, slots=True)
class Line:
    """What every run of the line shares.

    Attributes:
        engines: None on a server that does not transcribe.
    """

    engines: Engines | None
    translator: Translator
    caches: Caches
    settings: Settings
    workdir: WorkDir

    async def run(
        self,
        request: JobRequest,
        opened: Opened,
        emit: Emit,
        ticket: Ticket,
        ledger: JobLedger,
    ) -> Result:
        """Turn what was opened into cues, telling each step as it happens.

        Raises:
            NoSpeechError: nobody speaks.
            CuestreamError: whatever stage failed.
        """
        run = RunLog(request, opened, emit)
        hearing = self._hearing(request, opened.info, ticket)
        memo: Memo | None = None
        cues = self._cues(request, opened, hearing, run)
        if request.target is not None:
            memo = await self._memo(request, request.target)
            brief = Brief(opened.info, request.glossary, ledger)
            job = TranslationJob(request.target, request.profile, brief, memo)
            cues = translate_cues(tap(cues, run.drafted), self.translator, job, run.clock)
        final = tap(cues, run.finished)
        try:
            made = [cue async for cue in final]
        finally:
            await close_stage(final)
        if not ticket.cancelled.is_set():
            await self._keep(request, opened, run)
        usage = ledger.usage()
        return run.result(made, _cached(opened, hearing, memo), usage if usage.requests else None)

    def reuse(self, request: JobRequest) -> Reuse:
        """Return what a request may take from earlier jobs."""

        async def heard(content: str, info: MediaInfo) -> Transcript | None:
            if request.fresh or self.engines is None:
                return None
            key = self._recording_key(self.engines, request, info)
            return await self.caches.transcripts.find(content, key)

        return Reuse(heard, downloads=not request.force_refresh)

    def _cues(
        self, request: JobRequest, opened: Opened, hearing: Hearing, run: RunLog
    ) -> AsyncIterator[Cue]:
        match opened:
            case OpenedCaptions(captions=captions):
                return known_cues(caption_cues(captions, request.profile), request.position_ms)
            case OpenedTranscript(transcript=transcript):
                segments = known_segments(transcript.segments, request.position_ms)
            case OpenedMedia():
                segments = self._segments(request, opened, hearing, run)
        return build_cues(tap(segments, run.heard, run.all_heard), request.profile)

    def _segments(
        self, request: JobRequest, media: OpenedMedia, hearing: Hearing, run: RunLog
    ) -> AsyncIterator[Segment]:
        if self.engines is None:
            raise TranscriptionDisabledError("This server does not transcribe")
        parts = self._parts(request, media, run)
        windows = cut_parts(parts, self.engines.vad, self.settings.vad, run.clock)
        ear = WindowEar(self.engines.scheduler, self.caches.windows, hearing, run.clock)
        return transcribe(windows, ear)

    def _parts(
        self, request: JobRequest, media: OpenedMedia, run: RunLog
    ) -> list[AsyncIterator[Audio]]:
        """Return the recording as one part, or as two with the one that is watched first."""
        whole = tap(media.blocks, run.decoded)
        if request.position_ms < LEAST_POSITION_MS:
            return [whole]
        rewind = Rewind(whole, request.position_ms, self.workdir, media.resources)
        return [rewind.watched(), rewind.earlier()]

    def _hearing(self, request: JobRequest, info: MediaInfo, ticket: Ticket) -> Hearing:
        prompt = prompt_for(request, info)
        spoken, allowed = request.spoken, request.allowed_languages
        key = ""
        if self.engines is not None:
            key = window_hearing(self.settings, self.engines, spoken, prompt, allowed)
        return Hearing(key, ticket, spoken, prompt, allowed, fresh=request.fresh)

    def _recording_key(self, engines: Engines, request: JobRequest, info: MediaInfo) -> str:
        prompt = prompt_for(request, info)
        allowed = request.allowed_languages
        return recording_hearing(self.settings, engines, request.spoken, prompt, allowed)

    async def _memo(self, request: JobRequest, target: Language) -> Memo:
        parts = (request.source.identity, target.tag, self.translator.revision, request.glossary)
        if request.force_refresh:
            return self.caches.memos.blank(*parts)
        return await self.caches.memos.open(*parts)

    async def _keep(self, request: JobRequest, opened: Opened, run: RunLog) -> None:
        """Keep the transcript of a recording that was heard to its end."""
        if not isinstance(opened, OpenedMedia) or self.engines is None:
            return
        content = opened.content()
        if content is not None:
            key = self._recording_key(self.engines, request, opened.info)
            await self.caches.transcripts.keep(content, key, run.transcript())


def prompt_for(request: JobRequest, info: MediaInfo) -> str:
    """Return words that are likely to occur: what the client says, else the video's title."""
    if request.prompt or _ADDRESS.search(info.title):
        return request.prompt
    return info.title[:_PROMPT_CHARS]


def _cached(opened: Opened, hearing: Hearing, memo: Memo | None) -> dict[str, float]:
    """Return the share of each stage's work that earlier jobs had done."""
    cached: dict[str, float] = {}
    if isinstance(opened, OpenedTranscript):
        cached["transcribe"] = 1.0
    elif isinstance(opened, OpenedMedia):
        cached["transcribe"] = hearing.lookups.share
    if memo is not None and memo.hits + memo.misses:
        cached["translate"] = memo.lookups.share
    return {stage: round(share, 3) for stage, share in cached.items()}


async def tap(
    source: AsyncIterator[T], see: Callable[[T], None], end: Callable[[], None] | None = None
) -> AsyncIterator[T]:
    """Pass everything on and show it to a function on its way."""
    try:
        async for item in source:
            see(item)
            yield item
        if end is not None:
            end()
    finally:
        await close_stage(source)
