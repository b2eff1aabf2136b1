"""A recording in the order in which its viewer needs it, however he jumps."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.audio import Audio, Samples
from app.domain.errors import StorageError
from app.gpu.engines.silero_vad import SileroVad
from app.gpu.work_context import WorkContext
from app.services.playback.order import PlaybackOrder
from app.services.playback.playback import Playback
from app.services.stages.stage_clock import StageClock
from app.services.stages.vad import SpeechWindow, cut_windows, speech_windows
from app.settings import Settings
from app.system.workdir import WorkDir
from tests.conftest import Speech

RATE = 16_000
BLOCK = 8192
SECOND_MS = 1000

Part = list[Audio]


async def blocks_of(samples: Samples) -> AsyncIterator[Audio]:
    for at in range(0, len(samples), BLOCK):
        yield Audio(samples[at : at + BLOCK], at)


def as_pcm(samples: Samples) -> Samples:
    """Return samples as a decoder gives them: whole steps of 16 bits."""
    return (np.round(samples * 32767).astype("<i2") / np.float32(2**15)).astype(np.float32)


def noise(seconds: float, seed: int = 1) -> Samples:
    length = int(seconds * RATE)
    return as_pcm(np.random.default_rng(seed).uniform(-1, 1, length).astype(np.float32))


async def watch(
    samples: Samples, position_ms: int, jumps: dict[int, int], folder: Path
) -> tuple[list[Part], list[Path]]:
    """Read all parts of a recording.

    Args:
        jumps: where the viewer jumps to, by the number of blocks that were read until then.
        folder: where files are made.

    Returns:
        The parts, and the files that were there at the end.
    """
    playback = Playback(WorkContext("job", position_ms=position_ms))
    parts: list[Part] = []
    count = 0
    async with AsyncExitStack() as stack:
        with WorkDir.open(folder) as workdir:
            async for part in PlaybackOrder(blocks_of(samples), playback, workdir, stack).parts():
                parts.append([])
                async for block in part:
                    parts[-1].append(block)
                    count += 1
                    if count in jumps:
                        playback.move(jumps[count])
            return parts, list(workdir.path.glob("*.pcm"))


def spans(parts: list[Part]) -> list[tuple[float, float]]:
    """Return from where to where each part goes, in seconds."""
    return [(part[0].start_sample / RATE, part[-1].end_sample / RATE) for part in parts if part]


@settings(max_examples=60)
@given(
    seconds=st.floats(0.01, 150),
    position_ms=st.sampled_from([0, 0, 19_000, 21_000, 64_000, 200_000]),
    jumps=st.dictionaries(st.integers(1, 320), st.integers(0, 170_000), max_size=8),
)
async def test_every_sample_is_in_one_part_bit_for_bit_whatever_the_jumps(
    tmp_path_factory: pytest.TempPathFactory,
    seconds: float,
    position_ms: int,
    jumps: dict[int, int],
) -> None:
    samples = noise(seconds)
    parts, _ = await watch(samples, position_ms, jumps, tmp_path_factory.mktemp("tape"))
    collected = np.full(len(samples), np.nan, np.float32)
    for part in parts:
        assert all(a.end_sample == b.start_sample for a, b in pairwise(part))
        assert all(block.start_sample % 512 == 0 for block in part)
        for block in part:
            assert np.isnan(collected[block.start_sample : block.end_sample]).all(), "heard twice"
            collected[block.start_sample : block.end_sample] = block.samples
    assert np.array_equal(collected, samples)


async def test_who_never_jumps_needs_no_disk(tmp_path: Path) -> None:
    workdir = WorkDir.open(tmp_path)
    workdir.close()
    async with AsyncExitStack() as stack:
        tape = PlaybackOrder(blocks_of(noise(60)), Playback(WorkContext("job")), workdir, stack)
        parts = [[block async for block in part] async for part in tape.parts()]
    assert spans(parts) == [(0, 60)]


async def test_a_jump_ahead_leaves_a_gap_that_comes_last(tmp_path: Path) -> None:
    parts, files = await watch(noise(120), 0, {20: 70_000}, tmp_path)
    first, second, third = spans(parts)
    assert first[0] == 0
    assert 10.24 <= first[1] <= 13.5, "the part goes on for three seconds at most"
    assert 65 <= second[0] <= 70
    assert second[1] == 120
    assert third == (first[1], second[0])
    assert files, "what was skipped is on disk"


async def test_a_jump_back_to_what_was_skipped(tmp_path: Path) -> None:
    parts, _ = await watch(noise(150), 100_000, {20: 40_000}, tmp_path)
    watched, back, rest, start = spans(parts)
    assert 95 <= watched[0] <= 100
    assert watched[1] <= watched[0] + 20 * 0.512 + 3.5
    assert 35 <= back[0] <= 40
    assert back[1] == watched[0], "it ends where an earlier part begins"
    assert rest == (watched[1], 150)
    assert start == (0, back[0])


async def test_two_jumps_and_then_first_what_is_ahead_of_the_viewer(tmp_path: Path) -> None:
    parts, _ = await watch(noise(200), 0, {10: 150_000, 20: 60_000}, tmp_path)
    starts = [start for start, _ in spans(parts)]
    assert starts[0] == 0
    assert 145 <= starts[1] <= 150
    assert 55 <= starts[2] <= 60
    assert starts[3] > starts[1], "from where the second part was left"
    assert starts[4] < 10
    assert len(starts) == 5


@pytest.mark.parametrize(
    "jump_ms",
    [3_000, 20_000, 28_000],
    ids=["heard already", "where it is", "comes anyway within seconds"],
)
async def test_a_jump_to_what_is_heard_or_comes_soon_changes_nothing(
    tmp_path: Path, jump_ms: int
) -> None:
    parts, files = await watch(noise(60), 0, {40: jump_ms}, tmp_path)
    assert spans(parts) == [(0, 60)]
    assert not files


async def test_a_jump_beyond_the_end_passes_nothing_over_for_good(tmp_path: Path) -> None:
    parts, _ = await watch(noise(60), 0, {20: 900_000}, tmp_path)
    assert spans(parts)[1][1] == 60
    assert len(parts) == 2


async def test_parts_begin_and_end_in_pauses(speech: Speech, tmp_path: Path) -> None:
    sentence = speech.samples("The water came up very fast last night.")
    pause = np.zeros(RATE // 2, np.float32)
    samples = as_pcm(np.concatenate([sentence, pause] * 30))
    period_s = (len(sentence) + len(pause)) / RATE
    parts, _ = await watch(samples, 0, {20: round(20.3 * period_s * SECOND_MS)}, tmp_path)
    seams = [edge for span in spans(parts)[:2] for edge in span][1:3]
    for seam_s in seams:
        assert seam_s % period_s > len(sentence) / RATE - 0.3, "cut inside a sentence"


async def test_windows_of_all_parts_hold_the_same_speech_as_the_whole(
    speech: Speech, tmp_path: Path
) -> None:
    sentence = speech.samples("The water came up very fast last night.")
    samples = as_pcm(np.concatenate([sentence, np.zeros(RATE, np.float32)] * 20))
    config = Settings()
    vad = SileroVad(config)

    async def cut(windows: AsyncIterator[SpeechWindow]) -> list[SpeechWindow]:
        return [window async for window in windows]

    whole = await cut(cut_windows(blocks_of(samples), vad, config.vad, StageClock()))
    async with AsyncExitStack() as stack:
        with WorkDir.open(tmp_path) as workdir:
            playback = Playback(WorkContext("job", position_ms=30_000))
            parts = PlaybackOrder(blocks_of(samples), playback, workdir, stack).parts()
            split = await cut(speech_windows(parts, vad, config.vad, StageClock()))
    assert [window.index for window in split] == list(range(len(split)))
    assert {window.part for window in split} == {0, 1}
    assert 25_000 <= split[0].audio.span.start_ms <= 30_000
    for number in (0, 1):
        starts = [w.audio.span.start_ms for w in split if w.part == number]
        assert starts == sorted(starts)
        first = next(w for w in split if w.part == number)
        assert first.audio.span.duration_ms <= 12_500, "somebody waits for it"
    spoken = sum(window.audio.span.duration_ms for window in whole)
    assert sum(window.audio.span.duration_ms for window in split) == pytest.approx(spoken, rel=0.03)


async def test_a_folder_that_is_gone_is_an_error_with_a_code(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        workdir = WorkDir.open(tmp_path)
        playback = Playback(WorkContext("job", position_ms=50_000))
        parts = PlaybackOrder(blocks_of(noise(60)), playback, workdir, stack).parts()
        workdir.close()
        with pytest.raises(StorageError):
            [block async for part in parts async for block in part]
