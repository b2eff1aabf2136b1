"""Lanes by the names of styles and actors in SubStation scripts."""

from __future__ import annotations

import re

from app.domain.cue import Lane

_WORDS = re.compile(r"[A-Z]{1,30}(?![a-z])|[A-Z]?[a-z]{1,30}")

_SIGN_WORDS = frozenset(
    "sign signs os ts typeset typesetting title titles screen onscreen note notes tl tln card "  # noqa: SIM905
    "eyecatch credit credits letter letters phone sms chat board map plate banner newspaper "
    "cartel carteles letrero letreros panneau panneaux placa placas schild "
    "schilder hinweis".split()
)
_SONG_WORDS = frozenset(
    "op ed opening ending song songs lyric lyrics karaoke kara romaji romanji kanji kana music "  # noqa: SIM905
    "insert chanson lied cancion musica".split()
)
_SAID_WORDS = frozenset(
    "default main dialogue dialog italics italic alt alternate alternative flashback thought "  # noqa: SIM905
    "thoughts internal narration narrator overlap subtitle subtitles sub subs".split()
)
_SIGN_PARTS = ("标题", "標題", "注释", "註釋", "注釋", "屏幕", "屏字", "看板", "テロップ", "надпис")
_SONG_PARTS = ("歌", "песн", "노래")
"""Parts of style names by which scripts tell signs and songs from dialogue. Source: the naming
conventions of subtitling groups; the default style of Aegisub is ``Default``."""


def named_lane(name: str) -> Lane | None:
    """Return the lane that a name tells; None where it tells none."""
    words = {word.lower() for word in _WORDS.findall(name)}
    lower = name.lower()
    if words & _SONG_WORDS or any(part in lower for part in _SONG_PARTS):
        return "song"
    if words & _SIGN_WORDS or any(part in lower for part in _SIGN_PARTS):
        return "sign"
    return "dialogue" if words & _SAID_WORDS else None
