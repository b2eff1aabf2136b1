"""Offsets, drifts and cuts are found by speech; files of other recordings are refused."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.errors import MediaMismatchError
from app.domain.time import Span
from app.domain.transcript import Word
from app.services.retiming.aligned_text import align_text
from app.services.retiming.rate_ratios import RATIOS
from app.services.retiming.speech_fits import Fit, Recording
from app.services.retiming.speech_pieces import OFFSETS_MOST, candidate_offsets
from app.services.retiming.speech_sync import find_sync
from app.services.retiming.sync import require_confidence
from app.services.retiming.words_sync import find_words_sync


def ink(texts: Iterable[str]) -> str:
    return "".join("".join(text.split()) for text in texts)


def talk(count: int, seed: int = 1) -> list[Span]:
    """Return stretches of speech with pauses between them."""
    rolls = random.Random(seed)
    spans: list[Span] = []
    at = rolls.randrange(500, 3000)
    for _ in range(count):
        end = at + rolls.randrange(700, 5000)
        spans.append(Span(at, end))
        at = end + rolls.randrange(250, 3000)
    return spans


def cues_of(speech: Sequence[Span], seed: int = 2) -> list[Span]:
    """Return cues as somebody sets them: inexact, and they stay a little."""
    rolls = random.Random(seed)
    return [Span(max(0, s.start_ms + rolls.randrange(-60, 60)), s.end_ms + 150) for s in speech]


def moved(cues: Sequence[Span], ratio: float, offset_ms: int) -> list[Span]:
    return [
        Span(
            max(0, round((cue.start_ms - offset_ms) / ratio)),
            max(1, round((cue.end_ms - offset_ms) / ratio)),
        )
        for cue in cues
    ]


SPEECH = talk(60)
LENGTH_MS = SPEECH[-1].end_ms + 2000


@pytest.mark.parametrize("offset_ms", [-3210, -150, 0, 480, 12_340])
@pytest.mark.parametrize("ratio", [1.0, 24 / 25, 25 * 1001 / 24000])
def test_offset_and_drift_are_found(ratio: float, offset_ms: int) -> None:
    cues = cues_of(SPEECH)[10:]
    found = require_confidence(find_sync(moved(cues, ratio, offset_ms), SPEECH, LENGTH_MS), 0.8)
    mended = found.mended(moved(cues, ratio, offset_ms))
    assert max(abs(a.start_ms - b.start_ms) for a, b in zip(cues, mended, strict=True)) <= 100
    assert found.ratio == pytest.approx(ratio, abs=0.002)


def test_advertisements_give_the_rest_an_offset_of_its_own() -> None:
    cues = cues_of(SPEECH)
    without = [*cues[:30], *(Span(c.start_ms - 9000, c.end_ms - 9000) for c in cues[33:])]
    found = require_confidence(find_sync(without, SPEECH, LENGTH_MS), 0.8)
    assert len(found.pieces) == 2
    assert abs(found.pieces[0].offset_ms) <= 100
    assert abs(found.pieces[1].offset_ms - 9000) <= 100
    assert abs(found.pieces[1].first - 30) <= 1


@pytest.mark.parametrize("seed", range(3, 9))
def test_a_file_of_another_recording_is_refused(seed: int) -> None:
    with pytest.raises(MediaMismatchError):
        require_confidence(find_sync(cues_of(talk(40, seed)), SPEECH, LENGTH_MS), 0.8)


def test_nothing_is_found_in_nothing() -> None:
    assert find_sync([], SPEECH, LENGTH_MS) is None
    assert find_sync(SPEECH, [], LENGTH_MS) is None


SPANS = st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 9000)), min_size=1, max_size=20)


def spans_of(rows: list[tuple[int, int]]) -> list[Span]:
    spans: list[Span] = []
    at = 0
    for gap, length in rows:
        spans.append(Span(at + gap, at + gap + length))
        at += gap + length
    return spans


@settings(max_examples=12)
@given(SPANS, SPANS)
def test_every_cue_has_one_place_whatever_is_found(
    cues: list[tuple[int, int]], speech: list[tuple[int, int]]
) -> None:
    ours, theirs = spans_of(cues), spans_of(speech)
    found = find_sync(ours, theirs, theirs[-1].end_ms)
    assert found is not None
    places = [p for piece in found.pieces for p in range(piece.first, piece.last + 1)]
    assert places == list(range(len(ours)))
    assert found.ratio in RATIOS
    assert len(found.mended(ours)) == len(ours)


NAMES = "one two six ten red blue"
TEXTS = [f"this is sentence {name} of the talk" for name in NAMES.split()]


def heard(texts: Sequence[str], start_ms: int = 1000, seed: int = 5) -> list[Word]:
    rolls = random.Random(seed)
    words: list[Word] = []
    at = start_ms
    for text in texts:
        for word in text.split():
            words.append(Word(word, Span(at, at + 200)))
            at += 250
        at += rolls.randrange(300, 2000)
    return words


def starts_of(words: Sequence[Word], texts: Sequence[str]) -> list[int]:
    starts, place = [], 0
    for text in texts:
        starts.append(words[place].span.start_ms)
        place += len(text.split())
    return starts


def test_words_find_an_offset_that_speech_alone_would_not() -> None:
    words = heard(TEXTS)
    cues = [Span(start + 4000, start + 5500) for start in starts_of(words, TEXTS)]
    found = require_confidence(find_words_sync(cues, TEXTS, words), 0.8)
    assert abs(found.offset_ms + 4000) <= 20
    assert (found.ratio, found.method) == (1.0, "words")


def test_words_of_another_talk_are_refused() -> None:
    other = ["nothing like it was ever said", "in any room by any person here"]
    cues = [Span(0, 2000), Span(2100, 4000)]
    with pytest.raises(MediaMismatchError):
        require_confidence(find_words_sync(cues, other, heard(TEXTS)), 0.8)


def test_a_text_gets_its_times_and_words_that_were_missed_lie_between() -> None:
    words = heard(TEXTS)
    missed = [word for place, word in enumerate(words) if place not in (3, 4)]
    found = align_text(TEXTS, missed, words[-1].span.end_ms)
    flat = [word for own in found.paragraphs for word in own]
    assert [word.text for word in flat] == [word.text for word in words]
    assert found.match.confidence >= 0.99
    assert found.known == len(words) - 2
    assert words[2].span.end_ms <= flat[3].span.start_ms <= flat[4].span.end_ms
    assert flat[4].span.end_ms <= words[5].span.start_ms


def test_a_text_that_goes_on_far_beyond_the_recording_is_no_match() -> None:
    words = heard(TEXTS)
    beyond = [f"chapter {n} has other words than were heard" for n in range(20)]
    some = align_text([*TEXTS, *beyond[:3]], words, words[-1].span.end_ms)
    assert some.confidence >= 0.8
    most = align_text([*TEXTS, *beyond], words, words[-1].span.end_ms)
    assert most.match.confidence >= 0.99
    assert most.confidence < 0.8


@settings(max_examples=40)
@given(st.lists(st.text(max_size=30), max_size=6), st.lists(st.text(max_size=8), max_size=20))
def test_every_word_has_a_time_in_order(texts: list[str], said: list[str]) -> None:
    words = [Word(word, Span(100 * n, 100 * n + 90)) for n, word in enumerate(said) if word.strip()]
    found = align_text(texts, words, 2500)
    flat = [word for own in found.paragraphs for word in own]
    assert ink(w.text for w in flat) == ink(texts)
    assert all(a.span.start_ms <= b.span.start_ms for a, b in pairwise(flat))


def test_two_hours_with_drift_and_a_cut_are_mended_exactly() -> None:
    speech = talk(1700, seed=5)
    length_ms = speech[-1].end_ms + 2000
    assert length_ms > 2 * 3_600_000
    ratio, middle = 25 * 1001 / 24000, len(speech) // 2
    cues = cues_of(speech)
    cut = [*moved(cues[:middle], ratio, -40_000), *moved(cues[middle:], ratio, -52_000)]
    sync = require_confidence(find_sync(cut, speech, length_ms), 0.8)
    assert sync.ratio == pytest.approx(ratio, abs=1e-6)
    assert [piece.offset_ms for piece in sync.pieces] == pytest.approx([-40_000, -52_000], abs=30)
    assert sync.pieces[1].first == pytest.approx(middle, abs=3)


def test_cues_of_another_film_choose_among_a_bounded_number_of_offsets() -> None:
    speech, cues = talk(700, seed=6), cues_of(talk(1500, seed=7))
    recording = Recording(speech, speech[-1].end_ms)
    offsets = candidate_offsets(cues, Fit(1.0, 777, 0, 0.0), recording)
    assert offsets[0] == 777
    assert len(set(offsets)) == len(offsets) == OFFSETS_MOST
    sync = find_sync(cues, speech, speech[-1].end_ms)
    assert sync is not None
    assert sync.confidence < 0.5
