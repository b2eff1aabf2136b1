"""Policy for reusing cached results of earlier jobs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from app.domain.language import known_language
from app.domain.media import MediaInfo
from app.domain.request import JobRequest
from app.gpu.loaded_engines import Engines
from app.gpu.work_context import WorkContext
from app.services.cache.transcript_cache import Transcript
from app.services.cache.transcript_keys import (
    diarized_recording_key,
    recording_key,
    shot_changes_key,
    sounds_key,
    track_key,
    translated_recording_key,
    window_key,
)
from app.services.cache.translation_cache import CachedTranslations
from app.services.pipeline.event_emitter import EventEmitter
from app.services.pipeline.pipeline_run import PipelineServices
from app.services.pipeline.request_options import prompt_for
from app.services.sources.opened import Opened, OpenedMedia
from app.services.stages.window_transcriber import TranscribeOptions
from app.services.translation.llm.ledger import JobLedger

_TRANSIENT_NOTICES = frozenset({"alignment_failed", "diarization_failed"})
"""Notices of failures that the next run may not meet; such a transcript is not cached."""


@dataclass(frozen=True, slots=True)
class ReusePolicy:
    """The caches as one request may use them; it is the `CachedInputs` of its source.

    A finished transcript is cached for later jobs here too, so that both sides have one key.
    """

    request: JobRequest
    services: PipelineServices

    @property
    def downloads(self) -> bool:
        """Whether cached downloads may stand in for the source."""
        return not self.request.force_refresh

    async def transcript(self, content_sha256: str, info: MediaInfo) -> Transcript | None:
        """Return the cached transcript of a recording; None where it must be transcribed.

        Args:
            content_sha256: of the media's bytes.
            info: metadata of the recording, which decides the prompt.
        """
        if self.request.fresh or self.services.engines is None:
            return None
        key = self._recording_key(self.services.engines, info)
        key = self._key_with_speakers(key) or key
        transcripts = self.services.caches.transcripts
        known = await transcripts.get(content_sha256, key)
        if known is not None and self._lacks_translations(known):
            return await transcripts.get(content_sha256, translated_recording_key(key))
        return known

    def transcribe_options(
        self, info: MediaInfo, context: WorkContext, ledger: JobLedger
    ) -> TranscribeOptions:
        """Return how the windows of a recording are transcribed, with the key of their cache."""
        request = self.request
        prompt = prompt_for(request, info)
        spoken, allowed = request.spoken, request.allowed_languages
        key = ""
        if (engines := self.services.engines) is not None:
            windowing = self.services.settings.vad
            key = window_key(engines, windowing, spoken, prompt, allowed, request.task)
            key = sounds_key(key) if request.profile.sdh else key
        price = engines.price if engines is not None else None
        return TranscribeOptions(
            key,
            context,
            spoken,
            prompt,
            allowed,
            request.task,
            request.profile.sdh,
            fresh=request.fresh,
            on_transcribed=None if price is None else partial(ledger.spend_audio, price),
        )

    async def translation_memory(self) -> CachedTranslations | None:
        """Return cached translations of the same source; None where nothing is translated."""
        request = self.request
        if request.target is None:
            return None
        translations = self.services.caches.translations
        revision = self.services.translator.revision
        parts = (request.source.identity, request.target.tag, revision, request.glossary)
        if request.force_refresh:
            return translations.empty(*parts)
        return await translations.open(*parts)

    async def store(self, source: Opened, events: EventEmitter, options: TranscribeOptions) -> None:
        """Cache the transcript of a recording that was transcribed to its end."""
        if not isinstance(source, OpenedMedia) or self.services.engines is None:
            return
        if options.context.cancelled.is_set():
            return
        content = source.content()
        if content is None or any(n.code in _TRANSIENT_NOTICES for n in events.notices):
            return
        key = self._recording_key(self.services.engines, source.info)
        transcript = events.transcript(options.untranscribed.ms + source.lost_ms())
        await self._put(content, key, replace(transcript, turns=()))
        if (with_speakers := self._key_with_speakers(key)) is not None:
            await self._put(content, with_speakers, transcript)

    async def _put(self, content: str, key: str, transcript: Transcript) -> None:
        """Cache a transcript; translations by the transcriber are cached beside what was said."""
        transcripts = self.services.caches.transcripts
        said = tuple(replace(segment, translation=None) for segment in transcript.segments)
        await transcripts.put(content, key, replace(transcript, segments=said))
        if said != transcript.segments:
            await transcripts.put(content, translated_recording_key(key), transcript)

    def _lacks_translations(self, transcript: Transcript) -> bool:
        """Whether the transcriber has to translate some of what was said."""
        pairs = self.services.speech_pairs(self.request)
        languages = {segment.language for segment in transcript.segments}
        return any(pairs.take(known_language(language)) for language in languages)

    def _recording_key(self, engines: Engines, info: MediaInfo) -> str:
        request = self.request
        prompt, allowed = prompt_for(request, info), request.allowed_languages
        windowing = self.services.settings.vad
        key = recording_key(engines, windowing, request.spoken, prompt, allowed, request.task)
        key = track_key(key, request.audio_track)
        key = sounds_key(key) if request.profile.sdh else key
        return shot_changes_key(key) if request.wants_shot_changes else key

    def _key_with_speakers(self, key: str) -> str | None:
        """Return the key of a transcript with speakers; None where they are not asked for."""
        engines, request = self.services.engines, self.request
        if not request.diarize or engines is None or engines.diarizer is None:
            return None
        if request.turns is not None:
            return None
        return diarized_recording_key(key, engines.diarizer, request.speakers)
