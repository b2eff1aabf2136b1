"""The one pipeline: every route, worker and page reads the events that it emits."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from app.domain.audio import Audio
from app.domain.cue import Cue
from app.domain.errors import TranscriptionDisabledError
from app.domain.events import Notice, Result
from app.domain.language import Language
from app.domain.media import MediaInfo
from app.domain.request import JobRequest
from app.domain.transcript import Segment
from app.gpu.engine_room import Engines
from app.gpu.ticket import Ticket
from app.services.endings import Floor, KnownFloor, SpeakerEnd, StraightEnd
from app.services.joints import tap
from app.services.run_log import Emit, RunLog
from app.services.sources.kept import Reuse
from app.services.sources.opened import Opened, OpenedCaptions, OpenedMedia, OpenedTranscript
from app.services.sources.pcm_file import PcmFile
from app.services.sources.tape import Tape
from app.services.stages.align import WordAligner
from app.services.stages.captions import caption_cues
from app.services.stages.cues import build_cues
from app.services.stages.diarize import SpeakerEar
from app.services.stages.ear import Hearing, WindowEar
from app.services.stages.known import known_cues, known_segments
from app.services.stages.speech import cut_parts
from app.services.stages.transcribe import transcribe
from app.services.store.caches import Caches
from app.services.store.fingerprints import recording_hearing, recording_speakers, window_hearing
from app.services.store.memos import Memo
from app.services.store.transcripts import Transcript
from app.services.translation.job import TranslationJob
from app.services.translation.ledger import JobLedger
from app.services.translation.protocol import Brief, Translator
from app.services.viewer import Viewer
from app.services.workdir import WorkDir
from app.settings import Settings

_PROMPT_CHARS = 200
_PASSING = frozenset({"alignment_failed", "diarization_failed"})
"""Notices of what may work the next time, so that nothing is kept without it."""
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
        viewer: Viewer,
        ledger: JobLedger,
    ) -> Result:
        """Turn what was opened into cues, telling each step as it happens.

        Raises:
            NoSpeechError: nobody speaks.
            CuestreamError: whatever stage failed.
        """
        ticket = viewer.ticket
        run = RunLog(request, opened, emit, viewer.shown)
        hearing = self._hearing(request, opened.info, ticket)
        memo = await self._memo(request, request.target) if request.target else None
        ear = self._speaker_ear(request, opened, ticket, run)
        end = self._end(request, opened, run, memo, ledger, ear)
        try:
            made = await end.finish(self._cues(request, opened, hearing, run, ear, viewer))
        finally:
            if ear is not None:
                await ear.aclose()
        if not ticket.cancelled.is_set():
            await self._keep(request, opened, run, hearing)
        usage = ledger.usage()
        untold_ms = _untold_ms(opened, hearing)
        cached = _cached(opened, hearing, memo)
        return run.result(made, cached, usage if usage.requests else None, untold_ms)

    def reuse(self, request: JobRequest) -> Reuse:
        """Return what a request may take from earlier jobs."""

        async def heard(content: str, info: MediaInfo) -> Transcript | None:
            if request.fresh or self.engines is None:
                return None
            key = self._recording_key(self.engines, request, info)
            if request.diarize and self.engines.diarizer is not None:
                key = recording_speakers(key, self.engines.diarizer, request.speakers)
            return await self.caches.transcripts.find(content, key)

        return Reuse(heard, downloads=not request.force_refresh)

    def _cues(
        self,
        request: JobRequest,
        opened: Opened,
        hearing: Hearing,
        run: RunLog,
        ear: SpeakerEar | None,
        viewer: Viewer,
    ) -> AsyncIterator[Cue]:
        match opened:
            case OpenedCaptions(captions=captions):
                return known_cues(caption_cues(captions, request.profile), viewer)
            case OpenedTranscript(transcript=transcript):
                segments = known_segments(transcript.segments, viewer)
            case OpenedMedia():
                segments = self._segments(opened, hearing, run, ear, viewer)
        heard = tap(segments, run.heard, run.all_heard)
        return build_cues(heard, request.profile, viewer.stretches)

    def _segments(
        self,
        media: OpenedMedia,
        hearing: Hearing,
        run: RunLog,
        ear: SpeakerEar | None,
        viewer: Viewer,
    ) -> AsyncIterator[Segment]:
        engines = self.engines
        if engines is None:
            raise TranscriptionDisabledError("This server does not transcribe")
        parts = self._parts(media, run, ear, viewer)
        windows = cut_parts(parts, engines.vad, self.settings.vad, run.clock)
        aligner: WordAligner | None = None
        if engines.aligner is not None:
            aligner = WordAligner(
                engines.aligner, engines.scheduler, hearing.ticket, run.clock, run.notice
            )
        words = WindowEar(engines.scheduler, self.caches.windows, hearing, run.clock, aligner)
        segments = transcribe(windows, words, viewer)
        return segments if ear is None else tap(segments, lambda _: ear.begin())

    def _parts(
        self, media: OpenedMedia, run: RunLog, ear: SpeakerEar | None, viewer: Viewer
    ) -> AsyncIterator[AsyncIterator[Audio]]:
        """Return the recording in the order in which its viewer needs it."""
        whole = tap(media.blocks, run.decoded)
        if ear is not None:
            whole = ear.kept(whole)
        return Tape(whole, viewer, self.workdir, media.resources).parts()

    def _speaker_ear(
        self, request: JobRequest, opened: Opened, ticket: Ticket, run: RunLog
    ) -> SpeakerEar | None:
        """Return what listens for speakers; None where nobody asks or there is no sound."""
        engines = self.engines
        if not request.diarize or not isinstance(opened, OpenedMedia) or engines is None:
            return None
        if engines.diarizer is None:
            return None
        path = self.workdir.new_file(".pcm")
        opened.resources.callback(path.unlink, missing_ok=True)
        return SpeakerEar(engines.diarizer, engines.scheduler, ticket, PcmFile(path), run.clock)

    def _end(
        self,
        request: JobRequest,
        opened: Opened,
        run: RunLog,
        memo: Memo | None,
        ledger: JobLedger,
        ear: SpeakerEar | None,
    ) -> StraightEnd | SpeakerEnd:
        job: TranslationJob | None = None
        if request.target is not None:
            brief = Brief(opened.info, request.glossary, ledger)
            job = TranslationJob(request.target, request.profile, brief, memo)
        straight = StraightEnd(run, self.translator, job)
        if request.diarize and isinstance(opened, OpenedCaptions):
            run.notice(Notice("speakers_unknown", "The text comes from captions, which name none"))
        floor: Floor | None = ear
        if request.diarize and isinstance(opened, OpenedTranscript):
            floor = KnownFloor(opened.transcript.turns)
        if floor is None:
            return straight
        return SpeakerEnd(straight, floor, request.speakers, request.profile)

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

    async def _keep(
        self, request: JobRequest, opened: Opened, run: RunLog, hearing: Hearing
    ) -> None:
        """Keep the transcript of a recording that was heard to its end."""
        if not isinstance(opened, OpenedMedia) or self.engines is None:
            return
        content = opened.content()
        if content is None or any(notice.code in _PASSING for notice in run.notices):
            return
        key = self._recording_key(self.engines, request, opened.info)
        transcript = run.transcript(hearing.untold.ms)
        await self.caches.transcripts.keep(content, key, replace(transcript, turns=()))
        if request.diarize and self.engines.diarizer is not None:
            key = recording_speakers(key, self.engines.diarizer, request.speakers)
            await self.caches.transcripts.keep(content, key, transcript)


def prompt_for(request: JobRequest, info: MediaInfo) -> str:
    """Return words that are likely to occur: what the client says, else the video's title."""
    if request.prompt or _ADDRESS.search(info.title):
        return request.prompt
    return info.title[:_PROMPT_CHARS]


def _untold_ms(opened: Opened, hearing: Hearing) -> int | None:
    match opened:
        case OpenedMedia():
            return hearing.untold.ms
        case OpenedTranscript(transcript=transcript):
            return transcript.untold_ms
        case OpenedCaptions():
            return None


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
