"""Recognition of what a model says about its task in place of a translation.

A film's character may apologise, refuse or speak of subtitles too. So nothing is judged by its
words alone: what counts is what the answer says and its line does not.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from app.services.translation.quality import talk_terms

_TALK_CHARS = 600
"""Characters that are looked at: a refusal says so at its beginning."""

_ABOUT_TASK = ("translation", "subtitle", "model", "task")
_SUBTITLES = frozenset({"translation", "subtitle"})
_SERVICE = ("help", "request", "text", "give", "offer")
_REFUSING = ("apology", "inability")


def terms_of(text: str) -> tuple[str, ...]:
    """Return the terms of a table."""
    return tuple(term for term in text.replace("\n", "").split("|") if term)


_TABLES: dict[str, tuple[str, ...]] = {
    "translation": terms_of(talk_terms.TRANSLATION),
    "subtitle": terms_of(talk_terms.SUBTITLE),
    "model": terms_of(talk_terms.MODEL),
    "task": terms_of(talk_terms.TASK),
    "apology": terms_of(talk_terms.APOLOGY),
    "inability": terms_of(talk_terms.INABILITY),
    "help": terms_of(talk_terms.HELP),
    "request": terms_of(talk_terms.REQUEST),
    "text": terms_of(talk_terms.TEXT),
    "give": terms_of(talk_terms.GIVE),
    "offer": terms_of(talk_terms.OFFER),
}

_LOOSELY = terms_of(talk_terms.SOURCE_TRANSLATION)
_LOOSELY_MODEL = terms_of(talk_terms.SOURCE_MODEL)


def talk_certainty(source: str, text: str) -> float:
    """Return how surely an answer is a model's own talk: 1 surely, 0.5 perhaps, 0 not.

    Sure is what no line calls for that says nothing of the kind; the rest may be an idiom's
    translation (``That's beyond me.``), and the model may insist on it.

    Args:
        source: the line.
        text: the answer.
    """
    added = _added_topics(source, text)
    about_task = added.intersection(_ABOUT_TASK)
    refuses = added.intersection(_REFUSING)
    serves = added.intersection(_SERVICE)
    if "model" in added:
        return 1.0
    if about_task and (refuses or serves or len(about_task) > 1):
        return 1.0
    if refuses and serves:
        is_plain = serves == {"help"} and len(refuses) == 1
        return 0.5 if is_plain or not _lacks_refusal(source) else 1.0
    if len(serves - {"help"}) > 1:
        return 1.0
    if "offer" in added:
        return 0.5 if "?" in source or "？" in source else 1.0
    return 0.5 if about_task or refuses == set(_REFUSING) else 0.0


def _added_topics(source: str, text: str) -> frozenset[str]:
    """Return what an answer speaks of and its line does not."""
    said = _topics(source)
    added = _topics(text) - said
    if said.intersection(_SUBTITLES) or mentions(source, _LOOSELY):
        added -= _SUBTITLES  # Arabic has one word for both
    if "help" in said:
        added -= {"offer"}
    return added - {"model"} if mentions(source, _LOOSELY_MODEL) else added


def mentions(text: str, terms: tuple[str, ...]) -> bool:
    """Whether a text has a word that begins with one of some terms."""
    return _mentions(plain(text), terms)


def plain(text: str) -> str:
    """Return the words of a text in small letters, each between spaces."""
    folded = unicodedata.normalize("NFC", text[:_TALK_CHARS]).casefold().replace("i\u0307", "i")
    return f" {' '.join(''.join(map(_letter_or_space, folded)).split())} "


def _lacks_refusal(source: str) -> bool:
    return _topics(source).isdisjoint({*_REFUSING, "help", "request"})


@lru_cache(maxsize=2048)
def _topics(text: str) -> frozenset[str]:
    words = plain(text)
    return frozenset(topic for topic, terms in _TABLES.items() if _mentions(words, terms))


def _mentions(words: str, terms: tuple[str, ...]) -> bool:
    return any(_has(words, term) for term in terms)


def _has(words: str, term: str) -> bool:
    return all(_begins_word(part) in words for part in term.split("+"))


@lru_cache(maxsize=4096)
def _begins_word(part: str) -> str:
    """Return a term as it is searched: behind a space where its script writes spaces."""
    pattern = plain(part.removesuffix("_")).rstrip(" ")
    if part.endswith("_"):
        pattern += " "
    return pattern.lstrip(" ") if _is_joined(pattern.strip()[:1]) else pattern


def _is_joined(char: str) -> bool:
    """Whether words of a letter's script follow others, or articles, without a space."""
    if not char or ord(char) < 0x590:
        return False
    return unicodedata.name(char, "").partition(" ")[0] in _JOINED


_JOINED = frozenset({"HEBREW", "ARABIC", "THAI", "CJK", "HIRAGANA", "KATAKANA", "HANGUL"})


def _letter_or_space(char: str) -> str:
    if char.isalnum() or unicodedata.category(char) in {"Mn", "Mc"}:
        return char
    return "" if char == "\u200c" else " "
