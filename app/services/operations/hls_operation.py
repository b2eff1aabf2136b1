"""`hls`: a video as segments with a playlist, and its subtitles as WebVTT beside it.

The playlist is stored once its first segment is there and written again with each further one, so a
player starts long before the whole is packaged.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import Field

from app.domain.errors import FfmpegError, UnreadableMediaError
from app.domain.media import SubtitleTrack
from app.domain.profile import DEFAULT_PROFILE
from app.services.captions.parse import parse_bounded
from app.services.files.result_file import PLAYLIST_TYPE, FileLink, NewFile
from app.services.media.ffmpeg_graph import GraphNode, media_input, media_output
from app.services.media.loudness import LOUDEST_LUFS, QUIETEST_LUFS
from app.services.media.media_facts import MediaFacts, start_ms
from app.services.media.subtitle_probe import listed_subtitles
from app.services.media.subtitle_text import subtitle_text, text_format
from app.services.operations.audio_operations import DEFAULT_KBPS, normalized_tracks
from app.services.operations.hls_playlists import (
    HlsSegment,
    HlsSubtitles,
    listed_segments,
    master_playlist,
    media_playlist,
    timed_vtt,
)
from app.services.operations.mux_operation import MOST_TRACKS
from app.services.operations.operation import (
    MediaOperation,
    MediaSource,
    OperationInput,
    OperationResult,
)
from app.services.operations.operation_context import OperationContext
from app.services.operations.soft_subtitles import SoftFile, SoftTrack, soft_file
from app.services.render.formats import render_bounded
from app.services.stages.caption_cues import caption_cues
from app.system.thread_groups import DISK
from app.system.workdir import storage_errors

_PUBLISH_S = 0.1
_SEGMENT_TYPE = "video/mp2t"
_VTT_TYPE = "text/vtt; charset=utf-8"


class HlsInput(OperationInput):
    """Input of `hls`."""

    url_video: MediaSource = Field(description="Address of the video")
    tracks: list[SoftTrack] | None = Field(
        None, max_length=MOST_TRACKS, description="Subtitles beside those that the video has"
    )
    segment_s: float = Field(4, ge=1, le=20, description="Length of a segment in seconds")
    keep_tracks: bool = Field(True, description="Whether text tracks of the video are offered")
    loudness: float | None = Field(
        None, ge=QUIETEST_LUFS, le=LOUDEST_LUFS, description="Loudness of the sound in LUFS"
    )


@dataclass(frozen=True, slots=True)
class _Text:
    """Subtitles as WebVTT with times from the start of the media."""

    vtt: str
    track: SubtitleTrack


@dataclass(slots=True)
class _Stream:
    """What is stored of a video so far.

    Attributes:
        context: of the operation.
        folder: where ffmpeg writes.
        texts: renditions of subtitles.
        size: of the picture; None without one.
        segments: stored ones, in order.
        playlist: link to the media playlist.
        master: link to the master playlist.
        subtitles: stored renditions.
        length_s: of the media.
    """

    context: OperationContext
    folder: Path
    texts: list[_Text]
    size: tuple[int, int] | None
    segments: list[HlsSegment] = field(default_factory=list)
    playlist: FileLink | None = None
    master: FileLink | None = None
    subtitles: list[HlsSubtitles] = field(default_factory=list)
    length_s: float = 0.0

    @property
    def index(self) -> Path:
        """The playlist that ffmpeg writes."""
        return self.folder / "index.m3u8"

    async def publish(self, *, ended: bool = False) -> None:
        """Store the segments that have come since, and the playlists that name them.

        Raises:
            StorageError, ObjectStoreError: they cannot be stored.
        """
        with storage_errors():
            listed = listed_segments(await DISK.run(_read, self.index))
        new = listed[len(self.segments) :]
        for each in new:
            path = self.folder / each.url
            name = f"segment_{len(self.segments):05}.ts"
            link = await self.context.deliver(NewFile(name, path, _SEGMENT_TYPE))
            size = link.file.size_bytes
            self.segments.append(replace(each, url=link.url, size_bytes=size))
            if len(self.segments) == 1:
                await self._begin(path)
            with storage_errors():
                await DISK.run(path.unlink)
        if self.segments and (new or ended):
            text = media_playlist(self.segments, ended=ended)
            self.playlist = await self._playlist("stream.m3u8", text, self.playlist)
            if ended or self.master is None:
                await self._write_master()

    async def _begin(self, first: Path) -> None:
        """Store the subtitles, whose clock is that of the first segment."""
        start_s = await start_ms(first) / 1000
        for number, text in enumerate(self.texts):
            content = timed_vtt(text.vtt, start_s).encode()
            name = f"subtitles_{number}.vtt"
            link = await self.context.deliver(NewFile(name, content, _VTT_TYPE))
            length_s = max(1.0, self.length_s)
            listed = media_playlist([HlsSegment(length_s, link.url)], ended=True)
            playlist = await self._playlist(f"subtitles_{number}.m3u8", listed, None)
            self.subtitles.append(HlsSubtitles(playlist.url, text.track))

    async def _write_master(self) -> None:
        if self.playlist is None:
            raise FfmpegError("FFmpeg produced empty output")
        text = master_playlist(self.playlist.url, self.segments, self.size, self.subtitles)
        self.master = await self._playlist("master.m3u8", text, self.master)
        self.context.ready["playlist_url"] = self.master.url

    async def _playlist(self, name: str, text: str, earlier: FileLink | None) -> FileLink:
        replaces = None if earlier is None else earlier.file
        file = NewFile(name, text.encode(), PLAYLIST_TYPE, replaces=replaces)
        link = await self.context.deliver(file)
        # The first link stays the address, though each state has a link of its own.
        return link if earlier is None else replace(earlier, file=link.file)


async def package_hls(wanted: HlsInput, context: OperationContext) -> OperationResult:
    """Cut a video into segments of HLS; H.264 with AAC is copied.

    Raises:
        CuestreamError: the video or subtitles cannot be fetched or read, stored, or ffmpeg failed.
    """
    fetching, packaging = context.steps(2, 8)
    path = await fetching.fetch(wanted.url_video, "video")
    facts = await fetching.facts(path)
    if facts.video is None and not facts.audio:
        raise UnreadableMediaError("The file has neither video nor sound")
    texts, notices = await _texts(wanted, path, fetching)
    folder = context.folder / "hls"
    folder.mkdir()
    size = facts.video.shown_size if facts.video is not None else None
    stream = _Stream(packaging, folder, texts, size, length_s=facts.duration_ms / 1000)
    encoder = await _packaged(wanted, path, facts, stream)
    await stream.publish(ended=True)
    if stream.master is None:
        raise FfmpegError("FFmpeg produced empty output")
    fields: dict[str, object] = {
        "playlist_url": stream.master.url,
        "expires_at": stream.master.expires_at_s,
        "segments": len(stream.segments),
        "duration": sum(each.duration_s for each in stream.segments),
        "encoder": encoder,
        "subtitles": [
            {
                "language": None if each.track.language == "und" else each.track.language,
                "title": each.track.title,
                "default": each.track.default,
                "forced": each.track.role == "forced",
            }
            for each in stream.subtitles
        ],
    }
    return OperationResult((), "Video packaged successfully", fields, notices=notices)


async def _packaged(wanted: HlsInput, path: Path, facts: MediaFacts, stream: _Stream) -> str:
    """Run ffmpeg and store what it has written meanwhile; return the encoder's name."""
    context, source = stream.context, media_input(path)
    video = facts.video
    copied = video is None or (video.codec == "h264" and video.pixel_format == "yuv420p")
    sound: list[GraphNode] = [source["a:0"]] if facts.audio else []
    sound_copied = all(each.codec == "aac" for each in facts.audio[:1])
    if wanted.loudness is not None and facts.audio:
        first = replace(facts, audio=facts.audio[:1])
        sound = [(await normalized_tracks(context, path, first, wanted.loudness))[0][0]]
        sound_copied = False
    options = _muxing(wanted, stream)
    options |= (
        {"c:a": "copy"} if sound_copied else {"c:a": "aac", "b:a": f"{DEFAULT_KBPS}k", "ac": 2}
    )

    def build(encoder: dict[str, object]) -> GraphNode:
        if video is None:
            return media_output(stream.index, *sound, **options)
        picture = source["V:0"]
        if copied:
            return media_output(stream.index, picture, *sound, **{"c:v": "copy"}, **options)
        even = picture.filter("scale", "trunc(iw/2)*2", "trunc(ih/2)*2")
        keys = f"expr:gte(t,n_forced*{wanted.segment_s})"
        return media_output(stream.index, even, *sound, **encoder, **options, force_key_frames=keys)

    length_ms, room = facts.duration_ms, facts.size_bytes
    if copied:
        work = context.run(build({}), stream.index, length_ms, copied_bytes=room)
        await _following(asyncio.ensure_future(work), stream)
        return "copy"
    encoding = asyncio.ensure_future(
        context.encode(build, stream.index, length_ms, copied_bytes=room)
    )
    await _following(encoding, stream)
    return encoding.result()


