"""Playlists of HLS.

Source: RFC 8216; its section 3.5 for ``X-TIMESTAMP-MAP``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.media import AudioTrack, SubtitleTrack

_CLOCK_HZ = 90_000
"""Of transport streams. Source: ISO/IEC 13818-1 section 2.4.3.6."""

_END = "#EXT-X-ENDLIST"
_SEGMENT = re.compile(
    r"^#EXTINF:([0-9]{1,6}(?:\.[0-9]{1,9})?),[^\n]{0,200}\n([^#\n]{1,200})$", re.M
)
_QUOTED = re.compile(r'["\r\n]')
_SOUNDS = (
    "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound"
)

_DESCRIBES = "public.accessibility.describes-video"
"""Source of both: RFC 8216 section 4.3.4.1, ``CHARACTERISTICS``."""


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


@dataclass(frozen=True, slots=True)
class HlsSound:
    """A rendition of sound.

    Attributes:
        track: its language, title and marks.
        url: address of its playlist; empty for the one that comes with the picture.
        segments: of that playlist.
    """

    track: AudioTrack
    url: str = ""
    segments: Sequence[HlsSegment] = ()


def listed_segments(playlist: str) -> list[HlsSegment]:
    """Return the segments that a muxer's playlist lists so far."""
    return [HlsSegment(float(length), name) for length, name in _SEGMENT.findall(playlist)]


def whole_segments(playlist: str) -> list[HlsSegment]:
    """Return the segments that are whole whatever becomes of their encode.

    One that fails ends its playlist as one that succeeds does, with a last segment that is cut off
    where it failed; another encoder goes on from the ones before it.
    """
    listed = listed_segments(playlist)
    return listed[:-1] if _END in playlist else listed


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
        lines.append(_END)
    return "\n".join(lines) + "\n"


def master_playlist(
    media_url: str,
    segments: Sequence[HlsSegment],
    size: tuple[int, int] | None,
    subtitles: Sequence[HlsSubtitles],
    sounds: Sequence[HlsSound] = (),
) -> str:
    """Return a master playlist.

    Args:
        media_url: address of the media playlist.
        segments: of that, by which its bits per second are given.
        size: width and height of the picture in pixels; None without one.
        subtitles: renditions, in order.
        sounds: renditions, in order; none where the sound comes with the picture alone.
    """
    lines = ["#EXTM3U", "#EXT-X-VERSION:6", "#EXT-X-INDEPENDENT-SEGMENTS"]
    names: set[str] = set()
    chosen = next((each for each in sounds if each.track.default), sounds[0] if sounds else None)
    for sound in sounds:
        lines += [_sound_rendition(sound, names, chosen=sound is chosen)]
    names = set()
    for each in subtitles:
        lines += [_rendition(each, names)]
    further = [_rates(each.segments) for each in sounds]
    highest, mean = _rates(segments)
    highest += max((each[0] for each in further), default=0)
    mean += max((each[1] for each in further), default=0)
    stream = [
        f"BANDWIDTH={max(1, math.ceil(highest))}",
        f"AVERAGE-BANDWIDTH={max(1, math.ceil(mean))}",
    ]
    if size is not None:
        stream.append(f"RESOLUTION={size[0]}x{size[1]}")
    if sounds:
        stream.append('AUDIO="sound"')
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


def _rates(segments: Sequence[HlsSegment]) -> tuple[float, float]:
    """Return the highest and the mean bits per second of segments."""
    rates = [each.size_bytes * 8 / each.duration_s for each in segments if each.duration_s]
    total_s = sum(each.duration_s for each in segments)
    mean = sum(each.size_bytes for each in segments) * 8 / total_s if total_s else 0
    return max(rates, default=0), mean


def _name(title: str, names: set[str]) -> str:
    """Return a title that no rendition of the group has yet."""
    name, number = title, 1
    while name in names:
        number += 1
        name = f"{title} {number}"
    names.add(name)
    return name


def _sound_rendition(each: HlsSound, names: set[str], *, chosen: bool) -> str:
    track = each.track
    language = track.languages[0] if len(track.languages) == 1 else ""
    name = _name(_QUOTED.sub(" ", track.title).strip() or language or "Sound", names)
    attributes = ["TYPE=AUDIO", 'GROUP-ID="sound"', f'NAME="{name}"']
    if language:
        attributes.append(f'LANGUAGE="{language}"')
    attributes += [f"DEFAULT={'YES' if chosen else 'NO'}", "AUTOSELECT=YES"]
    if track.role == "description":
        attributes.append(f'CHARACTERISTICS="{_DESCRIBES}"')
    if each.url:
        attributes.append(f'URI="{each.url}"')
    return f"#EXT-X-MEDIA:{','.join(attributes)}"


def _rendition(each: HlsSubtitles, names: set[str]) -> str:
    track = each.track
    language = "" if track.language == "und" else track.language
    name = _name(_QUOTED.sub(" ", track.title).strip() or language or "Subtitles", names)
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
