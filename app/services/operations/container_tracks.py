"""What containers hold, and the tracks of a file that are taken over into one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from app.domain.media import SubtitleTrack
from app.services.media.media_facts import MediaFacts, OtherStream, VideoStream
from app.services.media.subtitle_probe import listed_subtitles

Container = Literal["mp4", "mkv"]

CONTAINER_TYPES: Mapping[str, str] = MappingProxyType(
    {"mp4": "video/mp4", "mkv": "video/x-matroska"}
)
"""Media types by container."""

_MP4_VIDEO = frozenset({"h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video", "mpeg1video", "mjpeg"})
_MP4_SOUND = frozenset({"aac", "mp3", "mp2", "ac3", "eac3", "alac", "opus", "flac"})
"""Source: MP4 registration authority, codecs, as far as ``movenc.c`` of ffmpeg 5.1 writes them."""

_MKV_TEXT = frozenset({"subrip", "ass", "ssa", "webvtt"})
_MKV_PICTURES = frozenset({"hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle"})
"""What Matroska holds as it is. Source: the codec mappings of Matroska."""

Notice = tuple[str, str]


def holds_video(container: str, video: VideoStream) -> bool:
    """Whether a container holds a video as it is."""
    return container == "mkv" or video.codec in _MP4_VIDEO


def holds_sound(container: str, sound: OtherStream) -> bool:
    """Whether a container holds a sound as it is."""
    return container == "mkv" or sound.codec in _MP4_SOUND


def own_container(facts: MediaFacts) -> Container:
    """Return the container that is closest to a file's own and holds its picture as it is."""
    if "matroska" in facts.format_names:
        return "mkv"
    return "mp4" if facts.video is None or holds_video("mp4", facts.video) else "mkv"


def copied_picture(video: VideoStream | None, container: str) -> dict[str, object]:
    """Return the options of an output that takes a picture over as it is.

    HEVC has a tag by which all players of MP4 know it. Source: Apple's HLS authoring specification
    1.10.
    """
    tagged = container == "mp4" and video is not None and video.codec == "hevc"
    return {"c:v": "copy", **({"tag:v:0": "hvc1"} if tagged else {})}


def kept_sounds(facts: MediaFacts, container: str, kbps: int) -> dict[str, object]:
    """Return the options of the sounds of an output, which is every one that can be decoded.

    Args:
        facts: of the file.
        container: that is written.
        kbps: kilobits per second of those that the container does not hold, as AAC.
    """
    options: dict[str, object] = {"c:a": "copy"}
    for number, each in enumerate(facts.sounds):
        if not holds_sound(container, each):
            options |= {f"c:a:{number}": "aac", f"b:a:{number}": f"{kbps}k"}
    return options


def sound_notices(facts: MediaFacts, container: str) -> list[Notice]:
    """Return notices of the sounds of an output: those encoded, those left out."""
    notices = lost_sounds(facts)
    if not all(holds_sound(container, each) for each in facts.sounds):
        text = "MP4 does not hold the video's sound as it is; it is AAC now"
        notices.append(("sound_encoded", text))
    return notices


def lost_sounds(facts: MediaFacts) -> list[Notice]:
    """Return the notice of the sounds of a file that cannot be decoded."""
    lost = [each for each in facts.audio if not each.decodable]
    if not lost:
        return []
    text = f"{len(lost)} audio tracks are left out: encrypted, or of an unknown codec"
    return [("sounds_dropped", text)]


def lost_pictures(facts: MediaFacts, *, keeps_videos: bool = False) -> list[Notice]:
    """Return the notice of the pictures of a file that are not in an output.

    Args:
        facts: of the file.
        keeps_videos: whether all its video tracks are.
    """
    lost = [f"{facts.covers} cover pictures"] if facts.covers else []
    if facts.further_videos and not keeps_videos:
        lost.append(f"{facts.further_videos} video tracks behind the first")
    return [("pictures_dropped", f"Left out: {' and '.join(lost)}")] if lost else []


async def lost_tracks(path: Path, facts: MediaFacts) -> list[Notice]:
    """Return notices of what is not in an output that has a file's first picture and no subtitles.

    Raises:
        MediaError: the file's tracks cannot be listed.
    """
    notices = lost_pictures(facts)
    if facts.subtitles:
        lost = "; ".join(track.summary for track in (await listed_subtitles(path)).subtitles)
        text = f"Subtitle tracks of the video are left out: {lost}"
        notices.append(("subtitle_tracks_dropped", text))
    return notices


async def lost_behind_first(path: Path, facts: MediaFacts) -> list[Notice]:
    """Return notices of what is not in an output of a file's first picture and first sound."""
    notices = lost_sounds(facts) + await lost_tracks(path, facts)
    if len(facts.sounds) > 1:
        text = f"{len(facts.sounds) - 1} audio tracks behind the first are left out"
        notices.append(("sounds_dropped", text))
    return notices


async def lost_of_clips(
    clips: Sequence[tuple[Path, MediaFacts]],
    lost: Callable[[Path, MediaFacts], Awaitable[list[Notice]]],
) -> tuple[Notice, ...]:
    """Return notices of what is not in an output of several files.

    Args:
        clips: the files.
        lost: returns the notices of one of them.
    """
    notices: list[Notice] = []
    for number, (path, facts) in enumerate(clips, 1):
        notices += [(code, f"Clip {number}: {text}") for code, text in await lost(path, facts)]
    return tuple(notices)


@dataclass(frozen=True, slots=True)
class KeptTexts:
    """Subtitle tracks of a file that a container holds.

    Attributes:
        tracks: in order.
        notices: of those that it does not hold.
        container: that is written.
    """

    tracks: tuple[SubtitleTrack, ...]
    notices: tuple[Notice, ...]
    container: str

    def codec(self, track: SubtitleTrack) -> str:
        """Return the codec of a track in the container: that of its text, or a copy."""
        if self.container == "mp4":
            return "copy" if track.codec == "mov_text" else "mov_text"
        return "copy" if track.codec in _MKV_TEXT | _MKV_PICTURES else "subrip"

    @property
    def options(self) -> dict[str, object]:
        """The options of the tracks, where they are the first subtitles of an output."""
        return {f"c:s:{number}": self.codec(track) for number, track in enumerate(self.tracks)}


def kept_texts(own: Sequence[SubtitleTrack], container: str) -> KeptTexts:
    """Return the subtitle tracks of a file that a container holds.

    Args:
        own: the tracks.
        container: that is written.
    """
    kept = tuple(track for track in own if _stays(track, container))
    lost = [track.summary for track in own if track not in kept]
    text = f"{container} cannot hold these subtitle tracks of the video: {'; '.join(lost)}"
    notices = (("subtitle_tracks_dropped", text),) if lost else ()
    return KeptTexts(kept, notices, container)


def _stays(track: SubtitleTrack, container: str) -> bool:
    return track.form == "text" or (container == "mkv" and track.codec in _MKV_PICTURES)
