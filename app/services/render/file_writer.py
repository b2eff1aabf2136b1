"""Writes cues into a subtitle file of any format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import MappingProxyType

from app.domain.cue import Cue
from app.domain.events import Notice
from app.domain.profile import ReadingProfile
from app.domain.transcript import Segment
from app.services.layout.translated_track import translated_track
from app.services.render.cue_words import Words, words_of_cues
from app.services.render.display_cues import WordTimes
from app.services.render.formats import SubtitleFormat, check_format
from app.services.render.timecodes import clock_time
from app.services.render.written_file import PLACES_NAMED, UNTIMED_WORDS, WrittenFile
from app.system.bounded_work import work_on

_CUE_CHARS = 32
"""Writing a cue takes about as long as this much of its text."""

_PART_CHARS = 2**12

_PAIRED = frozenset({"json", "csv"})
"""Formats that hold each translation beside its source."""


def _is_paired(kind: SubtitleFormat) -> bool:
    return kind.base in _PAIRED or kind.options.bilingual != "no"


async def render_bounded(
    cues: Sequence[Cue], format_name: str, profile: ReadingProfile, language: str = "und"
) -> str:
    """Return cues as a subtitle file, written where that delays nothing else; see `render`.

    Raises:
        InvalidFormatError: no format has that name.
        TooMuchWorkError: it takes more memory or time than it may.
    """
    return (await render_file(cues, format_name, profile, language)).json_text


async def render_file(
    cues: Sequence[Cue],
    format_name: str,
    profile: ReadingProfile,
    language: str = "und",
    segments: Sequence[Segment] = (),
    words: WordTimes | None = None,
) -> WrittenFile:
    """Return cues as a subtitle file, written where that delays nothing else.

    Args:
        cues: in any order; a translation replaces the text.
        format_name: a key of ``FORMATS``, with options.
        profile: limits the width and the number of a cue's lines.
        language: BCP 47 tag of the displayed text.
        segments: what was transcribed, for the times of words.
        words: times of words by the cues' ids, where they are known without segments.

    Raises:
        InvalidFormatError: no format has that name.
        TooMuchWorkError: it takes more memory or time than it may.
    """
    kind = check_format(format_name)
    wants_words = kind.options.words or kind.base == "json3"
    items: list[object] = [(cue, (words or {}).get(cue.id, ())) for cue in cues]
    items += segments if wants_words and words is None else ()
    chars = sum(len(cue.shown) + _CUE_CHARS for cue in cues)
    parts = await work_on(_written, items, format_name, profile, language, chars=chars)
    return _joined(parts)


def _joined(parts: Sequence[object]) -> WrittenFile:
    notices = tuple(part for part in parts if isinstance(part, Notice))
    data = [part for part in parts if isinstance(part, bytes)]
    if data:
        return WrittenFile(b"".join(data), notices)
    return WrittenFile("".join(part for part in parts if isinstance(part, str)), notices)


def _written(
    items: list[object], format_name: str, profile: ReadingProfile, language: str
) -> Iterator[Notice | str | bytes]:
    """Yield a file's notices and the file in parts."""
    pairs: list[tuple[Cue, Words]] = [item for item in items if isinstance(item, tuple)]
    segments = [item for item in items if isinstance(item, Segment)]
    cues = [cue for cue, _ in pairs]
    words = {cue.id: own for cue, own in pairs if own} or words_of_cues(cues, segments)
    file = write_file(cues, format_name, profile, language, words)
    yield from file.notices
    content = file.content
    yield from (content[at : at + _PART_CHARS] for at in range(0, len(content), _PART_CHARS))


def write_file(
    cues: Sequence[Cue],
    format_name: str,
    profile: ReadingProfile,
    language: str = "und",
    words: WordTimes = MappingProxyType({}),
) -> WrittenFile:
    """Return cues as a subtitle file with what it could not carry; see `render_file`."""
    kind = check_format(format_name)
    if profile.free_translations and not _is_paired(kind) and any(cue.translation for cue in cues):
        # Cues of a translation's own have other ids than the words, which were spoken.
        cues, words = translated_track(cues, profile, language), {}
    written = kind.write(cues, profile.in_language(language), language, kind.options, words)
    file = WrittenFile(written) if isinstance(written, str) else written
    untimed = _untimed(cues, kind, words) if kind.options.words else None
    return replace(file, notices=(*file.notices, untimed)) if untimed else file


def _untimed(cues: Sequence[Cue], kind: SubtitleFormat, words: WordTimes) -> Notice | None:
    """Return which cues lack the times of words that a file was to have."""
    has_original = kind.base == "json" or kind.options.bilingual != "no"
    without = [
        cue
        for cue in cues
        if cue.shown.strip() and not (words.get(cue.id) and (has_original or not cue.translation))
    ]
    if not without:
        return None
    times = ", ".join(clock_time(cue.span.start_ms) for cue in without[:PLACES_NAMED])
    more = ", …" if len(without) > PLACES_NAMED else ""
    what = (
        f"{len(without)} cues have no times of words, since they are translated or none are known"
    )
    return Notice(UNTIMED_WORDS, f"{what}: {times}{more}")


def render(
    cues: Sequence[Cue], format_name: str, profile: ReadingProfile, language: str = "und"
) -> str:
    """Return cues as a subtitle file; a binary one in base64.

    Args:
        cues: in any order; a translation replaces the text.
        format_name: a key of ``FORMATS``, with options.
        profile: limits the width and the number of a cue's lines.
        language: BCP 47 tag of the displayed text.

    Raises:
        InvalidFormatError: no format has that name.
    """
    return write_file(cues, format_name, profile, language).json_text
