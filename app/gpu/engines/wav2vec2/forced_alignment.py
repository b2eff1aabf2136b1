"""Forced alignment: the likeliest path through a model's emissions that spells given labels.

torchaudio's `forced_align` searches it on the CPU, where it takes some milliseconds for 30 s of
audio: on a GPU it would start a kernel for every frame and block the device. Only the columns of
labels that occur are copied to the CPU.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torchaudio  # noqa: F401 - brings the operator
from numpy.typing import NDArray

from app.gpu.engines.wav2vec2.label_spelling import WILDCARD


@dataclass(frozen=True, slots=True)
class LabelFrames:
    """Frames of each label.

    Attributes:
        starts: first frame of each label, rising; shape ``(n,)``.
        ends: frame after its last: where the next one starts, silence between included.
        frames: number of frames of the whole audio.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    frames: int


def align_labels(
    emission: torch.Tensor, labels: NDArray[np.int64], blank: int
) -> LabelFrames | None:
    """Return the frames of each label; None where there are none, or more than fit.

    Args:
        emission: log-probabilities, shape ``(frames, labels of the model)``, on any device.
        labels: in order; `WILDCARD` matches the best label of a frame.
        blank: the model's blank label.

    Source: whisperx alignment.py: a wildcard's score is that of the best label besides the
    blank, and a label lasts until the next one begins.
    """
    if not len(labels):
        return None
    narrow, targets = _narrowed(emission, labels, blank)
    repeats = int(np.count_nonzero(targets[1:] == targets[:-1]))
    if len(targets) + repeats > len(narrow):
        return None
    # The operator of `torchaudio.functional.forced_align`, which at every call warns of a removal
    # that its authors took back.
    path, _ = torch.ops.torchaudio.forced_align(
        narrow[None],
        torch.from_numpy(targets)[None],
        torch.tensor([len(narrow)]),
        torch.tensor([len(targets)]),
        0,
    )
    return _frames(path[0].numpy())


def _narrowed(
    emission: torch.Tensor, labels: NDArray[np.int64], blank: int
) -> tuple[torch.Tensor, NDArray[np.int64]]:
    """Select the blank as column 0, then the labels that occur, then two columns of wildcards.

    Two, since between two equal labels the path needs a blank, which digits do not have between
    them: wildcards in a row take the columns in turns.
    """
    wild = labels == WILDCARD
    known = np.unique(labels[~wild])
    columns = torch.from_numpy(np.concatenate([[blank], known])).to(emission.device)
    parts = [emission.index_select(1, columns)]
    targets = np.searchsorted(known, labels) + 1
    if wild.any():
        others = torch.cat([emission[:, :blank], emission[:, blank + 1 :]], 1)
        parts += [others.amax(1, keepdim=True)] * 2
        targets[wild] = len(known) + 1 + np.arange(np.count_nonzero(wild)) % 2
    return torch.cat(parts, 1).float().cpu().contiguous(), targets


def _frames(path: NDArray[np.int64]) -> LabelFrames:
    labelled = path != 0
    changed = np.diff(path, prepend=0) != 0
    starts = np.flatnonzero(labelled & changed)
    last = int(np.flatnonzero(labelled)[-1]) + 1
    ends = np.append(starts[1:], last)
    return LabelFrames(starts, ends, len(path))
