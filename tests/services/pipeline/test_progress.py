"""Progress is computed from positions, never goes back, and its times are those of the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.events import Progress
from app.domain.time import Span
from app.services.pipeline.progress import ProgressTracker, format_duration, format_eta
from app.services.playback.ranges import Coverage, PlaybackRanges

HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("ms", "text"),
    [(0, "0:00"), (61_000, "1:01"), (3_600_000, "1:00:00"), (86_399_000, "23:59:59")],
)
def test_media_times(ms: int, text: str) -> None:
    assert format_duration(ms) == text


@pytest.mark.parametrize(
    ("ms", "text"), [(1, "1s"), (45_000, "45s"), (80_000, "1m 20s"), (7_500_000, "2h 5m")]
)
def test_remaining_times(ms: float, text: str) -> None:
    assert format_eta(ms) == text


def tracked(*, translating: bool = False, diarizing: bool = False) -> ProgressTracker:
    done = Coverage(PlaybackRanges())
    return ProgressTracker(translating=translating, done=done, diarizing=diarizing)


@given(
    st.one_of(st.none(), st.integers(1, 10**7)),
    st.booleans(),
    st.booleans(),
    st.lists(st.tuples(st.sampled_from("tfdex"), st.integers(0, 10**7)), max_size=30),
)
def test_percent_never_falls_and_stays_below_the_end(
    duration_ms: int | None, translating: bool, diarizing: bool, moves: list[tuple[str, int]]
) -> None:
    tracker = tracked(translating=translating, diarizing=diarizing)
    reported: list[Progress | None] = [tracker.opened(duration_ms)]
    for at_ms, (kind, end_ms) in enumerate(moves):
        elapsed_ms = 1000 * at_ms
        if kind == "t":
            reported.append(tracker.transcribed(Span(0, end_ms), elapsed_ms))
        elif kind == "f":
            reported.append(tracker.finished(Span(0, end_ms), elapsed_ms))
        elif kind == "d":
            reported.append(tracker.diarized(end_ms, 10.0 * at_ms, elapsed_ms))
        elif kind == "e":
            tracker.decoded(end_ms)
        else:
            tracker.decoding_ended(end_ms)
    reported += [tracker.transcription_ended(), tracker.finalizing()]
    percents = [progress.percent for progress in reported if progress]
    assert percents == sorted(percents)
    assert percents[-1] == 95, "the job itself adds the last step"
    assert all(progress.message for progress in reported if progress)
    assert all(progress.eta_ms is None or progress.eta_ms > 0 for progress in reported if progress)


def test_half_the_audio_is_half_the_work() -> None:
    tracker = tracked()
    tracker.opened(60_000)
    progress = tracker.finished(Span(28_000, 30_000), 10_000)
    assert progress is not None
    assert progress.percent == 52
    assert progress.eta_ms is None, "one batch shows no pace: it may have come from a cache"


def test_nothing_new_is_not_told() -> None:
    tracker = tracked()
    tracker.opened(600_000)
    assert tracker.finished(Span(0, 60_000), 1000) is not None
    assert tracker.finished(Span(60_000, 60_001), 1001) is None
    assert tracker.finished(Span(60_001, 60_002), 4001) is not None, "nor is a slow job silent"


def test_what_is_covered_counts_wherever_it_is() -> None:
    ranges = PlaybackRanges()
    tracker = ProgressTracker(translating=False, done=Coverage(ranges))
    tracker.opened(100_000)
    for span in (Span(0, 10_000), Span(72_000, 80_000), Span(60_000, 69_000)):
        if span.start_ms == 72_000:
            ranges.begin(70_000)
        tracker.transcribed(span, 1000)
        told = tracker.finished(span, 1000)
    assert told is not None
    assert told.message == "Transcribed 1:19 of 1:40"
    assert told.percent == 10 + int(0.79 * 84)


@dataclass(frozen=True, slots=True)
class Told:
    """One progress of a simulated run: when it came, and the cues until then."""

    at_ms: int
    progress: Progress
    total: int | None = None
    sent: int = 0


@dataclass(frozen=True, slots=True)
class SlowRun:
    """A job on a slow engine, without any clock but its own.

    Attributes:
        length_ms: of the recording, all of it speech in cues of four seconds.
        batch_ms: media time that the engine transcribes at once.
        batch_takes_ms: time that it takes for that.
        translation_takes_ms: time that the translator takes for a cue; None for none.
        cached_ms: media time at the start that comes from a cache.
        begins_ms: time until the first batch begins.
        diarization: media time that is searched for speakers in a second; None for none.
        gives_way: whether that begins in earnest once everything is transcribed, and gets no more
            than a slice between two batches before.
        says_length: whether the container says how long it is.
        read_ahead_ms: how far decoding is ahead of the transcription.
    """

    length_ms: int = 1_200_000
    batch_ms: int = 80_000
    batch_takes_ms: int = 10_000
    translation_takes_ms: int | None = None
    cached_ms: int = 0
    begins_ms: int = 4_000
    diarization: int | None = None
    gives_way: bool = False
    says_length: bool = True
    read_ahead_ms: int = 160_000

    @property
    def translating(self) -> bool:
        return self.translation_takes_ms is not None

    def happenings(self) -> list[tuple[int, str, int]]:
        """Return when each thing happens: time, kind, and the end in the media."""
        found: list[tuple[int, str, int]] = []
        at_ms, reached_ms, translated_at_ms = self.begins_ms, self.cached_ms, 0
        for end_ms in range(4_000, self.cached_ms + 1, 4_000):
            found += [(500, "t", end_ms), (500, "f", end_ms)]
        while reached_ms < self.length_ms:
            end_ms = min(reached_ms + self.batch_ms, self.length_ms)
            at_ms += self.batch_takes_ms * (end_ms - reached_ms) // self.batch_ms
            for cue_ms in range(reached_ms + 4_000, end_ms + 1, 4_000):
                found.append((at_ms, "t", cue_ms))
                translated_at_ms = max(translated_at_ms, at_ms) + (self.translation_takes_ms or 0)
                found.append((translated_at_ms, "f", cue_ms))
            found.append((at_ms, "e", min(end_ms + self.read_ahead_ms, self.length_ms)))
            reached_ms = end_ms
        found.append((at_ms, "x", 0))
        if self.diarization:
            slices = range(10_000, self.length_ms + 1, 10_000)
            slice_ms = 10_000 * 1000 // self.diarization
            begun_ms = self.begins_ms
            for number, end_ms in enumerate(slices, start=1):
                begun_ms += slice_ms
                if self.gives_way:
                    batch_at_ms = self.begins_ms + number * self.batch_takes_ms
                    begun_ms = max(begun_ms, min(batch_at_ms, at_ms + slice_ms))
                found.append((begun_ms, "d", end_ms))
        return sorted(found, key=lambda each: each[0])

    def run(self) -> tuple[list[Told], int]:
        """Return what is told, and when the job ends."""
        happenings = self.happenings()
        tracker = tracked(translating=self.translating, diarizing=bool(self.diarization))
        told = [Told(0, tracker.opened(self.length_ms if self.says_length else None))]
        sent, total = 0, None
        for at_ms, kind, end_ms in happenings:
            span = Span(max(0, end_ms - 4_000), end_ms)
            if kind == "f":
                sent, total = sent + 1, tracker.cues_expected(span)
            for progress in self._steps(tracker, kind, span, at_ms):
                told.append(Told(at_ms, progress, total, sent))
        return told, happenings[-1][0]

    def _steps(
        self, tracker: ProgressTracker, kind: str, span: Span, at_ms: int
    ) -> Iterator[Progress]:
        step: Progress | None = None
        if kind == "t":
            step = tracker.transcribed(span, at_ms)
        elif kind == "f":
            step = tracker.finished(span, at_ms)
        elif kind == "d":
            busy_ms = span.end_ms * 1000 / (self.diarization or 1)
            step = tracker.diarized(span.end_ms, busy_ms, at_ms)
        elif kind == "x":
            step = tracker.transcription_ended()
        elif span.end_ms == self.length_ms:
            tracker.decoding_ended(span.end_ms)
        else:
            tracker.decoded(span.end_ms)
        if step is not None:
            yield step


RUNS = {
    "speech": SlowRun(),
    "an hour": SlowRun(length_ms=HOUR_MS, begins_ms=30_000),
    "translated": SlowRun(translation_takes_ms=400),
    "translation slower than speech": SlowRun(translation_takes_ms=900),
    "translation much slower than speech": SlowRun(translation_takes_ms=3_000),
    "resumed": SlowRun(cached_ms=800_000, length_ms=2_000_000),
    "resumed and translated": SlowRun(cached_ms=800_000, translation_takes_ms=700),
    "speakers": SlowRun(diarization=9_000),
    "speakers slower than speech": SlowRun(diarization=3_000, translation_takes_ms=200),
    "speakers that give way": SlowRun(diarization=40_000, gives_way=True),
    "slow speakers that give way": SlowRun(
        diarization=20_000, gives_way=True, translation_takes_ms=200
    ),
    "one window at a time": SlowRun(batch_ms=20_000, batch_takes_ms=6_000),
}


@pytest.mark.parametrize("name", RUNS)
def test_the_remaining_time_is_that_of_the_run(name: str) -> None:
    told, end_ms = RUNS[name].run()
    # A batch is told in no time: what it leaves is what is seen.
    seen = {each.at_ms: each for each in told if each.progress.eta_ms}
    timed = [each for each in seen.values() if end_ms - each.at_ms > 5_000]
    assert len(timed) > 5
    assert timed[0].at_ms < end_ms * 0.45, "not before two batches have shown the pace"
    for each in timed:
        left_ms = end_ms - each.at_ms
        assert each.progress.eta_ms is not None
        assert abs(each.progress.eta_ms - left_ms) < 0.2 * left_ms + 2_000, (name, each, left_ms)


@pytest.mark.parametrize("name", RUNS)
def test_the_remaining_time_falls_while_nothing_becomes_slower(name: str) -> None:
    told, _ = RUNS[name].run()
    etas = [each.progress.eta_ms for each in told if each.progress.eta_ms]
    assert etas == sorted(etas, reverse=True)


@pytest.mark.parametrize("name", RUNS)
def test_the_percentage_follows_the_work(name: str) -> None:
    run = RUNS[name]
    told, _ = run.run()
    percents = [each.progress.percent for each in told]
    assert percents == sorted(percents)
    assert percents[-1] >= 93
    assert max(after - before for before, after in pairwise(percents)) <= (
        84 * max(run.cached_ms, run.batch_ms) // run.length_ms + 2
    ), "it makes no jumps that the work has not made"


def test_a_pace_that_falls_is_told() -> None:
    tracker = tracked()
    tracker.opened(1_000_000)
    quick = [tracker.finished(Span(0, n * 20_000), n * 1_000) for n in range(1, 11)]
    slow = [tracker.finished(Span(0, 200_000 + n * 20_000), 10_000 + n * 10_000) for n in (1, 2, 3)]
    etas = [each.eta_ms for each in (*quick, *slow) if each is not None and each.eta_ms]
    assert etas[-1] > 100_000 > min(etas)


LENGTHS = {
    "known": SlowRun(translation_takes_ms=300),
    "unknown": SlowRun(says_length=False),
    "unknown and translated": SlowRun(says_length=False, translation_takes_ms=900),
    "unknown and long": SlowRun(says_length=False, length_ms=4 * HOUR_MS),
}


@pytest.mark.parametrize("name", LENGTHS)
def test_batches_are_counted_towards_their_real_number(name: str) -> None:
    run = LENGTHS[name]
    told, _ = run.run()
    counted = [each for each in told if each.sent]
    real = run.length_ms // 4_000
    for each in counted:
        if each.total is not None:
            assert each.sent <= each.total <= real
            assert each.total >= each.sent + 0.8 * (real - each.sent) - 1
    totals = [each.total for each in counted]
    assert totals[-1] == real
    assert (None in totals) == name.startswith("unknown"), "what nobody knows is not invented"


@pytest.mark.parametrize("name", [name for name in LENGTHS if name.startswith("unknown")])
def test_without_a_length_the_percentage_moves_and_gets_true_once_all_is_decoded(
    name: str,
) -> None:
    run = LENGTHS[name]
    told, end_ms = run.run()
    percents = [each.progress.percent for each in told]
    assert percents == sorted(percents)
    early = [each.progress.percent for each in told if each.at_ms < end_ms // 2]
    assert len(set(early)) > 20, "it moves"
    assert max(early) < 94, "and leaves room for the rest"
    assert percents[-1] >= 93
    known_ms = next(at for at, kind, end in run.happenings() if (kind, end) == ("e", run.length_ms))
    assert all(each.progress.eta_ms is None for each in told if each.at_ms < known_ms)


def captions(starts_ms: Sequence[int]) -> list[Span]:
    return [Span(start_ms, start_ms + 2_000) for start_ms in starts_ms]


def test_captions_are_counted_up_to_the_last_one_and_not_to_the_end_of_the_video() -> None:
    tracker = tracked(translating=True)
    spans = captions(range(0, 300_000, 3_000))
    first = tracker.read(spans[-1].end_ms)
    assert (first.stage, first.percent) == ("downloading", 20)
    tracker.expect_cues(len(spans))
    told: list[Progress] = []
    for number, span in enumerate(spans, start=1):
        assert tracker.cues_expected(span) == len(spans)
        step = tracker.finished(span, number * 1_000)
        if step is not None:
            told.append(step)
            if step.eta_ms:
                assert 0.8 < step.eta_ms / ((len(spans) - number) * 1_000) < 1.25
    assert {each.stage for each in told} == {"translating"}
    assert told[-1].percent == 94, "nothing is transcribed that would be half of the work"


def test_a_position_in_the_middle_counts_both_parts() -> None:
    ranges = PlaybackRanges()
    tracker = ProgressTracker(translating=False, done=Coverage(ranges))
    tracker.opened(1_000_000)
    ranges.begin(600_000)
    order = [*range(604_000, 1_000_001, 4_000), *range(4_000, 600_001, 4_000)]
    for number, end_ms in enumerate(order, start=1):
        span = Span(end_ms - 4_000, end_ms)
        expected = tracker.cues_expected(span)
        told = tracker.finished(span, number * 400)
        assert expected is not None
        assert number + 0.8 * (250 - number) - 1 <= expected <= 250
        if told is not None and told.eta_ms and number < len(order) - 3:
            assert 0.8 < told.eta_ms / ((len(order) - number) * 400) < 1.25
    assert told is not None
    assert told.percent == 94
