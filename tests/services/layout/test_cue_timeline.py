"""Cues of several stretches share the screen, whichever of them is heard first."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.cue import Cue
from app.domain.profile import DEFAULT_PROFILE
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.services.playback.ranges import PlaybackRanges
from app.services.stages.cues import CueLayout

GAP_MS = DEFAULT_PROFILE.min_gap_ms


def spoken(text: str, start_ms: int, word_ms: int = 300, clear_ms: int = 0) -> Segment:
    words = [
        Word(part, Span(start_ms + n * word_ms, start_ms + (n + 1) * word_ms))
        for n, part in enumerate(text.split())
    ]
    span = Span(start_ms, words[-1].span.end_ms)
    return Segment(text, span, tuple(words), "en", 0.9, span.end_ms + clear_ms)


def apart(cues: list[Cue]) -> bool:
    ordered = sorted(cues, key=lambda cue: cue.span)
    return all(b.span.start_ms - a.span.end_ms >= GAP_MS for a, b in pairwise(ordered))


@st.composite
def jumps(draw: st.DrawFn) -> tuple[list[int], list[Segment]]:
    """Stretches side by side, and their segments in an order in which jumps may tell them.

    Some words are timed a little wrongly: they reach into the stretch that follows.
    """
    starts = sorted(draw(st.sets(st.integers(1, 40), max_size=4)))
    edges = [0, *(start * 2_000 for start in starts), 90_000]
    queues: list[list[Segment]] = []
    for begin_ms, end_ms in pairwise(edges):
        queue: list[Segment] = []
        at_ms = begin_ms + draw(st.sampled_from([0, 300]))
        while at_ms < end_ms and len(queue) < 4:
            count = draw(st.integers(1, 14))
            segment = spoken(" ".join(["water"] * count), at_ms, draw(st.sampled_from([90, 300])))
            beyond_ms = draw(st.sampled_from([0, 0, 400]))
            if segment.span.end_ms > end_ms + beyond_ms:
                break
            queue.append(segment)
            at_ms = segment.span.end_ms + draw(st.sampled_from([0, 500, 4_000]))
        queues.append(queue)
    told: list[Segment] = []
    while any(queues):
        queue = draw(st.sampled_from([queue for queue in queues if queue]))
        told.append(queue.pop(0))
    return edges[1:-1], told


@given(jumps())
@settings(max_examples=40)
def test_cues_are_apart_and_every_word_is_shown(case: tuple[list[int], list[Segment]]) -> None:
    starts, segments = case
    ranges = PlaybackRanges()
    for start_ms in starts:
        ranges.begin(start_ms)
    layout = CueLayout(DEFAULT_PROFILE, ranges=ranges)
    cues = [cue for segment in segments for cue in layout.lay_out(segment)]
    assert [cue.id for cue in cues] == list(range(len(cues)))
    assert all(cue.span.duration_ms > 0 for cue in cues)
    assert apart(cues)
    shown = sum(len(cue.text.split()) for cue in cues)
    assert shown == sum(len(segment.words) for segment in segments)


def test_a_cue_that_is_heard_later_goes_before_what_is_shown_after_it() -> None:
    ranges = PlaybackRanges()
    ranges.begin(60_000)
    layout = CueLayout(DEFAULT_PROFILE, ranges=ranges)
    (watched,) = layout.lay_out(spoken("The water came up very fast", 60_100))
    (earlier,) = layout.lay_out(spoken("Tell the people near the bridge", 58_000, clear_ms=9_000))
    assert earlier.span.start_ms == 58_000
    assert earlier.span.end_ms <= watched.span.start_ms - GAP_MS


def test_stretches_that_alternate_go_on_each_where_it_was() -> None:
    ranges = PlaybackRanges()
    ranges.begin(60_000)
    layout = CueLayout(DEFAULT_PROFILE, ranges=ranges)
    order = [60_000, 10_000, 64_000, 14_000]
    cues = [cue for at in order for cue in layout.lay_out(spoken("It rained last night", at))]
    assert [cue.span.start_ms for cue in cues] == order


def test_words_that_have_no_room_before_the_next_cue_are_shown_later() -> None:
    ranges = PlaybackRanges()
    ranges.begin(60_000)
    layout = CueLayout(DEFAULT_PROFILE, ranges=ranges)
    shown = list(layout.lay_out(spoken("Please come here now", 60_000)))
    shown += layout.lay_out(spoken("It rained all of the night", 57_000, word_ms=490))
    shown += layout.lay_out(spoken("Yes", 59_960, word_ms=30))
    assert len(shown) == 3
    assert apart(shown)
    assert shown[2].span.start_ms > shown[0].span.end_ms
