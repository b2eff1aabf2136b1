"""A SubStation script out of subtitles in any format, for one video's picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.domain.captions import Captions
from app.domain.cue import Cue
from app.domain.errors import InvalidFieldError
from app.domain.language import Language, known_language
from app.domain.profile import PROFILES, ReadingProfile
from app.services.captions.bounded_decoding import pieces, text_pieces
from app.services.captions.encoding import decode_file
from app.services.captions.parse import parse_bounded
from app.services.captions.readers.substation import looks_like_substation
from app.services.operations.burn_fonts import LATIN, font_size_percent, main_font, with_fonts
from app.services.operations.force_style import UNFORCED, ForcedStyle
from app.services.operations.operation_context import JobCues
from app.services.operations.script_styles import (
    USUAL_CANVAS,
    forced,
    script_lines,
    with_styles,
    without_attachments,
)
from app.services.render.file_writer import render_bounded
from app.services.stages.caption_cues import caption_cues
from app.system.bounded_work import work_on

_SNIFFED = 2**16
_EVENT_FIELDS = 10


@dataclass(frozen=True, slots=True)
class SubtitleScript:
    """A script and its notices.

    Attributes:
        text: of the script.
        notices: code and message of what was left out of the subtitles, or assumed.
    """

    text: str
    notices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ScriptTarget:
    """What a script is made for.

    Attributes:
        size: width and height of the picture in square pixels.
        language: BCP 47 tag of the text; ``und`` where it is not known.
        style: forced on all.
        profile: reading profile by name; None for the picture's shape to choose.
        edited: whether people have edited the cues, which then stay as they are.
    """

    size: tuple[int, int]
    language: str = "und"
    style: ForcedStyle = UNFORCED
    profile: str | None = None
    edited: bool = False

    @property
    def canvas(self) -> tuple[int, int]:
        """What the lengths of a look are measured on: HD, upright where the picture is."""
        width, height = self.size
        return (1080, 1920) if height > width else (1920, 1080)


def profile_for(target: ScriptTarget) -> ReadingProfile:
    """Return the reading profile for a picture: an upright one has room for short lines."""
    width, height = target.size
    named = target.profile or ("shorts" if height > width else "netflix")
    profile = replace(PROFILES[named], frame_width_px=width, frame_height_px=height)
    return replace(profile, free_translations=False) if target.edited else profile


async def script_of_file(data: bytes, target: ScriptTarget) -> SubtitleScript:
    """Return a script for a subtitle file.

    A script stays as it is, without fonts inside it; subtitles of other formats are laid out as
    their author has them and get fonts for their letters.

    Raises:
        InvalidCaptionsError: it cannot be read, or holds no captions.
        TooMuchWorkError: it takes more memory or time than it may.
    """
    captions = await parse_bounded(data, None, target.language, "manual")
    notices = tuple((each.code, each.message) for each in captions.notices)
    own = await own_script(data, known_language(target.language), target.style)
    if own:
        return SubtitleScript(own, notices)
    cues = await cues_of(captions, target)
    language = captions.language if target.language == "und" else target.language
    return SubtitleScript(await script_of_cues(cues, replace(target, language=language)), notices)


async def own_script(data: bytes, language: Language | None, drawn: ForcedStyle | None) -> str:
    """Return a file that is a script itself; empty where it is none.

    Args:
        data: of the file.
        language: of its text, where it is known.
        drawn: a style to force where it is drawn, for which the files inside it are left out; None
            to leave it as it is.

    Raises:
        TooMuchWorkError: it takes more memory or time than it may.
    """
    return "".join(await work_on(_own_script, pieces(data), language, drawn, chars=len(data)))


def _own_script(
    parts: list[bytes], language: Language | None, drawn: ForcedStyle | None
) -> Iterator[str]:
    text = decode_file(b"".join(parts), language).text.lstrip("\ufeff")
    if looks_like_substation(text[:_SNIFFED]):
        changed = text if drawn is None else forced(without_attachments(text), drawn)
        yield from text_pieces(changed)


async def cues_of(captions: Captions, target: ScriptTarget) -> list[Cue]:
    """Return the cues of captions, laid out for a picture."""
    return [cue async for cue in caption_cues(captions, profile_for(target))]


async def script_of_cues(cues: Sequence[Cue], target: ScriptTarget) -> str:
    """Return a script of cues in fonts that have their letters.

    Raises:
        TooMuchWorkError: it takes more memory or time than it may.
    """
    profile = profile_for(target)
    script = await render_bounded(cues, "ass", profile, target.language)
    shown = [cue.shown for cue in cues]
    [family] = await work_on(_family, shown, target.language, chars=sum(map(len, shown)))
    if any(each.field == "Fontname" for each in target.style.fields):
        family = LATIN  # the caller's font has its letters; all other scripts have theirs named
    parts = list(text_pieces(script))
    return "".join(await work_on(_drawn, parts, family, target, chars=len(script)))


def _family(texts: list[str], language: str) -> Iterator[str]:
    yield main_font(texts, language)


def _drawn(parts: list[str], family: str, target: ScriptTarget) -> Iterator[str]:
    """Yield a script with the fonts of its letters and the style that is forced."""
    lines = script_lines("".join(parts))
    named = "\n".join(_event(line, family, target.language) for line in lines)

    def change(fields: dict[str, str]) -> None:
        size = str(font_size_percent(family))
        fields |= {"Fontname": family, "ScaleX": size, "ScaleY": size}

    base = target.style.canvas or USUAL_CANVAS
    scale = (target.size[0] / base[0], target.size[1] / base[1])
    yield from text_pieces(forced(with_styles(named, change), target.style, scale))


def shown_cues(found: JobCues, language: str | None) -> tuple[list[Cue], str]:
    """Return the cues of a job as they are shown in a language, and that language.

    Args:
        found: of the job.
        language: BCP 47 tag; None for the translation where there is one.

    Raises:
        InvalidFieldError: the job is in another language.
    """
    if language is None or language == found.target:
        return list(found.cues), found.target or found.language
    if language != found.language:
        known = ", ".join(tag for tag in (found.language, found.target) if tag)
        raise InvalidFieldError(f"language: the job's cues are in {known}")
    return [replace(cue, translation=None) for cue in found.cues], found.language


def _event(line: str, family: str, language: str) -> str:
    if not line.startswith("Dialogue:"):
        return line
    *fields, text = line.split(",", _EVENT_FIELDS - 1)
    return ",".join([*fields, with_fonts(text, family, language)])
