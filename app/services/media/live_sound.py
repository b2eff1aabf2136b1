"""Sound of a live client without a header, brought to the pipeline's form."""

from __future__ import annotations

from app.domain.audio import Samples
from app.services.media.pcm_formats import SAMPLE_BYTES, PcmCoding, read_samples
from app.services.media.stream_resampler import StreamResampler


class LiveSound:
    """Reads sound in pieces, which may end within a sample.

    Args:
        coding: of one sample.
        rate_hz: of the sound.
        channels: interleaved; they are averaged.
    """

    def __init__(self, coding: PcmCoding, rate_hz: int, channels: int) -> None:
        self._coding, self._channels = coding, channels
        self._rate_hz = rate_hz
        self._frame_bytes = SAMPLE_BYTES[coding] * channels
        self._resampler = StreamResampler(rate_hz)
        self._rest = b""

    @property
    def bytes_per_s(self) -> int:
        """Bytes of a second of it."""
        return self._frame_bytes * self._rate_hz

    def read(self, payload: bytes) -> Samples:
        """Return the next samples, mono float32 at 16 kHz."""
        data = self._rest + payload
        whole = len(data) - len(data) % self._frame_bytes
        self._rest = data[whole:]
        samples = read_samples(data[:whole], self._coding, self._channels)
        return self._resampler.feed(samples)

    def finish(self) -> Samples:
        """Return the samples that are left."""
        return self._resampler.finish()
