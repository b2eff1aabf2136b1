"""Putting frames together: what pyannote gives, in a small part of its memory."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from app.domain.errors import EngineLoadError
from app.domain.time import Span
from app.gpu.engines.pyannote.chunking import ChunkBuffer, ChunkGrid
from app.gpu.engines.pyannote.frame_scores import NO_SPEAKER, RecordingFrames, active_speakers
from app.gpu.engines.pyannote.speaker_turns import build_turns

FRAMES, SLOTS = 589, 3


def recording(chunks: int, speakers: int) -> tuple[ChunkGrid, Any, Any]:
    """Return a made-up recording: who speaks in each chunk, and who each slot is."""
    random = np.random.default_rng(chunks)
    binary = (random.random((chunks, FRAMES // 19, SLOTS)) < 0.4).repeat(19, axis=1)
    clusters = np.stack([random.permutation(speakers)[:SLOTS] for _ in range(chunks)])
    clusters[:, 2] = np.where(random.random(chunks) < 0.5, clusters[:, 1], clusters[:, 2])
    clusters[random.random((chunks, SLOTS)) < 0.2] = NO_SPEAKER
    return ChunkGrid.of(10.0, 1.0), binary.astype(np.uint8), clusters.astype(np.int8)


def receptive_field() -> Any:
    pytest.importorskip("pyannote.audio", reason="needs the gpu extra")
    from pyannote.core import SlidingWindow

    return SlidingWindow(start=0.0, duration=0.0619375, step=0.016875)


@pytest.mark.gpu
@pytest.mark.parametrize(("chunks", "speakers"), [(1, 3), (7, 2 + SLOTS), (300, 9)])
@pytest.mark.parametrize("soft", [True, False])
@pytest.mark.parametrize("most", [2, 3])
def test_frames_and_turns_are_pyannotes(chunks: int, speakers: int, soft: bool, most: int) -> None:
    from pyannote.audio.pipelines import SpeakerDiarization
    from pyannote.core import SlidingWindow, SlidingWindowFeature

    grid, binary, clusters = recording(chunks, speakers)
    noise = np.random.default_rng(1).random(binary.shape).astype(np.float32)
    scores = (noise + binary) / 2 if soft else binary.astype(np.float32)
    window = SlidingWindow(start=0.0, duration=10.0, step=1.0)
    count = SpeakerDiarization.speaker_count(
        SlidingWindowFeature(binary.astype(np.float32), window), receptive_field(), (0.0, 0.0)
    )
    line = RecordingFrames(receptive_field(), grid, chunks)
    assert np.array_equal(line.count(binary), count.data[:, 0])

    count.data = np.minimum(count.data, most).astype(np.int8)
    pipeline = object.__new__(SpeakerDiarization)
    theirs = pipeline.reconstruct(SlidingWindowFeature(scores, window), clusters, count)
    speaking = active_speakers(line.activity(scores, clusters), count.data[:, 0])
    assert np.array_equal(speaking, theirs.data.astype(bool))

    for fill_s in (0.0, 0.4):
        said = SpeakerDiarization.to_annotation(theirs, min_duration_off=fill_s)
        spans = [
            Span(round(segment.start * 1000), round(segment.end * 1000))
            for segment, _, _ in said.itertracks(yield_label=True)
        ]
        turns = build_turns(speaking, line, fill_s)
        assert [turn.span for turn in turns] == spans
        assert len({turn.speaker for turn in turns}) == len(said.labels())
        assert turns[0].speaker == "SPEAKER_00"


@pytest.mark.gpu
def test_more_are_counted_at_once_than_there_are_speakers() -> None:
    activity = np.array([[2.0], [0.5]], np.float32)
    assert active_speakers(activity, np.array([2, 0])).tolist() == [[True, True], [False, False]]


@pytest.mark.gpu
def test_three_hours_need_no_array_of_chunks_and_speakers() -> None:
    hours, speakers = 3, 10
    chunks = hours * 3600
    grid, binary, clusters = recording(chunks, speakers)
    tracemalloc.start()
    line = RecordingFrames(receptive_field(), grid, chunks)
    count = line.count(binary)
    speaking = active_speakers(line.activity(binary, clusters), count)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert speaking.any()
    # pyannote's own array of clusters alone: 8 bytes for each chunk, frame and speaker.
    assert peak < 8 * chunks * FRAMES * speakers / 8


def test_chunks_are_cut_where_pyannote_cuts_them() -> None:
    grid = ChunkGrid.of(0.01, 0.1 * 0.01)
    assert (grid.window, grid.step) == (160, 16)
    for length in (1, 159, 160, 161, 176, 177, 400):
        buffer, starts = ChunkBuffer(grid), []
        for at in range(0, length, 7):
            buffer.add(np.arange(at, min(length, at + 7), dtype=np.float32))
            if buffer.whole:
                count = buffer.whole
                stretch = buffer.take(count)
                assert len(stretch) == 160 + (count - 1) * 16
                starts += [int(stretch[0]) + 16 * place for place in range(count)]
        rest = buffer.take_last()
        whole = list(range(0, length - 159, 16))
        assert starts == whole
        left = length < 160 or (length - 160) % 16 > 0
        assert (rest is not None) == left
        if rest is not None:
            assert int(rest[0]) == 16 * len(whole)
            assert int(rest[-1]) == length - 1
        assert buffer.chunks == len(whole) + left


def test_chunks_that_are_no_whole_samples_are_refused() -> None:
    with pytest.raises(EngineLoadError, match="segmentation_step"):
        ChunkGrid.of(5.0, 5.0 * 0.033333)
