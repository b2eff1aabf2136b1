"""Clips and sounds in the forms in which operations join them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import ffmpeg

from app.domain.errors import EmptyMediaError, UnreadableMediaError
from app.services.media.ffmpeg_command import DEMUXERS
from app.services.media.ffmpeg_graph import GraphNode, media_input, media_output
from app.services.media.integrity import check_file
from app.services.media.media_facts import MediaFacts, VideoStream, media_facts
from app.services.operations.burn_in import even_sides, shown_aspect, tone_mapped
from app.services.operations.operation import MediaSource
from app.services.operations.operation_context import OperationContext

SOUND_HZ = 48_000
_SOUND_BYTES_PER_S = SOUND_HZ * 2 * 2
_USUAL_RATES = (
    *(Fraction(24_000, 1001), Fraction(24), Fraction(25), Fraction(30_000, 1001), Fraction(30)),
    *(Fraction(50), Fraction(60_000, 1001), Fraction(60)),
)
_HIGHEST_RATE = 120
_COPIED = frozenset({"h264", "hevc", "mpeg4", "av1", "vp9"})
"""Codecs of pictures that MP4 holds. Source: MP4 registration authority, codecs."""

AAC: dict[str, object] = {"c:a": "aac", "b:a": "192k"}


@dataclass(frozen=True, slots=True)
class ClipShape:
    """What clips have in common once they are uniform: even sides in pixels, frames per second."""

    width: int
    height: int
    rate: Fraction


def video_of(facts: MediaFacts) -> VideoStream:
    """Return the video of a file.

    Raises:
        UnreadableMediaError: it has none.
    """
    if facts.video is None or not facts.video.width or not facts.video.height:
        raise UnreadableMediaError("The file has no video")
    return facts.video


def constant_rate(video: VideoStream) -> Fraction:
    """Return the constant rate for a video: its own, or the usual one above a varying one."""
    rate = video.frame_rate
    nominal = Fraction(round(rate))
    if nominal and rate in (nominal, nominal * Fraction(1000, 1001)):
        return min(rate, Fraction(_HIGHEST_RATE))
    above = (each for each in _USUAL_RATES if each >= rate - Fraction(1, 10))
    return next(above, _USUAL_RATES[-1])


def copies_into_mp4(video: VideoStream) -> bool:
    """Whether MP4 holds this video as it is."""
    return video.codec in _COPIED


def copied_video(video: VideoStream) -> dict[str, object]:
    """Return the options of an output that takes a video over as it is.

    HEVC has a tag by which all players know it. Source: Apple's HLS authoring specification 1.10.
    """
    tag = {"tag:v": "hvc1"} if video.codec == "hevc" else {}
    return {"c:v": "copy", **tag}


def shown_picture(source: GraphNode, video: VideoStream) -> GraphNode:
    """Return the picture of an input in square pixels and usual brightness; ffmpeg turns it."""
    picture = source[str(video.index)]
    if video.is_hdr:
        picture = tone_mapped(picture)
    aspect = shown_aspect(video)
    if aspect != 1:
        picture = picture.filter("scale", w=f"iw*{aspect}", h="ih").filter("setsar", 1)
    return picture


def in_frame(picture: GraphNode, shape: ClipShape) -> GraphNode:
    """Fit a picture into a frame, between black bars where it has other proportions."""
    scaled = picture.filter(
        "scale",
        w=shape.width,
        h=shape.height,
        force_original_aspect_ratio="decrease",
        flags="bicubic",
    )
    padded = scaled.filter(
        "pad", w=shape.width, h=shape.height, x="(ow-iw)/2", y="(oh-ih)/2", color="black"
    )
    return padded.filter("setsar", 1)


def exact_frames(picture: GraphNode, rate: Fraction, frames: int) -> GraphNode:
    """Give a picture a constant rate and a length to the frame; its last frame stands in."""
    steady = picture.filter("fps", fps=str(rate), start_time=0)
    longer = steady.filter("tpad", stop=-1, stop_mode="clone")
    return longer.filter("trim", end_frame=frames).filter("setpts", "PTS-STARTPTS")


def stereo_sound(track: GraphNode, channels: int) -> GraphNode:
    """Return a sound on two channels; ffmpeg's conversion of one makes it quieter by 3 dB."""
    if channels == 1:
        return track.filter("channelmap", map="0-0|0-1", channel_layout="stereo")
    return track.filter("aformat", channel_layouts="stereo")


