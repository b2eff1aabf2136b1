"""`extract_audio`: sound of a media file; `loudness`: brought to a loudness by EBU R128."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from app.domain.errors import InvalidFieldError, UnreadableMediaError
from app.services.media.ffmpeg_graph import GraphNode, media_input, media_output
from app.services.media.loudness import (
    LOUDEST_LUFS,
    QUIETEST_LUFS,
    TARGET_LUFS,
    Loudness,
    measure_loudness,
    normalized,
)
from app.services.media.media_facts import MediaFacts
from app.services.operations.operation import (
    MediaOperation,
    MediaSource,
    OperationInput,
    OperationResult,
    OutputFile,
)
from app.services.operations.operation_context import OperationContext

AudioFormat = Literal["mp3", "m4a", "aac", "opus", "ogg", "flac", "wav"]


@dataclass(frozen=True, slots=True)
class AudioKind:
    """A file of sound.

    Attributes:
        media_type: of the file.
        muxer: ffmpeg's name.
        encoder: ffmpeg's name.
        copied: codecs that the file holds, so that they need not be encoded again.
        has_rate: whether bits per second can be chosen.
    """

    media_type: str
    muxer: str
    encoder: str
    copied: frozenset[str]
    has_rate: bool = True


AUDIO_KINDS: dict[str, AudioKind] = {
    "mp3": AudioKind("audio/mpeg", "mp3", "libmp3lame", frozenset({"mp3"})),
    "m4a": AudioKind("audio/mp4", "ipod", "aac", frozenset({"aac", "alac"})),
    "aac": AudioKind("audio/aac", "adts", "aac", frozenset({"aac"})),
    "opus": AudioKind("audio/ogg", "opus", "libopus", frozenset({"opus"})),
    "ogg": AudioKind("audio/ogg", "ogg", "libvorbis", frozenset({"vorbis", "opus"})),
    "flac": AudioKind("audio/flac", "flac", "flac", frozenset({"flac"}), has_rate=False),
    "wav": AudioKind("audio/wav", "wav", "pcm_s16le", frozenset({"pcm_s16le"}), has_rate=False),
}
DEFAULT_KBPS = 192
_MOST_NORMALIZED = 32
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


class LoudnessInput(OperationInput):
    """Input of `loudness`."""

    url_video: MediaSource | None = Field(None, description="Address of the media")
    url_audio: MediaSource | None = Field(None, description="The same as url_video")
    loudness: float = Field(
        TARGET_LUFS, ge=QUIETEST_LUFS, le=LOUDEST_LUFS, description="Loudness in LUFS"
    )
    format: AudioFormat = Field("mp3", description="Kind of file for sound without video")


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
    fields = await write_audio(encoding, path, facts, plan, output)
    file = OutputFile(
        output, f"{uuid.uuid4()}.{wanted.format}", kind.media_type, url_field="audio_url"
    )
    return OperationResult(
        (file,),
        "Audio extracted successfully",
        {"format": wanted.format, "duration": facts.duration_ms / 1000, **fields},
    )


async def write_audio(
    context: OperationContext, path: Path, facts: MediaFacts, plan: AudioPlan, output: Path
) -> dict[str, object]:
    """Write an audio track; return what is told of it: whether it was copied, its loudness.

    Raises:
        InvalidFieldError: there is no such track.
        UnreadableMediaError: there is no sound at all.
        CuestreamError: ffmpeg failed.
    """
    if not facts.audio:
        raise UnreadableMediaError("The media has no audio")
    if plan.track >= len(facts.audio):
        raise InvalidFieldError(f"track: the media has {len(facts.audio)} audio tracks")
    codec = facts.audio[plan.track].codec
    copied = codec in plan.kind.copied and plan.kbps is None and plan.target_lufs is None
    source = media_input(path)[f"a:{plan.track}"]
    fields: dict[str, object] = {"copied": copied}
    options: dict[str, object] = {"c:a": "copy"} if copied else _encoded(plan)
    if plan.target_lufs is not None:
        length_ms, target = facts.duration_ms, plan.target_lufs
        context.progress("Measuring the loudness", 0)
        ffmpeg = context.services.ffmpeg
        measured = await measure_loudness(ffmpeg, path, length_ms, target, plan.track)
        source = normalized(source, measured, target)
        fields["loudness"] = loudness_payload(measured, target)
    graph = media_output(output, source, **options, format=plan.kind.muxer, map_metadata=0)
    room = facts.size_bytes + facts.duration_ms // 1000 * _LOSSLESS_BYTES_PER_S
    await context.run(graph, output, facts.duration_ms, copied_bytes=room, message="Writing sound")
    return fields


def loudness_payload(measured: Loudness, target_lufs: float) -> dict[str, object]:
    """Return what is told of a loudness; silence has none."""
    if measured.is_silent:
        return {"measured_lufs": None, "target_lufs": target_lufs, "normalized": False}
    return {
        "measured_lufs": measured.integrated_lufs,
        "measured_peak_dbtp": measured.peak_dbtp,
        "measured_range_lu": measured.range_lu,
        "target_lufs": target_lufs,
        "normalized": True,
    }


def _encoded(plan: AudioPlan) -> dict[str, object]:
    options: dict[str, object] = {"c:a": plan.kind.encoder}
    if plan.kind.has_rate:
        options["b:a"] = f"{plan.kbps or DEFAULT_KBPS}k"
    return options


async def set_loudness(wanted: LoudnessInput, context: OperationContext) -> OperationResult:
    """Bring every audio track of a file to a loudness; its picture is copied.

    Raises:
        CuestreamError: the media cannot be fetched or read, or has no sound.
    """
    fetching, measuring, encoding = context.steps(2, 4, 4)
    path = await fetching.fetch(wanted.url_video or wanted.url_audio or "", "media")
    facts = await fetching.facts(path)
    if facts.video is None:
        kind = AUDIO_KINDS[wanted.format]
        plan = AudioPlan(kind, 0, None, wanted.loudness)
        output = context.folder / f"audio.{wanted.format}"
        fields = await write_audio(encoding, path, facts, plan, output)
        name = f"{uuid.uuid4()}.{wanted.format}"
        file = OutputFile(output, name, kind.media_type, url_field="audio_url")
        return OperationResult((file,), "Loudness set successfully", fields)
    output = context.folder / "loudness.mp4"
    tracks = await normalized_tracks(measuring, path, facts, wanted.loudness)
    source = media_input(path)
    graph = media_output(
        output,
        source["V:0"],
        *(stream for stream, _ in tracks),
        **{"c:v": "copy", "c:a": "aac", "b:a": f"{DEFAULT_KBPS}k"},
        map_metadata=0,
        movflags="+faststart",
    )
    await encoding.run(graph, output, facts.duration_ms, copied_bytes=facts.size_bytes)
    told = [loudness_payload(measured, wanted.loudness) for _, measured in tracks]
    file = OutputFile(output, f"{uuid.uuid4()}_loudness.mp4")
    fields = {"loudness": told[0], "tracks": told}
    return OperationResult((file,), "Loudness set successfully", fields)


async def normalized_tracks(
    context: OperationContext, path: Path, facts: MediaFacts, target_lufs: float
) -> list[tuple[GraphNode, Loudness]]:
    """Return every audio track of a file at a loudness, with what was measured.

    Raises:
        UnreadableMediaError: the file has no sound.
        InvalidFieldError: it has too many tracks: each is decoded as a whole.
        FfmpegError: a track cannot be decoded.
    """
    if not facts.audio:
        raise UnreadableMediaError("The media has no audio")
    if len(facts.audio) > _MOST_NORMALIZED:
        raise InvalidFieldError(f"loudness: at most {_MOST_NORMALIZED} audio tracks")
    source, ffmpeg = media_input(path), context.services.ffmpeg
    tracks: list[tuple[GraphNode, Loudness]] = []
    for number in range(len(facts.audio)):
        context.progress("Measuring the loudness", 100 * number / len(facts.audio))
        measured = await measure_loudness(ffmpeg, path, facts.duration_ms, target_lufs, number)
        tracks.append((normalized(source[f"a:{number}"], measured, target_lufs), measured))
    return tracks


EXTRACT_AUDIO = MediaOperation(
    name="extract_audio",
    summary="Get the sound of a media file",
    input=ExtractAudioInput,
    run=extract_audio,
    required=(("url_video", "url_audio"),),
    example={"url_video": "https://example.com/talk.mp4", "format": "mp3"},
)
LOUDNESS = MediaOperation(
    name="loudness",
    summary="Bring the sound of a media file to a loudness",
    input=LoudnessInput,
    run=set_loudness,
    required=(("url_video", "url_audio"),),
    example={"url_video": "https://example.com/talk.mp4", "loudness": -16},
)
