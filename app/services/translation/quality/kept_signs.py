"""Signs of a line that its translation must have: notes of music, dashes of speakers, tags."""

from __future__ import annotations

import re
from collections.abc import Callable

MUSIC = "♪♫♬♩"

_DASHES = "-‐‑–—―−"
_TURN = re.compile(r"(?:^|(?<=[.!?;…。！？؟։।\"”»]) |\n)(?:[-‐‑–—―−]\s?(?![\s\d-])|>>\s?)")
"""A dash that a new speaker's words begin with: at the beginning, or behind a sentence."""

_TAG = re.compile(r"</?[A-Za-z][^<>]{0,80}>|\{\\[^{}]{0,80}\}")
_WRAPPED = re.compile(r"(<([A-Za-z])[^<>]{0,80}>)[^<>]+(</\2>)")


def with_music(source: str, text: str) -> str:
    """Return a translation with the notes of music that its line begins or ends with."""
    said, bare = source.strip(), text.strip()
    if not bare or any(sign in bare for sign in MUSIC):
        return text
    begin = said[0] if said[:1] and said[0] in MUSIC else ""
    end = said[-1] if said[-1:] and said[-1] in MUSIC else ""
    if said == begin + end or not (begin or end):
        return text
    return f"{begin} {bare} {end}".strip()


def with_dash(source: str, text: str) -> str:
    """Return a translation with the dash of the one speaker of its line."""
    said, bare = source.strip(), text.strip()
    match = _TURN.match(said)
    if match is None or not bare or turns(said) != 1 or bare[0] in _DASHES or bare[:2] == ">>":
        return text
    return f"{match[0]}{bare}"


def with_wrapping_tag(source: str, text: str) -> str:
    """Return a translation within the tag that its line is within."""
    match = _WRAPPED.fullmatch(source.strip())
    if match is None or not text.strip() or "<" in text:
        return text
    return f"{match[1]}{text.strip()}{match[3]}"


STEPS: tuple[tuple[str, Callable[[str, str], str]], ...] = (
    ("music note", with_music),
    ("speaker's dash", with_dash),
    ("lost tag", with_wrapping_tag),
)
"""What is put back, with the name of its kind."""


def turns(text: str) -> int:
    """Return how many dashes of speakers a text has."""
    return len(_TURN.findall(text.strip()))


def lost_sign(source: str, text: str) -> str | None:
    """Return the predicate that says which sign of its line a translation lacks; None for none."""
    if turns(source) > max(1, turns(text)):
        return "lost the dash of a speaker"
    if len(_TAG.findall(source)) > len(_TAG.findall(text)):
        return "lost markup of its line"
    if any(sign in source for sign in MUSIC) and not any(sign in text for sign in MUSIC):
        return "lost a music note"
    return None
