"""Uniform clips written one after another, and a picture written with another sound."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.services.media.ffmpeg_command import DEMUXERS
from app.services.media.ffmpeg_graph import GraphNode, media_input, media_output
from app.services.media.media_facts import MediaFacts
from app.services.media.picture_graph import even_sides, video_of
from app.services.operations.clip_graphs import (
    AAC,
    constant_rate,
    copies_into_mp4,
    exact_frames,
    frames_in,
    shown_picture,
)
from app.services.operations.container_tracks import copied_picture
from app.services.operations.operation_context import OperationContext


def joined_input(folder: Path, names: Sequence[str]) -> GraphNode:
    """Return files of a folder, one after another, as one input; their names are ours."""
    listed = folder / "joined.txt"
    listed.write_text("".join(f"file '{name}'\n" for name in names), encoding="utf-8")
    return media_input(listed, f"concat,{DEMUXERS}", format="concat", safe=1)


async def write_with_sound(
    context: OperationContext,
    clip: tuple[Path, MediaFacts],
    sound: GraphNode,
    output: Path,
    length_ms: int,
) -> str:
    """Write a clip's picture with a sound, as it is where MP4 holds it; return the encoder's name.

    Args:
        context: of this step.
        clip: file with a video, and what it holds.
        sound: the sound, which becomes AAC.
        output: MP4 file to write.
        length_ms: of the picture where it is encoded.
    """
    path, facts = clip
    stream = video_of(facts)
    source = media_input(path)
    if copies_into_mp4(stream):
        options = {**copied_picture(stream, "mp4"), **AAC, "movflags": "+faststart"}
        graph = media_output(output, source[str(stream.index)], sound, **options)
        await context.run(graph, output, length_ms, copied_bytes=facts.size_bytes)
        return "copy"
    rate = constant_rate(stream)
    frames = max(1, frames_in(length_ms, rate))
    picture = even_sides(exact_frames(shown_picture(source, stream), rate, frames))

    def build(encoder: dict[str, object]) -> GraphNode:
        return media_output(output, picture, sound, **encoder, **AAC, movflags="+faststart")

    return await context.encode(build, output, length_ms)


async def write_joined(
    context: OperationContext,
    names: Sequence[str],
    encoders: set[str],
    output: Path,
    length_ms: int,
    sound: Path | None = None,
) -> str:
    """Write uniform clips one after another; return the encoder's name.

    Args:
        context: of this step.
        names: of the clips in its folder.
        encoders: that made them; where they are several, the picture is encoded anew.
        output: MP4 file to write.
        length_ms: of it.
        sound: file whose sound is taken over; None for that of the clips, which becomes AAC.
    """
    source = joined_input(context.folder, names)
    room = size_of(*(context.folder / name for name in names))
    heard: dict[str, object] = {**AAC, "movflags": "+faststart"}
    streams = (source["v:0"], source["a:0"])
    if sound is not None:
        heard = {"c:a": "copy", "movflags": "+faststart"}
        streams = (source["v:0"], media_input(sound)["a:0"])
        room += size_of(sound)
    if len(encoders) == 1:
        graph = media_output(output, *streams, **{"c:v": "copy"}, **heard)
        await context.run(graph, output, length_ms, copied_bytes=room)
        return next(iter(encoders))

    def build(encoder: dict[str, object]) -> GraphNode:
        return media_output(output, *streams, **encoder, **heard)

    return await context.encode(build, output, length_ms, copied_bytes=room)


def size_of(*paths: Path) -> int:
    """Return how many bytes files have together."""
    return sum(path.stat().st_size for path in paths)
