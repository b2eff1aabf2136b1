"""Pieces of a sample clip: speech cut out by its energy, its level, and the video around it."""

from __future__ import annotations

import subprocess
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000

Samples = NDArray[np.float32]
"""Mono samples at 16 kHz, -1..1, shape ``(n,)``."""

LEVEL_DB = -20.0
"""Level of everybody's speech relative to full scale, measured over the loud frames."""

PRESET = "veryslow"
"""Of x264: the picture is made once and downloaded often."""

_FRAME = RATE_HZ // 200
_LOUD_DB = -30.0
_FADE = RATE_HZ // 100
_SKY = (
    "gradients=s=640x360:r=10:c0=0x10243f:c1=0x1f4d6b:n=2:x0=0:y0=0:x1=640:y1=360"
    ":speed=0.00001:seed=1"
)
_NOW = "volume=1.6,showwaves=s=360x90:mode=cline:rate=10:scale=sqrt:colors={colour},format=rgba"
_WHOLE = "volume=3,showwavespic=s=592x70:scale=sqrt"
_EXACT = ("-flags", "+bitexact", "-fflags", "+bitexact", "-threads", "1")


def read_samples(path: Path) -> Samples:
    """Decode a recording to mono at 16 kHz."""
    command: list[Any] = ["ffmpeg", "-v", "error", "-i", path, "-ac", "1", "-ar", str(RATE_HZ)]
    command += ["-flags", "+bitexact", "-f", "f32le", "-"]
    done = subprocess.run(command, check=True, capture_output=True)
    return np.frombuffer(done.stdout, "<f4").astype(np.float32)


def silence(ms: int) -> Samples:
    """Return silence."""
    return np.zeros(ms * RATE_HZ // 1000, np.float32)


def trimmed(samples: Samples, floor_db: float) -> Samples:
    """Return the speech without what is quieter before and after it, to 5 ms.

    Args:
        samples: one recording.
        floor_db: speech is louder than this, relative to the loudest frame of 5 ms.
    """
    loud = np.flatnonzero(_power(samples) > _power(samples).max() * 10 ** (floor_db / 10))
    return samples[loud[0] * _FRAME : (loud[-1] + 1) * _FRAME]


def levelled(samples: Samples) -> Samples:
    """Return speech at `LEVEL_DB`, with 10 ms of fading at its ends against clicks."""
    power = _power(samples)
    loud = power[power > power.max() * 10 ** (_LOUD_DB / 10)]
    gain = 10 ** (LEVEL_DB / 20) / np.sqrt(loud.mean())
    louder: Samples = (samples * gain).astype(np.float32)
    ramp = np.linspace(0, 1, _FADE, dtype=np.float32)
    louder[:_FADE] *= ramp
    louder[-_FADE:] *= ramp[::-1]
    return louder


def write_wav(path: Path, track: Samples) -> None:
    """Write a 16-bit mono file at 16 kHz."""
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE_HZ)
        wav.writeframes((np.clip(track, -1, 1) * 32767).astype("<i2").tobytes())


def encode(wavs: Sequence[tuple[Path, str]], mp4: Path) -> None:
    """Mix one track for each speaker under drawings of their waveforms.

    The upper drawing is what is heard now, the lower one the whole clip with the position in it.
    Bit-exact flags and one thread make the same file of the same input.

    Args:
        wavs: each speaker's track and the colour that it is drawn in, like ``0x7fd1ae``; all
            tracks have the same length.
        mp4: file to write: H.264 640x360 and AAC mono at 16 kHz.
    """
    colours = [colour for _, colour in wavs]
    pictures = [_whole_picture(wav, colour) for wav, colour in wavs]
    command = _ffmpeg([wav for wav, _ in wavs] + pictures)
    command += ["-filter_complex", _drawing(colours, _seconds(wavs[0][0]))]
    command += ["-map", "[picture]", "-map", "[sound]"]
    command += ["-c:v", "libx264", "-preset", PRESET, "-crf", "33", "-g", "100"]
    command += ["-c:a", "aac", "-b:a", "48k", "-ar", str(RATE_HZ), *_EXACT]
    command += ["-map_metadata", "-1", "-movflags", "+faststart", mp4]
    subprocess.run(command, check=True)


def _ffmpeg(inputs: Sequence[Path]) -> list[Any]:
    command: list[Any] = ["ffmpeg", "-y", "-v", "error", "-filter_complex_threads", "1"]
    for path in inputs:
        command += ["-i", path]
    return command


def _whole_picture(wav: Path, colour: str) -> Path:
    """Draw a whole track beside its file; return the picture."""
    picture = wav.with_suffix(".png")
    drawing = f"[0:a]{_WHOLE}:colors={colour}[out]"
    command = [*_ffmpeg([wav]), "-filter_complex", drawing, "-map", "[out]", *_EXACT, picture]
    subprocess.run(command, check=True)
    return picture


def _seconds(wav: Path) -> float:
    with wave.open(str(wav)) as track:
        return float(track.getnframes() / RATE_HZ)


def _drawing(colours: Sequence[str], length_s: float) -> str:
    """Return the filter graph; its inputs are the tracks, then the pictures of whole tracks."""
    count = len(colours)
    parts = [f"{_SKY}[under0]"]
    for number, colour in enumerate(colours):
        parts += [
            f"[{number}:a]asplit[heard{number}][seen{number}]",
            f"[seen{number}]{_NOW.format(colour=colour)}[now{number}]",
            f"[under{number}][now{number}]overlay=140:70:shortest=1[with{number}]",
            f"[with{number}][{count + number}:v]overlay=24:182[under{number + 1}]",
        ]
    heard = "".join(f"[heard{number}]" for number in range(count))
    at = f"x=24+592*t/{length_s}:y=178"
    parts += [
        f"{heard}amix=inputs={count}:normalize=0[sound]",
        f"color=0xffffff:s=2x78:r=10:d={length_s}[head]",
        f"[under{count}][head]overlay={at}:shortest=1,format=yuv420p[picture]",
    ]
    return ";".join(parts)


def _power(samples: Samples) -> NDArray[np.float64]:
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    power: NDArray[np.float64] = (frames.astype(np.float64) ** 2).mean(axis=1)
    return power
