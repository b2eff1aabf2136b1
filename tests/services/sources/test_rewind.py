"""A recording from where its viewer is, then what came before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.audio import Audio, Samples
from app.domain.errors import StorageError
from app.gpu.engines.silero import SileroVad
from app.services.clock import StageClock
from app.services.sources.rewind import Rewind
from app.services.stages.speech import SpeechWindow, cut_parts, cut_windows
from app.services.workdir import WorkDir
from app.settings import Settings
from tests.conftest import Speech

RATE = 16_000
BLOCK = 8192


async def blocks_of(samples: Samples) -> AsyncIterator[Audio]:
    for at in range(0, len(samples), BLOCK):
        yield Audio(samples[at : at + BLOCK], at)


def as_pcm(samples: Samples) -> Samples:
    """Return samples as a decoder gives them: whole steps of 16 bits."""
    return (np.round(samples * 32767).astype("<i2") / np.float32(2**15)).astype(np.float32)


def joined(blocks: list[Audio]) -> Samples:
    return np.concatenate([np.empty(0, np.float32), *(block.samples for block in blocks)])


async def both_parts(
    samples: Samples, position_ms: int, folder: Path
) -> tuple[list[Audio], list[Audio]]:
    async with AsyncExitStack() as stack:
        with WorkDir.open(folder) as workdir:
            rewind = Rewind(blocks_of(samples), position_ms, workdir, stack)
            watched = [block async for block in rewind.watched()]
            return watched, [block async for block in rewind.earlier()]


@settings(max_examples=25, deadline=None)
@given(length=st.integers(1, 40 * RATE), position_ms=st.integers(0, 45_000), seed=st.integers(0, 9))
async def test_the_two_parts_are_the_recording(
    tmp_path_factory: pytest.TempPathFactory, length: int, position_ms: int, seed: int
) -> None:
    samples = as_pcm(np.random.default_rng(seed).uniform(-1, 1, length).astype(np.float32))
    folder = tmp_path_factory.mktemp("rewind")
    watched, earlier = await both_parts(samples, position_ms, folder)
    assert np.array_equal(np.concatenate([joined(earlier), joined(watched)]), samples)
    for part, start in ((earlier, 0), (watched, len(joined(earlier)))):
        for block in part:
            assert block.start_sample == start
            start = block.end_sample
        assert all(len(block.samples) % 512 == 0 for block in part[:-1])
    if watched:
        assert watched[0].start_sample % 512 == 0
        assert position_ms - 6_100 <= watched[0].span.start_ms <= max(position_ms, 0)


async def test_the_cut_is_made_in_a_pause(speech: Speech, tmp_path: Path) -> None:
    sentence = speech.samples("The water came up very fast last night.")
    pause = np.zeros(RATE // 2, np.float32)
    samples = as_pcm(np.concatenate([sentence, pause] * 12))
    period_ms = (len(sentence) + len(pause)) * 1000 // RATE
    watched, _ = await both_parts(samples, 7 * period_ms + 900, tmp_path)
    into_period_ms = watched[0].span.start_ms % period_ms
    assert into_period_ms > len(sentence) * 1000 // RATE - 300, "cut inside the sentence"


async def test_windows_of_both_parts_hold_the_same_speech_as_the_whole(
    speech: Speech, tmp_path: Path
) -> None:
    sentence = speech.samples("The water came up very fast last night.")
    samples = as_pcm(np.concatenate([sentence, np.zeros(RATE, np.float32)] * 20))
    config = Settings()
    vad = SileroVad(config)

    async def voiced_ms(windows: AsyncIterator[SpeechWindow]) -> list[SpeechWindow]:
        return [window async for window in windows]

    whole = await voiced_ms(cut_windows(blocks_of(samples), vad, config.vad, StageClock()))
    async with AsyncExitStack() as stack:
        with WorkDir.open(tmp_path) as workdir:
            rewind = Rewind(blocks_of(samples), 30_000, workdir, stack)
            parts = [rewind.watched(), rewind.earlier()]
            split = await voiced_ms(cut_parts(parts, vad, config.vad, StageClock()))
    assert [window.index for window in split] == list(range(len(split)))
    starts = [window.audio.span.start_ms for window in split]
    assert 25_000 <= starts[0] <= 30_000
    turn = starts.index(min(starts))
    assert starts[:turn] == sorted(starts[:turn])
    assert starts[turn:] == sorted(starts[turn:])
    spoken = sum(window.audio.span.duration_ms for window in whole)
    assert sum(window.audio.span.duration_ms for window in split) == pytest.approx(spoken, rel=0.03)


async def test_a_folder_that_is_gone_is_an_error_with_a_code(tmp_path: Path) -> None:
    samples = as_pcm(np.random.default_rng(1).uniform(-1, 1, 60 * RATE).astype(np.float32))
    async with AsyncExitStack() as stack:
        workdir = WorkDir.open(tmp_path)
        rewind = Rewind(blocks_of(samples), 50_000, workdir, stack)
        workdir.close()
        with pytest.raises(StorageError):
            [block async for block in rewind.watched()]
