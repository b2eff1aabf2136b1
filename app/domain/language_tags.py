"""Language tags of strangers: the one module that hands a tag to langcodes.

The library remembers every tag and every pair of tags that it ever saw, and takes tags of any
length. So a tag is checked for its shape first, and what the library remembers is bounded.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import langcodes
from langcodes import language_distance
from langcodes.tag_parser import LanguageTagError

MAX_TAG_CHARS = 35
"""Source: BCP 47 (RFC 5646), section 4.4.1: the length that holds every registered combination."""

_REMEMBERED_MOST = 2048
"""Tags, and pairs of tags, that the library may remember: more than any server meets in earnest,
about 3 MB."""

_SHAPE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,8}")
"""Language, script, region and variants. Extensions and private use, which begin with a single
character, may spell anything and name no language."""

_PRIVATE_USE = re.compile(r"-x(?:-[A-Za-z0-9]{1,8}){1,4}\Z", re.IGNORECASE)

_LOCK = threading.RLock()
"""The library looks into its memory twice for one tag, between which nothing may leave it."""


def is_tag(text: str) -> bool:
    """Whether a text has the shape and the length of a tag."""
    return len(text) <= MAX_TAG_CHARS and _SHAPE.fullmatch(text) is not None


def standard_tag(text: str) -> str | None:
    """Return a tag in its standard spelling; None where it names no registered language.

    Args:
        text: in any spelling (``zh_CN``, ``PT-br``, ``iw``), of any length.
    """
    if len(text) > 2 * MAX_TAG_CHARS:
        return None
    text = text.strip().replace("_", "-")
    if not is_tag(text):
        return None
    tag = _registered(text)
    return tag if tag is not None and is_tag(tag) else None


def installed_tag(text: str) -> str | None:
    """Return the standard spelling of a tag that an installed program names.

    Unlike a caller's it may have a private part (``en-gb-x-rp``), which stays.
    """
    if len(text) > MAX_TAG_CHARS or not _SHAPE.fullmatch(_PRIVATE_USE.sub("", text)):
        return None
    return _registered(text)


def base_of(tag: str) -> str:
    """Return a standard tag's language without script and region."""
    with _language(tag) as language:
        return str(language.language)


def english_name(tag: str) -> str:
    """Return a standard tag's name in English: ``Chinese (China)``."""
    with _language(tag) as language:
        return str(language.display_name("en"))


def names_script_or_region(tag: str) -> bool:
    """Whether a standard tag names more than a language."""
    with _language(tag) as language:
        return language.script is not None or language.territory is not None


def script_of(tag: str) -> str | None:
    """Return the ISO 15924 script that a standard tag names; None where it names none."""
    with _language(tag) as language:
        return None if language.script is None else str(language.script)


def likely_script(tag: str) -> str | None:
    """Return the ISO 15924 script in which a standard tag's language is likely written.

    Source: CLDR's likely subtags.
    """
    with _language(tag) as language:
        script = language.maximize().script
        return None if script is None else str(script)


def nearest_tag(tag: str, offered: Sequence[str], max_distance: int) -> str:
    """Return the tag among others whose language is nearest, ``und`` where none is near enough.

    Args:
        tag: standard.
        offered: of this server or of an installed program, never of a caller.
        max_distance: in CLDR's measure. Scripts do not count.
    """
    with _language(tag):
        closest, _ = langcodes.closest_match(
            tag, list(offered), max_distance=max_distance, ignore_script=True
        )
        return str(closest)


def _registered(text: str) -> str | None:
    """Return the standard spelling of a tag of a checked shape; None where no registry has it."""
    try:
        with _language(text) as language:
            known = language.language is not None and language.is_valid()
            return str(language) if known else None
    except (LanguageTagError, ValueError):
        return None


@contextmanager
def _language(tag: str) -> Iterator[langcodes.Language]:
    """Look a tag up; what the library remembers is emptied ahead of that once it is too much.

    Raises:
        LanguageTagError: the tag cannot be read.
    """
    with _LOCK:
        for remembered in _MEMORIES:
            if len(remembered) > _REMEMBERED_MOST:
                remembered.clear()
        yield langcodes.Language.get(tag)


_MEMORIES = (
    langcodes.Language._INSTANCES,
    langcodes.Language._PARSE_CACHE,
    language_distance._DISTANCE_CACHE,
)
