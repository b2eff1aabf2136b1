"""Speakers of a recording by the voices that came along with it.

The references are put ahead of the recording and the whole is diarized as one: so the same speaker
embeddings and the same clustering that tell speakers apart say which of them is which reference.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from app.container import Services
from app.domain.errors import NamedFieldError, SpeechError, UnreadableMediaError
from app.domain.events import Result
from app.domain.request import JobRequest, SpeakerCount, UploadedFile
from app.domain.time import Span
from app.domain.transcript import SpeakerTurn
from app.services.media.ffmpeg_command import DEMUXERS
from app.submission.known_voices import REFERENCES, KnownVoice
from app.system.child_limits import decoder_limits
from app.system.filter_subprocess import run_filter
from app.system.subprocesses import running
from app.system.thread_groups import DISK

_RATE_HZ = 16_000
_BYTES_PER_MS = 2 * _RATE_HZ // 1000
_PAUSE_MS = 1000
_LEAST_MS, _MOST_MS = 2000, 10_000
"""Source: OpenAI's reference of ``known_speaker_references``; a little more and less passes."""
_TOLERANCE_MS = 250
_FFMPEG = ("ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin")
_MONO = ("-vn", "-ac", "1", "-ar", str(_RATE_HZ))


Run = Callable[[JobRequest], Awaitable[Result]]


@dataclass(frozen=True, slots=True)
class PlacedVoice:
    """A reference with its place ahead of the recording."""

    name: str
    span: Span


async def result_with_voices(
    services: Services, request: JobRequest, voices: Sequence[KnownVoice], run: Run
) -> Result:
    """Return who speaks when in a recording, with the names of those whose voice is known.

    Args:
        services: of the process.
        request: with a file, which stays where it is.
        voices: of the speakers.
        run: works on the request for the speakers of another file, which it removes.

    Raises:
        NamedFieldError: a reference is no sound, or has another length than it may.
        CuestreamError: the recording cannot be diarized.
    """
    if not isinstance(request.source, UploadedFile):
        raise TypeError("voices are put ahead of files alone")
    path, head = services.workdir.new_file(".wav"), services.workdir.new_file(".head")
    try:
        placed, head_ms = await _write_head(services, head, voices)
        await _join(services, head, request.source.path, path)
        joined = UploadedFile(path, await DISK.run(_digest, path), "voices.wav")
        speakers = _with_references(request.speakers, len(voices))
        alone = replace(
            request, source=joined, speakers=speakers, diarize=False, speakers_only=True, prompt=""
        )
        result = await run(alone)
    finally:
        for own in (path, head):
            with suppress(OSError):
                own.unlink(missing_ok=True)
    turns = named_turns(result.turns, placed, head_ms)
    return replace(result, turns=turns, audio_ms=max(0, result.audio_ms - head_ms))


def named_turns(
    turns: Sequence[SpeakerTurn], placed: Sequence[PlacedVoice], head_ms: int
) -> tuple[SpeakerTurn, ...]:
    """Return the turns of the recording alone, with names in place of labels that are known.

    Args:
        turns: of the references and the recording behind them.
        placed: the references; who speaks longest in one is its speaker.
        head_ms: where the recording begins.
    """
    names: dict[str, str] = {}
    for voice in placed:
        spoken: Counter[str] = Counter()
        for turn in turns:
            spoken[turn.speaker] += _overlap_ms(turn.span, voice.span)
        for label, overlap_ms in spoken.most_common(1):
            if overlap_ms > 0:
                names.setdefault(label, voice.name)
    return tuple(
        SpeakerTurn(
            Span(max(0, turn.span.start_ms - head_ms), turn.span.end_ms - head_ms),
            names.get(turn.speaker, turn.speaker),
        )
        for turn in turns
        if turn.span.end_ms > head_ms
    )


def _overlap_ms(one: Span, other: Span) -> int:
    return max(0, min(one.end_ms, other.end_ms) - max(one.start_ms, other.start_ms))


def _with_references(count: SpeakerCount, references: int) -> SpeakerCount:
    """Return the limits for the whole: references may be of people who are not in the recording."""
    if count.exact is not None:
        return SpeakerCount(least=count.exact, most=count.exact + references)
    most = None if count.most is None else count.most + references
    return SpeakerCount(least=count.least, most=most)


async def _write_head(
    services: Services, path: Path, voices: Sequence[KnownVoice]
) -> tuple[list[PlacedVoice], int]:
    """Write the references with pauses between them as samples; return their places and the end."""
    placed: list[PlacedVoice] = []
    data = bytearray()
    for voice in voices:
        samples = await _reference(services, voice)
        begin_ms = _length_ms(data)
        data += samples
        placed.append(PlacedVoice(voice.name, Span(begin_ms, _length_ms(data))))
        data += bytes(_BYTES_PER_MS * _PAUSE_MS)
    await DISK.run(path.write_bytes, bytes(data))
    return placed, _length_ms(data)


async def _reference(services: Services, voice: KnownVoice) -> bytes:
    """Return the samples of a reference; a file, since the index of some is at their end."""
    path = services.workdir.new_file(".reference")
    try:
        await DISK.run(path.write_bytes, voice.sound)
        most_s = str((_MOST_MS + 2 * _TOLERANCE_MS) / 1000)
        command = [*_FFMPEG, *_input(path), *_MONO, "-t", most_s, "-f", "s16le", "pipe:1"]
        samples = await run_filter(command, b"")
    except SpeechError:
        raise NamedFieldError(REFERENCES, "one is no sound that can be decoded") from None
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)
    if not _LEAST_MS - _TOLERANCE_MS <= _length_ms(samples) <= _MOST_MS + _TOLERANCE_MS:
        raise NamedFieldError(REFERENCES, "2 to 10 s of speech each")
    return samples


def _length_ms(samples: bytes | bytearray) -> int:
    return len(samples) // _BYTES_PER_MS


async def _join(services: Services, head: Path, recording: Path, joined: Path) -> None:
    """Write samples and the sound of a recording behind them as one WAV.

    Raises:
        UnreadableMediaError: the recording cannot be decoded.
        ResourceLimitError: that takes more memory or time than it may.
    """
    mono = f"aresample={_RATE_HZ},aformat=sample_fmts=s16:channel_layouts=mono"
    graph = f"[0:a]{mono}[head];[1:a:0]{mono}[rest];[head][rest]concat=n=2:v=0:a=1"
    raw = ("-f", "s16le", "-ar", str(_RATE_HZ), "-ac", "1", "-i", str(head))
    command = [*_FFMPEG, "-y", *raw, *_input(recording), "-filter_complex", graph]
    longest_s = services.settings.jobs.max_duration_s
    written = (longest_s * 1000 + 4 * (_MOST_MS + _PAUSE_MS)) * _BYTES_PER_MS
    limits = replace(decoder_limits(longest_s), file_bytes=written)
    async with running([*command, "-f", "wav", str(joined)], limits=limits) as child:
        status = await child.wait()
        child.check_limits("Decoding the recording")
    if status != 0:
        raise UnreadableMediaError("The recording cannot be decoded")


def _input(path: Path) -> tuple[str, ...]:
    return (
        *("-format_whitelist", DEMUXERS, "-protocol_whitelist", "file,pipe"),
        *("-i", f"file:{path}"),
    )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
