"""The diarizer beside pyannote's own pipeline: the same bits and the same turns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.domain.errors import EngineError, EngineLoadError, OutOfMemoryError
from app.domain.request import SpeakerCount
from app.gpu.engines.pyannote import PyannoteDiarizer
from app.gpu.engines.pyannote.clustering import check_defaults, speaker_limits
from app.settings import DiarizationSettings
from tests.gpu.diarizer_fixtures import (
    build_pipeline,
    load_stock,
    plain_turns,
    process_all,
    renamed,
    run_stock,
    settings_for,
    talk,
)

CHUNKS = 4
ANY = SpeakerCount()

KINDS: dict[str, dict[str, Any]] = {
    "soft": {},
    "hard": {"hard": True, "vbx": True, "embedding_exclude_overlap": True},
    "soft-vbx": {"vbx": True, "embedding_exclude_overlap": True},
}

Made = tuple[PyannoteDiarizer, Any]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    made: dict[str, Path] = {}

    def make(kind: str) -> Path:
        if kind not in made:
            pytest.importorskip("pyannote.audio", reason="needs the gpu extra")
            made[kind] = build_pipeline(tmp_path_factory.mktemp(kind) / "pipeline", **KINDS[kind])
        return made[kind]

    return make


@pytest.fixture(scope="module")
def both(folders: Callable[[str], Path]) -> Callable[[str], Made]:
    """Make our engine and pyannote's pipeline of one kind, with equal batches."""
    made: dict[str, Made] = {}

    def make(kind: str) -> Made:
        if kind not in made:
            engine = PyannoteDiarizer(settings_for(folders(kind), batch_size=CHUNKS))
            made[kind] = engine, load_stock(folders(kind), CHUNKS)
        return made[kind]

    return make


@pytest.mark.gpu
@pytest.mark.parametrize(
    "seconds",
    [
        pytest.param(3.0, id="less than a chunk"),
        pytest.param(8.0, id="exactly four chunks"),
        pytest.param(13.37, id="chunks and a rest"),
    ],
)
@pytest.mark.parametrize("kind", list(KINDS))
def test_slices_of_any_size_give_what_pyannote_gives_for_the_whole(
    both: Callable[[str], Made], kind: str, seconds: float
) -> None:
    engine, pipeline = both(kind)
    assert engine._embedding.split
    samples = talk(seconds)
    theirs = run_stock(pipeline, samples)
    voices = process_all(engine, samples, pieces=(7_001, 33_333, 1))
    assert np.array_equal(np.concatenate(voices.scores or voices.binary), theirs.segmentations)
    assert np.array_equal(np.concatenate(voices.embeddings), theirs.embeddings, equal_nan=True)
    turns = engine.turns(voices, ANY)
    assert len(turns) > 0
    assert plain_turns(turns) == renamed(theirs.turns)
    assert turns == sorted(turns, key=lambda turn: turn.span)


@pytest.mark.gpu
@pytest.mark.parametrize(
    "speakers", [SpeakerCount(exact=1), SpeakerCount(exact=3), SpeakerCount(least=2, most=4)]
)
@pytest.mark.parametrize("kind", ["soft", "soft-vbx"])
def test_the_number_of_speakers_is_heard_as_pyannote_hears_it(
    both: Callable[[str], Made], kind: str, speakers: SpeakerCount
) -> None:
    engine, pipeline = both(kind)
    samples = talk(13.37)
    turns = engine.turns(process_all(engine, samples), speakers)
    assert plain_turns(turns) == renamed(run_stock(pipeline, samples, speakers).turns)
    if speakers.exact:
        assert len({turn.speaker for turn in turns}) == speakers.exact


@pytest.mark.gpu
def test_more_speakers_than_voices_are_not_an_error(both: Callable[[str], Made]) -> None:
    engine, pipeline = both("soft-vbx")
    samples = talk(7.0)
    with pytest.raises(ValueError, match="n_samples"):
        run_stock(pipeline, samples, SpeakerCount(exact=20))
    assert engine.turns(process_all(engine, samples), SpeakerCount(exact=20))


@pytest.mark.gpu
def test_silence_and_nothing_have_no_turns(both: Callable[[str], Made]) -> None:
    engine, pipeline = both("soft")
    quiet = np.zeros(80_000, np.float32)
    samples = np.concatenate((quiet, quiet, quiet, talk(4.0), quiet))
    voices = process_all(engine, samples, pieces=(16_000,))
    theirs = run_stock(pipeline, samples)
    assert not voices.binary[0].any(), "no speech in the first batch, so no trunk runs"
    assert np.array_equal(np.concatenate(voices.embeddings), theirs.embeddings)
    assert engine.turns(process_all(engine, quiet), ANY) == []
    assert engine.turns(engine.process(quiet[:0], None, last=True), ANY) == []


