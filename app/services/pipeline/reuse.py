"""What a run takes from earlier jobs, and what it leaves for later ones."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from app.domain.language import Language
from app.domain.media import MediaInfo
from app.domain.request import JobRequest
from app.gpu.engine_manager import Engines
from app.gpu.work_context import WorkContext
from app.services.cache.caches import Caches
from app.services.cache.transcript_keys import diarized_recording_key, recording_key, window_key
from app.services.cache.transcripts import Transcript
from app.services.cache.translation_memories import CachedTranslations
from app.services.pipeline.event_emitter import EventEmitter
from app.services.sources.opened import Opened, OpenedMedia, OpenedTranscript
from app.services.sources.source_cache import CachedInputs
from app.services.stages.window_transcriber import TranscribeOptions
from app.services.translation.translator import Translator
from app.settings import Settings

_PROMPT_CHARS = 200
_ADDRESS = re.compile(r"https?://|www\.|\S+\.\w{2,4}/")

_PASSING = frozenset({"alignment_failed", "diarization_failed"})
"""Notices of what may work the next time, so that nothing is kept without it."""


@dataclass(frozen=True, slots=True)
class ReusePolicy:
    """The caches as one request sees them.

    Attributes:
        engines: None on a server that does not transcribe.
    """

    request: JobRequest
    engines: Engines | None
    translator: Translator
    caches: Caches
    settings: Settings

    @property
    def reuse(self) -> CachedInputs:
        """What an opener may take instead of the recording."""

        async def heard(content: str, info: MediaInfo) -> Transcript | None:
            if self.request.fresh or self.engines is None:
                return None
            key = self._recording_key(self.engines, info)
            return await self.caches.transcripts.find(content, self._with_speakers(key) or key)

        return CachedInputs(heard, downloads=not self.request.force_refresh)

    def hearing(self, info: MediaInfo, context: WorkContext) -> TranscribeOptions:
        """Return how the windows of a recording are to be heard."""
        request = self.request
        prompt = prompt_for(request, info)
        spoken, allowed = request.spoken, request.allowed_languages
        key = ""
        if self.engines is not None:
            key = window_key(self.engines, spoken, prompt, allowed)
        return TranscribeOptions(key, context, spoken, prompt, allowed, fresh=request.fresh)

    async def memory(self, target: Language) -> CachedTranslations:
        """Return the translations of the same source into a language."""
        request = self.request
        parts = (request.source.identity, target.tag, self.translator.revision, request.glossary)
        if request.force_refresh:
            return self.caches.memories.blank(*parts)
        return await self.caches.memories.open(*parts)

    async def keep(self, opened: Opened, log: EventEmitter, hearing: TranscribeOptions) -> None:
        """Keep the transcript of a recording that was heard to its end."""
        if not isinstance(opened, OpenedMedia) or self.engines is None:
            return
        content = opened.content()
        if content is None or any(notice.code in _PASSING for notice in log.notices):
            return
        key = self._recording_key(self.engines, opened.info)
        transcript = log.transcript(hearing.untranscribed.ms)
        await self.caches.transcripts.keep(content, key, replace(transcript, turns=()))
        if (with_speakers := self._with_speakers(key)) is not None:
            await self.caches.transcripts.keep(content, with_speakers, transcript)

    def _recording_key(self, engines: Engines, info: MediaInfo) -> str:
        request = self.request
        prompt, allowed = prompt_for(request, info), request.allowed_languages
        return recording_key(engines, self.settings.vad, request.spoken, prompt, allowed)

    def _with_speakers(self, key: str) -> str | None:
        """Return the key of a transcript with its speakers; None where nobody asks for them."""
        engines, request = self.engines, self.request
        if not request.diarize or engines is None or engines.diarizer is None:
            return None
        return diarized_recording_key(key, engines.diarizer, request.speakers)


def prompt_for(request: JobRequest, info: MediaInfo) -> str:
    """Return words that are likely to occur: what the client says, else the video's title."""
    if request.prompt or _ADDRESS.search(info.title):
        return request.prompt
    return info.title[:_PROMPT_CHARS]


def untranscribed_ms(opened: Opened, hearing: TranscribeOptions) -> int | None:
    """Return the speech that never became text; None where nobody has listened."""
    match opened:
        case OpenedMedia():
            return hearing.untranscribed.ms
        case OpenedTranscript(transcript=transcript):
            return transcript.untranscribed_ms
        case _:
            return None


def cached_shares(
    opened: Opened, hearing: TranscribeOptions, memory: CachedTranslations | None
) -> dict[str, float]:
    """Return the share of each stage's work that earlier jobs had done."""
    cached: dict[str, float] = {}
    if isinstance(opened, OpenedTranscript):
        cached["transcribe"] = 1.0
    elif isinstance(opened, OpenedMedia):
        cached["transcribe"] = hearing.lookups.share
    if memory is not None and memory.hits + memory.misses:
        cached["translate"] = memory.lookups.share
    return {stage: round(share, 3) for stage, share in cached.items()}
