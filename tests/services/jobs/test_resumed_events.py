"""A job that goes on elsewhere: its log goes on, and nothing comes twice."""

from __future__ import annotations

from dataclasses import replace

from app.domain.cue import Cue
from app.domain.events import CuesDropped, CuesReady, Done, Event, MediaOpened, Progress, Result
from app.domain.time import Span
from app.services.jobs.event_log import EventLog
from app.services.jobs.resumed_events import ResumedEvents


def cue(number: int, text: str, **fields: object) -> Cue:
    at = int(fields.pop("at", number))  # type: ignore[call-overload]
    made = Cue(number, Span(at * 1000, at * 1000 + 900), text)
    return replace(made, **fields)  # type: ignore[arg-type]


def final(*cues: Cue) -> CuesReady:
    return CuesReady(cues, final=True)


def draft(*cues: Cue) -> CuesReady:
    return CuesReady(cues, final=False)


def resumed(before: list[Event], again: list[Event]) -> list[Event]:
    """Return what a second run adds to a log."""
    log = EventLog(before)
    events = ResumedEvents(log)
    for event in again:
        events.append(event)
    return [event for _, event in log.after(len(before))]


def result(*cues: Cue) -> Result:
    return Result(cues, False, "en", 1000, 10, {})


def test_what_the_first_run_said_is_not_said_again() -> None:
    a, b, c = cue(0, "a"), cue(1, "b"), cue(2, "c")
    before = [Progress("checking", "x", 5), MediaOpened(9000), final(a, b)]
    before.append(Progress("transcribing", "y", 40))
    again = [*before[:3], Progress("transcribing", "z", 30), Progress("transcribing", "z", 50)]
    again += [final(c), Done(result(a, b, c))]
    assert resumed(before, again) == again[4:]


def test_ids_of_readers_stay_whatever_order_the_second_run_has() -> None:
    far, near = cue(0, "far", at=60), cue(1, "near", at=0)
    new = [final(cue(0, "near", at=0)), final(cue(1, "next", at=1)), final(cue(2, "far", at=60))]
    new.append(Done(result(cue(0, "near", at=0), cue(1, "next", at=1), cue(2, "far", at=60))))
    added = resumed([final(far), final(near)], new)
    assert added[0] == final(cue(2, "next", at=1))
    (end,) = added[1:]
    assert isinstance(end, Done)
    assert [(each.id, each.text) for each in end.result.cues] == [
        (1, "near"),
        (2, "next"),
        (0, "far"),
    ]


def test_a_draft_becomes_final_and_what_is_final_stays() -> None:
    before = [draft(cue(0, "a")), final(cue(1, "b", translation="uno", revision=1))]
    second = [draft(cue(0, "a")), draft(cue(1, "b")), final(cue(0, "a", translation="A"))]
    second.append(final(cue(1, "b", translation="otro")))
    ends = cue(0, "a", translation="A", revision=1), cue(1, "b", translation="otro")
    added = resumed(before, [*second, Done(result(*ends))])
    assert added[0] == final(cue(0, "a", translation="A", revision=1))
    assert isinstance(added[1], Done)
    assert [each.translation for each in added[1].result.cues] == ["A", "uno"]


def test_what_the_second_run_has_not_is_dropped_before_the_end() -> None:
    added = resumed([final(cue(0, "a"), cue(1, "heard wrong"))], [final(cue(0, "a"))])
    assert added == []
    right = cue(1, "heard right", at=1)
    added = resumed(
        [final(cue(0, "a"), cue(1, "heard wrong"))],
        [final(cue(0, "a"), right), Done(result(cue(0, "a"), right))],
    )
    assert added[:2] == [final(replace(right, id=2)), CuesDropped((1,))]
    assert isinstance(added[2], Done)
    assert [each.id for each in added[2].result.cues] == [0, 2]
