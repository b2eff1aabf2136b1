"""`extract_audio`: the sound of a media file as a file."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from app.domain.errors import InvalidFieldError, UnreadableMediaError
from app.services.media.ffmpeg_graph import media_input, media_output
from app.services.media.loudness import (
    LOUDEST_LUFS,
    QUIETEST_LUFS,
    measure_loudness,
    normalized,
)
from app.services.media.media_facts import MediaFacts
from app.services.operations.audio_kinds import (
    AUDIO_KINDS,
    DEFAULT_KBPS,
    AudioFormat,
    AudioKind,
)
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


def _encoded(plan: AudioPlan) -> dict[str, object]:
    options: dict[str, object] = {"c:a": plan.kind.encoder}
    if plan.kind.has_rate:
        options["b:a"] = f"{plan.kbps or DEFAULT_KBPS}k"
    return options


EXTRACT_AUDIO = MediaOperation(
    name="extract_audio",
    summary="Get the sound of a media file",
    input=ExtractAudioInput,
    run=extract_audio,
    required=(("url_video", "url_audio"),),
    example={"url_video": "https://example.com/talk.mp4", "format": "mp3"},
)
