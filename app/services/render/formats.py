"""Table of the subtitle formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from app.domain.cue import Cue
from app.domain.errors import InvalidFormatError
from app.domain.profile import ReadingProfile
from app.services.layout.translated_track import translated_track
from app.services.render.ass import write_ass
from app.services.render.json_writer import write_json
from app.services.render.srt import write_srt
from app.services.render.ttml_writer import XML_DECLARATION, write_ttml
from app.services.render.txt import write_txt
from app.services.render.vtt import write_vtt
from app.system.bounded_work import work_on

_CUE_CHARS = 32
"""Writing a cue takes about as long as this much of its text."""

_PART_CHARS = 2**12

Writer = Callable[[Sequence[Cue], ReadingProfile, str], str]
"""Turns cues, the reading profile for line breaks and the language of the text into a file."""


@dataclass(frozen=True, slots=True)
class SubtitleFormat:
    """A subtitle format that can be written.

    Attributes:
        name: name in requests.
        media_type: for ``Content-Type``, without a charset; the text is UTF-8.
        extension: of the file's name, without the dot.
        write: returns the file's text.
        filler: what may stand behind the opening any number of times and changes nothing: a file
            that is sent as it is made can begin with it before its cues are known.
        opening: what every file of the format begins with.
        aliases: further media types that clients call it by.
    """

    name: str
    media_type: str
    extension: str
    write: Writer
    filler: str = "\n"
    opening: str = ""
    aliases: tuple[str, ...] = ()


FORMATS: Mapping[str, SubtitleFormat] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            SubtitleFormat(
                "srt",
                "application/x-subrip",
                "srt",
                write_srt,
                aliases=("application/srt", "text/srt", "text/x-srt", "text/x-subrip"),
            ),
            SubtitleFormat("vtt", "text/vtt", "vtt", write_vtt, opening="WEBVTT\n\n"),
            SubtitleFormat(
                "ass",
                "text/x-ssa",
                "ass",
                write_ass,
                filler=";\n",
                opening="[Script Info]\n",
                aliases=("text/x-ass", "application/x-ass", "application/x-ssa"),
            ),
            SubtitleFormat(
                "ttml", "application/ttml+xml", "ttml", write_ttml, opening=f"{XML_DECLARATION}\n"
            ),
            SubtitleFormat("json", "application/json", "json", write_json),
            SubtitleFormat("txt", "text/plain", "txt", write_txt),
        )
    }
)
"""Every format that can be written, by name.

Fillers: blank lines are allowed before the first cue of SubRip by its readers (ffmpeg and VLC skip
them), behind the head of WebVTT (W3C WebVTT, section 4.1: two or more line terminators) and behind
an XML declaration (XML 1.0, production 27: Misc). A semicolon begins a comment in the first section
of SubStation.
"""


def check_format(name: str) -> SubtitleFormat:
    """Return a format.

    Raises:
        InvalidFormatError: no format has that name; lists the known ones.
    """
    try:
        return FORMATS[name]
    except KeyError:
        raise InvalidFormatError(name, tuple(FORMATS)) from None


_PAIRED = frozenset({"json"})
"""Formats that hold each translation beside its source."""


async def render_bounded(
    cues: Sequence[Cue], format_name: str, profile: ReadingProfile, language: str = "und"
) -> str:
    """Return cues as a subtitle file, written where that delays nothing else; see `render`.

    Raises:
        InvalidFormatError: no format has that name.
        TooMuchWorkError: it takes more memory or time than it may.
    """
    check_format(format_name)
    chars = sum(len(cue.shown) + _CUE_CHARS for cue in cues)
    return "".join(await work_on(_rendered, cues, format_name, profile, language, chars=chars))


def _rendered(
    cues: list[Cue], format_name: str, profile: ReadingProfile, language: str
) -> Iterator[str]:
    """Yield a subtitle file in parts."""
    text = render(cues, format_name, profile, language)
    yield from (text[place : place + _PART_CHARS] for place in range(0, len(text), _PART_CHARS))


def render(
    cues: Sequence[Cue], format_name: str, profile: ReadingProfile, language: str = "und"
) -> str:
    """Return cues as a subtitle file.

    Args:
        cues: in any order; a translation replaces the text.
        format_name: a key of ``FORMATS``.
        profile: limits the width and the number of a cue's lines.
        language: BCP 47 tag of the displayed text.

    Raises:
        InvalidFormatError: no format has that name.
    """
    kind = check_format(format_name)
    if profile.free_translations and format_name not in _PAIRED:
        cues = translated_track(cues, profile, language)
    return kind.write(cues, profile.in_language(language), language)
