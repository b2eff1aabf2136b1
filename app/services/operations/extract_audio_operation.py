"""`extract_audio`: the sound of a media file as a file."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from app.domain.errors import InvalidFieldError, UnreadableMediaError
from app.services.media.ffmpeg_graph import GraphNode, media_input, media_output
from app.services.media.loudness import (
    LOUDEST_LUFS,
    QUIETEST_LUFS,
    measure_loudness,
    normalized,
)
from app.services.media.media_facts import MediaFacts, OtherStream
from app.services.operations.audio_kinds import (
    AUDIO_KINDS,
    DEFAULT_KBPS,
    AudioFormat,
    AudioKind,
    written_kbps,
    written_layout,
    written_rate_hz,
)
from app.services.operations.clip_graphs import SOUND_HZ
from app.services.operations.operation import (
    MediaOperation,
    MediaSource,
    OperationInput,
    OperationResult,
    OutputFile,
)
from app.services.operations.operation_context import OperationContext
from app.services.operations.sound_loudness import loudness_payload

_LOSSLESS_BYTES_PER_S = 2 * 4 * 48_000 * 8
"""Eight channels of 32 bits, twice: no sound takes more."""


class ExtractAudioInput(OperationInput):
    """Input of `extract_audio`."""

    url_video: MediaSource | None = Field(None, description="Address of the media")
    url_audio: MediaSource | None = Field(None, description="The same as url_video")
    format: AudioFormat = Field("mp3", description="Kind of file")
    quality: int | None = Field(
        None, ge=16, le=512, description="Kilobits per second; 192 where it is encoded"
    )
    track: int = Field(0, ge=0, description="Index among the audio tracks, from 0")
    loudness: float | None = Field(
        None,
        ge=QUIETEST_LUFS,
        le=LOUDEST_LUFS,
        description="Loudness in LUFS that the sound is brought to by EBU R128",
    )


@dataclass(frozen=True, slots=True)
class AudioPlan:
    """How the sound of a file is written."""

    kind: AudioKind
    track: int
    kbps: int | None
    target_lufs: float | None


async def extract_audio(wanted: ExtractAudioInput, context: OperationContext) -> OperationResult:
    """Return an audio track as a file; it is copied where the file can hold its codec.

    Raises:
        CuestreamError: the media cannot be fetched or read, or has no such track.
    """
    fetching, encoding = context.steps(2, 8)
    path = await fetching.fetch(wanted.url_video or wanted.url_audio or "", "media")
    facts = await fetching.facts(path)
    kind = AUDIO_KINDS[wanted.format]
    plan = AudioPlan(kind, wanted.track, wanted.quality, wanted.loudness)
    output = context.folder / f"audio.{wanted.format}"
    made = await write_audio(encoding, path, facts, plan, output)
    file = OutputFile(
        output, f"{uuid.uuid4()}.{wanted.format}", kind.media_type, url_field="audio_url"
    )
    return OperationResult(
        (file,),
        "Audio extracted successfully",
        {"format": wanted.format, "duration": facts.duration_ms / 1000, **made.fields},
        notices=made.notices,
    )


@dataclass(frozen=True, slots=True)
class WrittenAudio:
    """Report of a file of sound.

    Attributes:
        fields: whether it was copied, its kilobits per second, its loudness.
        notices: code and message of what is not as the sound was, or as it was asked for.
    """

    fields: dict[str, object]
    notices: tuple[tuple[str, str], ...] = ()


async def write_audio(
    context: OperationContext, path: Path, facts: MediaFacts, plan: AudioPlan, output: Path
) -> WrittenAudio:
    """Write an audio track.

    Raises:
        InvalidFieldError: there is no such track.
        UnreadableMediaError: there is no sound at all, or it cannot be decoded.
        CuestreamError: ffmpeg failed.
    """
    sound = _sound_of(facts, plan.track)
    copied = sound.codec in plan.kind.copied and plan.kbps is None and plan.target_lufs is None
    source = media_input(path)[str(sound.index)]
    fields: dict[str, object] = {"copied": copied}
    if plan.target_lufs is not None:
        length_ms, target = facts.duration_ms, plan.target_lufs
        context.progress("measuring_loudness", 0)
        ffmpeg = context.services.ffmpeg
        measured = await measure_loudness(ffmpeg, path, length_ms, target, sound.index)
        source = normalized(source, measured, target)
        fields["loudness"] = loudness_payload(measured, target)
    options: dict[str, object] = {"c:a": "copy"}
    notices: list[tuple[str, str]] = []
    if not copied:
        source, options, notices = _encoded(source, sound, plan)
    if "b:a" in options:
        fields["quality"] = int(str(options["b:a"]).removesuffix("k"))
    graph = media_output(output, source, **options, format=plan.kind.muxer, map_metadata=0)
    room = facts.size_bytes + facts.duration_ms // 1000 * _LOSSLESS_BYTES_PER_S
    await context.run(graph, output, facts.duration_ms, copied_bytes=room, activity="writing_sound")
    return WrittenAudio(fields, tuple(notices))


def _sound_of(facts: MediaFacts, track: int) -> OtherStream:
    """Return an audio track.

    Raises:
        UnreadableMediaError: there is none, or it cannot be decoded.
        InvalidFieldError: there is none of this index.
    """
    if not facts.audio:
        raise UnreadableMediaError("The media has no audio")
    if track >= len(facts.audio):
        raise InvalidFieldError(f"track: the media has {len(facts.audio)} audio tracks")
    sound = facts.audio[track]
    if not sound.decodable:
        raise UnreadableMediaError(f"Audio track {track} is encrypted, or of an unknown codec")
    return sound


def first_sound(facts: MediaFacts) -> int:
    """Return the index of the first audio track that can be decoded; 0 where none can."""
    return next((number for number, each in enumerate(facts.audio) if each.decodable), 0)


def _encoded(
    source: GraphNode, sound: OtherStream, plan: AudioPlan
) -> tuple[GraphNode, dict[str, object], list[tuple[str, str]]]:
    """Return a sound with what its kind of file holds of it, its options, and what is told."""
    kind, notices = plan.kind, list[tuple[str, str]]()
    layout = written_layout(kind, sound.channels, sound.layout)
    channels = min(sound.channels, kind.most_channels) if layout != "stereo" else 2
    if channels < sound.channels:
        text = f"The sound has {sound.channels} channels; the file is {layout}"
        notices.append(("sound_downmixed", text))
    if layout != sound.layout:
        source = source.filter("aformat", channel_layouts=layout)
    options: dict[str, object] = {"c:a": kind.encoder}
    rate_hz = SOUND_HZ if plan.target_lufs is not None else sound.rate_hz
    if rate := written_rate_hz(kind, rate_hz):
        options["ar"] = rate_hz = rate
    if kind.has_rate:
        wanted = plan.kbps or DEFAULT_KBPS
        kbps = written_kbps(kind, wanted, channels, rate_hz)
        options["b:a"] = f"{kbps}k"
        if plan.kbps is not None and kbps != plan.kbps:
            text = f"{plan.kbps} kbit/s are not possible for this sound; it has {kbps}"
            notices.append(("quality_bounded", text))
    return source, options, notices


EXTRACT_AUDIO = MediaOperation(
    name="extract_audio",
    summary="Get the sound of a media file",
    input=ExtractAudioInput,
    run=extract_audio,
    required=(("url_video", "url_audio"),),
    example={"url_video": "https://example.com/talk.mp4", "format": "mp3"},
)
