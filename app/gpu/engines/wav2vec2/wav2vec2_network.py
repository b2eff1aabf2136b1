"""Batched inference with wav2vec2 networks of torchaudio or transformers.

The first layer of the base models normalises each channel over the whole clip, its padding
included, so that a padded clip would give other emissions in another batch. Therefore the
convolutions run clip by clip, which uses a device well enough, and the transformer, with its mask,
on the batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import torch

from app.domain.audio import Samples
from app.gpu.device import Device


class NetworkBackend(Protocol):
    """Network of one library.

    Attributes:
        labels: size of the network's output.
        least_samples: shortest clip that gives a frame.
        normaliser: added to a clip's variance when its level is normalised; None where the network
            takes clips as they are.
        batches: whether clips of different lengths can share a call of `logits`.
    """

    labels: int
    least_samples: int
    normaliser: float | None
    batches: bool

    def features(self, clip: torch.Tensor) -> torch.Tensor:
        """Run the convolutions: ``(1, samples)`` to ``(1, frames, channels)``."""
        ...

    def logits(self, features: torch.Tensor, lengths: torch.Tensor | None) -> torch.Tensor:
        """Run the rest: ``(batch, frames, channels)`` to ``(batch, frames, labels)``.

        Args:
            features: padding may have any value.
            lengths: frames of each without its padding; None where none is padded.
        """
        ...


class TorchaudioBackend:
    """Satisfies `NetworkBackend` with the model of a torchaudio pipeline."""

    batches = True

    def __init__(self, model: Any) -> None:
        self._model = getattr(model, "model", model)
        self.normaliser = 1e-5 if getattr(model, "normalize_waveform", False) else None
        self.labels = int(self._model.aux.out_features)
        layers = self._model.feature_extractor.conv_layers
        self.least_samples = _least_samples((layer.kernel_size, layer.stride) for layer in layers)

    def features(self, clip: torch.Tensor) -> torch.Tensor:
        """See the protocol."""
        return self._model.feature_extractor(clip, None)[0]

    def logits(self, features: torch.Tensor, lengths: torch.Tensor | None) -> torch.Tensor:
        """See the protocol."""
        return self._model.aux(self._model.encoder(features, lengths))


class TransformersBackend:
    """Satisfies `NetworkBackend` with a ``Wav2Vec2ForCTC`` of transformers.

    Args:
        model: the network.
        normalised: whether it was trained on clips of normalised level. whisperx leaves that out,
            which the models tolerate at usual levels and badly at low ones.
    """

    def __init__(self, model: Any, *, normalised: bool) -> None:
        self._inner = model.wav2vec2
        self._head = model.lm_head
        self.normaliser = 1e-7 if normalised else None
        self.labels = int(model.lm_head.out_features)
        layers = zip(model.config.conv_kernel, model.config.conv_stride, strict=True)
        self.least_samples = _least_samples(layers)
        self.batches = self._inner.adapter is None

    def features(self, clip: torch.Tensor) -> torch.Tensor:
        """See the protocol."""
        return self._inner.feature_extractor(clip).transpose(1, 2)

    def logits(self, features: torch.Tensor, lengths: torch.Tensor | None) -> torch.Tensor:
        """See the protocol."""
        mask = None
        if lengths is not None:
            places = torch.arange(features.shape[1], device=features.device)
            mask = places[None] < lengths[:, None]
        hidden = self._inner.feature_projection(features)[0]
        hidden = self._inner.encoder(hidden, attention_mask=mask)[0]
        if self._inner.adapter is not None:
            hidden = self._inner.adapter(hidden)
        return self._head(hidden)


class Wav2Vec2Network:
    """Acoustic model that emits log-probabilities of labels.

    Args:
        backend: already on the device, and in evaluation mode.
        device: where it runs.
    """

    def __init__(self, backend: NetworkBackend, device: Device) -> None:
        self._backend = backend
        self._device = device
        self._half = device == "cuda"

    def emissions(self, clips: Sequence[Samples]) -> list[torch.Tensor]:
        """Return log-probabilities for each clip, on the device.

        A GPU computes in half precision; a model whose numbers leave its range is run again,
        and from then on always, in single precision.

        Args:
            clips: of any lengths; shorter ones are padded to one frame.

        Returns:
            Tensors of shape ``(frames, labels)``, the same in any batch.
        """
        with torch.inference_mode():
            if not self._backend.batches:
                return [one for clip in clips for one in self._checked([clip])]
            return self._checked(clips)

    def _checked(self, clips: Sequence[Samples]) -> list[torch.Tensor]:
        logits = self._logits(clips)
        if self._half and not all(bool(torch.isfinite(one).all()) for one in logits):
            self._half = False
            logits = self._logits(clips)
        return [torch.log_softmax(one.float(), -1) for one in logits]

    def _logits(self, clips: Sequence[Samples]) -> list[torch.Tensor]:
        with torch.autocast(self._device, torch.float16, enabled=self._half):
            features = [self._backend.features(self._tensor(clip))[0] for clip in clips]
            counts = [len(one) for one in features]
            batch = torch.nn.utils.rnn.pad_sequence(features, batch_first=True)
            lengths = None
            if min(counts) < max(counts):
                lengths = torch.tensor(counts, device=batch.device)
            logits = self._backend.logits(batch, lengths)
        if not self._backend.batches:
            return list(logits)
        return [one[:count] for one, count in zip(logits, counts, strict=True)]

    def _tensor(self, clip: Samples) -> torch.Tensor:
        values = torch.tensor(clip, device=self._device)[None]
        if self._backend.normaliser is not None and values.numel():
            values = torch.nn.functional.layer_norm(
                values, values.shape, eps=self._backend.normaliser
            )
        missing = self._backend.least_samples - values.shape[1]
        return torch.nn.functional.pad(values, (0, missing)) if missing > 0 else values


def _least_samples(layers: Iterable[tuple[int, int]]) -> int:
    """Return the receptive field of one frame of a stack of convolutions, in samples."""
    field, step = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * step
        step *= stride
    return field
