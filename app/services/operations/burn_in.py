"""Subtitles drawn onto a video: the graph, and what is checked around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from app.services.media.ffmpeg_graph import GraphNode, media_input, media_output
from app.services.media.integrity import tolerance_ms, truncated_error
from app.services.media.media_facts import MediaFacts, VideoStream, media_facts
from app.services.media.picture_graph import even_sides, shown_aspect, usual_picture, video_of
from app.services.operations.container_tracks import lost_sounds
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
    stream, burned = video_of(facts), BurnedVideo()
    lost: set[str] = set()

    def on_warning(line: str) -> None:
        if _NO_GLYPH in line and len(lost) < _MOST_GLYPHS:
            lost.add(line.partition(_NO_GLYPH)[2].split()[0])

    copied = all(each.codec in _COPIED_SOUND for each in facts.sounds)

    def build(encoder: dict[str, object]) -> GraphNode:
        source = media_input(video)
        sound = [source[str(each.index)] for each in facts.sounds]
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
    burned.notices += lost_sounds(facts)
    if not copied:
        burned.notices.append(
            ("sound_encoded", "MP4 does not hold the video's sound as it is; it is AAC now")
        )
    if lost:
        shown = ", ".join(sorted(lost))
        burned.notices.append(("glyphs_missing", f"No font of this server has: {shown}"))
    return burned


def _drawn(source: GraphNode, stream: VideoStream, script: Path) -> GraphNode:
    picture = usual_picture(source[str(stream.index)], stream)
    width, height = stream.shown_size
    if width % 2 or height % 2:
        picture = even_sides(picture)
    options = {"filename": str(script)}
    aspect = shown_aspect(stream)
    if aspect != 1:
        options["original_size"] = f"{max(1, round(width * aspect))}x{height}"
    return picture.filter("ass", **options)
