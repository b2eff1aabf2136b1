"""Clips in one shape, with sound that has no gap at a join."""

from __future__ import annotations

from pathlib import Path

import ffmpeg

from app.domain.errors import UnreadableMediaError
from app.services.media.ffmpeg_graph import GraphNode, media_input, media_output
from app.services.media.media_facts import MediaFacts
from app.services.media.picture_graph import video_of
from app.services.operations.clip_graphs import (
    SOUND_BYTES_PER_S,
    SOUND_HZ,
    ClipShape,
    exact_frames,
    frames_in,
    in_frame,
    shown_picture,
    stereo_sound,
)
from app.services.operations.operation_context import OperationContext


async def uniform_clip(
    context: OperationContext,
    clip: tuple[Path, MediaFacts],
    shape: ClipShape,
    output: Path,
    *,
    sound: bool,
    frames: int | None = None,
) -> tuple[str, int]:
    """Encode a clip in a shape; return the encoder's name and how many frames it has.

    Args:
        context: of this step.
        clip: file and what it holds.
        shape: to give it.
        output: QuickTime file to write, whose sound is PCM so that joins have no gap.
        sound: whether it has sound; silence where the clip has none.
        frames: to stop at; None for all of it.

    Raises:
        UnreadableMediaError: it has no video, or is shorter than a frame.
    """
    path, facts = clip
    video = video_of(facts)
    length_ms = facts.duration_ms if sound else video.duration_ms or facts.duration_ms
    count = frames_in(length_ms, shape.rate) if frames is None else frames
    if count < 1:
        raise UnreadableMediaError("The clip has no length")
    made_ms = round(1000 * count / shape.rate)
    samples = round(count * SOUND_HZ / shape.rate)

    def build(encoder: dict[str, object]) -> GraphNode:
        source = media_input(path)
        picture = in_frame(shown_picture(source, video), shape)
        streams = [exact_frames(picture, shape.rate, count)]
        if sound:
            streams.append(_exact_sound(source, facts, samples))
        options = {**encoder, "c:a": "pcm_s16le", "video_track_timescale": 90_000}
        return media_output(output, *streams, **options)

    copied = made_ms * SOUND_BYTES_PER_S // 1000 if sound else 0
    encoder = await context.encode(build, output, made_ms, copied_bytes=copied)
    return encoder, count


def _exact_sound(source: GraphNode, facts: MediaFacts, samples: int) -> GraphNode:
    if not facts.sounds:
        silence = ffmpeg.input(f"anullsrc=r={SOUND_HZ}:cl=stereo", format="lavfi")
        return silence.filter("atrim", end_sample=samples)
    track = source[str(facts.sounds[0].index)]
    steady = track.filter("aresample", SOUND_HZ, **{"async": 1, "first_pts": 0})
    return (
        stereo_sound(steady, facts.sounds[0].channels)
        .filter("apad")
        .filter("atrim", end_sample=samples)
    )
