"""The language of a recording from the first speech in it."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import wave
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.container import Services
from app.domain.audio import Samples
from app.domain.errors import NoSpeechError
from app.domain.events import Result
from app.domain.language import known_language
from app.domain.request import JobRequest, UploadedFile
from app.domain.time import SAMPLE_RATE_HZ
from app.gpu.protocols import Vad, VadState
from app.submission.asr_wish import AsrWish
from app.submission.run_to_end import run_made
from app.system.thread_groups import DISK, VOICE
from app.system.workdir import storage_errors

SPEECH_S = 30
"""Whisper detects the language of one window, which is 30 s."""

HEAD_S = 600
"""How far speech is looked for: films begin with silence and music, seldom for ten minutes."""

_SPEECH_FROM = 0.5


@dataclass(frozen=True, slots=True)
class HeardPart:
    """The speech of a recording by which its language is detected.

    Attributes:
        offset_s: where it is looked for from.
        length_s: how much of it is heard, `SPEECH_S` at most.
    """

    offset_s: int = 0
    length_s: int = SPEECH_S

    @property
    def end_s(self) -> int:
        """How far speech is looked for."""
        return self.offset_s + HEAD_S


async def film_language(
    services: Services, film: Path, part: HeardPart, wish: AsrWish, places: asyncio.Semaphore
) -> dict[str, object]:
    """Return the language of a film; see `language_answer`.

    Args:
        services: of the process.
        film: a recording on this machine.
        part: of it that is heard.
        wish: whose work it is.
        places: for those whose first speech is looked for, each of which has a decoder.

    Raises:
        CuestreamError: the recording cannot be decoded, or the job failed.
    """
    await services.readiness.wait()
    head = services.workdir.new_file(".wav")
    try:
        async with places:
            if not await write_first_speech(services, film, part, head):
                return {}
        return language_answer(await _transcribed(services, head, wish))
    except NoSpeechError:
        return {}
    finally:
        await DISK.run(_remove, head)


async def _transcribed(services: Services, head: Path, wish: AsrWish) -> Result:
    sha256 = await DISK.run(_sha256, head)

    async def made() -> JobRequest:
        path = services.workdir.new_file(".wav")
        with storage_errors():
            await DISK.run(shutil.copyfile, head, path)
        return wish.request(services, UploadedFile(path, sha256))

    return await run_made(services, made)


async def write_first_speech(
    services: Services, source: Path, part: HeardPart, target: Path
) -> bool:
    """Write the first speech of a recording as WAV; no more of it is decoded than that takes.

    Returns:
        Whether there is any within `HEAD_S`.

    Raises:
        CuestreamError: the recording cannot be decoded, or the engines do not work.
    """
    vad = services.readiness.engine_manager.engines.vad
    media = await services.opener.open(UploadedFile(source, sha256=""))
    found: list[NDArray[np.float32]] = []
    state: VadState | None = None
    wanted, start = part.length_s * SAMPLE_RATE_HZ, part.offset_s * SAMPLE_RATE_HZ
    heard = passed = 0
    async with aclosing(media):
        async for block in media.blocks:
            samples = block.samples[max(0, start - passed) :]
            passed += len(block.samples)
            speech, state = await VOICE.run(_speech, vad, samples, state)
            found.append(speech)
            heard += len(speech)
            if heard >= wanted or passed >= part.end_s * SAMPLE_RATE_HZ:
                break
    await DISK.run(_write, target, found, wanted)
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


def _write(path: Path, parts: list[NDArray[np.float32]], wanted: int) -> None:
    samples = np.concatenate(parts)[:wanted] if parts else np.zeros(0)
    with storage_errors(), wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def _sha256(path: Path) -> str:
    with storage_errors(), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
