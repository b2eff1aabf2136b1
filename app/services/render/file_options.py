"""Options of a subtitle file, as they follow a format's name in requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from app.domain.frame_clock import NTSC_DROP, NTSC_NON_DROP, PAL, FrameClock

Bilingual = Literal["no", "stacked", "regions"]


@dataclass(frozen=True, slots=True)
class FileOptions:
    """What a file holds beside one text, and how it counts.

    Attributes:
        words: times of words, where the format has a place for them.
        bilingual: the original beside the translation: both in one cue, or in two regions of the
            picture, the original above. Cues without a translation show their text once.
        translation_first: whether the translation stands above, or first, where both are stacked.
        clock: of formats that count frames; None for the format's own.
        open_captions: EBU STL for subtitles that are drawn into the picture, not for teletext.
    """

    words: bool = False
    bilingual: Bilingual = "no"
    translation_first: bool = False
    clock: FrameClock | None = None
    open_captions: bool = False


PLAIN_FILE = FileOptions()

_CHANGES: Mapping[str, Mapping[str, object]] = {
    "words": {"words": True},
    "bilingual": {"bilingual": "stacked"},
    "translation-first": {"bilingual": "stacked", "translation_first": True},
    "regions": {"bilingual": "regions"},
    "25": {"clock": PAL},
    "30": {"clock": NTSC_DROP},
    "ndf": {"clock": NTSC_NON_DROP},
    "df": {"clock": NTSC_DROP},
    "open": {"open_captions": True},
}

_EXCLUSIVE = (
    frozenset({"bilingual", "translation-first", "regions"}),
    frozenset({"25", "30"}),
    frozenset({"df", "ndf"}),
)
"""Options of which one may stand beside no other of the same row."""


def options_of(names: Iterable[str], known: Iterable[str]) -> FileOptions | None:
    """Return the options of a file by their names; None where they do not go together.

    Args:
        names: each once.
        known: those that the format has.
    """
    wanted = list(names)
    chosen = frozenset(wanted)
    if len(chosen) < len(wanted) or not chosen <= set(known):
        return None
    if any(len(chosen & row) > 1 for row in _EXCLUSIVE):
        return None
    options = PLAIN_FILE
    for name in wanted:
        options = replace(options, **_CHANGES[name])  # type: ignore[arg-type]
    return options
