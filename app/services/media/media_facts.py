"""What a media file holds, by ffprobe."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from app.domain.errors import EmptyMediaError, MediaError, UnreadableMediaError
from app.services.media.ffmpeg_command import DEMUXERS
from app.services.media.ffmpeg_log import FfmpegReport
from app.system.child_limits import PROBE
from app.system.subprocesses import running

_MOST_BYTES = 4 * 2**20
_MOST_FPS = 1000
ENCRYPTED_TAGS = frozenset({"enca", "encv", "drms", "drmi"})
"""Source: ISO/IEC 14496-12 section 8.12, protected sample entries; Apple's FairPlay."""

_FIELD_ORDERS = frozenset({"tt", "bb", "tb", "bt"})
"""Source: ffprobe's ``field_order``."""

_CLOCK = re.compile(r"(\d{1,4}):(\d{2}):(\d{2}(?:\.\d{1,12})?)")

_HDR_TRANSFERS = frozenset({"smpte2084", "arib-std-b67"})
"""PQ and HLG. Source: ITU-T H.273, transfer characteristics 16 and 18."""


@dataclass(frozen=True, slots=True)
class VideoStream:
    """A video stream.

    Attributes:
        index: among all streams of the file.
        codec: ffmpeg's name.
        width: in pixels as they are stored, before the rotation.
        height: the same.
        rotation: degrees that a player turns the picture: 0, 90, 180 or 270.
        frame_rate: mean frames per second; 0 where it is not known.
        pixel_aspect: width of a pixel divided by its height.
        pixel_format: ffmpeg's name.
        transfer: transfer characteristics, ffmpeg's name; empty where the file does not say.
        primaries: colours of the primaries, the same.
        matrix: of the conversion from RGB, the same.
        is_interlaced: whether its frames are made of two fields.
        decodable: whether the decoder knows its codec.
        duration_ms: of this stream; 0 where the container does not say.
        has_even_frames: whether the container's index gives every frame the same length; False
            where there is no index.
    """

    index: int
    codec: str
    width: int
    height: int
    rotation: int = 0
    frame_rate: Fraction = Fraction(0)
    pixel_aspect: Fraction = Fraction(1)
    pixel_format: str = ""
    transfer: str = ""
    duration_ms: int = 0
    primaries: str = ""
    matrix: str = ""
    is_interlaced: bool = False
    decodable: bool = True
    has_even_frames: bool = False

    @property
    def is_hdr(self) -> bool:
        """Whether its brightness is that of PQ or HLG, which usual displays do not show."""
        return self.transfer in _HDR_TRANSFERS

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height in pixels as ffmpeg decodes it: turned as players turn it."""
        if self.rotation in (90, 270):
            return self.height, self.width
        return self.width, self.height


@dataclass(frozen=True, slots=True)
class OtherStream:
    """A stream of sound or of text.

    Attributes:
        index: among all streams of the file.
        codec: ffmpeg's name.
        tags: of the stream, with lower-case keys; untrusted text.
        dispositions: names of the marks that are set, such as ``default`` and ``forced``.
        channels: of sound; 0 otherwise.
        rate_hz: of sound; 0 otherwise.
        layout: of the sound's channels, ffmpeg's name; empty where the file does not say.
        decodable: whether the decoder knows the codec of the sound.
        duration_ms: of this stream; 0 where the container does not tell it.
    """

    index: int
    codec: str
    tags: Mapping[str, str] = field(default_factory=dict)
    dispositions: frozenset[str] = frozenset()
    channels: int = 0
    rate_hz: int = 0
    layout: str = ""
    decodable: bool = True
    duration_ms: int = 0


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """What a media file holds.

    Attributes:
        duration_ms: of the longest stream; 0 where it is not known.
        size_bytes: of the file.
        format_names: names of its container, ffmpeg's.
        video: its first video stream that is no cover picture; None without one.
        audio: streams of sound, in order.
        subtitles: streams of subtitles, in order.
        start_ms: of its clock, which some containers count into the duration; 0 or more.
        covers: number of its cover pictures.
        further_videos: number of its video streams behind the first.
    """

    duration_ms: int
    size_bytes: int
    format_names: tuple[str, ...] = ()
    video: VideoStream | None = None
    audio: tuple[OtherStream, ...] = ()
    subtitles: tuple[OtherStream, ...] = ()
    start_ms: int = 0
    covers: int = 0
    further_videos: int = 0

    @property
    def sounds(self) -> tuple[OtherStream, ...]:
        """Its streams of sound that can be decoded, in order."""
        return tuple(each for each in self.audio if each.decodable)

    @property
    def shortest_ms(self) -> int:
        """What is there at least, if the duration counts from 0 although the clock does not."""
        return max(0, self.duration_ms - self.start_ms)


async def media_facts(path: Path, demuxers: str = DEMUXERS) -> MediaFacts:
    """Return what a media file holds.

    Args:
        path: of the file.
        demuxers: that may read it.

    Raises:
        EmptyMediaError: it has no bytes.
        ForbiddenMediaError: it names other files or addresses.
        UnreadableMediaError: it is not media, or not of a kind that these demuxers read.
        ResourceLimitError: reading its beginning takes more memory or time than it may.
    """
    size = _size(path)
    excess = UnreadableMediaError("The media has too many streams")
    async with running(_command(path, demuxers), limits=PROBE) as child:
        output = await child.exchange(b"", _MOST_BYTES, excess)
        await child.wait()
        child.check_limits("Reading the media")
    try:
        return _facts(json.loads(output), size)
    except (ValueError, KeyError, TypeError):
        raise _refusal(child.stderr) from None


def _refusal(stderr: str) -> MediaError:
    """Return why there is nothing to tell of a file, by what ffprobe says."""
    report = FfmpegReport()
    for line in stderr.splitlines():
        report.read(line)
    return report.error()


async def start_ms(path: Path, demuxers: str = DEMUXERS) -> float:
    """Return when a file's picture begins on its own clock, or its sound where it has none.

    Raises:
        UnreadableMediaError: it is not media.
    """
    entries = "stream=codec_type,start_time:stream_disposition=attached_pic"
    found = (await _probed(path, demuxers, ("-show_entries", entries))).get("streams", [])
    starts = {
        str(each.get("codec_type")): _number(each.get("start_time"))
        for each in reversed(found)
        if not each.get("disposition", {}).get("attached_pic")
    }
    return 1000 * starts.get("video", starts.get("audio", 0.0))


async def _probed(path: Path, demuxers: str, wanted: tuple[str, ...]) -> dict[str, Any]:
    excess = UnreadableMediaError("The media has too many streams")
    async with running([*_command(path, demuxers), *wanted], limits=PROBE) as child:
        output = await child.exchange(b"", _MOST_BYTES, excess)
        await child.wait()
    try:
        found: dict[str, Any] = json.loads(output)
    except ValueError:
        raise UnreadableMediaError("This is not audio or video that can be decoded") from None
    return found


async def picture_delay_ms(path: Path) -> float:
    """Return how much later than the file its picture begins, or its sound where it has none.

    Raises:
        UnreadableMediaError: it is not media.
    """
    picture = await start_ms(path)
    found = await _probed(path, DEMUXERS, ("-show_entries", "format=start_time"))
    return picture - 1000 * _number(found.get("format", {}).get("start_time"))


def _number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return 0.0


def _size(path: Path) -> int:
    size = path.stat().st_size
    if not size:
        raise EmptyMediaError("The media is empty")
    return size


def _command(path: Path, demuxers: str) -> list[str]:
    return [
        *("ffprobe", "-hide_banner", "-loglevel", "error", "-protocol_whitelist", "file"),
        *("-format_whitelist", demuxers, "-show_format", "-show_streams", "-of", "json"),
        *("-i", f"file:{path.absolute()}"),
    ]


def _facts(found: Mapping[str, Any], size_bytes: int) -> MediaFacts:
    streams: Sequence[Mapping[str, Any]] = found["streams"]
    whole_s = _seconds(found["format"])
    streams = [_with_told_duration(each, whole_s) for each in streams]
    videos = [each for each in streams if each.get("codec_type") == "video"]
    pictures = [each for each in videos if not each.get("disposition", {}).get("attached_pic")]
    lengths = [whole_s, *map(_seconds, streams)]
    format_names = tuple(str(found["format"].get("format_name", "")).split(","))
    return MediaFacts(
        duration_ms=round(max(lengths) * 1000),
        size_bytes=size_bytes,
        format_names=format_names,
        video=_video(pictures[0], has_index="mov" in format_names) if pictures else None,
        audio=tuple(_other(each) for each in streams if each.get("codec_type") == "audio"),
        subtitles=tuple(_other(each) for each in streams if each.get("codec_type") == "subtitle"),
        start_ms=max(0, round(1000 * _number(found["format"].get("start_time")))),
        covers=len(videos) - len(pictures),
        further_videos=max(0, len(pictures) - 1),
    )


def _with_told_duration(stream: Mapping[str, Any], whole_s: float) -> Mapping[str, Any]:
    """Return a stream of Matroska with the duration that its writer told in a tag, if it did.

    Matroska has one duration for all of its tracks, which ffprobe may tell of each of them.
    Source: its specification of tags, where ``DURATION`` of a track is written as hours, minutes
    and seconds.
    """
    tags: Mapping[str, Any] = stream.get("tags", {})
    told = (str(text) for name, text in tags.items() if name.upper().split("-")[0] == "DURATION")
    clock = next((found for text in told if (found := _CLOCK.fullmatch(text))), None)
    if clock is None:
        return stream
    hours, minutes, seconds = map(float, clock.groups())
    return {**stream, "duration": min(whole_s, 3600 * hours + 60 * minutes + seconds)}


def _video(stream: Mapping[str, Any], *, has_index: bool) -> VideoStream:
    """Return a video stream; the rates of one with an index are those of its table of times.

    Source: ffmpeg, ``libavformat/mov.c`` (``avg_frame_rate`` and ``r_frame_rate``).
    """
    mean, least = _ratio(stream.get("avg_frame_rate")), _ratio(stream.get("r_frame_rate"))
    rate = mean or least
    return VideoStream(
        index=int(stream["index"]),
        codec=str(stream.get("codec_name", "")),
        width=int(stream.get("width", 0)),
        height=int(stream.get("height", 0)),
        rotation=_rotation(stream),
        frame_rate=rate if rate <= _MOST_FPS else Fraction(0),
        has_even_frames=has_index and mean > 0 and mean == least,
        pixel_aspect=_ratio(str(stream.get("sample_aspect_ratio", "")).replace(":", "/"))
        or Fraction(1),
        pixel_format=str(stream.get("pix_fmt", "")),
        transfer=str(stream.get("color_transfer", "")),
        primaries=str(stream.get("color_primaries", "")),
        matrix=str(stream.get("color_space", "")),
        is_interlaced=stream.get("field_order") in _FIELD_ORDERS,
        # ffmpeg knows the format of pixels only of codecs that it has a decoder for.
        decodable="pix_fmt" in stream and _is_plain(stream),
        duration_ms=round(_seconds(stream) * 1000),
    )


def _other(stream: Mapping[str, Any]) -> OtherStream:
    marks: Mapping[str, Any] = stream.get("disposition", {})
    tags: Mapping[str, Any] = stream.get("tags", {})
    return OtherStream(
        index=int(stream["index"]),
        codec=str(stream.get("codec_name", "")),
        tags={str(name).lower(): str(value) for name, value in tags.items()},
        dispositions=frozenset(name for name, value in marks.items() if value),
        channels=int(stream.get("channels", 0)),
        rate_hz=int(stream.get("sample_rate", 0)),
        layout=str(stream.get("channel_layout", "")),
        decodable="sample_fmt" in stream and bool(stream.get("channels")) and _is_plain(stream),
        duration_ms=round(_seconds(stream) * 1000),
    )


def _is_plain(stream: Mapping[str, Any]) -> bool:
    return str(stream.get("codec_tag_string")) not in ENCRYPTED_TAGS


def _rotation(stream: Mapping[str, Any]) -> int:
    """Return how far the display matrix turns the picture, to the next quarter."""
    data: Sequence[Mapping[str, Any]] = stream.get("side_data_list", ())
    turned = next((each["rotation"] for each in data if "rotation" in each), 0)
    return round(-float(turned) / 90) % 4 * 90


def _seconds(part: Mapping[str, Any]) -> float:
    try:
        return max(0.0, float(part.get("duration", 0)))
    except (TypeError, ValueError):
        return 0.0


def _ratio(text: object) -> Fraction:
    try:
        return Fraction(str(text))
    except (ValueError, ZeroDivisionError):
        return Fraction(0)