async def _following(work: asyncio.Future[str] | asyncio.Future[None], stream: _Stream) -> None:
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


def _muxing(wanted: HlsInput, stream: _Stream) -> dict[str, object]:
    return {
        "format": "hls",
        "hls_time": wanted.segment_s,
        "hls_list_size": 0,
        "hls_segment_type": "mpegts",
        "hls_flags": "temp_file+independent_segments",
        "hls_segment_filename": str(stream.folder / "s%05d.ts"),
        "map_metadata": -1,
    }


async def _texts(
    wanted: HlsInput, path: Path, context: OperationContext
) -> tuple[list[_Text], tuple[tuple[str, str], ...]]:
    """Return the subtitles of the video and of the request, with notices of what is left out."""
    texts: list[_Text] = []
    notices: list[tuple[str, str]] = []
    own = (await listed_subtitles(path)).subtitles if wanted.keep_tracks else ()
    for track in own:
        if track.form != "text" or len(texts) >= MOST_TRACKS:
            text = f"HLS cannot hold this subtitle track of the video: {track.summary}"
            notices.append(("subtitle_tracks_dropped", text))
            continue
        data = await subtitle_text(path, track)
        texts.append(_Text(await _vtt(data, text_format(track), track.language), track))
    for number, asked in enumerate(wanted.tracks or ()):
        file = await soft_file(asked, number, context, keeps_style=False)
        with storage_errors():
            data = await DISK.run(file.path.read_bytes)
        texts.append(_Text(await _vtt(data, "srt", file.language), _track_of(file, len(texts))))
        notices += file.notices
    return texts, tuple(notices)


async def _vtt(data: bytes, name: str, language: str) -> str:
    captions = await parse_bounded(data, name, language, "manual")
    cues = [cue async for cue in caption_cues(captions, DEFAULT_PROFILE)]
    return await render_bounded(cues, "vtt", DEFAULT_PROFILE, captions.language)


def _track_of(file: SoftFile, index: int) -> SubtitleTrack:
    asked = file.track
    role = "forced" if asked.forced else "hearing_impaired" if asked.hearing_impaired else "full"
    return SubtitleTrack(index, file.language, file.title, role, asked.default, file.demuxer)


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


HLS = MediaOperation(
    name="hls",
    summary="Package a video for streaming",
    input=HlsInput,
    run=package_hls,
    required=(("url_video",),),
    example={
        "url_video": "https://example.com/film.mp4",
        "tracks": [{"url_srt": "https://example.com/film.en.srt", "language": "en"}],
    },
)
