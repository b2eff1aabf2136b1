"""Events of a job that goes on where another process has left it.

The pipeline begins anew. What its earlier run had stored (windows, sentences, downloads) is there
at once, so it soon comes to the same place; readers have seen its events until there. Numbers go
on, and what the log holds already is not added once more: a cue that readers have keeps its id,
whatever id the new run gives it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from app.domain.cue import Cue
from app.domain.events import (
    CuesDropped,
    CuesReady,
    Done,
    Event,
    Failed,
    MediaOpened,
    Progress,
    Result,
)
from app.services.jobs.event_log import EventLog

_Place = tuple[int, int, str]


class ResumedEvents:
    """Adds the events of a new run to the log of an earlier one.

    Args:
        log: with the events of the earlier runs.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._seen: set[str] = set()
        self._cues: dict[int, Cue] = {}
        self._final: set[int] = set()
        self._shown: set[int] = set()
        self._percent = 0
        self._ids: dict[int, int] = {}
        for _, event in log.after(0):
            self._note(event)
        self._unmatched: dict[_Place, list[int]] = defaultdict(list)
        for cue in sorted(self._cues.values(), key=lambda each: each.id, reverse=True):
            self._unmatched[_place(cue)].append(cue.id)
        self._stale = set(self._cues)
        self._next_id = max(self._cues, default=-1) + 1

    def append(self, event: Event) -> None:
        """Add what is new of an event; see `EventLog.append`."""
        match event:
            case CuesReady():
                self._append_cues(event)
            case CuesDropped(ids=ids):
                self._drop(self._ids[each] for each in ids if each in self._ids)
            case Progress(percent=percent):
                if percent >= self._percent:
                    self._add(event)
            case Done(result=result):
                self._finish(result)
            case Failed():
                self._add(event)
            case _:
                self._add_once(event)

    def _finish(self, result: Result) -> None:
        """Drop cues that this run has not got, and end the log with its result."""
        self._drop(sorted(self._stale))
        cues = (replace(cue, id=self._ids.get(cue.id, cue.id)) for cue in result.cues)
        kept = tuple(self._cues[cue.id] if cue.id in self._final else cue for cue in cues)
        self._add(Done(replace(result, cues=kept)))

    def _append_cues(self, event: CuesReady) -> None:
        revised = (self._revised(cue, final=event.final) for cue in event.cues)
        fresh = tuple(cue for cue in revised if cue is not None)
        if fresh:
            self._add(replace(event, cues=fresh))

    def _revised(self, cue: Cue, *, final: bool) -> Cue | None:
        """Return a cue under the id that readers know; None where they have it already."""
        known_id = self._id_of(cue)
        old = self._cues.get(known_id)
        cue = replace(cue, id=known_id)
        if old is None:
            return cue
        if known_id in self._final:
            return None  # no revision follows a final one, whatever this run makes of it
        if known_id in self._shown:  # nothing but its speaker follows
            named = old if cue.speaker is None else _with_speaker(old, cue.speaker)
            return named if final else None
        if replace(cue, revision=old.revision) == old and not final:
            return None
        return replace(cue, revision=max(cue.revision, old.revision + 1))

    def _id_of(self, cue: Cue) -> int:
        """Return the id in the log of a cue of this run."""
        if cue.id not in self._ids:
            same = self._unmatched.get(_place(cue))
            if same:
                self._ids[cue.id] = same.pop()
            else:
                self._ids[cue.id] = self._next_id
                self._next_id += 1
        self._stale.discard(self._ids[cue.id])
        return self._ids[cue.id]

    def _drop(self, ids: Iterable[int]) -> None:
        there = tuple(each for each in ids if each in self._cues)
        if there:
            self._add(CuesDropped(there))

    def _add_once(self, event: Event) -> None:
        if repr(event) not in self._seen:
            self._add(event)

    def _add(self, event: Event) -> None:
        self._note(event)
        self._log.append(event)

    def _note(self, event: Event) -> None:
        """Keep what is compared with later events."""
        match event:
            case CuesReady(cues=cues, final=final, speakers_follow=follow):
                self._cues |= {cue.id: cue for cue in cues}
                if final:
                    self._final |= {cue.id for cue in cues}
                elif follow:
                    self._shown |= {cue.id for cue in cues}
            case CuesDropped(ids=ids):
                for each in ids:
                    self._cues.pop(each, None)
            case Progress(percent=percent):
                self._percent = max(self._percent, percent)
            case MediaOpened():
                self._seen.add(repr(event))
            case Done() | Failed():
                pass
            case _:
                self._seen.add(repr(event))


def _with_speaker(cue: Cue, speaker: str) -> Cue:
    return replace(cue, speaker=speaker, revision=cue.revision + 1)


def _place(cue: Cue) -> _Place:
    """Return the key by which cues of two runs over the same recording are the same one."""
    return cue.span.start_ms, cue.span.end_ms, cue.text
