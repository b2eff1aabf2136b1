"""Memory that a job's record holds."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

from app.domain.cue import Cue
from app.domain.events import (
    CuesReady,
    Done,
    Event,
    OutputPart,
    Result,
    SegmentTranscribed,
    SpeakersFound,
)
from app.domain.request import JobRequest, SentCaptions
from app.domain.transcript import Segment
from app.services.jobs.queue_options import QueueOptions

_OBJECT_BYTES = 250
"""Of a cue, a word, a turn or an event with its span and its numbers, without its texts; measured
in CPython 3.11."""

_POINTER_BYTES = 8


def request_bytes(request: JobRequest) -> int:
    """Return what a request holds: the captions that came with it."""
    text = request.source.text if isinstance(request.source, SentCaptions) else ""
    return _OBJECT_BYTES + sys.getsizeof(text)


def options_bytes(options: QueueOptions | None) -> int:
    """Return what a job's options hold: the input of a call, and what its door keeps with it."""
    if options is None:
        return 0
    return _OBJECT_BYTES + _value_bytes(options.details) + _value_bytes(options.secrets)


def _value_bytes(value: object) -> int:
    """Return what a value of JSON holds."""
    if isinstance(value, Mapping):
        items = sum(_value_bytes(key) + _value_bytes(item) for key, item in value.items())
        return sys.getsizeof(value) + items
    if isinstance(value, list | tuple):
        return sys.getsizeof(value) + sum(map(_value_bytes, value))
    return sys.getsizeof(value)


def event_bytes(event: Event) -> int:
    """Return what an event holds beside what the events before it hold already.

    A result has the same cues as the final events before it.
    """
    match event:
        case CuesReady(cues=cues):
            return _OBJECT_BYTES + sum(map(_cue_bytes, cues))
        case SegmentTranscribed(segment=segment):
            return _OBJECT_BYTES + _segment_bytes(segment)
        case SpeakersFound(turns=turns):
            return _OBJECT_BYTES * (1 + len(turns))
        case OutputPart(json=text):
            return _OBJECT_BYTES + sys.getsizeof(text)
        case Done(result=result):
            return _OBJECT_BYTES + _result_bytes(result)
        case _:
            return _OBJECT_BYTES


def _result_bytes(result: Result) -> int:
    return len(result.cues) * _POINTER_BYTES + _all_bytes(result.segments)


def _all_bytes(segments: Iterable[Segment]) -> int:
    return sum(map(_segment_bytes, segments))


def _cue_bytes(cue: Cue) -> int:
    return _OBJECT_BYTES + sys.getsizeof(cue.text) + sys.getsizeof(cue.translation)


def _segment_bytes(segment: Segment) -> int:
    words = sum(_OBJECT_BYTES + sys.getsizeof(word.text) for word in segment.words)
    return _OBJECT_BYTES + sys.getsizeof(segment.text) + words
