"""Role of a subtitle track by its container's marks and its title."""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.services.media.track_roles import matched_role

_ROLES_BY_MARK = (
    ("forced", "forced"),
    ("comment", "commentary"),
    ("descriptions", "description"),
    ("lyrics", "lyrics"),
    ("karaoke", "lyrics"),
    ("hearing_impaired", "hearing_impaired"),
    ("captions", "hearing_impaired"),
)
"""Dispositions of ffmpeg. Source: libavformat/avformat.h, ``AV_DISPOSITION_*``."""

_FORCED = re.compile(
    r"\bforced\b|\bforc[ée]s?\b|\bforzad[oa]s?\b|\bforzat[oi]\b|\berzwungen|\bforçad[oa]s?\b"
    r"|\bsigns?\b|\bfn only\b|foreign (?:parts|only|dialog)|\bnon[- ]english parts\b"
    r"|форсир|надписи|強制|强制",
    re.IGNORECASE,
)
_COMMENTARY = re.compile(
    r"comment(?:s|ary|aries|aire|aires|ator)?\b|comentari|coment[áa]rio|commento\b|kommentar"
    r"|коммент|комент|コメンタリー|评论|評論",
    re.IGNORECASE,
)
_LYRICS = re.compile(r"\blyrics\b|\bkaraoke\b|\bsongs only\b|\btrivia\b", re.IGNORECASE)
_HEARING = re.compile(
    r"\bsdh\b|\bcc\b|closed caption|hearing[- ]impair|hard[- ]of[- ]hearing|\bhoh\b|\bhi\b"
    r"|malentendant|\bsourds?\b|\bsme\b|h[öo]rgesch|gehörlos|\bsordos\b|non udenti|\bsurdos\b"
    r"|слабослыш|глухих|聴覚|聋|聾|청각",
    re.IGNORECASE,
)
_ROLES_BY_TITLE = (
    (_FORCED, "forced"),
    (_COMMENTARY, "commentary"),
    (_LYRICS, "lyrics"),
    (_HEARING, "hearing_impaired"),
)
"""The words that discs, broadcasters and rips put on such tracks in the usual languages."""


def subtitle_role(marks: Mapping[str, object], title: str) -> str:
    """Return a subtitle track's role; see `app.domain.media.SubtitleTrack`.

    Args:
        marks: its dispositions, 1 where set.
        title: as the container has it.
    """
    return matched_role(marks, title, _ROLES_BY_MARK, _ROLES_BY_TITLE) or "full"
