"""A job that goes on in another process: cues that are shown and wait for their speakers."""

from __future__ import annotations

from dataclasses import replace

from app.domain.cue import Cue
from app.domain.events import CuesReady, Event
from app.domain.time import Span
from app.services.jobs.event_log import EventLog
from app.services.jobs.resumed_events import ResumedEvents

CUES = tuple(
    Cue(id=n, span=Span(n * 2000, n * 2000 + 1500), text=f"Line {n}", translation=f"Linea {n}")
    for n in range(3)
)


def shown(cue: Cue) -> CuesReady:
    return CuesReady((cue,), final=False, speakers_follow=True, expected=3)


def resumed(*before: Event) -> tuple[EventLog, ResumedEvents]:
    log = EventLog()
    for event in before:
        log.append(event)
    return log, ResumedEvents(log)


def added(log: EventLog, before: int) -> list[Event]:
    return [event for _, event in log.after(before)]


def test_what_was_shown_is_not_shown_again_and_the_rest_is_at_once() -> None:
    log, events = resumed(shown(CUES[0]), shown(CUES[1]))
    for cue in CUES:
        draft = replace(cue, translation=None)
        events.append(CuesReady((draft,), final=False))
        events.append(shown(replace(cue, translation=f"Otra {cue.id}", revision=1)))
    new = added(log, 2)
    assert [event for event in new if isinstance(event, CuesReady) and event.readable] == [
        shown(replace(CUES[2], translation="Otra 2", revision=1))
    ]
    assert {cue.id for event in new if isinstance(event, CuesReady) for cue in event.cues} == {2}


def test_a_speaker_is_added_to_what_readers_have() -> None:
    log, events = resumed(*map(shown, CUES))
    for cue in CUES:
        events.append(shown(replace(cue, translation="Otra", revision=1)))
        speaker = "SPEAKER_00" if cue.id else None
        named = replace(cue, translation="Otra", speaker=speaker, revision=2)
        events.append(CuesReady((named,), final=True))
    assert added(log, 3) == [
        CuesReady((CUES[0],), final=True),
        *(
            CuesReady((replace(cue, speaker="SPEAKER_00", revision=1),), final=True)
            for cue in CUES[1:]
        ),
    ]
    assert log.final_cues() == [
        cue for event in added(log, 3) if isinstance(event, CuesReady) for cue in event.cues
    ]
