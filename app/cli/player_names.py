"""Names of subtitle files as players find them: `talk.es.srt`, `talk.es.forced.srt`.

Source: the naming of external subtitles in Plex's, Jellyfin's, Emby's and Kodi's documentation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HEARING_IMPAIRED = frozenset({"sdh", "cc", "hi"})
_FLAGS = _HEARING_IMPAIRED | {"forced", "foreign", "signs", "default"}
_SUBTITLE_ENDINGS = frozenset(
    ["ass", "dfxp", "itt", "lrc", "sbv", "scc", "smi", "srt", "ssa", "stl", "sub", "ttml", "vtt"]
)
_HINDI = "hi"
"""Also the flag of subtitles for the hearing impaired, behind another language."""

_TRUE = frozenset({"true", "t", "1", "yes", "y", "on"})


@dataclass(frozen=True, slots=True)
class PlayerName:
    """What the names of an input's subtitle files have in common.

    Attributes:
        stem: name of the film, without a language.
        flags: words for players, such as ``forced``.
    """

    stem: str
    flags: tuple[str, ...] = ()

    def of(self, language: str, ending: str) -> str:
        """Return the name of a file.

        Args:
            language: BCP 47 tag; empty where none is known.
            ending: of the format, without a dot ahead.
        """
        parts = (self.stem or "subtitles", language, *self.flags, ending)
        return ".".join(part for part in parts if part)


def player_name(path: Path, fields: Mapping[str, Any]) -> PlayerName:
    """Return the name for a file's subtitles.

    A subtitle file's own language gives way to that of the result, and its flags stay.

    Args:
        path: of the media, or of subtitles.
        fields: of the request; those about the deaf and hard of hearing change the flags.
    """
    stem, flags = path.stem, list[str]()
    if path.suffix.lower().removeprefix(".") in _SUBTITLE_ENDINGS:
        stem, flags = _without_marks(path.stem)
    return PlayerName(stem, flags_of(fields, flags))


def flags_of(fields: Mapping[str, Any], flags: Sequence[str] = ()) -> tuple[str, ...]:
    """Return flags as the fields of a request change them."""
    heard = [flag for flag in flags if flag.lower() not in _HEARING_IMPAIRED]
    if _is_true(fields.get("remove_sdh")):
        flags = heard
    elif _is_true(fields.get("sdh")) and len(heard) == len(flags):
        flags = [*flags, "sdh"]
    return tuple(flags)


def _is_true(value: object) -> bool:
    return str(value).strip().lower() in _TRUE


def _without_marks(stem: str) -> tuple[str, list[str]]:
    """Return a subtitle file's stem without a language and flags at its end, and the flags."""
    parts = stem.split(".")
    flags: list[str] = []
    has_language = False
    while any(parts[:-1]):
        mark = parts[-1]
        if mark.lower() in _FLAGS:
            flags.insert(0, mark)
        elif not has_language and _is_language(mark):
            has_language = True
        else:
            break
        parts.pop()
    if not has_language:
        flags = [flag for flag in flags if flag.lower() != _HINDI]
    return ".".join(parts), flags


def _is_language(mark: str) -> bool:
    """Whether a word is a language's tag or code; many words are codes of three letters."""
    from app.domain.language import known_language

    found = known_language(mark) if mark.isascii() else None
    return found is not None and len(found.base) == 2
