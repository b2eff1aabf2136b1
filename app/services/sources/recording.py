"""Opener of recordings from a file's bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import AsyncExitStack
from pathlib import Path

from app.services.media.byte_stream import ByteStream, spool
from app.services.media.ffmpeg_command import MendedFile
from app.services.media.ffmpeg_decoder import FfmpegDecoder
from app.services.media.integrity import FileCheck, check_file, check_mended
from app.services.media.media_part import MediaPart, file_parts, mended_part, stream_parts
from app.services.media.mp4_index import StreamLayout
from app.services.media.pcm import GRACE_S, PcmBlock, decode_audio, too_long
from app.services.media.silence import replay, skip_silence
from app.services.media.track_choice import ANY_TRACK, TrackWish
from app.services.sources.opened import OpenedMedia
from app.services.sources.track_selection import (
    TrackSelection,
    select_in_file,
    select_in_stream,
)
from app.system.child_limits import decoder_limits
from app.system.thread_groups import DISK
from app.system.workdir import WorkDir


class RecordingOpener:
    """Opens files and streams, and decodes them up to their first sound.

    Args:
        max_duration_s: longest media.
        workdir: where media is stored that cannot be decoded as it arrives.
    """

    def __init__(self, max_duration_s: int, workdir: WorkDir) -> None:
        self._max_duration_s = max_duration_s
        self._workdir = workdir
        self._limits = decoder_limits(max_duration_s)

    async def stream(
        self, stream: ByteStream, resources: AsyncExitStack, wish: TrackWish = ANY_TRACK
    ) -> OpenedMedia:
        """Open a stream; it is decoded as it arrives wherever the container's layout allows.

        Args:
            stream: the media.
            resources: released when the media is closed.
            wish: which audio track is to be heard.

        Raises:
            MediaError: it cannot become subtitles.
            InvalidAudioTrackError: it has not got the audio track that is wished for.
            StorageError: the disk is full or not writable.
            CuestreamError: the error of the stream.
        """
        if stream.duration_ms is not None:
            self._check_duration(stream.duration_ms)
        stream = await stream.peek()
        if stream.layout is StreamLayout.INDEX_LAST:
            path = self._workdir.new_file(".media")
            resources.callback(path.unlink, missing_ok=True)
            await spool(stream.all_bytes(), path)
            return await self.file(path, resources, wish)
        stream, selection = await select_in_stream(stream, wish)
        chunks = stream.all_bytes()
        resources.push_async_callback(chunks.aclose)
        parts = stream_parts(chunks, stream.length)
        resources.push_async_callback(parts.aclose)
        decoder = self._decoder(parts, selection, wish)
        pcm = decoder.pcm()
        resources.push_async_callback(pcm.aclose)
        opening = await skip_silence(pcm)
        if stream.layout is StreamLayout.FRAGMENTED:
            decoder.report.set_estimate(stream.duration_ms)  # it knew the first fragments alone
        pcm = replay(opening, pcm)
        return self._opened(decoder, pcm, selection, stream.length, stream.duration_ms)

    async def file(
        self, path: Path, resources: AsyncExitStack, wish: TrackWish = ANY_TRACK
    ) -> OpenedMedia:
        """Open a file.

        Args:
            path: the file; it stays where it is.
            resources: released when the media is closed.
            wish: which audio track is to be heard.

        Raises:
            MediaError: it cannot become subtitles.
            InvalidAudioTrackError: it has not got the audio track that is wished for.
            StorageError: it cannot be read.
        """
        parts = await self._parts(path, resources)
        first = parts[0]
        # A part that is written to the decoder is one whose beginning can be read all the same.
        source = path if first.source is None else first.source
        selection = await select_in_file(source, first.head, wish)
        decoder = self._decoder(_each(parts), selection, wish)
        pcm = decoder.pcm()
        resources.push_async_callback(pcm.aclose)
        checked, opening = await asyncio.gather(
            _checked(path, first), skip_silence(pcm), return_exceptions=True
        )
        if isinstance(checked, BaseException):
            raise checked
        if isinstance(opening, BaseException):
            raise opening
        decoder.losses.cut_off = checked.cut_off
        if len(parts) > 1:
            decoder.report.set_estimate(None)  # it knows the first part alone
        else:
            decoder.losses.trailing_bytes = checked.trailing_bytes
            decoder.losses.wrong_sizes |= checked.wrong_sizes
        size = (await DISK.run(path.stat)).st_size
        return self._opened(decoder, replay(opening, pcm), selection, size)

    async def _parts(self, path: Path, resources: AsyncExitStack) -> list[MediaPart]:
        """Return the parts that a file is decoded in."""
        head = self._workdir.new_file(".head")
        resources.callback(head.unlink, missing_ok=True)
        mended = await DISK.run(mended_part, path, head)
        if mended is not None:
            return [mended]
        head.unlink(missing_ok=True)
        return await file_parts(path)

    def _decoder(
        self, parts: AsyncIterator[MediaPart], selection: TrackSelection, wish: TrackWish
    ) -> FfmpegDecoder:
        return FfmpegDecoder(
            parts,
            self._limits,
            selection.heard.index,
            selection.channel,
            shot_changes=wish.shot_changes,
        )

    def _opened(
        self,
        decoder: FfmpegDecoder,
        pcm: AsyncGenerator[PcmBlock, None],
        selection: TrackSelection,
        size: int | None,
        stated_ms: int | None = None,
    ) -> OpenedMedia:
        report = decoder.report
        duration_ms = report.duration_ms
        if duration_ms is not None and not report.estimated:
            self._check_duration(duration_ms)
        if duration_ms is None:
            duration_ms = stated_ms or _estimated_ms(size, report.bit_rate_kbps)
        return OpenedMedia(
            duration_ms,
            decode_audio(pcm, self._max_duration_s),
            gap_ms=lambda: decoder.timed.gap_ms,
            heard=selection.heard,
            notices=lambda: (*selection.notices, *decoder.losses.notices(selection.channel)),
            lost_ms=lambda: decoder.losses.lost_ms,
            video=lambda: decoder.video,
        )

    def _check_duration(self, duration_ms: int) -> None:
        if duration_ms > (self._max_duration_s + GRACE_S) * 1000:
            raise too_long(self._max_duration_s)


def _estimated_ms(length: int | None, kbps: int | None) -> int | None:
    return length * 8 // kbps if length and kbps else None


async def _checked(path: Path, part: MediaPart) -> FileCheck:
    if isinstance(part.source, MendedFile):
        return await check_mended(part.source)
    return await check_file(path)


async def _each(parts: Iterable[MediaPart]) -> AsyncGenerator[MediaPart, None]:
    for part in parts:
        yield part
