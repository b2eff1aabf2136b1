"""Language tags of strangers: the one module that hands a tag to langcodes.

The library remembers every tag and every pair of tags that it ever saw, and takes tags of any
length. So a tag is checked for its shape first, and what the library remembers is bounded.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache

import langcodes
from langcodes import data_dicts, language_distance
from langcodes.tag_parser import LanguageTagError

MAX_TAG_CHARS = 35
"""Source: BCP 47 (RFC 5646), section 4.4.1: the length that holds every registered combination."""

_MAX_NAME_CHARS = 64
"""More than any language's name in English has."""

_REMEMBERED_MOST = 2048
"""Tags, and pairs of tags, that the library may remember: more than any server meets in earnest,
about 3 MB."""

_SHAPE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,8}")
"""Language, script, region and variants. Extensions and private use, which begin with a single
character, may spell anything and name no language."""

_LOCALE = re.compile(
    r"(?P<tag>[A-Za-z0-9_-]+)(?:\.[A-Za-z0-9-]{1,20})?(?:@(?P<modifier>[A-Za-z]{1,20}))?"
)
"""A POSIX locale: ``zh_CN.UTF-8``, ``sr_RS@latin``. Source: IEEE Std 1003.1, section 8.2."""

_MODIFIERS = {"latin": "Latn", "cyrillic": "Cyrl", "devanagari": "Deva", "arabic": "Arab"}
"""Scripts by the modifiers of POSIX locales. Source: the locales of glibc."""

_OLD_TAGS = {"zh-chs": "zh-Hans", "zh-cht": "zh-Hant"}
"""Tags that BCP 47 never registered. Source: .NET's CultureInfo, which still lists them."""

_MAIN_MEMBERS: dict[str, str] = {
    member: macro
    for member, macro in data_dicts.NORMALIZED_MACROLANGUAGES.items()
    if len(member) == 3 and len(macro) == 2
} | {"pbt": "ps", "zlm": "ms"}
"""Individual languages that are meant by the two letters of their macro-language (``cmn`` is
``zh``). Source: CLDR's language aliases, as langcodes holds them; beside them Southern Pashto and
Malay, which have the code of the whole in ISO 639-3 alone."""

_OPEN_MACROS = frozenset({"no", "zh", "ar"})
"""Macro-languages whose two letters stand for any of their members in captions, players and
transcribers, where CLDR makes none of them the one that is meant."""

_OPEN_SCRIPTS = frozenset(
    ("sr", "sh", "bs", "uz", "kk", "az", "ku", "mn", "tk", "tg", "tt", "ha", "ks")
)
"""Languages that are written in more than one script by the same people, so that their bare tag
says nothing of it."""

_SEVERAL_SCRIPTS = _OPEN_SCRIPTS | frozenset(
    ("zh", "yue", "wuu", "nan", "hak", "gan", "pa", "sd", "ug", "ky")
)
"""Beside them those whose readers of one script do not read the other."""

_HAN = frozenset({"Hans", "Hant"})

_HAN_NAMES = {"Hans": "simplified Chinese characters", "Hant": "traditional Chinese characters"}

_PRIVATE_USE = re.compile(r"-x(?:-[A-Za-z0-9]{1,8}){1,4}\Z", re.IGNORECASE)

_SPOKEN_APART = frozenset({"zh"})
"""Macro-languages whose members share a way of writing: who hears one does not hear the others."""

_LOCK = threading.RLock()
"""The library looks into its memory twice for one tag, between which nothing may leave it."""


def is_tag(text: str) -> bool:
    """Whether a text has the shape and the length of a tag."""
    return len(text) <= MAX_TAG_CHARS and _SHAPE.fullmatch(text) is not None


def standard_tag(text: str) -> str | None:
    """Return a tag in its standard spelling; None where it names no registered language.

    Args:
        text: in any spelling (``zh_CN``, ``PT-br``, ``iw``, ``ger``, ``sr_RS@latin``), of any
            length.

    Returns:
        The canonical form of Unicode's locale identifiers (UTS 35, annex C): deprecated codes,
        those of three letters and the main members of macro-languages are replaced.
    """
    if len(text) > 2 * MAX_TAG_CHARS:
        return None
    text = _without_locale(text.strip()).replace("_", "-")
    text = _OLD_TAGS.get(text.lower(), text)
    if not is_tag(text):
        return None
    tag = _registered(text)
    if tag is None:
        return None
    base, hyphen, rest = tag.partition("-")
    tag = _MAIN_MEMBERS.get(base, base) + hyphen + rest
    return tag if is_tag(tag) else None


