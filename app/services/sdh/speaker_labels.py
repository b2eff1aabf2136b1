"""Speaker labels that are written in the text, ahead of the words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from app.domain.dialogue_turns import speaker_dash
from app.services.sdh.sound_words import ROLES

_COLONS = ":："
_MOST_CHARS = 40
_MOST_WORDS = 4
_MOST_UNCASED_CHARS = 8
"""Of a name in a script that writes no spaces, such as 旁白 or ナレーター."""

_NAME = re.compile(r"[^\W\d_][\w .,'’#&()\[\]/-]*+", re.ASCII | re.IGNORECASE)
_ASIDE = re.compile(r"(?<=\w)\s*[\[(（［][^\[\]()（）［］]{1,30}[\])）］]$")
"""How or from where a speaker speaks, behind the name: ``JOHN (on phone):``."""

_DIARIZED = re.compile(r"\[?speaker[ _]?\d{1,3}\]?", re.IGNORECASE)

_NOT_NAMES = frozenset(
    [
        "note",
        "ps",
        "nb",
        "warning",
        "attention",
        "caution",
        "notice",
        "example",
        "remember",
        "result",
        "answer",
        "question",
        "achtung",
        "hinweis",
        "beispiel",
        "attention",
        "remarque",
        "exemple",
        "atención",
        "nota",
        "ejemplo",
        "attenzione",
        "esempio",
        "atenção",
        "exemplo",
        "let",
        "op",
        "внимание",
        "пример",
        "http",
        "https",
    ]
)
"""Words ahead of a colon that begin a sentence, even in capitals, unless everybody is labelled."""


@dataclass(frozen=True, slots=True)
class LabelSpan:
    """A label at the beginning of a turn.

    Attributes:
        name: as it is written, without brackets and colon.
        start: index of its first character.
        end: index one past the colon and the spaces behind it.
    """

    name: str
    start: int
    end: int


class SpeakerLabels:
    """Tells labels of speakers in one file from sentences that begin alike.

    A text ahead of a colon is a label where it is written in capitals alone, names a role (man,
    narrator) or a number (Speaker 1). In a script without capitals, and where a whole line is in
    capitals, it is one only if it comes twice in the file, as speakers do.

    Args:
        turns: all turns of the file.
    """

    def __init__(self, turns: Iterable[str]) -> None:
        found = (_candidate(turn) for turn in turns)
        self._counts = Counter(label.name for label in found if label is not None)

    def find(self, turn: str) -> LabelSpan | None:
        """Return the label that a turn begins with; None for none."""
        label = _candidate(turn)
        if label is None or not self._is_label(label.name, turn[label.end :]):
            return None
        return label

    def _is_label(self, name: str, rest: str) -> bool:
        words = name.casefold().split()
        if _DIARIZED.fullmatch(name) or words[0] in ROLES:
            return True
        repeated = self._counts[name] > 1
        if not _has_case(name):
            return repeated
        if not name.isupper():
            return False
        shouted = _has_case(rest) and rest.isupper()
        return repeated or not (shouted or set(words) & _NOT_NAMES)


def _candidate(turn: str) -> LabelSpan | None:
    """Return what stands ahead of the first colon of a turn, if a name could."""
    start = len(speaker_dash(turn))
    start += len(turn[start:]) - len(turn[start:].lstrip())
    head = turn[start : start + _MOST_CHARS + 1]
    colon = next((place for place, char in enumerate(head) if char in _COLONS), None)
    if not colon:
        return None
    name = _ASIDE.sub("", head[:colon].strip()).strip("[]()（）［］").strip()
    end = start + colon + 1
    wide = head[colon] == "：" or not name.isascii()
    if not name or not _is_name(name) or (turn[end : end + 1].strip() and not wide):
        return None
    while end < len(turn) and turn[end].isspace():
        end += 1
    return LabelSpan(name, start, end)


def _is_name(name: str) -> bool:
    if len(name.split()) > _MOST_WORDS or any(char in ".!?…。！？，、" for char in name[:-1][1:]):
        return bool(_DIARIZED.fullmatch(name)) or _is_titled(name)
    if not name.isascii():
        unspaced = not _has_case(name) and " " not in name
        return not unspaced or len(name) <= _MOST_UNCASED_CHARS
    return _NAME.fullmatch(name) is not None


def _is_titled(name: str) -> bool:
    """Whether full stops belong to titles and initials: ``MRS. REYES``."""
    parts = name.split()
    return len(parts) <= _MOST_WORDS and all(
        part.rstrip(".").replace(".", "").replace("'", "").replace("-", "").isalnum()
        for part in parts
    )


def _has_case(text: str) -> bool:
    return any(char.isupper() or char.islower() for char in text)
