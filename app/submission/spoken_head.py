"""The language of a recording from the first speech in it."""

from __future__ import annotations

import wave
from contextlib import aclosing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.container import Services
from app.domain.audio import Samples
from app.domain.events import Result
from app.domain.language import known_language
from app.domain.request import UploadedFile
from app.domain.time import SAMPLE_RATE_HZ
from app.gpu.protocols import Vad, VadState
from app.system.thread_groups import DISK

SPEECH_S = 30
"""Whisper detects the language of one window, which is 30 s."""

HEAD_S = 600
"""How far speech is looked for: films begin with silence and music, seldom for ten minutes."""

_SPEECH_FROM = 0.5


async def write_first_speech(services: Services, source: Path, target: Path) -> bool:
    """Write the first speech of a recording as WAV; no more of it is decoded than that takes.

    Returns:
        Whether there is any in the first `HEAD_S`.

    Raises:
        CuestreamError: the recording cannot be decoded, or the engines do not work.
    """
    vad = services.readiness.engine_manager.engines.vad
    media = await services.opener.open(UploadedFile(source, sha256=""))
    found: list[NDArray[np.float32]] = []
    state: VadState | None = None
    heard = passed = 0
    async with aclosing(media):
        async for block in media.blocks:
            speech, state = await DISK.run(_speech, vad, block.samples, state)
            found.append(speech)
            heard += len(speech)
            passed += len(block.samples)
            if heard >= SPEECH_S * SAMPLE_RATE_HZ or passed >= HEAD_S * SAMPLE_RATE_HZ:
                break
    await DISK.run(_write, target, found)
    return heard > 0


def language_answer(result: Result) -> dict[str, object]:
    """Return the detected language by name and code; empty where it is not known.

    A language that has no code of two letters is named by its family where that has one, as
    Cantonese is by Chinese: readers such as Bazarr know the codes of Whisper's first models.
    """
    known = known_language(result.language)
    if known is None or known.base in ("und", "mul", "zxx", "mis"):
        return {}
    named = known_language(known.family if len(known.base) > 2 else known.base) or known
    odds = [each.language_probability for each in result.segments]
    return {
        "detected_language": named.english_name.lower(),
        "language_code": named.base,
        "confidence": round(sum(odds) / len(odds), 4) if odds else 0.0,
    }


def _speech(
    vad: Vad, samples: Samples, state: VadState | None
) -> tuple[NDArray[np.float32], VadState | None]:
    size = vad.frame_samples
    whole = samples[: len(samples) // size * size]
    if not len(whole):
        return samples[:0], state
    odds, after = vad.detect(whole, state)
    return whole.reshape(-1, size)[odds >= _SPEECH_FROM].reshape(-1), after


def _write(path: Path, parts: list[NDArray[np.float32]]) -> None:
    samples = np.concatenate(parts)[: SPEECH_S * SAMPLE_RATE_HZ] if parts else np.zeros(0)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
