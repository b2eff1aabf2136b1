"""Speech at the programme's sample rate and at the speed that its place asks for."""

from __future__ import annotations

import io
import wave

import numpy as np

from app.domain.errors import SpeechError
from app.services.dubbing.line_placement import TEMPO_SLACK_MS
from app.services.tts.speech_sound import Samples, SpeechSound
from app.system.filter_subprocess import run_filter

_FADE_MS = 5


async def shaped(sound: SpeechSound, rate_hz: int, most_samples: int) -> Samples:
    """Return a sound at another rate that takes no more than so many samples.

    It keeps its pitch. Source: ffmpeg's ``atempo``, WSOLA in windows of its own choice.

    Args:
        sound: without silence around it.
        rate_hz: wanted.
        most_samples: at that rate.

    Raises:
        SpeechError: ffmpeg failed.
    """
    wanted = len(sound.samples) * rate_hz / sound.rate_hz
    spare = most_samples - rate_hz * TEMPO_SLACK_MS // 1000
    tempo = 1.0 if wanted <= most_samples else wanted / max(1, spare)
    if tempo == 1.0 and sound.rate_hz == rate_hz:
        return sound.samples
    filters = [f"atempo={tempo:.6f}"] if tempo != 1.0 else []
    filters.append(f"aresample={rate_hz}")
    command = (
        *("ffmpeg", "-hide_banner", "-loglevel", "error", "-protocol_whitelist", "pipe"),
        *("-f", "wav", "-i", "pipe:0", "-af", ",".join(filters)),
        *("-ac", "1", "-c:a", "pcm_s16le", "-f", "wav", "-bitexact", "pipe:1"),
    )
    samples = _samples(await run_filter(command, sound.to_wav()))
    return samples if len(samples) <= most_samples else _faded(samples[:most_samples], rate_hz)


def _samples(wav: bytes) -> Samples:
    with wave.open(io.BytesIO(wav)) as reader:
        data = reader.readframes(len(wav) // 2)
    if not data:
        raise SpeechError("ffmpeg made no sound of the speech")
    return np.frombuffer(data, "<i2")


def _faded(samples: Samples, rate_hz: int) -> Samples:
    """Return a sound that ends without a click."""
    count = min(len(samples), rate_hz * _FADE_MS // 1000)
    faded = samples.astype(np.float32)
    faded[len(samples) - count :] *= np.linspace(1, 0, count, dtype=np.float32)
    return faded.astype(np.int16)