def named_tag(text: str) -> str | None:
    """Return the standard tag of a language that a file names by a tag or in English (``english``).

    Args:
        text: of any length.

    Returns:
        None where it names no language. Names are those of CLDR and of the IANA registry, which
        have those of Whisper (``castilian``, ``haitian creole``) among them.
    """
    tag = standard_tag(text)
    if tag is not None or not 4 <= len(text.strip()) <= _MAX_NAME_CHARS:
        return tag
    with suppress(LookupError):
        return standard_tag(str(langcodes.find(text.strip(), "en")))
    return None


def family_of(tag: str) -> str:
    """Return the macro-language of a standard tag where its two letters are used for all members.

    ``no`` for ``nb`` and ``nn``, ``zh`` for ``yue``, ``ar`` for ``arz``; else the language itself.
    """
    base = base_of(tag)
    macro = str(data_dicts.MACROLANGUAGES.get(base, base))
    return macro if macro in _OPEN_MACROS else base


def code_among(tag: str, codes: Iterable[str]) -> str | None:
    """Return the code for a standard tag's language among those that somebody else uses.

    The same language in any spelling (``jw`` for ``jv``, ``tl`` for ``fil``), else another of its
    macro-language (``no`` for ``nb``, ``ar`` for ``arz``, ``nb`` for ``no``).

    Args:
        tag: standard. Script and region do not count.
        codes: of an engine, a program or a server.

    Returns:
        None where none of them is the language.
    """
    return _code_among(tag, tuple(codes))


@lru_cache(maxsize=_REMEMBERED_MOST)
def _code_among(tag: str, codes: tuple[str, ...]) -> str | None:
    base, family = base_of(tag), family_of(tag)
    if base in codes:
        return base
    known = [(code, other) for code in codes if (other := standard_tag(code)) is not None]
    same = [code for code, other in known if base_of(other) == base]
    macro = [code for code, other in known if other == family not in _SPOKEN_APART]
    members = [code for code, other in known if base == family == family_of(other)]
    return next(iter(same + macro + members), None)


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
        base = str(language.language)
    return _MAIN_MEMBERS.get(base, base)


def three_letters(tag: str, *, bibliographic: bool = False) -> str:
    """Return the code of ISO 639-2 for a standard tag's language, as containers of media have it.

    Args:
        tag: standard.
        bibliographic: whether the older code is wanted where there are two: ``ger`` for ``deu``.

    Returns:
        ``und`` where the language has none.
    """
    with _language(tag) as language:
        try:
            return str(language.to_alpha3(variant="B" if bibliographic else "T"))
        except LookupError:
            return "und"


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


def has_several_scripts(tag: str) -> bool:
    """Whether the language of a standard tag is written in several scripts."""
    return base_of(tag) in _SEVERAL_SCRIPTS


def region_of(tag: str) -> str | None:
    """Return the region that a standard tag names; None where it names none."""
    with _language(tag) as language:
        return None if language.territory is None else str(language.territory)


def written_script(tag: str) -> str | None:
    """Return the ISO 15924 script that a text with a standard tag must be in.

    The script that the tag names, else that of its region, else that of its language.

    Returns:
        None where a text in any of several is right: ``zh``, ``sr``, ``uz`` without a region.
    """
    script = script_of(tag) or likely_script(tag)
    is_open = script in _HAN or base_of(tag) in _OPEN_SCRIPTS
    return None if is_open and not names_script_or_region(tag) else script


def script_name(script: str) -> str:
    """Return a script's name in a sentence: ``the Cyrillic script``."""
    if script in _HAN_NAMES:
        return _HAN_NAMES[script]
    name = langcodes.Language.make(script=script).script_name("en")
    return f"the {name} script"


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


def _without_locale(text: str) -> str:
    """Return a POSIX locale's language and region, with the script that its modifier names."""
    locale = _LOCALE.fullmatch(text)
    if locale is None:
        return text
    script = _MODIFIERS.get((locale["modifier"] or "").lower())
    language, *rest = re.split("[-_]", locale["tag"])
    return "-".join([language, script, *rest]) if script else locale["tag"]


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
