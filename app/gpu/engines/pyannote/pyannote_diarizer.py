"""Diarizer with a pipeline of pyannote.audio."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from app.domain.audio import Samples
from app.domain.errors import EngineError, OutOfMemoryError
from app.domain.request import SpeakerCount
from app.domain.transcript import SpeakerTurn
from app.gpu.cache_key import cache_key, package, settings_part
from app.gpu.device import choose_device
from app.gpu.engines.pyannote.chunking import ChunkBuffer, ChunkGrid
from app.gpu.engines.pyannote.clustering import check_defaults, find_clusters, speaker_limits
from app.gpu.engines.pyannote.frame_scores import RecordingFrames, active_speakers
from app.gpu.engines.pyannote.pyannote_checkpoint import load_checkpoint
from app.gpu.engines.pyannote.pyannote_networks import EmbeddingNetwork, SegmentationNetwork
from app.gpu.engines.pyannote.speaker_turns import build_turns
from app.gpu.faults import inference_faults, load_faults
from app.gpu.protocols import DiarizationState
from app.settings import Settings


@dataclass(slots=True)
class ChunkResults:
    """Results of the networks for each chunk of a recording.

    For community-1, an hour is 3,600 chunks of 589 frames and 3 slots in one byte each, and of 3
    embeddings of 256 floats: 17 MB, a thirteenth of its samples. Soft scores, which networks
    before pyannote 3 give, add 4 bytes for each frame and slot.

    Attributes:
        buffer: samples whose chunks are not whole yet.
        scores: of the segmentation; empty where they are equal to `binary`.
        binary: 1 where a slot speaks, each of shape ``(chunks, frames, slots)``.
        embeddings: of the slots, each of shape ``(chunks, slots, dimension)``.
        ended: whether nothing follows.
    """

    buffer: ChunkBuffer
    scores: list[NDArray[Any]] = field(default_factory=list)
    binary: list[NDArray[np.uint8]] = field(default_factory=list)
    embeddings: list[NDArray[np.float32]] = field(default_factory=list)
    ended: bool = False


Parts = NDArray[Any]
"""One row for each chunk."""

_CHUNKS_ON_CUDA = 32
_CHUNKS_ON_CPU = 1
"""One takes about half a second of one core, and a viewer may wait for a first subtitle."""

_NOT_IN_CACHE_KEY = frozenset({"enabled", "engine", "model", "batch_size"})
"""The identity of the files says which model it is."""


class PyannoteDiarizer:
    """Satisfies `app.gpu.protocols.Diarizer` with a pipeline of pyannote.audio.

    Does what ``SpeakerDiarization.apply`` does with a whole file, and returns the same turns: the
    networks run on each batch of chunks as soon as its samples are there, clustering at the end.
    However a recording is sliced, its chunks are batched in the same way: as pyannote batches
    them with ``segmentation_batch_size`` = chunks and ``embedding_batch_size`` = chunks x slots.

    Attributes:
        device: ``cuda`` or ``cpu``.
        detail: what runs, for people.
        cache_key: see `app.gpu.protocols.Engine`.
        slice_samples: the steps of one batch of chunks.

    Raises:
        EngineLoadError: packages are missing, or the pipeline cannot be fetched, read or run.
    """

    name = "pyannote"

    def __init__(self, settings: Settings) -> None:
        check_defaults(settings.diarization)
        device = choose_device(settings.asr.device)
        self.device: str = device
        self._settings = settings.diarization
        default = _CHUNKS_ON_CUDA if device == "cuda" else _CHUNKS_ON_CPU
        self._batch = settings.diarization.batch_size or default
        self._fitting = self._batch
        checkpoint = load_checkpoint(settings, device)
        self._pipeline = checkpoint.pipeline
        with load_faults(f"Diarization model {checkpoint.name!r}", "DIARIZATION_MODEL"):
            self._prepare()
        self.slice_samples = self._batch * self._grid.step
        way = "" if self._embedding.split else ", voices of a chunk one by one"
        self.detail = f"{checkpoint.name}, float32{way}"
        self.cache_key = cache_key(
            package("pyannote.audio"),
            checkpoint.identity,
            settings_part(settings.diarization, exclude=_NOT_IN_CACHE_KEY),
        )

    def _prepare(self) -> None:
        """Run both networks once, so that a fault shows at boot."""
        import torch

        inference = self._pipeline._segmentation
        self._grid = ChunkGrid.of(inference.duration, inference.step)
        self._segmentation = SegmentationNetwork(self._pipeline)
        self._disable_tf32()
        silence = torch.zeros(1, 1, self._grid.window)
        _, frames, slots = self._segmentation.scores(silence).shape
        self._embedding = EmbeddingNetwork(self._pipeline, self._grid.window, frames, slots)

    def process(
        self, samples: Samples, state: DiarizationState | None, *, last: bool = False
    ) -> DiarizationState:
        """Process the next samples; see the protocol.

        Runs the networks on as many batches as are whole. Stores the samples of less than a batch.

        Raises:
            EngineError: the models failed.
            OutOfMemoryError: not even one chunk fits the device.
        """
        results = cast("ChunkResults | None", state) or ChunkResults(ChunkBuffer(self._grid))
        self._disable_tf32()
        for at in range(0, len(samples), self.slice_samples):
            results.buffer.add(samples[at : at + self.slice_samples])
            while results.buffer.whole >= self._batch:
                self._run_chunks(results, self._batch)
        if last:
            self._run_chunks(results, results.buffer.whole, last=True)
            results.ended = True
        return cast("DiarizationState", results)

    def turns(self, state: DiarizationState, speakers: SpeakerCount) -> list[SpeakerTurn]:
        """Cluster voices into speakers; see the protocol. Uses no GPU.

        Raises:
            EngineError: the clustering failed, or the recording has not ended yet.
        """
        results = cast("ChunkResults", state)
        if not results.ended:
            raise EngineError("Speakers are told apart when a recording has ended")
        if not results.binary:
            return []
        with inference_faults(self.name):
            return self._cluster(results, speaker_limits(speakers, self._settings))

    def _run_chunks(self, results: ChunkResults, whole: int, *, last: bool = False) -> None:
        """Run the networks on whole chunks, and on the last one, padded with zeros.

        As in pyannote, the last one is segmented alone but embedded with the others.
        """
        import torch

        chunks: list[Any] = []
        if whole:
            stretch = torch.from_numpy(results.buffer.take(whole))
            chunks.append(stretch.unfold(0, self._grid.window, self._grid.step)[:, None])
        rest = results.buffer.take_last() if last else None
        if rest is not None:
            missing = self._grid.window - len(rest)
            chunks.append(torch.nn.functional.pad(torch.from_numpy(rest), (0, missing))[None, None])
        if not chunks:
            return
        scores = np.concatenate(
            [self._in_parts(self._segmentation.scores, some) for some in chunks]
        )
        self._append(results, torch.cat(chunks), scores)

    def _append(self, results: ChunkResults, chunks: Any, scores: Parts) -> None:
        binary = self._segmentation.binary(scores)
        results.binary.append(binary)
        if not self._segmentation.hard:
            results.scores.append(scores)
        results.embeddings.append(self._in_parts(self._embedding.embed, chunks, binary))

    def _in_parts(self, run: Callable[..., Parts], *rows: Any) -> Parts:
        """Run a network on rows; on fewer at a time once memory ran out."""
        done: list[Parts] = []
        at, end = 0, len(rows[0])
        while at < end:
            size = min(self._fitting, end - at)
            try:
                with inference_faults(self.name):
                    done.append(run(*(each[at : at + size] for each in rows)))
            except OutOfMemoryError:
                if size == 1:
                    raise
                self._fitting = size // 2
                self._free_gpu_memory()
            else:
                at += size
        return np.concatenate(done)

    def _cluster(self, results: ChunkResults, speakers: SpeakerCount) -> list[SpeakerTurn]:
        binary = np.concatenate(results.binary)
        scores = np.concatenate(results.scores) if results.scores else binary
        frame = self._pipeline._segmentation.model.receptive_field
        frames = RecordingFrames(frame, self._grid, len(binary))
        count = frames.count(binary)
        if not count.any():
            return []
        embeddings = np.concatenate(results.embeddings)
        clusters = find_clusters(self._pipeline, self._grid, embeddings, binary, speakers)
        # The segmentation may count more at once than there are people.
        most = speakers.exact or speakers.most
        count = count if most is None else np.minimum(count, most)
        speaking = active_speakers(frames.activity(scores, clusters), count)
        return build_turns(speaking, frames, self._pipeline.segmentation.min_duration_off)

    def _disable_tf32(self) -> None:
        """Switch TF32 off: rounding to ten bits costs pyannote's embeddings accuracy."""
        from pyannote.audio.utils.reproducibility import fix_reproducibility

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fix_reproducibility(self._segmentation.device)

    def _free_gpu_memory(self) -> None:
        if self.device == "cuda":
            import torch

            torch.cuda.empty_cache()
