"""Subtitle formats by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from app.domain.cue import Cue
from app.domain.errors import InvalidFormatError
from app.domain.profile import ReadingProfile
from app.services.render.ass import write_ass
from app.services.render.json_file import write_json
from app.services.render.srt import write_srt
from app.services.render.ttml_writer import write_ttml
from app.services.render.txt import write_txt
from app.services.render.vtt import write_vtt

Writer = Callable[[Sequence[Cue], ReadingProfile, str], str]
"""Cues, the profile that they are broken into lines by, and the language of what they show."""


@dataclass(frozen=True, slots=True)
class SubtitleFormat:
    """One kind of file.

    Attributes:
        name: what a request calls it.
        media_type: for ``Content-Type``, without a charset; the text is UTF-8.
        extension: of the file's name, without the dot.
        write: makes the file's text.
    """

    name: str
    media_type: str
    extension: str
    write: Writer


FORMATS: Mapping[str, SubtitleFormat] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            SubtitleFormat("srt", "application/x-subrip", "srt", write_srt),
            SubtitleFormat("vtt", "text/vtt", "vtt", write_vtt),
            SubtitleFormat("ass", "text/x-ssa", "ass", write_ass),
            SubtitleFormat("ttml", "application/ttml+xml", "ttml", write_ttml),
            SubtitleFormat("json", "application/json", "json", write_json),
            SubtitleFormat("txt", "text/plain", "txt", write_txt),
        )
    }
)
"""Every format that we write."""


def check_format(name: str) -> SubtitleFormat:
    """Return a format.

    Raises:
        InvalidFormatError: no format has that name; says which there are.
    """
    try:
        return FORMATS[name]
    except KeyError:
        raise InvalidFormatError(name, tuple(FORMATS)) from None


def render(
    cues: Sequence[Cue], format_name: str, profile: ReadingProfile, language: str = "und"
) -> str:
    """Return cues as a subtitle file.

    Args:
        cues: those with a translation show it, the others their text; any order.
        format_name: a key of ``FORMATS``.
        profile: says how wide and how many a cue's lines are.
        language: BCP 47 tag of the text shown.

    Raises:
        InvalidFormatError: no format has that name.
    """
    return check_format(format_name).write(cues, profile, language)
