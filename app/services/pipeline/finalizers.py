"""Finalizers: cues become final at once, or once the speakers are known."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from app.domain.cue import Cue
from app.domain.errors import CuestreamError, JobCancelledError
from app.domain.events import Notice
from app.domain.profile import ReadingProfile
from app.domain.request import SpeakerCount
from app.domain.transcript import SpeakerTurn
from app.services.pipeline.event_emitter import EventEmitter
from app.services.sdh.labelling import with_speaker_labels
from app.services.stages.assign_speakers import assign_speakers
from app.services.stages.cue_speakers import CueSpeakers
from app.services.stages.cues import build_speaker_cues
from app.services.stages.revise import dropped, revise
from app.services.stages.translate import translate_cues
from app.services.translation.translation_job import TranslationJob
from app.services.translation.translator import Translator
from app.system.async_iterators import close_stage, tap
from app.system.loop_turns import LoopSlice


class TurnSource(Protocol):
    """A source of speaker turns."""

    async def turns(self, speakers: SpeakerCount) -> Sequence[SpeakerTurn]:
        """Return the speaker turns of the whole recording, in order of start.

        Raises:
            CuestreamError: the recording cannot be diarized.
        """
        ...


@dataclass(frozen=True, slots=True)
class KnownTurns:
    """Speaker turns of an earlier job."""

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

    events: EventEmitter
    translator: Translator
    job: TranslationJob | None

    async def finish(self, cues: AsyncIterator[Cue]) -> list[Cue]:
        """Make cues final; return them in the order of arrival."""
        if self.job is not None:
            cues = self.translated(tap(cues, self.events.drafted))
        final = tap(cues, self.events.finished)
        try:
            return [cue async for cue in final]
        finally:
            await close_stage(final)

    def translated(self, cues: AsyncIterator[Cue]) -> AsyncIterator[Cue]:
        """Translate cues, where there is a translation to make."""
        if self.job is None:
            return cues
        return translate_cues(
            cues, self.translator, self.job, self.events.clock, self.events.notice
        )


@dataclass(frozen=True, slots=True)
class DiarizedFinalizer:
    """Cues are drafts until the whole recording is diarized.

    Then the words get their speakers and are laid out again: a cue shows one speaker alone, or two
    with dashes where the profile has them. Cues whose text stays the same are translated already.

    Attributes:
        immediate: finalizer of the revised cues.
        turns: source of the speaker turns.
        speakers: how many there are, as far as is known.
        profile: of the cues.
    """

    immediate: ImmediateFinalizer
    turns: TurnSource
    speakers: SpeakerCount
    profile: ReadingProfile

    async def finish(self, cues: AsyncIterator[Cue]) -> list[Cue]:
        """Emit drafts, wait for the speakers, then revise the drafts.

        A failed diarization costs the result its speakers alone.
        """
        events = self.immediate.events
        await self._emit_drafts(cues)
        turns = await found_turns(self.turns, self.speakers, events)
        if not turns:
            return await self._as_drafted()
        return await self._revised(turns)

    async def _emit_drafts(self, cues: AsyncIterator[Cue]) -> None:
        events = self.immediate.events
        if self.immediate.job is not None:
            cues = self.immediate.translated(tap(cues, events.drafted))
        drafts = tap(cues, events.translated_draft)
        try:
            async for _ in drafts:
                pass
        finally:
            await close_stage(drafts)

    async def _as_drafted(self) -> list[Cue]:
        events = self.immediate.events
        final = sorted(events.drafts.values(), key=lambda cue: cue.span.start_ms)
        turn = LoopSlice()
        for cue in final:
            events.finished(cue)
            await turn.pause()
        return final

    async def _revised(self, turns: Sequence[SpeakerTurn]) -> list[Cue]:
        events = self.immediate.events
        drafts = dict(events.drafts)
        segments = assign_speakers(events.segments, turns)
        events.speakers_found(turns, segments)
        shown = with_speaker_labels(segments) if self.profile.labels else segments
        built = build_speaker_cues(shown, self.profile, video=events.video)
        revised = [cue async for cue in revise(built, drafts)]
        events.expect_cues(len(revised))
        final = tap(self.immediate.translated(each(revised)), events.finished)
        try:
            made = [cue async for cue in final]
        finally:
            await close_stage(final)
        events.dropped(dropped(drafts, made))
        return made


@dataclass(frozen=True, slots=True)
class LateSpeakersFinalizer:
    """Cues are shown as soon as they are translated; their speakers follow at the end.

    For readers who did not ask for speakers, which the server finds by default: they wait for
    nothing, and texts, translations and times stay as they were shown. A cue in which two people
    speak gets the one who speaks longer.

    Attributes:
        immediate: translates the cues.
        turns: source of the speaker turns.
        speakers: how many there are, as far as is known.
    """

    immediate: ImmediateFinalizer
    turns: TurnSource
    speakers: SpeakerCount

    async def finish(self, cues: AsyncIterator[Cue]) -> list[Cue]:
        """Show the cues, wait for the speakers, then emit final revisions that name them.

        A failed diarization costs the result its speakers alone.
        """
        events = self.immediate.events
        shown = await self._show(cues)
        turns = await found_turns(self.turns, self.speakers, events)
        if turns:
            segments = assign_speakers(events.segments, turns)
            events.speakers_found(turns, segments)
            shown = list(map(CueSpeakers(segments).name, shown))
        for cue in shown:
            events.named(cue)
        return shown

    async def _show(self, cues: AsyncIterator[Cue]) -> list[Cue]:
        events = self.immediate.events
        if self.immediate.job is not None:
            cues = self.immediate.translated(tap(cues, events.drafted))
        shown = tap(cues, events.shown)
        try:
            return [cue async for cue in shown]
        finally:
            await close_stage(shown)


async def found_turns(
    source: TurnSource, speakers: SpeakerCount, events: EventEmitter
) -> Sequence[SpeakerTurn]:
    """Return the speaker turns; none, and a notice, where the recording cannot be diarized.

    Raises:
        JobCancelledError: the job was cancelled.
    """
    events.diarizing()
    try:
        return await source.turns(speakers)
    except JobCancelledError:
        raise
    except CuestreamError as error:
        text = f"The speakers could not be told apart: {error.message}"
        events.notice(Notice("diarization_failed", text))
        return ()


T = TypeVar("T")


async def each(items: Sequence[T]) -> AsyncIterator[T]:
    """Yield what is there already."""
    for item in items:
        yield item
