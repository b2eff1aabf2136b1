"""Parts of graphs that give pictures and sounds the form in which clips are joined."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from app.services.media.ffmpeg_graph import GraphNode
from app.services.media.media_facts import VideoStream
from app.services.media.picture_graph import square_picture

SOUND_HZ = 48_000
SOUND_BYTES_PER_S = SOUND_HZ * 2 * 2
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


def shown_picture(source: GraphNode, video: VideoStream) -> GraphNode:
    """Return the picture of an input in square pixels, as usual displays show it."""
    return square_picture(source[str(video.index)], video)


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