def frames_in(length_ms: int, rate: Fraction) -> int:
    """Return how many frames a time has, to the nearest."""
    return round(length_ms * rate / 1000)


async def fetched_clip(
    context: OperationContext, source: MediaSource, name: str
) -> tuple[Path, MediaFacts]:
    """Return a clip and what it holds, its length included.

    Raises:
        UnreadableMediaError: it has no length: one picture, or nothing.
        TruncatedMediaError: it breaks off before its end.
        CuestreamError: it cannot be fetched or read.
    """
    path = await context.fetch(source, name)
    await check_file(path)
    facts = await context.facts(path)
    if facts.duration_ms:
        return path, facts
    # Recorders in browsers write no length; a copy has one.
    copy = context.folder / f"{name}-copy.mkv"
    streams = [facts.video.index] if facts.video else []
    streams += [each.index for each in facts.audio[:1]]
    if not streams:
        raise UnreadableMediaError("This is not audio or video that can be decoded")
    read = media_input(path)
    graph = media_output(copy, *(read[str(index)] for index in streams), c="copy")
    await context.run(graph, copy, 0, copied_bytes=2 * facts.size_bytes)
    facts = await context.facts(copy)
    if not facts.duration_ms:
        raise UnreadableMediaError("The clip has no length")
    return copy, facts


async def fetched_sound(
    context: OperationContext,
    source: MediaSource,
    name: str,
    options: dict[str, object],
    ending: str,
) -> tuple[Path, int]:
    """Return the sound of a file, encoded, and its length in milliseconds.

    What a container says of its length may be a guess, so the sound is measured once it is
    decoded.

    Raises:
        EmptyMediaError: it has no sound, or none of any length.
        CuestreamError: it cannot be fetched, read or encoded.
    """
    path, facts = await fetched_clip(context, source, name)
    if not facts.audio:
        raise EmptyMediaError("The file has no sound")
    output = context.folder / f"{name}{ending}"
    track = media_input(path)[str(facts.audio[0].index)]
    steady = track.filter("aresample", SOUND_HZ, **{"async": 1, "first_pts": 0})
    graph = media_output(output, stereo_sound(steady, facts.audio[0].channels), **options)
    room = facts.duration_ms * _SOUND_BYTES_PER_S // 1000 + facts.size_bytes
    await context.run(graph, output, facts.duration_ms, copied_bytes=room)
    made = await media_facts(output)
    if not made.duration_ms:
        raise EmptyMediaError("The sound has no length")
    told, measured = facts.duration_ms, made.duration_ms
    return output, told if abs(told - measured) <= 100 else measured


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

    copied = made_ms * _SOUND_BYTES_PER_S // 1000 if sound else 0
    encoder = await context.encode(build, output, made_ms, copied_bytes=copied)
    return encoder, count


def _exact_sound(source: GraphNode, facts: MediaFacts, samples: int) -> GraphNode:
    if not facts.audio:
        silence = ffmpeg.input(f"anullsrc=r={SOUND_HZ}:cl=stereo", format="lavfi")
        return silence.filter("atrim", end_sample=samples)
    track = source[str(facts.audio[0].index)]
    steady = track.filter("aresample", SOUND_HZ, **{"async": 1, "first_pts": 0})
    return (
        stereo_sound(steady, facts.audio[0].channels)
        .filter("apad")
        .filter("atrim", end_sample=samples)
    )


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
        options = {**copied_video(stream), **AAC, "movflags": "+faststart"}
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
