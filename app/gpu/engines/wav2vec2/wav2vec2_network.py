"""wav2vec2 networks of both families, fed with batches.

The first layer of the base models normalises each channel over the whole sound, silence that
pads it included, so that a padded sound would be heard differently in other company. Therefore
the convolutions run sound by sound, which fills a device well enough, and the transformer, with
its mask, on the batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import torch

from app.domain.audio import Samples
from app.gpu.device import Device


class NetworkBackend(Protocol):
    """What differs between the libraries that a network comes from.

    Attributes:
        labels: how many the network tells apart.
        least_samples: shortest sound that it can hear.
        normaliser: added to a sound's variance when its level is evened out; None where the
            network takes sounds as they are.
        batches: whether sounds of different lengths can share a call of `logits`.
    """

    labels: int
    least_samples: int
    normaliser: float | None
    batches: bool

    def features(self, sound: torch.Tensor) -> torch.Tensor:
        """Run the convolutions: ``(1, samples)`` to ``(1, frames, channels)``."""
        ...

    def logits(self, features: torch.Tensor, lengths: torch.Tensor | None) -> torch.Tensor:
        """Run the rest: ``(batch, frames, channels)`` to ``(batch, frames, labels)``.

        Args:
            features: padded with anything.
            lengths: frames that count of each; None where all do.
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

    def features(self, sound: torch.Tensor) -> torch.Tensor:
        """See the protocol."""
        return self._model.feature_extractor(sound, None)[0]

    def logits(self, features: torch.Tensor, lengths: torch.Tensor | None) -> torch.Tensor:
        """See the protocol."""
        return self._model.aux(self._model.encoder(features, lengths))


class TransformersBackend:
    """Satisfies `NetworkBackend` with a ``Wav2Vec2ForCTC`` of transformers.

    Args:
        model: the network.
        normalised: whether it was trained on sounds of even level. whisperx leaves that out,
            which the models bear at usual levels and badly at low ones.
    """

    def __init__(self, model: Any, *, normalised: bool) -> None:
        self._inner = model.wav2vec2
        self._head = model.lm_head
        self.normaliser = 1e-7 if normalised else None
        self.labels = int(model.lm_head.out_features)
        layers = zip(model.config.conv_kernel, model.config.conv_stride, strict=True)
        self.least_samples = _least_samples(layers)
        self.batches = self._inner.adapter is None

    def features(self, sound: torch.Tensor) -> torch.Tensor:
        """See the protocol."""
        return self._inner.feature_extractor(sound).transpose(1, 2)

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
    """Sounds in, log-probabilities of labels out.

    Args:
        family: already on the device, and in evaluation mode.
        device: where.
    """

    def __init__(self, family: NetworkBackend, device: Device) -> None:
        self._family = family
        self._device = device
        self._half = device == "cuda"

    def emissions(self, sounds: Sequence[Samples]) -> list[torch.Tensor]:
        """Return log-probabilities for each sound, on the device.

        A GPU computes in half precision; a model whose numbers leave its range is run again,
        and from then on always, in single precision.

        Args:
            sounds: of any lengths; nothing is shorter for the network than what it can hear.

        Returns:
            Tensors of shape ``(frames, labels)``, the same in any company.
        """
        with torch.inference_mode():
            if not self._family.batches:
                return [one for sound in sounds for one in self._checked([sound])]
            return self._checked(sounds)

    def _checked(self, sounds: Sequence[Samples]) -> list[torch.Tensor]:
        heard = self._heard(sounds)
        if self._half and not all(bool(torch.isfinite(one).all()) for one in heard):
            self._half = False
            heard = self._heard(sounds)
        return [torch.log_softmax(one.float(), -1) for one in heard]

    def _heard(self, sounds: Sequence[Samples]) -> list[torch.Tensor]:
        with torch.autocast(self._device, torch.float16, enabled=self._half):
            features = [self._family.features(self._tensor(sound))[0] for sound in sounds]
            counts = [len(one) for one in features]
            batch = torch.nn.utils.rnn.pad_sequence(features, batch_first=True)
            lengths = None
            if min(counts) < max(counts):
                lengths = torch.tensor(counts, device=batch.device)
            logits = self._family.logits(batch, lengths)
        if not self._family.batches:
            return list(logits)
        return [one[:count] for one, count in zip(logits, counts, strict=True)]

    def _tensor(self, sound: Samples) -> torch.Tensor:
        values = torch.tensor(sound, device=self._device)[None]
        if self._family.normaliser is not None and values.numel():
            values = torch.nn.functional.layer_norm(
                values, values.shape, eps=self._family.normaliser
            )
        missing = self._family.least_samples - values.shape[1]
        return torch.nn.functional.pad(values, (0, missing)) if missing > 0 else values


def _least_samples(layers: Iterable[tuple[int, int]]) -> int:
    """Return how many samples one frame of a stack of convolutions is made of."""
    field, step = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * step
        step *= stride
    return field
