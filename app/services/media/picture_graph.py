"""Graphs that give a video's picture the form in which usual displays show it."""

from __future__ import annotations

from fractions import Fraction

from app.domain.errors import UnreadableMediaError
from app.services.media.ffmpeg_graph import GraphNode
from app.services.media.media_facts import MediaFacts, VideoStream

_UNTOLD = frozenset({"", "unknown", "reserved", "unspecified"})


def video_of(facts: MediaFacts) -> VideoStream:
    """Return the video of a file.

    Raises:
        UnreadableMediaError: it has none, or one that cannot be decoded.
    """
    if facts.video is None:
        raise UnreadableMediaError("The file has no video")
    if not facts.video.decodable:
        raise UnreadableMediaError("The video is encrypted, or of a codec that cannot be decoded")
    if not facts.video.width or not facts.video.height:
        raise UnreadableMediaError("The file has no video")
    return facts.video


def shown_size(facts: MediaFacts) -> tuple[int, int]:
    """Return width and height of a video's picture in square pixels, as it is shown.

    Raises:
        UnreadableMediaError: the file has no video.
    """
    video = video_of(facts)
    width, height = video.shown_size
    aspect = shown_aspect(video)
    return max(2, round(width * aspect)), max(2, height)


def shown_aspect(video: VideoStream) -> Fraction:
    """Return the width of a pixel by its height as the picture is shown, turned."""
    aspect = video.pixel_aspect
    if not Fraction(1, 20) <= aspect <= 20:
        return Fraction(1)
    return 1 / aspect if video.rotation in (90, 270) else aspect


def usual_picture(picture: GraphNode, video: VideoStream) -> GraphNode:
    """Return a picture as usual displays show it: of whole frames, in BT.709 where it is HDR."""
    if video.is_interlaced:
        # By the marks of each frame: recordings of television change between the two.
        picture = picture.filter("bwdif", mode="send_frame", parity="auto", deint="interlaced")
    return tone_mapped(picture, video) if video.is_hdr else picture


def square_picture(picture: GraphNode, video: VideoStream) -> GraphNode:
    """Return a picture in square pixels as usual displays show it; ffmpeg turns it."""
    picture = usual_picture(picture, video)
    aspect = shown_aspect(video)
    if aspect != 1:
        picture = picture.filter("scale", w=f"iw*{aspect}", h="ih").filter("setsar", 1)
    return picture


def even_sides(picture: GraphNode) -> GraphNode:
    """Return a picture whose sides are even, as the usual form of colours wants them."""
    return picture.filter("pad", w="ceil(iw/2)*2", h="ceil(ih/2)*2")


def tone_mapped(picture: GraphNode, video: VideoStream) -> GraphNode:
    """Map PQ or HLG to the brightness and colours of BT.709.

    A video that does not tell its colours has those that HDR has, BT.2020.

    Source: ffmpeg's documentation of ``tonemap``: light is made linear at 100 cd/m2 for white,
    compressed by Hable's curve, and written as BT.709 again.
    """
    assumed: dict[str, str] = {}
    if video.primaries in _UNTOLD:
        assumed["color_primaries"] = "bt2020"
    if video.matrix in _UNTOLD:
        assumed["colorspace"] = "bt2020nc"
    if assumed:
        picture = picture.filter("setparams", **assumed)
    linear = picture.filter("zscale", t="linear", npl=100).filter("format", "gbrpf32le")
    mapped = linear.filter("zscale", p="bt709").filter("tonemap", tonemap="hable", desat=0)
    written = mapped.filter("zscale", t="bt709", m="bt709", r="tv")
    return written.filter("format", "yuv420p")
