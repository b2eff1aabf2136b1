"""Networks of a pyannote pipeline: segmentation into slots, embedding of their voices."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.gpu.faults import is_out_of_memory

_CLOSE = 1e-3
"""Difference between both ways of embedding, as a share of the largest value, from which on they
count as different networks. Rounding differs by 1e-6, another architecture by 1."""


class SegmentationNetwork:
    """A pyannote pipeline's segmentation network.

    Args:
        pipeline: pyannote's ``SpeakerDiarization``, with its parameters set.

    Attributes:
        device: pyannote's, where it runs.
        hard: whether the network's own scores are 0 and 1 (powerset).
    """

    def __init__(self, pipeline: Any) -> None:
        self._inference = pipeline._segmentation
        self.device = self._inference.device
        self.hard = bool(self._inference.model.specifications.powerset)
        self._threshold = None if self.hard else pipeline.segmentation.threshold

    def scores(self, chunks: Any) -> NDArray[Any]:
        """Return the activity of each slot.

        Args:
            chunks: tensor of shape ``(chunks, 1, samples)``.

        Returns:
            Shape ``(chunks, frames, slots)``: uint8 where the network is hard, else float32.
        """
        scores: NDArray[Any] = self._inference.infer(chunks)
        return scores.astype(np.uint8) if self.hard else scores

    def binary(self, scores: NDArray[Any]) -> NDArray[np.uint8]:
        """Return 1 where a slot speaks, by pyannote's own rule; `scores` itself if it is hard."""
        if self.hard:
            return scores
        from pyannote.audio.utils.signal import binarize
        from pyannote.core import SlidingWindow, SlidingWindowFeature

        feature = SlidingWindowFeature(scores, SlidingWindow())
        binarized = binarize(feature, onset=self._threshold, initial_state=False)
        return np.asarray(binarized.data).astype(np.uint8)


class EmbeddingNetwork:
    """A pyannote pipeline's embedding network.

    pyannote runs its embedding network once for each slot, though all slots of a chunk share one
    waveform and the slot's mask enters only where frames are pooled. Here the trunk runs once
    for each chunk and the pooling once for each mask: a third of the work where a chunk has
    three slots.

    The masks are pyannote's. On a CPU the embeddings are equal bit for bit to those that pyannote
    computes with ``embedding_batch_size`` = slots x chunks, so that one pooling has the same
    pairs. There a convolution may round differently for one chunk alone than for several; a
    network in which it does is given a lone chunk twice. On a GPU the libraries may choose
    another algorithm for each batch size, and the last digits may differ, as they do between two
    batch sizes of pyannote itself.

    Source: pyannote.audio 4.0.7, ``SpeakerDiarization.get_embeddings``.

    Args:
        pipeline: pyannote's ``SpeakerDiarization``.
        window: samples of a chunk.
        frames: of a chunk's segmentation.
        slots: of a chunk's segmentation.

    Attributes:
        split: whether the trunk runs once for each chunk. False for networks without a trunk of
            their own, which are called as pyannote calls them.
    """

    def __init__(self, pipeline: Any, window: int, frames: int, slots: int) -> None:
        self._network = pipeline._embedding
        self._exclude_overlap = bool(pipeline.embedding_exclude_overlap)
        self._fewest_frames = -1
        if self._exclude_overlap:
            with warnings.catch_warnings():
                # It is found by trial, and torch warns of clips that are too short.
                warnings.simplefilter("ignore")
                fewest = self._network.min_num_samples
            self._fewest_frames = math.ceil(frames * fewest / window)
        self._silent: NDArray[np.float32] | None = None
        self._copies_alone = 1
        self.split = self._can_split(*_probe(window, frames, slots))

    def embed(self, waveforms: Any, binary: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return one embedding for each slot of each chunk.

        Args:
            waveforms: tensor of shape ``(chunks, 1, samples)``.
            binary: 1 where a slot speaks, shape ``(chunks, frames, slots)``.

        Returns:
            Shape ``(chunks, slots, dimension)``. A slot without speech has whatever pyannote
            returns.
        """
        if self._silent is not None and not binary.any():
            return np.tile(self._silent, (*binary.shape[::2], 1))
        masks = self.masks(binary)
        return self._split(waveforms, masks) if self.split else self._stock(waveforms, masks)

    def masks(self, binary: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the frames that are pooled for each slot, shape ``(chunks, slots, frames)``.

        Its speech; where the pipeline excludes overlaps and enough is left, without the frames
        in which another slot speaks too.
        """
        used = binary
        if self._exclude_overlap:
            clean = binary * (binary.sum(axis=2, keepdims=True) < 2)
            enough = clean.sum(axis=1, keepdims=True) > self._fewest_frames
            used = np.where(enough, clean, binary)
        return np.ascontiguousarray(used.transpose(0, 2, 1), dtype=np.float32)

    def _stock(self, waveforms: Any, masks: NDArray[np.float32]) -> NDArray[np.float32]:
        import torch

        chunks, slots, frames = masks.shape
        embeddings = self._network(
            waveforms.repeat_interleave(slots, dim=0),
            masks=torch.from_numpy(masks.reshape(chunks * slots, frames)),
        )
        return np.asarray(embeddings).reshape(chunks, slots, -1)

    def _split(self, waveforms: Any, masks: NDArray[np.float32]) -> NDArray[np.float32]:
        import torch

        model, device = self._network.model_, self._network.device
        with torch.inference_mode():
            copies = self._copies_alone if len(masks) == 1 else 1
            frames = model.forward_frames(waveforms.to(device).repeat(copies, 1, 1))[: len(masks)]
            pooled = model.forward_embedding(frames, weights=torch.from_numpy(masks).to(device))
        return np.asarray(pooled.cpu().numpy())

    def _can_split(self, waveforms: Any, masks: NDArray[np.float32]) -> bool:
        """Try both ways on one chunk, and store the embedding of a slot without speech."""
        from pyannote.audio.pipelines.speaker_verification import (
            PyannoteAudioPretrainedSpeakerEmbedding,
        )

        if not isinstance(self._network, PyannoteAudioPretrainedSpeakerEmbedding):
            return False
        if not hasattr(self._network.model_, "forward_frames"):
            return False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            stock = self._stock(waveforms, masks)
        try:
            split = self._split(waveforms, masks)
            silent = self._split(waveforms, np.zeros_like(masks))[0, 0]
        except (RuntimeError, TypeError, ValueError, IndexError) as error:
            if is_out_of_memory(error):
                raise
            return False
        if not _same(stock, split):
            return False
        self._copies_alone = 1 if np.array_equal(stock, split, equal_nan=True) else 2
        self._silent = silent if np.isfinite(silent).all() else None
        return True


def _probe(window: int, frames: int, slots: int) -> tuple[Any, NDArray[np.float32]]:
    """Return a chunk of noise and masks, the same ones every time."""
    import torch

    random = np.random.default_rng(0)
    noise = random.normal(0, 0.1, (1, 1, window)).astype(np.float32)
    return torch.from_numpy(noise), (random.random((1, slots, frames)) < 0.5).astype(np.float32)


def _same(stock: NDArray[np.float32], split: NDArray[np.float32]) -> bool:
    if stock.shape != split.shape:
        return False
    largest = float(np.nanmax(np.abs(stock)))
    return np.allclose(stock, split, rtol=0, atol=_CLOSE * largest, equal_nan=True)
