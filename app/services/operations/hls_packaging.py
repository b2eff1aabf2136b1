"""A video cut into segments of HLS by ffmpeg, which are stored while it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.errors import UnreadableMediaError
from app.domain.media import AudioTrack
from app.services.media.ffmpeg_graph import GraphNode, media_input, media_output
from app.services.media.media_facts import MediaFacts, VideoStream
from app.services.media.picture_graph import even_sides, usual_picture, video_of
from app.services.media.subtitle_probe import listed_subtitles
from app.services.operations.audio_kinds import DEFAULT_KBPS
from app.services.operations.hls_stream import GrowingPlaylist, HlsStream
from app.services.operations.hls_texts import HlsText, own_texts
from app.services.operations.operation_context import OperationContext
from app.services.operations.sound_loudness import normalized_tracks

_PUBLISH_S = 0.1
_MOST_SOUNDS = 16
_OFFSET_S = 1
"""Where the stream's clock begins. The first frames of a picture are decoded ahead of time 0, and
the muxer moves a playlist by as much as it takes to have no time below 0: each by its own. With
this none is moved, so that picture, sounds and subtitles share a clock."""


@dataclass(frozen=True, slots=True)
class HlsPlan:
    """How a video is packaged.

    Attributes:
        path: of the video.
        facts: of it.
        segment_s: length of a segment.
        keeps_texts: whether its own text tracks are offered.
        target_lufs: loudness of the sound; None to leave it.
        tells_early: see `HlsStream`.
    """

    path: Path
    facts: MediaFacts
    segment_s: float = 4
    keeps_texts: bool = True
    target_lufs: float | None = None
    tells_early: bool = True


@dataclass(frozen=True, slots=True)
class Packaged:
    """A packaged video.

    Attributes:
        fields: of its report: ``playlist_url`` and others.
        notices: code and message of what is left out.
    """

    fields: dict[str, object]
    notices: tuple[tuple[str, str], ...]


async def package(plan: HlsPlan, added: Sequence[HlsText], context: OperationContext) -> Packaged:
    """Cut a video into segments; H.264 that shows as it is, and AAC, are copied.

    Args:
        plan: what is packaged.
        added: subtitles beside those that the video has.
        context: of the step.

    Raises:
        UnreadableMediaError: the file has neither video nor sound.
        CuestreamError: it cannot be read or stored, or ffmpeg failed.
    """
    facts = plan.facts
    if facts.video is None and not facts.audio:
        raise UnreadableMediaError("The file has neither video nor sound")
    if facts.video is not None:
        video_of(facts)
    found = await listed_subtitles(plan.path)
    texts, notices = await own_texts(plan.path, found.subtitles if plan.keeps_texts else ())
    offered = [track for track in found.audio if track.decodable][:_MOST_SOUNDS]
    if lost := len(found.audio) - len(offered):
        notices.append(("sounds_dropped", f"{lost} audio tracks of the video are left out"))
    stream = _stream(plan, offered, [*texts, *added], context)
    encoder = await _written(plan, offered, stream)
    await stream.publish(ended=True)
    return Packaged({**stream.fields(), "encoder": encoder}, tuple(notices))


def _stream(
    plan: HlsPlan,
    tracks: Sequence[AudioTrack],
    texts: Sequence[HlsText],
    context: OperationContext,
) -> HlsStream:
    folder = context.folder / f"{plan.path.name}.hls"
    folder.mkdir()
    video = plan.facts.video

    def playlist(name: str) -> GrowingPlaylist:
        return GrowingPlaylist(context, folder / f"{name}.m3u8", name)

    return HlsStream(
        context,
        plan.path,
        playlist("segment"),
        [(track, playlist(f"audio_{number}")) for number, track in enumerate(tracks[1:], 1)],
        tracks[0] if tracks else None,
        texts,
        video.shown_size if video is not None else None,
        plan.facts.duration_ms / 1000,
        plan.tells_early,
    )


async def _written(plan: HlsPlan, tracks: Sequence[AudioTrack], stream: HlsStream) -> str:
    """Run ffmpeg and store what it has written meanwhile; return the encoder's name."""
    context, facts, video = stream.context, plan.facts, plan.facts.video
    source = media_input(plan.path)
    sounds = await _sounds(plan, tracks, context)
    is_copied = video is None or _is_copied(video)

    def build(encoder: dict[str, object]) -> list[GraphNode]:
        first = [node for node, _ in sounds[:1]]
        options = {**(sounds[0][1] if sounds else {}), **_muxing(plan, stream.main)}
        if video is not None and is_copied:
            options["c:v"] = "copy"
        elif video is not None:
            options |= {**encoder, "force_key_frames": f"expr:gte(t,n_forced*{plan.segment_s})"}
        picture = [] if video is None else [_picture(source, video, is_copied)]
        main = media_output(stream.main.index, *picture, *first, **options)
        return [
            main,
            *(
                media_output(playlist.index, node, **{**codec, **_muxing(plan, playlist)})
                for (_, playlist), (node, codec) in zip(stream.sounds, sounds[1:], strict=True)
            ),
        ]

    output, length_ms, room = stream.main.index, facts.duration_ms, facts.size_bytes
    if is_copied:
        work = context.run(build({}), output, length_ms, copied_bytes=room)
        await _following(asyncio.ensure_future(work), stream)
        return "copy"
    encoding = asyncio.ensure_future(context.encode(build, output, length_ms, copied_bytes=room))
    await _following(encoding, stream)
    return encoding.result()


def _is_copied(video: VideoStream) -> bool:
    """Whether every player shows a picture as it is: a transport stream cannot say it is turned."""
    plain = video.codec == "h264" and video.pixel_format in ("yuv420p", "yuvj420p")
    shown = not (video.rotation or video.is_hdr or video.is_interlaced)
    return plain and shown


def _picture(source: GraphNode, video: VideoStream, is_copied: bool) -> GraphNode:
    picture = source["V:0"]
    if is_copied:
        return picture
    return even_sides(usual_picture(picture, video))


async def _sounds(
    plan: HlsPlan, tracks: Sequence[AudioTrack], context: OperationContext
) -> list[tuple[GraphNode, dict[str, object]]]:
    """Return each sound with the options of its output."""
    encoded: dict[str, object] = {"c:a": "aac", "b:a": f"{DEFAULT_KBPS}k", "ac": 2}
    if plan.target_lufs is not None and tracks:
        heard = await normalized_tracks(context, plan.path, plan.facts, plan.target_lufs)
        return [(node, encoded) for (node, _), _ in zip(heard, tracks, strict=False)]
    source = media_input(plan.path)
    return [
        (source[f"a:{each.index}"], {"c:a": "copy"} if each.codec == "aac" else encoded)
        for each in tracks
    ]


async def _following(work: asyncio.Future[str] | asyncio.Future[None], stream: HlsStream) -> None:
    """Store what is there until the work has ended; its error is raised."""
    try:
        while not work.done():
            await asyncio.wait([work], timeout=_PUBLISH_S)
            if not work.done():
                await stream.publish()
        await work
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


def _muxing(plan: HlsPlan, playlist: GrowingPlaylist) -> dict[str, object]:
    return {
        "format": "hls",
        "hls_time": plan.segment_s,
        "hls_list_size": 0,
        "hls_segment_type": "mpegts",
        "hls_flags": "temp_file+independent_segments",
        "hls_segment_filename": str(playlist.index.with_name(f"{playlist.name}_%05d.ts")),
        "output_ts_offset": _OFFSET_S,
        "map_metadata": -1,
    }
