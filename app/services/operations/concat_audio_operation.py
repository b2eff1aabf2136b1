"""`concat_video_audio`: clips in turn for as long as an audio lasts."""

from __future__ import annotations

import uuid
from fractions import Fraction
from pathlib import Path

from pydantic import Field

from app.domain.errors import EmptyMediaError
from app.services.media.media_facts import MediaFacts, media_facts
from app.services.operations.clip_cycle import ClipCycle, clip_cycle
from app.services.operations.clip_graphs import AAC, ClipShape, frames_in
from app.services.operations.concatenate_operation import (
    MOST_CLIPS,
    ClipItem,
    shape_of,
)
from app.services.operations.container_tracks import lost_of_clips, lost_tracks
from app.services.operations.drive_links import download_address
from app.services.operations.fetched_clips import fetched_clips, fetched_sound
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

_USUAL = ClipShape(1920, 1080, Fraction(30))


class ConcatAudioInput(PackagedInput):
    """Input of `concat_video_audio`."""

    video_urls: list[ClipItem | MediaSource] = Field(
        min_length=1, max_length=MOST_CLIPS, description="Addresses of clips in their order"
    )
    audio_url: MediaSource = Field(description="Address of the sound")
    normalize: bool = Field(
        True, description="1920 × 1080 at 30 frames a second; otherwise as the first clip is"
    )

    @property
    def sources(self) -> list[MediaSource]:
        """The clips in their order."""
        return [e.video_url if isinstance(e, ClipItem) else e for e in self.video_urls]

    @property
    def sound(self) -> MediaSource:
        """The sound; links to Google Drive lead to its bytes."""
        audio = self.audio_url
        return download_address(audio) if isinstance(audio, str) else audio


async def concat_video_audio(
    wanted: ConcatAudioInput, context: OperationContext
) -> OperationResult:
    """Show clips in turn while a sound lasts.

    Raises:
        CuestreamError: a clip or the sound cannot be fetched or read, or ffmpeg failed.
    """
    fetching, encoding, joining = context.steps(2, 7, 1)
    sound, sound_ms = await fetched_sound(fetching, wanted.sound, "sound", AAC, ".m4a")
    clips = await fetched_clips(fetching, wanted.sources)
    shape = _USUAL if wanted.normalize else shape_of(clips[0][1])
    frames = frames_in(sound_ms, shape.rate)
    if not frames:
        raise EmptyMediaError("The sound has no length")
    made = _Uniform(encoding, clips, shape)
    cycle = clip_cycle(await made.encode_all(), frames)
    names = [f"clip-{index}.mov" for index in cycle.segments]
    if cycle.last is not None:
        names.append(await made.encode_last(*cycle.last))
    output = context.folder / "filled.mp4"
    encoder = await made.join(joining, names, sound, output, sound_ms)
    return OperationResult(
        (OutputFile(output, f"{uuid.uuid4()}_concat.mp4"),),
        "Videos concatenated with audio successfully",
        {**await _figures(output, cycle, frames, shape, sound_ms), "encoder": encoder},
        notices=await lost_of_clips(clips, lost_tracks),
    )


async def _figures(
    output: Path, cycle: ClipCycle, frames: int, shape: ClipShape, sound_ms: int
) -> dict[str, object]:
    made = await media_facts(output)
    video_ms = round(1000 * frames / shape.rate)
    if made.video is not None and made.video.duration_ms:
        video_ms = made.video.duration_ms
    return {
        "total_segments": cycle.total,
        "full_cycles": cycle.full_cycles,
        "partial_cycle": cycle.is_partial,
        "video_duration": round(video_ms / 1000, 3),
        "audio_duration": round(sound_ms / 1000, 3),
        "duration_diff_ms": abs(video_ms - sound_ms),
    }


class _Uniform:
    """Clips that are made uniform, each once however often it is shown."""

    def __init__(
        self,
        context: OperationContext,
        clips: list[tuple[Path, MediaFacts]],
        shape: ClipShape,
    ) -> None:
        *self._steps, self._last_step = context.steps(*(1.0 for _ in clips), 1.0)
        self._clips = clips
        self._shape = shape
        self._encoders: set[str] = set()

    async def encode_all(self) -> list[int]:
        """Encode every clip; return how many frames each has."""
        counts = []
        for number, (step, clip) in enumerate(zip(self._steps, self._clips, strict=True)):
            output = step.folder / f"clip-{number}.mov"
            encoder, count = await uniform_clip(step, clip, self._shape, output, sound=False)
            self._encoders.add(encoder)
            counts.append(count)
        return counts

    async def encode_last(self, index: int, frames: int) -> str:
        """Encode the first frames of a clip; return the name of the file.

        A copy could end between pictures that need one another.
        """
        step = self._last_step
        output = step.folder / "clip-last.mov"
        encoder, _ = await uniform_clip(
            step, self._clips[index], self._shape, output, sound=False, frames=frames
        )
        self._encoders.add(encoder)
        return output.name

    async def join(
        self, context: OperationContext, names: list[str], sound: Path, output: Path, length_ms: int
    ) -> str:
        """Join files with the sound; return the encoder's name."""
        return await write_joined(context, names, self._encoders, output, length_ms, sound)


CONCAT_VIDEO_AUDIO = MediaOperation(
    name="concat_video_audio",
    summary="Show clips in turn for as long as an audio lasts",
    input=ConcatAudioInput,
    run=concat_video_audio,
    required=(("video_urls",), ("audio_url",)),
    example={
        "video_urls": ["https://example.com/1.mp4", "https://example.com/2.mp4"],
        "audio_url": "https://example.com/voice.mp3",
    },
    joins_path=True,
)
