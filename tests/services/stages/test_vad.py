"""Windows are cut where nobody speaks, early first, and lose no speech."""

from collections.abc import AsyncIterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.audio import Audio
from app.gpu.engines.silero_vad import SileroVad
from app.services.stages.stage_clock import StageClock
from app.services.stages.vad import SpeechWindow, WindowCutter, cut_windows
from app.settings import Settings, VadSettings
from tests.conftest import Speech

FRAME = 512


def cut(probabilities: list[float], settings: VadSettings | None = None) -> list[SpeechWindow]:
    cutter = WindowCutter(settings or VadSettings(), FRAME)
    windows = []
    for number, probability in enumerate(probabilities):
        windows += cutter.push(np.full(FRAME, number, np.float32), probability)
    return windows + cutter.finish()


def seconds(voiced: bool, length_s: float) -> list[float]:
    return [0.9 if voiced else 0.02] * round(length_s * 16000 / FRAME)


def frames_of(window: SpeechWindow) -> set[int]:
    return set(window.audio.samples[::FRAME].astype(int))


def test_silence_gives_no_window() -> None:
    assert cut(seconds(False, 60)) == []


def test_first_window_ends_at_the_first_pause_after_eight_seconds() -> None:
    talk = (seconds(True, 3) + seconds(False, 0.4)) * 10
    first, second = cut(talk)[:2]
    assert 8_000 <= first.audio.span.duration_ms <= 12_000
    assert second.audio.span.duration_ms > 19_000


def test_without_a_pause_the_first_window_ends_at_twelve_seconds_and_later_ones_at_thirty() -> None:
    windows = cut(seconds(True, 100))
    durations = [w.audio.span.duration_ms for w in windows]
    assert 5_900 <= durations[0] <= 12_000
    assert all(15_000 <= d <= 30_000 for d in durations[1:-1])


def test_a_window_without_pause_is_cut_at_its_quietest_place() -> None:
    talk = seconds(True, 20)
    talk[280:285] = [0.4] * 5
    assert 280 <= cut(talk)[0].audio.end_sample // FRAME <= 285


def test_a_long_pause_ends_a_window_and_is_known_to_be_clear() -> None:
    first, _ = cut(seconds(True, 2) + seconds(False, 5) + seconds(True, 2))
    assert first.audio.span.duration_ms < 2_400
    assert first.clear_until_ms >= 4_900


def test_a_click_is_not_speech() -> None:
    assert cut([*seconds(False, 2), 0.9, 0.9, *seconds(False, 5)]) == []


def test_windows_are_padded_but_never_overlap() -> None:
    talk = seconds(False, 1) + (seconds(True, 9) + seconds(False, 0.4)) * 5
    windows = cut(talk)
    assert windows[0].audio.span.start_ms == pytest.approx(1000 - 400, abs=33)
    for before, after in pairwise(windows):
        assert before.audio.end_sample <= after.audio.start_sample


@given(st.lists(st.tuples(st.booleans(), st.floats(0.1, 14)), min_size=1, max_size=25))
def test_every_voiced_frame_is_in_exactly_one_window(runs: list[tuple[bool, float]]) -> None:
    talk = [p for voiced, length_s in runs for p in seconds(voiced, length_s)]
    windows = cut(talk)
    covered = [frame for window in windows for frame in frames_of(window)]
    assert len(covered) == len(set(covered))
    voiced = {n for n, p in enumerate(talk) if p >= 0.5}
    assert len(voiced - set(covered)) <= 3, "only a click may be left out"
    assert all(w.audio.span.duration_ms <= 30_000 for w in windows)
    assert [w.index for w in windows] == list(range(len(windows)))


async def test_windows_of_real_speech_leave_before_the_recording_has_ended(speech: Speech) -> None:
    sentence = speech.samples("The quick brown fox jumps over the lazy dog near the old river.")
    talk = np.concatenate([np.concatenate([sentence, np.zeros(8000, np.float32)])] * 6)
    talk = talk[: len(talk) // FRAME * FRAME]
    given_samples = 0

    async def blocks() -> AsyncIterator[Audio]:
        nonlocal given_samples
        for start in range(0, len(talk), 8192):
            given_samples = start + 8192
            yield Audio(talk[start : start + 8192], start)

    vad = SileroVad(Settings())
    windows = cut_windows(blocks(), vad, VadSettings(), StageClock())
    first = await anext(windows)
    assert given_samples < 13 * 16000, "the first window waited for too much audio"
    assert np.array_equal(
        first.audio.samples, talk[first.audio.start_sample : first.audio.end_sample]
    )
    rest = [window async for window in windows]
    heard = sum(len(w.audio.samples) for w in [first, *rest])
    assert heard > 0.75 * len(talk)
