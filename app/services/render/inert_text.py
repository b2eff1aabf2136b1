"""Text that stays text in formats whose readers look for markup and times in it.

An invisible word joiner within a sequence that a reader would act on makes it plain text: nothing
is seen of it, and readers of such files drop it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

WORD_JOINER = "\u2060"

LINE_GUARD = 2 * WORD_JOINER
"""Ahead of a line of text that reads as a part of the file's structure: one such character may get
into a time line by accident, two do not."""

_ENTITY = r"&(?=#?[A-Za-z0-9]{1,32};)"
_TAG_NAMES = "b|i|u|s|c|v|p|em|tt|rb|rt|rp|br|sub|sup|del|ruby|lang|span|font|strong|strike"

ANY_TAG = re.compile(rf"<(?= *[A-Za-z/!?]|[0-9]+:)|{_ENTITY}")
"""Begins of tags and entities for players that hide whatever looks like one."""

TAGS_AND_ENTITIES = re.compile(
    rf"<(?=/?(?:{_TAG_NAMES})(?![A-Za-z0-9])|[0-9]+:)|{_ENTITY}", re.IGNORECASE
)
"""Begins of the tags of caption files and of entities, where only readers would act on them."""

OVERRIDES = re.compile(r"\{(?=\\|[A-Za-z]:|/?[ibus]\})", re.IGNORECASE)
"""Begins of SubStation's and MicroDVD's overrides, which stand in files of other formats too."""

ARROWS = re.compile(r"-(?=->)")

ALL_MARKUP = re.compile(f"{TAGS_AND_ENTITIES.pattern}|{OVERRIDES.pattern}", re.IGNORECASE)

_KEYWORD = re.compile(
    r"WEB ?V+T|(?:STYLE|REGION)\Z|X-TIMESTAMP-MAP|Dialogue:|\[(?:Script Info|Events)\]"
    r"|[{\[] ?[0-9]+ ?[}\]][{\[]"
    r"|(?:[> ]++|`{3,8}[a-z]{0,8}|[-=_]{3,}+)\Z",
    re.IGNORECASE,
)
_BEGINS_WITH_NUMBER = re.compile(r"\W{0,12}+(?:[^\W\d_]{1,10}+\W{0,3}+)?[0-9]")
_ARROW = re.compile(r"[-=–—−] ?[-=]?[>;＞]|[→⇒➔➜➡⟶]|--")
_TIME_SIGN = re.compile(r"[0-9] ?[^\w\s]{1,2} ?(?=[0-9])")
_MAY_BE_TIME = re.compile(r"[0-9] ?[^\w\s]|[^\w\s] ?[0-9]|>")
_TIME_SIGNS = 2
"""A line with fewer has one time at most, which is no time line of these formats."""


def reads_as_structure(line: str, *, timed: bool = False) -> bool:
    """Whether readers of caption files may take a line for a time line, a header or a divider.

    Args:
        line: text alone.
        timed: whether times of words are written into it.
    """
    if _KEYWORD.match(line.strip()):
        return True
    digits = timed or any(char.isdecimal() for char in line)
    if _ARROW.search(line) and (digits or not any(char.isalpha() for char in line)):
        return True
    if len(_TIME_SIGN.findall(line)) < _TIME_SIGNS:
        return False
    return _BEGINS_WITH_NUMBER.match(line) is not None


def text_behind_time(text: str, pattern: re.Pattern[str]) -> str:
    """Return a text that stands behind a time on its line so that it is no part of the time line.

    Args:
        text: one line.
        pattern: matches the first character of what a reader would act on.
    """
    inert = "".join(inert_pieces([text], pattern))
    is_like_time = not text[:1].isalpha() and _MAY_BE_TIME.search(text) is not None
    return LINE_GUARD + inert if is_like_time else inert


def inert_pieces(
    pieces: Sequence[str],
    pattern: re.Pattern[str],
    *,
    guarded: bool = False,
    timed: bool = False,
) -> list[str]:
    """Return the pieces of a line with a word joiner behind each sequence's first character.

    A sequence may begin in one piece and go on in the next.

    Args:
        pieces: of one line, in order.
        pattern: matches the first character of what a reader would act on.
        guarded: whether the line is marked as text where it reads as structure.
        timed: whether times of words are written into the line.
    """
    line = "".join(pieces)
    joints = {match.end() for match in pattern.finditer(line)}
    found: list[str] = []
    place = 0
    for text in pieces:
        own = [
            char + WORD_JOINER if place + index in joints else char
            for index, char in enumerate(text, start=1)
        ]
        place += len(text)
        found.append("".join(own))
    if guarded and found and reads_as_structure(line, timed=timed):
        found[0] = LINE_GUARD + found[0]
    return found
