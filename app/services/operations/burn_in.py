"""Subtitles drawn onto a video: the graph, and what is checked around it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.services.media.ffmpeg_graph import GraphNode, media_input, media_output
from app.services.media.frame_gaps import LONGEST_S, held_ms, lasting_frames, shown_often
from app.services.media.integrity import tolerance_ms, truncated_error
from app.services.media.media_facts import MediaFacts, VideoStream, media_facts
from app.services.media.picture_graph import even_sides, shown_aspect, usual_picture, video_of
from app.services.operations.container_tracks import lost_sounds, lost_tracks
from app.services.operations.operation_context import OperationContext

_COPIED_SOUND = frozenset({"aac", "mp3", "mp2", "ac3", "eac3", "alac", "opus"})
"""Codecs that MP4 holds and players of MP4 know. Source: MP4 registration authority, codecs."""

_NO_GLYPH = "failed to find any fallback with glyph"
"""Source: libass, ``ass_fontselect.c``."""
_MOST_GLYPHS = 20


@dataclass(frozen=True, slots=True)
class BurnedVideo:
    """What became of a video.

    Attributes:
        encoder: name of the encoder.
        notices: code and message of what was not as it was asked for.
    """

    encoder: str
    notices: list[tuple[str, str]]


async def burn_script(
    context: OperationContext, video: Path, facts: MediaFacts, script: Path, output: Path
) -> BurnedVideo:
    """Draw a script onto a video; its sound is copied, and its times stay.

    A picture that lasts for long, as in recordings of a screen, is repeated meanwhile: text is
    drawn on frames, and would otherwise come and go with the next one.

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
    video_of(facts)
    lost = _LostGlyphs()

    def build(encoder: dict[str, object]) -> GraphNode:
        return _graph(video, facts, script, output, encoder)

    encoder = await context.encode(
        build, output, facts.duration_ms, copied_bytes=facts.size_bytes, on_warning=lost.read
    )
    made = await media_facts(output)
    # A last picture that is held says nothing of where the file breaks off; its sound does.
    made_ms = max((each.duration_ms for each in made.sounds), default=0)
    if (made_ms if held_ms(facts) else made.duration_ms) < facts.shortest_ms - tolerance_ms(
        facts.duration_ms
    ):
        raise truncated_error()
    notices = lost_sounds(facts) + await lost_tracks(video, facts)
    if not _copies_sound(facts):
        notices.append(
            ("sound_encoded", "MP4 does not hold the video's sound as it is; it is AAC now")
        )
    return BurnedVideo(encoder, [*notices, *lost.notices])


class _LostGlyphs:
    """The characters that libass found in no font, from its warnings."""

    def __init__(self) -> None:
        self._found: set[str] = set()

    def read(self, line: str) -> None:
        """Read a line of ffmpeg's warnings."""
        if _NO_GLYPH in line and len(self._found) < _MOST_GLYPHS:
            self._found.add(line.partition(_NO_GLYPH)[2].split()[0])

    @property
    def notices(self) -> list[tuple[str, str]]:
        """Code and message, where there are any."""
        shown = ", ".join(sorted(self._found))
        return [("glyphs_missing", f"No font of this server has: {shown}")] if shown else []


def _copies_sound(facts: MediaFacts) -> bool:
    return all(each.codec in _COPIED_SOUND for each in facts.sounds)


def _graph(
    video: Path, facts: MediaFacts, script: Path, output: Path, encoder: dict[str, object]
) -> GraphNode:
    source = media_input(video)
    sound = [source[str(each.index)] for each in facts.sounds]
    copied = _copies_sound(facts)
    options: dict[str, object] = {"c:a": "copy"} if copied else {"c:a": "aac", "b:a": "192k"}
    return media_output(
        output,
        _drawn(source, facts, script),
        *sound,
        **encoder,
        **options,
        map_metadata=0,
        # Frames stay when they are, whatever rate the source claims: without the former they
        # move to its grid, without the latter the grid is filled with copies.
        enc_time_base="1:90000",
        **{"fps_mode:v": "vfr", "bsf:v": _frame_length(video_of(facts))},
        movflags="+faststart",
    )


def _frame_length(stream: VideoStream) -> str:
    """Return the filter of packets by which the last frame lasts as long as frames do.

    The others end with the next one's time; nothing else tells the length of the last.
    """
    usual_s = min(LONGEST_S, float(1 / stream.frame_rate)) if stream.frame_rate else LONGEST_S
    return f"setts=pts=PTS:dts=DTS:duration={usual_s:.6f}/TB"


def _drawn(source: GraphNode, facts: MediaFacts, script: Path) -> GraphNode:
    stream = video_of(facts)
    picture = usual_picture(source[str(stream.index)], stream)
    width, height = stream.shown_size
    if width % 2 or height % 2:
        picture = even_sides(picture)
    options = {"filename": str(script)}
    aspect = shown_aspect(stream)
    if aspect != 1:
        options["original_size"] = f"{max(1, round(width * aspect))}x{height}"
    if lasting_frames(facts):
        picture = shown_often(picture, held_ms(facts))
    return picture.filter("ass", **options)
