"""`caption`: subtitles burned into a video."""

from __future__ import annotations

import uuid
from pathlib import Path

from pydantic import Field

from app.domain.errors import UnreadableMediaError
from app.services.media.ffmpeg_graph import GraphNode, media_input, media_output
from app.services.media.media_facts import MediaFacts
from app.services.operations.operation import (
    MediaOperation,
    MediaSource,
    OperationInput,
    OperationResult,
    OutputFile,
)
from app.services.operations.operation_context import OperationContext


class CaptionInput(OperationInput):
    """Input of `caption`."""

    url_video: MediaSource = Field(description="Address of the video")
    url_srt: MediaSource | None = Field(
        None, description="Address of the subtitles: SubRip, WebVTT or ASS"
    )


async def burn_captions(wanted: CaptionInput, context: OperationContext) -> OperationResult:
    """Burn subtitles into a video; its sound is copied.

    Raises:
        CuestreamError: the video or the subtitles cannot be fetched or read, or ffmpeg failed.
    """
    fetching, encoding = context.steps(1, 9)
    video = await fetching.fetch(wanted.url_video, "video")
    facts = await fetching.facts(video)
    script = context.folder / "captions.ass"
    script.write_bytes(await fetching.fetch_text(wanted.url_srt or "", "captions"))
    output = context.folder / "captioned.mp4"
    encoder = await burn(encoding, video, facts, script, output)
    name = f"{uuid.uuid4()}_captioned.mp4"
    return OperationResult(
        (OutputFile(output, name),), "Caption added successfully", {"encoder": encoder}
    )


async def burn(
    context: OperationContext, video: Path, facts: MediaFacts, script: Path, output: Path
) -> str:
    """Draw an ASS script onto a video; return the encoder's name.

    Raises:
        UnreadableMediaError: the file has no video.
        CuestreamError: ffmpeg failed.
    """
    if facts.video is None:
        raise UnreadableMediaError("The file has no video")

    def build(encoder: dict[str, object]) -> GraphNode:
        source = media_input(video)
        drawn = source["V:0"].filter("ass", filename=str(script))
        sound = [source["a?"]]
        options = {"c:a": "copy", "movflags": "+faststart"}
        return media_output(output, drawn, *sound, **encoder, **options)

    return await context.encode(build, output, facts.duration_ms, copied_bytes=facts.size_bytes)


CAPTION = MediaOperation(
    name="caption",
    summary="Burn subtitles into a video",
    input=CaptionInput,
    run=burn_captions,
    required=(("url_video",), ("url_srt",)),
    example={
        "url_video": "https://example.com/talk.mp4",
        "url_srt": "https://example.com/talk.srt",
    },
)
