"""How a line ends: its cues translated and final, at once or once the speakers are known."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.cue import Cue
from app.domain.errors import CuestreamError, JobCancelledError
from app.domain.events import Notice
from app.domain.profile import ReadingProfile
from app.domain.request import SpeakerCount
from app.domain.transcript import Segment, SpeakerTurn
from app.services.pipeline.event_emitter import EventEmitter
from app.services.stages.assign_speakers import assign_speakers
from app.services.stages.cues import build_cues
from app.services.stages.revise import dropped, revise
from app.services.stages.translate import translate_cues
from app.services.translation.translation_job import TranslationJob
from app.services.translation.translator import Translator
from app.system.async_iterators import close_stage, tap


class TurnSource(Protocol):
    """Knows who spoke when, or finds out."""

    async def turns(self, speakers: SpeakerCount) -> Sequence[SpeakerTurn]:
        """Return who spoke when, in order of start.

        Raises:
            CuestreamError: nobody can tell.
        """
        ...


@dataclass(frozen=True, slots=True)
class KnownTurns:
    """Turns that an earlier job has found out."""

    known: tuple[SpeakerTurn, ...]

    async def turns(self, speakers: SpeakerCount) -> Sequence[SpeakerTurn]:
        """See the protocol."""
        return self.known


@dataclass(frozen=True, slots=True)
class ImmediateFinalizer:
    """Every cue is final as soon as it is translated.

    Attributes:
        job: None where nothing is translated.
    """

    run: EventEmitter
    translator: Translator
    job: TranslationJob | None

    async def finish(self, cues: AsyncIterator[Cue]) -> list[Cue]:
        """Make cues final and return them in the order of their coming."""
        if self.job is not None:
            cues = self.translated(tap(cues, self.run.drafted))
        final = tap(cues, self.run.finished)
        try:
            return [cue async for cue in final]
        finally:
            await close_stage(final)

    def translated(self, cues: AsyncIterator[Cue]) -> AsyncIterator[Cue]:
        """Translate cues, where there is a translation to make."""
        if self.job is None:
            return cues
        return translate_cues(cues, self.translator, self.job, self.run.clock)


@dataclass(frozen=True, slots=True)
class DiarizedFinalizer:
    """Cues are drafts until the whole recording was listened to.

    Then the words get their speakers and are laid out again, since a cue shows one speaker alone.
    Lines that stay as they were have their translation already.

    Attributes:
        straight: the end that the final cues take.
        floor: who knows the turns.
        speakers: how many there are, as far as is known.
        profile: of the cues.
    """

    straight: ImmediateFinalizer
    floor: TurnSource
    speakers: SpeakerCount
    profile: ReadingProfile

    async def finish(self, cues: AsyncIterator[Cue]) -> list[Cue]:
        """Show drafts, wait for the speakers, and make final cues of both.

        Speakers that cannot be told apart cost the result nothing else.
        """
        run = self.straight.run
        await self._show(cues)
        run.telling_apart()
        try:
            turns = await self.floor.turns(self.speakers)
        except JobCancelledError:
            raise
        except CuestreamError as error:
            text = f"The speakers could not be told apart: {error.message}"
            run.notice(Notice("diarization_failed", text))
            turns = ()
        if not turns:
            return self._as_shown()
        run.spoke(turns)
        return await self._laid_out_again(turns)

    async def _show(self, cues: AsyncIterator[Cue]) -> None:
        run = self.straight.run
        drafts = tap(cues, run.drafted)
        if self.straight.job is not None:
            drafts = tap(self.straight.translated(drafts), run.drafted)
        try:
            async for _ in drafts:
                pass
        finally:
            await close_stage(drafts)

    def _as_shown(self) -> list[Cue]:
        run = self.straight.run
        final = sorted(run.drafts.values(), key=lambda cue: cue.span.start_ms)
        for cue in final:
            run.finished(cue)
        return final

    async def _laid_out_again(self, turns: Sequence[SpeakerTurn]) -> list[Cue]:
        run = self.straight.run
        drafts = dict(run.drafts)
        segments = _each(assign_speakers(run.segments, turns))
        cues = revise(build_cues(segments, self.profile), drafts)
        final = tap(self.straight.translated(cues), run.finished)
        try:
            made = [cue async for cue in final]
        finally:
            await close_stage(final)
        run.dropped(dropped(drafts, made))
        return made


async def _each(segments: Sequence[Segment]) -> AsyncIterator[Segment]:
    for segment in segments:
        yield segment
