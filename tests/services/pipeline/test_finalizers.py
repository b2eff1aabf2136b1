"""Drafts show at once; speakers revise them, and cost nothing when they cannot be told apart."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from app.domain.errors import CuestreamError, EngineError, JobCancelledError
from app.domain.events import CuesDropped, CuesReady, Event, Notice, Progress, SpeakersFound
from app.domain.profile import DEFAULT_PROFILE
from app.domain.request import JobRequest, SpeakerCount, UploadedFile
from app.domain.time import Span
from app.domain.transcript import Segment, SpeakerTurn, Word
from app.services.cache.transcript_cache import Transcript
from app.services.pipeline.event_emitter import EventEmitter
from app.services.pipeline.finalizers import (
    DiarizedFinalizer,
    ImmediateFinalizer,
    LateSpeakersFinalizer,
)
from app.services.sources.opened import OpenedTranscript
from app.services.stages.cues import build_cues
from app.services.translation.translation_job import TranslationJob
from app.system.async_iterators import tap
from tests.services.stages.translating import SPANISH, ScriptedTranslator

ANN, BOB = "SPEAKER_00", "SPEAKER_01"
TEXTS = ("Did you go? Yes, I did.", "Good. I am glad.", "So am I.")


def segment(text: str, start_ms: int) -> Segment:
    words = tuple(
        Word(part, Span(start_ms + n * 400, start_ms + n * 400 + 380))
        for n, part in enumerate(text.split())
    )
    return Segment(text, Span(start_ms, words[-1].span.end_ms), words, "en")


SEGMENTS = tuple(segment(text, 6_000 * n) for n, text in enumerate(TEXTS))
TURNS = (
    SpeakerTurn(Span(0, 1_190), ANN),
    SpeakerTurn(Span(1_190, 2_500), BOB),
    SpeakerTurn(Span(6_000, 14_000), ANN),
)


class ScriptedTurns:
    """Returns given turns, or fails."""

    def __init__(self, answer: Sequence[SpeakerTurn] | CuestreamError) -> None:
        self.answer = answer
        self.asked: list[SpeakerCount] = []

    async def turns(self, speakers: SpeakerCount) -> Sequence[SpeakerTurn]:
        self.asked.append(speakers)
        if isinstance(self.answer, CuestreamError):
            raise self.answer
        return self.answer


class Memory(dict[str, str]):
    """A translation memory of one test."""

    def put(self, key: str, text: str) -> None:
        self[key] = text

    async def save(self) -> None: ...

    async def save_if_due(self) -> None: ...


class Scene:
    """A run of three segments, translated or not."""

    def __init__(self, tmp_path: Any, *, translated: bool = False) -> None:
        self.events: list[Event] = []
        target = SPANISH if translated else None
        request = JobRequest(UploadedFile(tmp_path, ""), target=target)
        opened = OpenedTranscript(Transcript(SEGMENTS, 20_000, "en"))
        self.emitter = EventEmitter(request, opened, self.events.append)
        self.translator = ScriptedTranslator()
        memory: Any = Memory()
        job = TranslationJob(SPANISH, memory=memory) if translated else None
        self.immediate = ImmediateFinalizer(self.emitter, self.translator, job)

    async def finish(self, turns: ScriptedTurns) -> Any:
        async def segments() -> AsyncIterator[Segment]:
            for item in SEGMENTS:
                yield item

        cues = build_cues(tap(segments(), self.emitter.transcribed), DEFAULT_PROFILE)
        finalizer = DiarizedFinalizer(self.immediate, turns, SpeakerCount(exact=2), DEFAULT_PROFILE)
        return await finalizer.finish(cues)

    async def finish_late(self, turns: ScriptedTurns) -> Any:
        async def segments() -> AsyncIterator[Segment]:
            for item in SEGMENTS:
                yield item

        cues = build_cues(tap(segments(), self.emitter.transcribed), DEFAULT_PROFILE)
        finalizer = LateSpeakersFinalizer(self.immediate, turns, SpeakerCount())
        return await finalizer.finish(cues)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


async def test_a_cue_is_divided_where_the_speaker_changes(tmp_path: Any) -> None:
    scene = Scene(tmp_path)
    turns = ScriptedTurns(TURNS)
    made = await scene.finish(turns)
    assert [(cue.text, cue.speaker) for cue in made] == [
        ("Did you go?", ANN),
        ("Yes, I did.", BOB),
        ("Good. I am glad.", ANN),
        ("So am I.", ANN),
    ]
    drafts = [cue for event in scene.of(CuesReady) if not event.final for cue in event.cues]
    assert [(cue.text, cue.speaker) for cue in drafts] == [(text, None) for text in TEXTS]
    assert [(cue.id, cue.revision) for cue in made] == [(0, 1), (3, 0), (1, 1), (2, 1)]
    final = [cue for event in scene.of(CuesReady) if event.final for cue in event.cues]
    assert final == made
    assert turns.asked == [SpeakerCount(exact=2)]
    [found] = scene.of(SpeakersFound)
    assert found.turns == TURNS
    assert scene.of(CuesDropped) == []


async def test_drafts_come_before_anybody_asks_who_speaks(tmp_path: Any) -> None:
    scene = Scene(tmp_path)
    await scene.finish(ScriptedTurns(TURNS))
    kinds = [type(event) for event in scene.events if not isinstance(event, Progress)]
    assert kinds.index(SpeakersFound) > max(
        place
        for place, event in enumerate(e for e in scene.events if not isinstance(e, Progress))
        if isinstance(event, CuesReady) and not event.final
    )
    assert "diarization" in [event.stage for event in scene.of(Progress)]


async def test_lines_that_stay_as_they_were_are_not_translated_again(tmp_path: Any) -> None:
    scene = Scene(tmp_path, translated=True)
    made = await scene.finish(ScriptedTurns(TURNS))
    assert [cue.translation for cue in made] == [
        "DID YOU GO?",
        "YES, I DID.",
        "GOOD. I AM GLAD.",
        "SO AM I.",
    ]
    asked = [line.text for line in scene.translator.lines]
    assert asked.count("So am I.") == 1
    drafts = [cue for event in scene.of(CuesReady) if not event.final for cue in event.cues]
    assert "SO AM I." in [cue.translation for cue in drafts], "a draft has its translation too"
    ids = [cue.id for cue in made]
    assert len(set(ids)) == len(ids)
    latest = {cue.id: cue.revision for cue in drafts}
    assert all(cue.revision > latest.get(cue.id, -1) for cue in made)


@pytest.mark.parametrize("translated", [False, True])
async def test_speakers_that_cannot_be_told_apart_cost_nothing_else(
    tmp_path: Any, translated: bool
) -> None:
    scene = Scene(tmp_path, translated=translated)
    made = await scene.finish(ScriptedTurns(EngineError("no model")))
    assert [cue.text for cue in made] == list(TEXTS)
    assert all(cue.speaker is None for cue in made)
    assert all((cue.translation is not None) == translated for cue in made)
    [notice] = scene.of(Notice)
    assert notice.code == "diarization_failed"
    assert "no model" in notice.message
    final = [cue for event in scene.of(CuesReady) if event.final for cue in event.cues]
    assert final == made


async def test_nobody_found_speaking_names_nobody(tmp_path: Any) -> None:
    scene = Scene(tmp_path)
    made = await scene.finish(ScriptedTurns(()))
    assert [(cue.text, cue.speaker) for cue in made] == [(text, None) for text in TEXTS]
    assert scene.of(Notice) == []


async def test_a_job_that_is_gone_is_no_failure_of_the_speakers(tmp_path: Any) -> None:
    scene = Scene(tmp_path)
    with pytest.raises(JobCancelledError):
        await scene.finish(ScriptedTurns(JobCancelledError("gone")))
    assert scene.of(Notice) == []


@pytest.mark.parametrize("translated", [False, True])
async def test_late_speakers_change_nothing_else(tmp_path: Any, translated: bool) -> None:
    scene = Scene(tmp_path, translated=translated)
    made = await scene.finish_late(ScriptedTurns(TURNS))
    assert [(cue.text, cue.speaker) for cue in made] == [
        ("Did you go? Yes, I did.", ANN),
        ("Good. I am glad.", ANN),
        ("So am I.", ANN),
    ]
    shown = [cue for event in scene.of(CuesReady) if event.speakers_follow for cue in event.cues]
    final = [cue for event in scene.of(CuesReady) if event.final for cue in event.cues]
    assert final == made
    assert [replace(cue, speaker=None, revision=cue.revision - 1) for cue in made] == shown
    assert all((cue.translation is not None) == translated for cue in shown)
    last_shown = max(n for n, e in enumerate(scene.events) if getattr(e, "speakers_follow", False))
    assert scene.events.index(scene.of(SpeakersFound)[0]) > last_shown
    asked = [line.text for line in scene.translator.lines]
    assert len(asked) == len(set(asked)), "nothing is paid for twice"


@pytest.mark.parametrize("answer", [EngineError("no model"), ()])
async def test_late_speakers_that_do_not_come_leave_the_cues_as_they_were_shown(
    tmp_path: Any, answer: Any
) -> None:
    scene = Scene(tmp_path)
    made = await scene.finish_late(ScriptedTurns(answer))
    assert [cue.text for cue in made] == list(TEXTS)
    assert all((cue.speaker, cue.revision) == (None, 0) for cue in made)
    final = [cue for event in scene.of(CuesReady) if event.final for cue in event.cues]
    assert final == made
    assert [notice.code for notice in scene.of(Notice)] == ["diarization_failed"] * bool(answer)


async def test_late_speakers_of_a_job_that_is_gone_are_no_failure(tmp_path: Any) -> None:
    scene = Scene(tmp_path)
    with pytest.raises(JobCancelledError):
        await scene.finish_late(ScriptedTurns(JobCancelledError("gone")))
    assert scene.of(Notice) == []