@pytest.mark.gpu
def test_turns_are_told_at_the_end_and_as_often_as_asked(both: Callable[[str], Made]) -> None:
    engine, _ = both("soft")
    samples = talk(9.0)
    voices = engine.process(samples[:80_000], None)
    with pytest.raises(EngineError, match="has ended"):
        engine.turns(voices, ANY)
    voices = engine.process(samples[80_000:], voices, last=True)
    first = engine.turns(voices, ANY)
    assert len({turn.speaker for turn in engine.turns(voices, SpeakerCount(exact=2))}) == 2
    assert engine.turns(voices, ANY) == first
    with pytest.raises(EngineError, match="min_speakers"):
        engine.turns(voices, SpeakerCount(least=5, most=2))


@pytest.mark.gpu
def test_a_long_recording_leaves_no_samples_behind(both: Callable[[str], Made]) -> None:
    engine, _ = both("hard")
    assert engine.slice_samples == CHUNKS * 16_000
    voices = engine.process(talk(20.3), None)
    samples_left = voices.buffer._waiting
    assert len(samples_left) < 5 * 16_000 + engine.slice_samples
    assert samples_left.base is None, "a view would retain all samples"


@pytest.mark.gpu
def test_out_of_memory_halves_the_batch_for_good(folders: Callable[[str], Path]) -> None:
    engine = PyannoteDiarizer(settings_for(folders("hard"), batch_size=8))
    samples = talk(17.0)
    expect = engine.turns(process_all(engine, samples), ANY)
    embed, fits, batch_sizes = engine._embedding.embed, 2, []

    def scarce(waveforms: Any, binary: Any) -> Any:
        batch_sizes.append(len(waveforms))
        if len(waveforms) > fits:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return embed(waveforms, binary)

    engine._embedding.embed = scarce  # type: ignore[method-assign]
    assert engine.turns(process_all(engine, samples), ANY) == expect
    assert batch_sizes == [8, 4, 2, 2, 2, 2, 2, 2, 1]
    fits = 0
    with pytest.raises(OutOfMemoryError):
        process_all(engine, samples)


@pytest.mark.gpu
@pytest.mark.parametrize("spoil", [RuntimeError("no trunk"), None])
def test_a_network_whose_trunk_is_not_its_own_is_called_as_pyannote_calls_it(
    both: Callable[[str], Made],
    folders: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    spoil: Exception | None,
) -> None:
    from scripts.fixtures.speaker_network import SmallWeSpeakerResNet

    trunk = SmallWeSpeakerResNet.forward_frames

    def spoilt(self: Any, waveforms: Any) -> Any:
        if spoil is not None:
            raise spoil
        return trunk(self, waveforms) * 2

    monkeypatch.setattr(SmallWeSpeakerResNet, "forward_frames", spoilt)
    engine = PyannoteDiarizer(settings_for(folders("soft"), batch_size=CHUNKS))
    assert not engine._embedding.split
    assert engine.detail.endswith("voices of a chunk one by one")
    samples = talk(8.5)
    voices = process_all(engine, samples)
    theirs = run_stock(both("soft")[1], samples)
    assert np.array_equal(np.concatenate(voices.embeddings), theirs.embeddings)


def test_what_a_request_says_counts_more_than_the_settings() -> None:
    settings = DiarizationSettings(min_speakers=2, max_speakers=4)
    assert speaker_limits(ANY, settings) == SpeakerCount(least=2, most=4)
    assert speaker_limits(SpeakerCount(exact=7), settings) == SpeakerCount(exact=7)
    assert speaker_limits(SpeakerCount(least=3), settings) == SpeakerCount(least=3, most=4)
    assert speaker_limits(SpeakerCount(least=5), settings) == SpeakerCount(least=5)
    assert speaker_limits(SpeakerCount(most=1), settings) == SpeakerCount(most=1)
    unset = DiarizationSettings(min_speakers=0, max_speakers=0)
    assert speaker_limits(SpeakerCount(exact=0, least=0), unset) == ANY
    check_defaults(unset)
    with pytest.raises(EngineLoadError, match="DIARIZATION_MAX_SPEAKERS"):
        check_defaults(DiarizationSettings(min_speakers=3, max_speakers=2))
