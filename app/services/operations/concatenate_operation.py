"""`concatenate`: clips one after another, made uniform first."""

from __future__ import annotations

import uuid

from pydantic import BaseModel, ConfigDict, Field

from app.services.media.media_facts import MediaFacts
from app.services.media.picture_graph import shown_size, video_of
from app.services.operations.clip_graphs import ClipShape, constant_rate
from app.services.operations.container_tracks import lost_behind_first, lost_of_clips
from app.services.operations.fetched_clips import fetched_clips
from app.services.operations.joined_clips import write_joined
from app.services.operations.operation import (
    MediaOperation,
    MediaSource,
    OperationResult,
    OutputFile,
    PackagedInput,
)
from app.services.operations.operation_context import OperationContext
from app.services.operations.uniform_clips import uniform_clip

MOST_CLIPS = 50


class ClipItem(BaseModel):
    """A clip of a list."""

    model_config = ConfigDict(extra="ignore", arbitrary_types_allowed=True)

    video_url: MediaSource = Field(description="Address of the clip")


class ConcatenateInput(PackagedInput):
    """Input of `concatenate`."""

    video_urls: list[ClipItem | MediaSource] = Field(
        min_length=2, max_length=MOST_CLIPS, description="Clips in their order, as `{video_url}`"
    )

    @property
    def sources(self) -> list[MediaSource]:
        """The clips in their order."""
        return [e.video_url if isinstance(e, ClipItem) else e for e in self.video_urls]


async def concatenate(wanted: ConcatenateInput, context: OperationContext) -> OperationResult:
    """Join clips; the first one decides on size and frame rate, and silence fills missing sound.

    Raises:
        CuestreamError: a clip cannot be fetched or read, or ffmpeg failed.
    """
    fetching, encoding, joining = context.steps(2, 7, 1)
    clips = await fetched_clips(fetching, wanted.sources)
    context.check_length(sum(facts.duration_ms for _, facts in clips))
    shape = shape_of(clips[0][1])
    names: list[str] = []
    encoders: set[str] = set()
    length_ms = 0
    for step, clip in zip(encoding.steps(*(1.0 for _ in clips)), clips, strict=True):
        name = f"clip-{len(names)}.mov"
        made = await uniform_clip(step, clip, shape, context.folder / name, sound=True)
        encoders.add(made[0])
        names.append(name)
        length_ms += round(1000 * made[1] / shape.rate)
    output = context.folder / "joined.mp4"
    encoder = await write_joined(joining, names, encoders, output, length_ms)
    return OperationResult(
        (OutputFile(output, f"{uuid.uuid4()}_concatenated.mp4"),),
        "Videos concatenated successfully",
        {"video_count": len(clips), "encoder": encoder},
        notices=await lost_of_clips(clips, lost_behind_first),
    )


def shape_of(facts: MediaFacts) -> ClipShape:
    """Return the shape of a clip as it is shown, with even sides."""
    width, height = shown_size(facts)
    return ClipShape(width + width % 2, height + height % 2, constant_rate(video_of(facts)))


CONCATENATE = MediaOperation(
    name="concatenate",
    summary="Join clips",
    input=ConcatenateInput,
    run=concatenate,
    required=(("video_urls",),),
    example={
        "video_urls": [
            {"video_url": "https://example.com/1.mp4"},
            {"video_url": "https://example.com/2.mp4"},
        ]
    },
    joins_path=True,
)
