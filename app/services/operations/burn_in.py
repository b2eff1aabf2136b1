"""Subtitles drawn onto a video: the graph, and what is checked around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from app.domain.errors import UnreadableMediaError
from app.services.media.ffmpeg_graph import GraphNode, media_input, media_output
from app.services.media.integrity import tolerance_ms, truncated_error
from app.services.media.media_facts import MediaFacts, VideoStream, media_facts
from app.services.operations.operation_context import OperationContext

_COPIED_SOUND = frozenset({"aac", "mp3", "mp2", "ac3", "eac3", "alac", "opus"})
"""Codecs that MP4 holds and players of MP4 know. Source: MP4 registration authority, codecs."""

_NO_GLYPH = "failed to find any fallback with glyph"
"""Source: libass, ``ass_fontselect.c``."""
_MOST_GLYPHS = 20


@dataclass(slots=True)
class BurnedVideo:
    """What became of a video.

    Attributes:
        encoder: name of the encoder.
        notices: code and message of what was not as it was asked for.
    """

    encoder: str = ""
    notices: list[tuple[str, str]] = field(default_factory=list)


def shown_size(facts: MediaFacts) -> tuple[int, int]:
    """Return width and height of a video's picture in square pixels, as it is shown.

    Raises:
        UnreadableMediaError: the file has no video.
    """
    video = _video(facts)
    width, height = video.shown_size
    aspect = shown_aspect(video)
    return max(2, round(width * aspect)), max(2, height)


async def burn_script(
    context: OperationContext, video: Path, facts: MediaFacts, script: Path, output: Path
) -> BurnedVideo:
    """Draw a script onto a video; its sound is copied, and its times stay.

    Pictures in HDR are mapped to the brightness of usual displays, and a picture with an odd side
    gets one more line, as H.264 has none.

    Args:
        context: of the operation's step.
        video: file with the video.
        facts: of that file.
        script: SubStation script.
        output: MP4 to write.

    Raises:
        UnreadableMediaError: the file has no video.
        TruncatedMediaError: the video breaks off before its end.
        CuestreamError: see `OperationContext.encode`.
    """
    stream, burned = _video(facts), BurnedVideo()
    lost: set[str] = set()

    def on_warning(line: str) -> None:
        if _NO_GLYPH in line and len(lost) < _MOST_GLYPHS:
            lost.add(line.partition(_NO_GLYPH)[2].split()[0])

    copied = all(each.codec in _COPIED_SOUND for each in facts.audio)

    def build(encoder: dict[str, object]) -> GraphNode:
        source = media_input(video)
        sound = [source[str(each.index)] for each in facts.audio]
        options: dict[str, object] = {"c:a": "copy"} if copied else {"c:a": "aac", "b:a": "192k"}
        return media_output(
            output,
            _drawn(source, stream, script),
            *sound,
            **encoder,
            **options,
            map_metadata=0,
            # Frames stay when they are, whatever rate the source claims: without the former they
            # move to its grid, without the latter the grid is filled with copies.
            enc_time_base="1:90000",
            **{"fps_mode:v": "vfr"},
            movflags="+faststart",
        )

    burned.encoder = await context.encode(
        build, output, facts.duration_ms, copied_bytes=facts.size_bytes, on_warning=on_warning
    )
    made = await media_facts(output)
    if made.duration_ms < facts.shortest_ms - tolerance_ms(facts.duration_ms):
        raise truncated_error()
    if not copied:
        burned.notices.append(
            ("sound_encoded", "MP4 does not hold the video's sound as it is; it is AAC now")
        )
    if lost:
        shown = ", ".join(sorted(lost))
        burned.notices.append(("glyphs_missing", f"No font of this server has: {shown}"))
    return burned


def _drawn(source: GraphNode, stream: VideoStream, script: Path) -> GraphNode:
    picture = source[str(stream.index)]
    if stream.is_hdr:
        picture = tone_mapped(picture)
    width, height = stream.shown_size
    if width % 2 or height % 2:
        picture = even_sides(picture)
    options = {"filename": str(script)}
    aspect = shown_aspect(stream)
    if aspect != 1:
        options["original_size"] = f"{max(1, round(width * aspect))}x{height}"
    return picture.filter("ass", **options)


def even_sides(picture: GraphNode) -> GraphNode:
    """Return a picture whose sides are even, as the usual form of colours wants them."""
    return picture.filter("pad", w="ceil(iw/2)*2", h="ceil(ih/2)*2")


def tone_mapped(picture: GraphNode) -> GraphNode:
    """Map PQ or HLG to the brightness and colours of BT.709.

    Source: ffmpeg's documentation of ``tonemap``: light is made linear at 100 cd/m2 for white,
    compressed by Hable's curve, and written as BT.709 again.
    """
    linear = picture.filter("zscale", t="linear", npl=100).filter("format", "gbrpf32le")
    mapped = linear.filter("zscale", p="bt709").filter("tonemap", tonemap="hable", desat=0)
    written = mapped.filter("zscale", t="bt709", m="bt709", r="tv")
    return written.filter("format", "yuv420p")


def _video(facts: MediaFacts) -> VideoStream:
    if facts.video is None or not facts.video.width or not facts.video.height:
        raise UnreadableMediaError("The file has no video")
    return facts.video


def shown_aspect(video: VideoStream) -> Fraction:
    """Return the width of a pixel by its height as the picture is shown, turned."""
    aspect = video.pixel_aspect
    if not Fraction(1, 20) <= aspect <= 20:
        return Fraction(1)
    return 1 / aspect if video.rotation in (90, 270) else aspect
