"""Choice among the languages of a file that holds one text in several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.cue import Lane
from app.domain.errors import InvalidLanguageError
from app.domain.events import Notice
from app.domain.language import Language
from app.services.captions.overlaps import ShownTimes, TimePair, are_parallel, core
from app.services.captions.raw_captions import RawCaption
from app.services.captions.reading_notices import ReadingNotices
from app.services.captions.select import OTHER_LANGUAGE, language_distance

_LANES: tuple[Lane, ...] = ("dialogue", "song", "sign")
_MOST_LANGUAGES = 16
_UNTIMED_MS = 1000


@dataclass(frozen=True, slots=True)
class LanguageChoice:
    """What is left of a file with several languages.

    Attributes:
        captions: in the file's order.
        language: BCP 47 tag that the dialogue was chosen by; empty where nothing was chosen.
        notices: what was left out.
    """

    captions: tuple[RawCaption, ...]
    language: str
    notices: tuple[Notice, ...]


def choose_language(captions: Sequence[RawCaption], wanted: str, named: str) -> LanguageChoice:
    """Return a file's captions without the same text in other languages.

    Languages that alternate, as in a film in which several are spoken, all stay; only one whose
    captions run beside those of another is another version of them.

    Args:
        captions: each with its language where the file names one.
        wanted: BCP 47 tag of the captions by who sent them, ``und`` for unknown.
        named: by the file as a whole, or empty.
    """
    notices = ReadingNotices()
    dropped: set[int] = set()
    chosen = ""
    for lane in _LANES:
        rows = [caption for caption in captions if caption.lane == lane and caption.language]
        counts = Counter(caption.language for caption in rows)
        if len(counts) < 2:
            continue
        best = _best(counts, [wanted, chosen, named])
        common = [tag for tag, _ in counts.most_common(_MOST_LANGUAGES) if tag != best]
        others = [tag for tag in common if _runs_beside(rows, best, tag)]
        taken = ShownTimes([_span(row) for row in rows if row.language == best])
        for language in others:
            # What the chosen language lacks is shown in the other one.
            left = [r for r in rows if r.language == language and taken.overlap(*core(_span(r)))]
            what = f"Captions in another language of the same file ({language}; {best} was taken)"
            notices.left_out(what, count=len(left))
            dropped.update(map(id, left))
        chosen = chosen or (best if others else "")
    kept = tuple(caption for caption in captions if id(caption) not in dropped)
    return LanguageChoice(kept, chosen, notices.notices())


def _best(counts: Counter[str], wishes: Sequence[str]) -> str:
    """Return the language that comes nearest to the first wish that any comes near to."""
    tags = [tag for tag, _ in counts.most_common(_MOST_LANGUAGES)]
    for wish in wishes:
        try:
            language = Language.parse(wish)
        except InvalidLanguageError:
            continue
        near = min(tags, key=lambda tag: language_distance(tag, language))
        if language_distance(near, language) < OTHER_LANGUAGE:
            return near
    return tags[0]


def _runs_beside(rows: Sequence[RawCaption], one: str, other: str) -> bool:
    return are_parallel(
        *([_span(row) for row in rows if row.language == language] for language in (one, other))
    )


def _span(caption: RawCaption) -> TimePair:
    return caption.start_ms, caption.end_ms or caption.start_ms + _UNTIMED_MS
