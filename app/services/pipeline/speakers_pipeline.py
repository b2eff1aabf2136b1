"""The pipeline of jobs that want to know who speaks when, and nothing else."""

from __future__ import annotations

from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass

from app.domain.events import MediaOpened, Result
from app.domain.request import JobRequest
from app.gpu.loaded_engines import SpeakerEngines
from app.services.media.track_choice import TrackWish
from app.services.pipeline.event_emitter import Emit, EventEmitter
from app.services.playback.pcm_spool import PcmSpool
from app.services.playback.playback import Playback
from app.services.sources.opener import MediaOpener
from app.services.stages.diarize import DiarizationFeed
from app.system.async_iterators import tap
from app.system.workdir import WorkDir


@dataclass(frozen=True, slots=True)
class SpeakersPipeline:
    """Source, decoding and speakers: the stages that need no transcriber."""

    opener: MediaOpener
    workdir: WorkDir
    engines: SpeakerEngines

    async def run(self, request: JobRequest, playback: Playback, emit: Emit) -> Result:
        """Return a result whose only contents are speaker turns; none where there is no speech.

        Args:
            request: source and number of speakers.
            playback: of the job, for its scheduling.
            emit: takes every event except the last.

        Raises:
            CuestreamError: the source cannot be opened, or the diarizer failed.
        """
        wish = TrackWish(request.audio_track, request.spoken)
        source = await self.opener.open(request.source, wish=wish)
        async with aclosing(source), AsyncExitStack() as resources:
            emit(MediaOpened(source.duration_ms))
            events = EventEmitter(request, source, emit, playback.shown)
            events.diarizing()
            feed = DiarizationFeed(
                self.engines.diarizer,
                self.engines.scheduler,
                playback.context,
                PcmSpool(self.workdir, resources),
                events.clock,
                request.speakers,
                events.diarized,
            )
            resources.push_async_callback(feed.aclose)
            feed.start()
            async with aclosing(feed.record(tap(source.blocks, events.decoded))) as recording:
                async for _ in recording:
                    pass
            turns = await feed.turns(request.speakers)
            for notice in source.notices():
                events.notice(notice)
            events.speakers_found(turns, ())
            return events.speakers_result()
