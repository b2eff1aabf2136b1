"""Speech as samples: read from what an engine answers, checked, and trimmed to what is heard."""

from __future__ import annotations

import io
import re
import wave
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import SpeechError, SpeechSilentError, SpeechTruncatedError
from app.system.filter_subprocess import run_filter

Samples = NDArray[np.int16]

_WINDOW_MS = 5
_BELOW_PEAK = 0.01
"""A window counts as heard whose mean level is not 40 dB below the loudest one: a breath and the
noise of a codec are quieter, the softest consonants are not."""
_LEAST_LEVEL = 33.0
"""Root mean square of the loudest window under which nothing is heard: -60 dB of full scale."""
_MARGIN_MS = 10
"""What is left ahead of the first sound and behind the last one, so that no consonant is cut."""
_UNKNOWN_BYTES = 0x7FFF_0000
"""Sizes from here on stand for "not known yet" in the header of a WAV that is written to a pipe."""
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{3,}", re.IGNORECASE)
_LONG_CHARS = 12
_FASTEST_CHARS_PER_S = 45.0
"""Letters that no voice says in a second: people reach 25, and espeak-ng at its fastest 40."""
_SLOWEST_CHARS_PER_S = 2.0
"""Slower than that is no speech but sound at a wrong rate: people say 12 to 16 letters a second, of
Chinese characters, which count twice here, five."""


@dataclass(frozen=True, slots=True)
class SpeechSound:
    """A text as it is spoken.

    Attributes:
        samples: mono, 16 bits.
        rate_hz: sample rate.
    """

    samples: Samples
    rate_hz: int

    @property
    def length_ms(self) -> int:
        """Length, rounded up to a millisecond."""
        return -(-len(self.samples) * 1000 // self.rate_hz)

    def to_wav(self) -> bytes:
        """Return the sound as a WAV file."""
        file = io.BytesIO()
        with wave.open(file, "wb") as writer:
            writer.setparams((1, 2, self.rate_hz, 0, "NONE", ""))
            writer.writeframes(self.samples.tobytes())
        return file.getvalue()


async def read_sound(audio: bytes) -> SpeechSound:
    """Read a sound of any common format; a WAV of 16 bits needs no child process.

    Raises:
        SpeechTruncatedError: it ends before its header says.
        SpeechError: it is no sound that can be decoded.
    """
    if not audio:
        raise SpeechError("The speech engine sent nothing")
    if audio.startswith(b"RIFF"):
        _check_size(audio)
        sound = _plain_wav(audio)
        if sound is not None:
            return sound
    sound = _plain_wav(await run_filter(_TO_WAV, audio))
    if sound is None:
        raise SpeechError("The speech engine sent no sound")
    return sound


_TO_WAV = (
    *("ffmpeg", "-hide_banner", "-loglevel", "error", "-protocol_whitelist", "pipe"),
    *("-i", "pipe:0", "-vn", "-map_metadata", "-1", "-ac", "1", "-c:a", "pcm_s16le"),
    *("-f", "wav", "-bitexact", "pipe:1"),
)


def _check_size(audio: bytes) -> None:
    """Compare the sound's size with what the header of a WAV promises.

    Source: Microsoft's Multimedia Programming Interface, RIFF: chunks of a name, a size in 4 bytes
    and so many bytes, padded to an even number.
    """
    for name, begin, size in _chunks(audio):
        if name == b"data":
            if 0 < size < _UNKNOWN_BYTES and begin + size > len(audio):
                raise SpeechTruncatedError("The speech ends before its header says")
            return


def _chunks(audio: bytes) -> Iterator[tuple[bytes, int, int]]:
    at = 12
    while at + 8 <= len(audio):
        size = int.from_bytes(audio[at + 4 : at + 8], "little")
        yield audio[at : at + 4], at + 8, size
        at += 8 + size + size % 2


def _plain_wav(audio: bytes) -> SpeechSound | None:
    """Return the sound of a WAV of 16 bits; None for any other file."""
    try:
        with wave.open(io.BytesIO(audio)) as reader:
            if reader.getsampwidth() != 2 or not reader.getframerate():
                return None
            channels = reader.getnchannels()
            data = reader.readframes(len(audio) // (2 * channels))
    except (wave.Error, EOFError):
        return None
    whole = len(data) - len(data) % (2 * channels)
    samples = np.frombuffer(data[:whole], "<i2").reshape(-1, channels)
    mono = samples[:, 0] if channels == 1 else samples.mean(axis=1).astype(np.int16)
    return SpeechSound(np.ascontiguousarray(mono, np.int16), reader.getframerate())


def heard_part(sound: SpeechSound) -> SpeechSound:
    """Return a sound without the silence at its begin and its end.

    Raises:
        SpeechSilentError: nothing of it is heard.
    """
    window = max(1, sound.rate_hz * _WINDOW_MS // 1000)
    count = -(-len(sound.samples) // window)
    padded = np.zeros(count * window, np.float32)
    padded[: len(sound.samples)] = sound.samples
    levels = np.sqrt(np.mean(padded.reshape(-1, window) ** 2, axis=1)) if count else np.zeros(1)
    loudest = float(levels.max())
    if loudest < _LEAST_LEVEL:
        raise SpeechSilentError("The speech engine answered with silence")
    heard = np.flatnonzero(levels >= max(loudest * _BELOW_PEAK, _LEAST_LEVEL / 4))
    margin = sound.rate_hz * _MARGIN_MS // 1000
    begin = max(0, int(heard[0]) * window - margin)
    end = min(len(sound.samples), (int(heard[-1]) + 1) * window + margin)
    return SpeechSound(sound.samples[begin:end], sound.rate_hz)


def check_length(sound: SpeechSound, text: str, speed: float = 1.0) -> None:
    """Check that a sound can hold a text: engines break off, or name a wrong sample rate.

    Args:
        sound: without silence around it.
        text: that it speaks.
        speed: at which it does.

    Raises:
        SpeechTruncatedError: it is too short for the text.
        SpeechError: it is far too long for it.
    """
    letters = spoken_letters(text)
    if letters < _LONG_CHARS:
        return
    rate = letters * sound.rate_hz / max(1, len(sound.samples)) / max(1.0, speed)
    if rate > _FASTEST_CHARS_PER_S:
        raise SpeechTruncatedError(
            f"The speech engine broke off: {letters} letters in {sound.length_ms} ms"
        )
    figures = sum(char.isdigit() for char in text)
    if not figures and rate < _SLOWEST_CHARS_PER_S:
        raise SpeechError(
            f"The speech engine's sound is no speech: {letters} letters take {sound.length_ms} ms"
        )


def spoken_letters(text: str) -> int:
    """Return how many letters and figures of a text are said; an ideograph counts twice.

    Of a letter that is drawn out ("Nooooo") three count: voices differ in how long they hold it.
    """
    short = _DRAWN_OUT.sub(r"\1\1\1", text)
    return sum(1 + (char >= "\u2e80") for char in short if char.isalnum())
