"""pyannote's own diarization with the small speaker embedding that we trained."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.gpu
pytest.importorskip("pyannote.audio", reason="needs the gpu extra")

import torch  # noqa: E402
from pyannote.audio.pipelines import SpeakerDiarization  # noqa: E402

from scripts.fixtures.speaker_card import load, measured_talk  # noqa: E402
from scripts.fixtures.speaker_measure import score  # noqa: E402
from scripts.fixtures.speakers import SPEAKERS, assemble, segmentation_weights  # noqa: E402

PAIR = ("slt", "rms")
TRIO = ("slt", "rms", "awb")


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield load(assemble(tmp_path_factory.mktemp("speakers")))
    torch.set_num_threads(threads)


@pytest.mark.parametrize(
    ("cast", "length_s", "seed"), [(PAIR, 60, 101), (TRIO, 60, 102), (TRIO, 90, 103)]
)
def test_dialogues_are_told_apart(
    pipeline: Any, cast: tuple[str, ...], length_s: int, seed: int
) -> None:
    talk = measured_talk(cast, length_s, seed)
    assert talk.overlap > 0.04, "people do speak at once"
    result = score(pipeline, talk)
    assert result.found_speakers == len(cast)
    assert result.der <= 0.10


def test_as_many_speakers_are_found_as_are_asked_for(
    pipeline: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("get_segmentations", "get_embeddings"):
        monkeypatch.setattr(pipeline, name, once(getattr(pipeline, name)))
    talk = measured_talk(TRIO, 60, 104)
    for bounds, found in (
        ({}, 3),
        ({"num_speakers": 3}, 3),
        ({"num_speakers": 2}, 2),
        ({"min_speakers": 3, "max_speakers": 5}, 3),
        ({"min_speakers": 4}, 4),
        ({"max_speakers": 3}, 3),
        ({"max_speakers": 2}, 2),
        ({"max_speakers": 1}, 1),
    ):
        assert score(pipeline, talk, **bounds).found_speakers == found, bounds


def test_the_trunk_runs_once_for_any_number_of_masks(pipeline: Any) -> None:
    network = pipeline._embedding.model_
    waveform = torch.from_numpy(measured_talk(PAIR, 10, 105).samples)[None, None, : 5 * 16_000]
    masks = (torch.arange(293) // 60 == torch.arange(3)[:, None]).float()
    with torch.inference_mode():
        frames = network.forward_frames(waveform)
        pooled = [network.forward_embedding(frames, mask[None]) for mask in masks]
        whole = [network(waveform, weights=mask[None]) for mask in masks]
    assert torch.equal(torch.cat(pooled), torch.cat(whole))
    assert not torch.equal(pooled[0], pooled[1])


def test_the_parts_are_small_and_the_segmentation_is_the_wheels(
    pipeline: Any, tmp_path: Path
) -> None:
    assert isinstance(pipeline, SpeakerDiarization)
    assert sum(file.stat().st_size for file in SPEAKERS.rglob("*")) < 3_000_000
    assert not list(SPEAKERS.rglob("segmentation"))
    folder = assemble(assemble(tmp_path / "again"))
    linked = folder / "segmentation" / "pytorch_model.bin"
    assert linked.resolve() == segmentation_weights().resolve()


def once(function: Any) -> Any:
    """Call a function the first time only and return the same each time."""
    results: list[Any] = []

    def call(*arguments: Any, **options: Any) -> Any:
        if not results:
            results.append(function(*arguments, **options))
        return results[0]

    return call
