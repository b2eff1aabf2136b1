"""Role of an audio track by its container's marks and its title."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_ROLES_BY_MARK = (
    ("comment", "commentary"),
    ("visual_impaired", "description"),
    ("descriptions", "description"),
    ("hearing_impaired", "hearing_impaired"),
    ("karaoke", "music"),
    ("clean_effects", "music"),
    ("lyrics", "music"),
)
"""Dispositions of ffmpeg. Source: libavformat/avformat.h, ``AV_DISPOSITION_*``."""

_TITLE_CHARS = 200

_COMMENTARY = re.compile(
    r"comment(?:s|ary|aries|aire|aires|ator)?\b|comentari|coment[áa]rio|commento|commenti\b"
    r"|kommentar|komentar|koment[áa][rř]|komentarz|коммент|комент|σχόλια|yorum\b|תגובות|تعليق"
    r"|コメンタリー|解説音声|副音声|评论|評論|解说|导评|導評|코멘터리|해설",
    re.IGNORECASE,
)
_DESCRIPTION = re.compile(
    r"audio[ -]?de?scri|described\b|descriptive|description audio|\bdvs\b|\bad\b"
    r"|visual(?:ly)? impair|vision impair|h[öo]rfilm|audiodeskription|blinde|sehbehind"
    r"|autodescripci|malvoyant|non voyant"
    r"|descrizione audio|non vedenti|audiodeskryp|synstolk|syntolk|тифло|音声解説|解説放送"
    r"|口述影像|화면해설",
    re.IGNORECASE,
)
_HEARING = re.compile(
    r"hearing impair|hard of hearing|\bclean audio\b|dialogue boost", re.IGNORECASE
)
_MUSIC = re.compile(
    r"\bmusic (?:and|&) effects\b|\bm ?& ?e\b|karaoke|isolated score|music only|"
    r"score only|instrumental",
    re.IGNORECASE,
)
_ROLES_BY_TITLE = (
    (_DESCRIPTION, "description"),
    (_COMMENTARY, "commentary"),
    (_HEARING, "hearing_impaired"),
    (_MUSIC, "music"),
)
"""The words that discs, broadcasters and rips put on such tracks in the usual languages."""


def role_of(marks: Mapping[str, object], title: str) -> str:
    """Return a track's role.

    Args:
        marks: its dispositions, 1 where set.
        title: as the container has it.
    """
    return matched_role(marks, title, _ROLES_BY_MARK, _ROLES_BY_TITLE) or "main"


def matched_role(
    marks: Mapping[str, object],
    title: str,
    by_mark: Sequence[tuple[str, str]],
    by_title: Sequence[tuple[re.Pattern[str], str]],
) -> str | None:
    """Return the role of the first mark that is set, else of the first pattern in the title.

    Args:
        marks: a track's dispositions, 1 where set.
        title: as the container has it.
        by_mark: roles by disposition.
        by_title: roles by what the title says.
    """
    for mark, role in by_mark:
        if marks.get(mark) == 1:
            return role
    for pattern, role in by_title:
        if pattern.search(title[:_TITLE_CHARS]):
            return role
    return None
