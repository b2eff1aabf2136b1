"""Sizes of the networks, from which their least costs follow.

Source: the checkpoints' published configurations. A multiplication with an addition is two
operations; weights and stored keys and values are float16.
"""

from __future__ import annotations

from dataclasses import dataclass

_HALF = 2
"""Bytes of a float16."""
_POSITIONS = 1500
"""What an encoder makes of 30 s."""


@dataclass(frozen=True, slots=True)
class WhisperShape:
    """A Whisper.

    Attributes:
        name: how the checkpoint is called.
        encoders: layers of the encoder.
        decoders: layers of the decoder.
        mels: bands of the spectrogram.
        tokens: in the vocabulary.
    """

    name: str
    encoders: int
    decoders: int
    width: int
    heads: int
    mels: int
    tokens: int = 51_866

    @property
    def encoder_flop(self) -> float:
        """Operations for one window of 30 s."""
        width, positions = self.width, _POSITIONS
        weights = 2 * 12 * width**2 * positions * self.encoders
        attention = 4 * positions**2 * width * self.encoders
        convolutions = 2 * 3 * width * (self.mels * 2 * positions + width * positions)
        return float(weights + attention + convolutions)

    @property
    def decoder_bytes(self) -> float:
        """Weights that a decoding step reads, whatever the batch; its keys of the sound apart.

        The projections of the sound's keys and values are used once a window, not once a step.
        """
        layer = 4 * self.width**2 + 2 * self.width**2 + 8 * self.width**2
        return float(_HALF * (layer * self.decoders + self.tokens * self.width))

    @property
    def sound_bytes(self) -> float:
        """Keys and values of one window's sound, read in each of its steps by all its beams."""
        return float(_HALF * 2 * _POSITIONS * self.width * self.decoders)

    def encode_bound_s(self, flop_s: float, weight: float = 1) -> float:
        """Return the least time for one window.

        Args:
            flop_s: float16 operations of the device a second.
            weight: size of a weight by that of a float16; int8 is computed twice as fast.
        """
        return weight * self.encoder_flop / flop_s

    def step_bound_s(self, batch: int, byte_s: float, weight: float = 1) -> float:
        """Return the least time for one token of each window, by what must be read.

        Args:
            batch: windows.
            byte_s: bytes that the device reads a second.
            weight: as above.
        """
        return (weight * self.decoder_bytes + batch * self.sound_bytes) / byte_s


LARGE_V3 = WhisperShape("large-v3", 32, 32, 1280, 20, 128)
TURBO = WhisperShape("turbo", 32, 4, 1280, 20, 128)
TOY = WhisperShape("toy", 1, 1, 64, 1, 80)


@dataclass(frozen=True, slots=True)
class VoiceShape:
    """The two networks of a diarization pipeline; community-1's unless said.

    Attributes:
        channels: of the embedding's first block.
        blocks: of the embedding, by layer.
        hidden: of the segmentation's LSTM, in each direction.
        layers: of that LSTM.
    """

    channels: int = 32
    blocks: tuple[int, int, int, int] = (3, 4, 6, 3)
    mels: int = 80
    embedding: int = 256
    hidden: int = 128
    layers: int = 4
    chunk_s: float = 10.0


COMMUNITY_1 = VoiceShape()
TOY_VOICES = VoiceShape(8, (1, 1, 1, 1), 40, 64, 16, 1, 5.0)


TRUNK_FLOP = 45.3e9
"""Of community-1's embedding network for a chunk of 10 s. Source: counted on the network."""


@dataclass(frozen=True, slots=True)
class AlignerShape:
    """A wav2vec2 that writes letters; the base model's unless said."""

    width: int = 768
    layers: int = 12
    heads: int = 12
    hidden: int = 3072
    convolutions: int = 512

    def forward_flop(self, seconds: float) -> float:
        """Operations for a sound: transformer and convolutions, 50 frames a second."""
        frames = 50 * seconds
        layer = 2 * (4 * self.width**2 + 2 * self.width * self.hidden) * frames
        attention = 4 * frames**2 * self.width
        return self.layers * (layer + attention) + self._convolution_flop(seconds)

    def _convolution_flop(self, seconds: float) -> float:
        rate, before, total = 16_000.0, 1, 0.0
        for kernel, stride in zip((10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2), strict=True):
            rate /= stride
            total += 2 * kernel * before * self.convolutions * rate
            before = self.convolutions
        return total * seconds


WAV2VEC2_BASE = AlignerShape()
TOY_ALIGNER = AlignerShape(32, 1, 2, 64, 16)
SMALL_ALIGNER = AlignerShape(192, 3, 4, 768, 48)
