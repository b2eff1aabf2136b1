"""Synthetic dialogues with known turns."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from scripts.fixtures.dialogues import Dialogue, Manner, hold_dialogue


def lines(people: int) -> dict[str, list[np.ndarray]]:
    """A pitch for each speaker, sentences of 1 to 4 s."""
    time = np.arange(4 * 16_000, dtype=np.float32) / 16_000
    return {
        f"{hz} Hz": [np.sin(2 * np.pi * hz * time[: s * 16_000]) for s in (1, 2, 3, 4)]
        for hz in range(200, 200 + 100 * people, 100)
    }


def spoken_ms(talk: Dialogue, speaker: str) -> int:
    return sum(turn.span.duration_ms for turn in talk.turns if turn.speaker == speaker)


@pytest.mark.parametrize(("people", "length_s", "share"), [(2, 120, 0.05), (3, 300, 0.08)])
def test_it_is_as_long_and_as_crowded_as_requested(
    people: int, length_s: int, share: float
) -> None:
    talk = hold_dialogue(lines(people), length_s, 1, Manner(overlap=share))
    assert len(talk.samples) == length_s * 16_000
    assert talk.samples.dtype == np.float32
    assert 0.2 < np.abs(talk.samples).max() < 1
    assert talk.overlap == pytest.approx(share, abs=0.015)
    assert len(talk.speakers) == people
    assert min(spoken_ms(talk, speaker) for speaker in talk.speakers) > 150 * length_s


def test_turns_match_the_audio() -> None:
    talk = hold_dialogue(lines(3), 120, 2, Manner(overlap=0.06, snr_db=30))
    for turn in talk.turns:
        piece = talk.samples[turn.span.start_ms * 16 : turn.span.end_ms * 16]
        hz = np.fft.rfftfreq(len(piece), 1 / 16_000)
        loud = np.abs(np.fft.rfft(piece))
        own = loud[np.abs(hz - int(turn.speaker.split()[0])) < 5].max()
        assert own > 0.4 * loud.max(), turn
    silent = np.ones(len(talk.samples), bool)
    for turn in talk.turns:
        silent[turn.span.start_ms * 16 : turn.span.end_ms * 16] = False
    assert np.abs(talk.samples[silent]).max() < 0.3 * np.abs(talk.samples).max()


def test_no_speaker_overlaps_himself() -> None:
    for seed in range(5):
        talk = hold_dialogue(lines(3), 120, seed, Manner(overlap=0.15))
        for speaker in talk.speakers:
            own = [turn.span for turn in talk.turns if turn.speaker == speaker]
            assert all(a.end_ms < b.start_ms for a, b in itertools.pairwise(own))


def test_a_seed_is_a_dialogue() -> None:
    first, again, other = (hold_dialogue(lines(2), 30, seed) for seed in (7, 7, 8))
    assert first.turns == again.turns
    assert np.array_equal(first.samples, again.samples)
    assert first.turns != other.turns


def test_a_dialogue_needs_two_speakers() -> None:
    with pytest.raises(ValueError, match="two speakers"):
        hold_dialogue(lines(1), 30, 1)
    with pytest.raises(ValueError, match="something to say"):
        hold_dialogue({**lines(2), "mute": []}, 30, 1)
