"""`loudness`: the sound of a media file brought to a loudness by EBU R128."""

from __future__ import annotations

import uuid
from pathlib import Path

from pydantic import Field

from app.services.media.ffmpeg_graph import media_input, media_output
from app.services.media.loudness import LOUDEST_LUFS, QUIETEST_LUFS, TARGET_LUFS
from app.services.media.media_facts import MediaFacts
from app.services.media.subtitle_probe import listed_subtitles
from app.services.operations.audio_kinds import AUDIO_KINDS, DEFAULT_KBPS, AudioFormat
from app.services.operations.container_tracks import (
    CONTAINER_TYPES,
    copied_picture,
    kept_texts,
    lost_pictures,
    lost_sounds,
    own_container,
)
from app.services.operations.extract_audio_operation import (
    AudioPlan,
    first_sound,
    write_audio,
)
from app.services.operations.operation import (
    MediaOperation,
    MediaSource,
    OperationResult,
    OutputFile,
    PackagedInput,
)
from app.services.operations.operation_context import OperationContext
from app.services.operations.sound_loudness import loudness_payload, normalized_tracks


class LoudnessInput(PackagedInput):
    """Input of `loudness`."""

    url_video: MediaSource | None = Field(None, description="Address of the media")
    url_audio: MediaSource | None = Field(None, description="The same as url_video")
    loudness: float = Field(
        TARGET_LUFS, ge=QUIETEST_LUFS, le=LOUDEST_LUFS, description="Loudness in LUFS"
    )
    format: AudioFormat = Field("mp3", description="Kind of file for sound without video")


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
        plan = AudioPlan(kind, first_sound(facts), None, wanted.loudness)
        output = context.folder / f"audio.{wanted.format}"
        made = await write_audio(encoding, path, facts, plan, output)
        name = f"{uuid.uuid4()}.{wanted.format}"
        file = OutputFile(output, name, kind.media_type, url_field="audio_url")
        return OperationResult(
            (file,), "Loudness set successfully", made.fields, notices=made.notices
        )
    return await _with_picture(wanted, context.folder, path, facts, measuring, encoding)


async def _with_picture(
    wanted: LoudnessInput,
    folder: Path,
    path: Path,
    facts: MediaFacts,
    measuring: OperationContext,
    encoding: OperationContext,
) -> OperationResult:
    """Bring the sounds of a video to a loudness; all else is taken over as far as MP4 holds it."""
    container = own_container(facts)
    output = folder / f"loudness.{container}"
    tracks = await normalized_tracks(measuring, path, facts, wanted.loudness)
    texts = kept_texts((await listed_subtitles(path)).subtitles, container)
    source = media_input(path)
    graph = media_output(
        output,
        source["V:0"],
        *(stream for stream, _ in tracks),
        *(source[f"s:{track.index}"] for track in texts.tracks),
        **copied_picture(facts.video, container),
        **{"c:a": "aac", "b:a": f"{DEFAULT_KBPS}k", "map_metadata": 0, "map_chapters": 0},
        **texts.options,
        **({"movflags": "+faststart"} if container == "mp4" else {}),
    )
    await encoding.run(graph, output, facts.duration_ms, copied_bytes=facts.size_bytes)
    told = [loudness_payload(measured, wanted.loudness) for _, measured in tracks]
    name = f"{uuid.uuid4()}_loudness.{container}"
    file = OutputFile(output, name, CONTAINER_TYPES[container])
    return OperationResult(
        (file,),
        "Loudness set successfully",
        {"loudness": told[0], "tracks": told},
        notices=(*texts.notices, *lost_sounds(facts), *lost_pictures(facts)),
    )


LOUDNESS = MediaOperation(
    name="loudness",
    summary="Bring the sound of a media file to a loudness",
    input=LoudnessInput,
    run=set_loudness,
    required=(("url_video", "url_audio"),),
    example={"url_video": "https://example.com/talk.mp4", "loudness": -16},
)
