"""Playlists of HLS.

Source: RFC 8216; its section 3.5 for ``X-TIMESTAMP-MAP``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.media import SubtitleTrack

_CLOCK_HZ = 90_000
"""Of transport streams. Source: ISO/IEC 13818-1 section 2.4.3.6."""

_SEGMENT = re.compile(
    r"^#EXTINF:([0-9]{1,6}(?:\.[0-9]{1,9})?),[^\n]{0,200}\n([^#\n]{1,200})$", re.M
)
_QUOTED = re.compile(r'["\r\n]')
_SOUNDS = (
    "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound"
)


@dataclass(frozen=True, slots=True)
class HlsSegment:
    """A segment of a media playlist.

    Attributes:
        duration_s: as the muxer wrote it.
        url: name of its file, or its address.
        size_bytes: of it; 0 where it does not matter.
    """

    duration_s: float
    url: str
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class HlsSubtitles:
    """A rendition of subtitles.

    Attributes:
        url: address of its playlist.
        track: its language, title and marks.
    """

    url: str
    track: SubtitleTrack


def listed_segments(playlist: str) -> list[HlsSegment]:
    """Return the segments that a muxer's playlist lists so far."""
    return [HlsSegment(float(length), name) for length, name in _SEGMENT.findall(playlist)]


def media_playlist(segments: Sequence[HlsSegment], *, ended: bool) -> str:
    """Return a media playlist that grows until it has ended."""
    longest = max((each.duration_s for each in segments), default=1.0)
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:6",
        f"#EXT-X-TARGETDURATION:{math.ceil(longest)}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        f"#EXT-X-PLAYLIST-TYPE:{'VOD' if ended else 'EVENT'}",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    for each in segments:
        lines += [f"#EXTINF:{each.duration_s:.6f},", each.url]
    if ended:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def master_playlist(
    media_url: str,
    segments: Sequence[HlsSegment],
    size: tuple[int, int] | None,
    subtitles: Sequence[HlsSubtitles],
) -> str:
    """Return a master playlist.

    Args:
        media_url: address of the media playlist.
        segments: of that, by which its bits per second are told.
        size: width and height of the picture in pixels; None without one.
        subtitles: renditions, in order.
    """
    lines = ["#EXTM3U", "#EXT-X-VERSION:6", "#EXT-X-INDEPENDENT-SEGMENTS"]
    names: set[str] = set()
    for each in subtitles:
        lines += [_rendition(each, names)]
    rates = [each.size_bytes * 8 / each.duration_s for each in segments if each.duration_s]
    total_s = sum(each.duration_s for each in segments)
    mean = sum(each.size_bytes for each in segments) * 8 / total_s if total_s else 0
    stream = [
        f"BANDWIDTH={max(1, math.ceil(max(rates, default=0)))}",
        f"AVERAGE-BANDWIDTH={max(1, math.ceil(mean))}",
    ]
    if size is not None:
        stream.append(f"RESOLUTION={size[0]}x{size[1]}")
    if subtitles:
        stream.append('SUBTITLES="subs"')
    lines += [f"#EXT-X-STREAM-INF:{','.join(stream)}", media_url]
    return "\n".join(lines) + "\n"


def timed_vtt(vtt: str, start_s: float) -> str:
    """Return WebVTT whose times are those of a transport stream.

    Args:
        vtt: with times from the start of the media.
        start_s: time of that start on the stream's clock.
    """
    ticks = round(start_s * _CLOCK_HZ) % 2**33
    head, _, rest = vtt.partition("\n")
    return f"{head}\nX-TIMESTAMP-MAP=MPEGTS:{ticks},LOCAL:00:00:00.000\n{rest}"


def _rendition(each: HlsSubtitles, names: set[str]) -> str:
    track = each.track
    language = "" if track.language == "und" else track.language
    title = _QUOTED.sub(" ", track.title).strip() or language or "Subtitles"
    name, number = title, 1
    while name in names:
        number += 1
        name = f"{title} {number}"
    names.add(name)
    attributes = ["TYPE=SUBTITLES", 'GROUP-ID="subs"', f'NAME="{name}"']
    if language:
        attributes.append(f'LANGUAGE="{language}"')
    attributes += [
        f"DEFAULT={'YES' if track.default else 'NO'}",
        "AUTOSELECT=YES",
        f"FORCED={'YES' if track.role == 'forced' else 'NO'}",
    ]
    if track.role == "hearing_impaired":
        attributes.append(f'CHARACTERISTICS="{_SOUNDS}"')
    return f'#EXT-X-MEDIA:{",".join(attributes)},URI="{each.url}"'
