"""A stream of HLS that grows: its segments are stored as they come, its playlists written again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.domain.errors import FfmpegError
from app.domain.media import AudioTrack
from app.services.files.result_file import PLAYLIST_TYPE, FileLink, NewFile
from app.services.media.media_facts import picture_delay_ms, start_ms
from app.services.operations.hls_playlists import (
    HlsSegment,
    HlsSound,
    HlsSubtitles,
    listed_segments,
    master_playlist,
    media_playlist,
    timed_vtt,
    whole_segments,
)
from app.services.operations.hls_texts import HlsText
from app.services.operations.operation_context import OperationContext
from app.system.thread_groups import DISK
from app.system.workdir import storage_errors

_SEGMENT_TYPE = "video/mp2t"
_VTT_TYPE = "text/vtt; charset=utf-8"


@dataclass(slots=True)
class GrowingPlaylist:
    """A media playlist that ffmpeg writes, as it is stored so far.

    Attributes:
        context: of the operation.
        index: the playlist that ffmpeg writes; its segments lie beside it.
        name: of its files, for the client.
        segments: stored ones, in order.
        link: to the playlist.
        start_s: when its first segment's picture begins on its own clock.
    """

    context: OperationContext
    index: Path
    name: str
    segments: list[HlsSegment] = field(default_factory=list)
    link: FileLink | None = None
    start_s: float = 0.0

    async def publish(self, *, ended: bool) -> bool:
        """Store the segments that have come since, and the playlist; return whether any came.

        Raises:
            StorageError, ObjectStoreError: they cannot be stored.
        """
        with storage_errors():
            text = await DISK.run(_read, self.index)
        listed = listed_segments(text) if ended else whole_segments(text)
        new = listed[len(self.segments) :]
        for each in new:
            path = self.index.with_name(each.url)
            if not self.segments:
                self.start_s = await start_ms(path) / 1000
            name = f"{self.name}_{len(self.segments):05}.ts"
            link = await self.context.deliver(NewFile(name, path, _SEGMENT_TYPE))
            size = link.file.size_bytes
            self.segments.append(replace(each, url=link.url, size_bytes=size))
            with storage_errors():
                await DISK.run(path.unlink)
        if self.segments and (new or ended):
            playlist = media_playlist(self.segments, ended=ended)
            name = f"{self.name}.m3u8"
            self.link = await stored_playlist(self.context, name, playlist, self.link)
        return bool(new)


@dataclass(slots=True)
class HlsStream:
    """What is stored of a video so far.

    Attributes:
        context: of the operation.
        source: the video.
        main: the picture with its first sound, or the sound alone.
        sounds: further sound tracks, each with a playlist of its own.
        first_sound: the track in the main playlist; None where there is none.
        texts: renditions of subtitles.
        size: of the picture; None without one.
        length_s: of the media.
        tells_early: whether the progress has the master playlist's address.
        master: link to the master playlist.
        subtitles: stored renditions.
    """

    context: OperationContext
    source: Path
    main: GrowingPlaylist
    sounds: Sequence[tuple[AudioTrack, GrowingPlaylist]]
    first_sound: AudioTrack | None
    texts: Sequence[HlsText]
    size: tuple[int, int] | None
    length_s: float
    tells_early: bool = True
    master: FileLink | None = None
    subtitles: list[HlsSubtitles] = field(default_factory=list)

    async def publish(self, *, ended: bool = False) -> None:
        """Store what has come since: segments, and the playlists that name them.

        Raises:
            FfmpegError: at the end there is a track without a segment.
            StorageError, ObjectStoreError: they cannot be stored.
        """
        if await self.main.publish(ended=ended) and not self.subtitles:
            await self._write_subtitles()
        for _, playlist in self.sounds:
            await playlist.publish(ended=ended)
        links = [self.main.link, *(playlist.link for _, playlist in self.sounds)]
        if ended and None in links:
            raise FfmpegError("FFmpeg produced empty output")
        if ended or (self.master is None and None not in links):
            await self._write_master()

    def fields(self) -> dict[str, object]:
        """Return the report of the stream, without its address.

        Raises:
            FfmpegError: nothing of it is stored.
        """
        if self.master is None:
            raise FfmpegError("FFmpeg produced empty output")
        return {
            "playlist_url": self.master.url,
            "expires_at": self.master.expires_at_s,
            "segments": len(self.main.segments),
            "duration": sum(each.duration_s for each in self.main.segments),
            "audio": [_sound_payload(each) for each in self._sound_tracks()],
            "subtitles": [_text_payload(each) for each in self.subtitles],
        }

    def _sound_tracks(self) -> list[AudioTrack]:
        first = [] if self.first_sound is None else [self.first_sound]
        return [*first, *(track for track, _ in self.sounds)]

    async def _write_subtitles(self) -> None:
        """Store the subtitles, whose clock is that of the first segment."""
        start_s = self.main.start_s - await picture_delay_ms(self.source) / 1000
        for number, text in enumerate(self.texts):
            content = timed_vtt(text.vtt, start_s).encode()
            link = await self.context.deliver(
                NewFile(f"subtitles_{number}.vtt", content, _VTT_TYPE)
            )
            listed = media_playlist([HlsSegment(max(1.0, self.length_s), link.url)], ended=True)
            name = f"subtitles_{number}.m3u8"
            playlist = await stored_playlist(self.context, name, listed, None)
            self.subtitles.append(HlsSubtitles(playlist.url, text.track))

    async def _write_master(self) -> None:
        if self.main.link is None:
            raise FfmpegError("FFmpeg produced empty output")
        text = master_playlist(
            self.main.link.url, self.main.segments, self.size, self.subtitles, self._listed_sounds()
        )
        self.master = await stored_playlist(self.context, "master.m3u8", text, self.master)
        if self.tells_early:
            self.context.ready["playlist_url"] = self.master.url

    def _listed_sounds(self) -> list[HlsSound]:
        if self.first_sound is None or not self.sounds:
            return []
        further = [
            HlsSound(track, playlist.link.url, playlist.segments)
            for track, playlist in self.sounds
            if playlist.link is not None
        ]
        return [HlsSound(self.first_sound), *further]


async def stored_playlist(
    context: OperationContext, name: str, text: str, earlier: FileLink | None
) -> FileLink:
    """Store a playlist in place of its earlier state; the first link stays its address.

    Raises:
        StorageError, ObjectStoreError: it cannot be stored.
    """
    replaces = None if earlier is None else earlier.file
    file = NewFile(name, text.encode(), PLAYLIST_TYPE, replaces=replaces)
    link = await context.deliver(file)
    return link if earlier is None else replace(earlier, file=link.file)


def _sound_payload(track: AudioTrack) -> Mapping[str, object]:
    return {
        "language": "/".join(track.languages) or None,
        "title": track.title,
        "default": track.default,
        "channels": track.channels,
    }


def _text_payload(each: HlsSubtitles) -> Mapping[str, object]:
    track = each.track
    return {
        "language": None if track.language == "und" else track.language,
        "title": track.title,
        "default": track.default,
        "forced": track.role == "forced",
    }


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""
