"""Audio decoder: an ffmpeg subprocess for each part of one input."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress

from app.domain.time import Span, samples_to_ms
from app.domain.video_timing import VideoTiming
from app.services.media.channel_layout import ChannelLayout
from app.services.media.decoded_packets import DecodedPackets, Packet
from app.services.media.downmix import Downmix
from app.services.media.ffmpeg_command import decode_command, has_no_clock, is_transport_stream
from app.services.media.ffmpeg_log import FfmpegReport
from app.services.media.id3_tag import without_tags
from app.services.media.integrity import tolerance_ms, truncated_error
from app.services.media.media_part import MediaPart
from app.services.media.pcm import PcmBlock
from app.services.media.sound_losses import SoundLosses
from app.services.media.timed_pcm import TimedPcm
from app.system.child_limits import ChildLimits
from app.system.subprocesses import Subprocess, running

_HEADER_S = 5.0
"""How long to wait for the log after samples came. It is written before them."""

_DAMAGES = 3
"""Messages about damage from which an end that is missing counts as damaged: where the media is
cut off, its last packet alone cannot be decoded."""


class FfmpegDecoder:
    """Decodes the parts of one input, one after the other.

    Args:
        parts: of the input, one at least.
        limits: of each ffmpeg.
        track: index of the audio track.
        channel: channel to hear where two hold different programmes.
        shot_changes: whether the shot changes of the picture are looked for.

    Attributes:
        report: properties of the first part by ffmpeg's log; complete once the first PCM came.
        timed: the timeline of all parts, which counts the gaps.
        losses: what could not be decoded so far.
    """

    def __init__(
        self,
        parts: AsyncIterator[MediaPart],
        limits: ChildLimits,
        track: int = 0,
        channel: int = 0,
        *,
        shot_changes: bool = False,
    ) -> None:
        self.report = FfmpegReport()
        self.timed = TimedPcm()
        self.losses = SoundLosses()
        self._parts = parts
        self._limits = limits
        self._track = track
        self._channel = channel
        self._looks_for_shots = shot_changes
        self._shots: list[tuple[int, FfmpegReport]] = []

    @property
    def video(self) -> VideoTiming:
        """Frame rate of the picture and its shot changes so far, in the time of the recording."""
        cuts = {
            start_ms + cut_ms
            for start_ms, report in self._shots
            for cut_ms in report.shot_changes_ms
        }
        return VideoTiming(self.report.frames_per_s, tuple(sorted(cuts)))

    async def pcm(self) -> AsyncGenerator[PcmBlock, None]:
        """Yield mono 16-bit PCM at 16 kHz in whole blocks, at least one.

        Raises:
            MediaError: nothing could be decoded, or the end is missing; in the latter case all
                blocks that there are were yielded.
            ResourceLimitError: decoding needs more memory or time than it may.
            CuestreamError: the error of the input.
        """
        report = self.report
        async for part in self._parts:
            if part.of_stream and self.losses.parts:
                self.losses.wrong_sizes = False  # the first part is shorter than the whole
            async with aclosing(self._decoded(part, report)) as blocks:
                async for block in blocks:
                    yield block
            self.losses.parts += 1
            report = FfmpegReport()
        if (rest := self.timed.rest()) is not None:
            yield rest

    async def _decoded(
        self, part: MediaPart, report: FfmpegReport
    ) -> AsyncGenerator[PcmBlock, None]:
        """Yield the blocks of one part."""
        start = self.timed.position
        self._shots.append((samples_to_ms(start), report))
        command = decode_command(
            part.source, part.head, self._track, shot_changes=self._looks_for_shots
        )
        feeds = part.source is None
        async with (
            running(command, stdin=feeds, on_line=report.read, limits=self._limits) as child,
            _feeding(part, child) as input_consumed,
        ):
            packets = DecodedPackets(child.stdout)
            exact = is_transport_stream(part.head)
            async with aclosing(self._mono(packets, part, report)) as mono:
                async for block in self.timed.blocks(mono, exact=exact):
                    yield block
            status = await child.wait()
            child.check_limits("Decoding the media")
            # Sound of formats that count it has no gaps of its own.
            if (
                _is_damaged(part, report)
                or has_no_clock(part.head)
                or part.head.startswith(b"fLaC")
            ):
                self.losses.add(self.timed.gaps_since(start))
            self._finish(part, report, start, failed=status != 0 or not input_consumed())

    async def _mono(
        self, decoded: DecodedPackets, part: MediaPart, report: FfmpegReport
    ) -> AsyncGenerator[Packet, None]:
        async with aclosing(decoded.packets()) as packets:
            first = await anext(packets, None)
            if first is None:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(_HEADER_S):
                    await report.header_read.wait()
            self._read_sizes(part, report)
            source = _with_first(first, packets)
            if decoded.channels == 1:
                async for packet in source:
                    yield packet
                return
            layout = ChannelLayout.named(report.layout)
            downmix = Downmix(decoded.channels, layout, min(self._channel, decoded.channels - 1))
            async for packet in downmix.mono(source):
                yield packet
            self.losses.two_programmes |= downmix.two_programmes.found

    def _read_sizes(self, part: MediaPart, report: FfmpegReport) -> None:
        if part.corrected is not None:
            self.losses.wrong_sizes |= part.corrected.is_news
            if part.corrected.held is None:
                report.set_estimate(None)

    def _finish(self, part: MediaPart, report: FfmpegReport, start: int, *, failed: bool) -> None:
        """Judge whether a part was decoded to its end.

        Raises:
            MediaError: it was not, and its bytes do not explain that; or nothing was decoded.
        """
        if self.timed.position == start:
            if not self.losses.parts:
                raise report.error()
            self.losses.parts_lost += 1
            return
        damaged = report.damages >= _DAMAGES
        decoded_ms = samples_to_ms(self.timed.position - start)
        expected_ms = report.duration_ms
        if expected_ms is None:
            complete = not failed
            # Damage with no hole in the sound behind it lies at the end.
            flac = without_tags(part.head).startswith(b"fLaC")
            self.losses.cut_off |= flac and bool(report.damages) and not self.losses.lost_ms
        elif decoded_ms >= expected_ms - tolerance_ms(expected_ms):
            complete = True
        else:
            if damaged and not failed and not report.estimated:
                self.losses.add([_end(self.timed.position, expected_ms - decoded_ms)])
            # Other tracks may be longer than this one, and an estimate proves nothing.
            others = report.has_video or report.audio_tracks > 1
            excused = others or report.estimated or damaged
            complete = excused and not failed and (damaged or not report.truncated)
        if not complete:
            raise truncated_error()


def _is_damaged(part: MediaPart, report: FfmpegReport) -> bool:
    """Whether gaps in the sound are lost sound."""
    if report.damages:
        return True
    clock = part.clock
    return clock is not None and bool(
        clock.skipped_bytes or (report.broken_packets and not clock.restarts)
    )


def _end(position: int, missing_ms: int) -> Span:
    end_ms = samples_to_ms(position)
    return Span(end_ms, end_ms + missing_ms)


async def _with_first(
    first: Packet, rest: AsyncGenerator[Packet, None]
) -> AsyncGenerator[Packet, None]:
    yield first
    async for packet in rest:
        yield packet


@asynccontextmanager
async def _feeding(part: MediaPart, child: Subprocess) -> AsyncIterator[Callable[[], bool]]:
    """Write a part's bytes to the decoder for as long as the block lasts.

    Yields:
        Whether the decoder has read them all; raises the error of the input.
    """
    if part.chunks is None:
        yield lambda: True
        return
    feeder = asyncio.create_task(_feed(part.chunks, child))

    def consumed() -> bool:
        return feeder.done() and feeder.result()

    try:
        yield consumed
        # The bytes that the decoder left lie ahead of the next part.
        await feeder
    finally:
        feeder.cancel()
        await asyncio.gather(feeder, return_exceptions=True)


async def _feed(chunks: AsyncIterator[bytes], child: Subprocess) -> bool:
    """Write all chunks to ffmpeg; return whether it read them all."""
    taken = True
    try:
        async for chunk in chunks:
            taken = taken and await child.write(chunk)
    finally:
        child.close_stdin()
    return taken
