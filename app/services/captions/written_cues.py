"""Reader of caption files as they are written: their own lines, times and order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast

from app.domain import language_tags
from app.domain.errors import InvalidCaptionsError
from app.domain.events import Notice
from app.domain.written_cue import WrittenCue
from app.services.captions.caption_faults import caption_notices
from app.services.captions.caption_lines import has_voices, read_lines, styles_of
from app.services.captions.parse import SLICE_CHARS, read_track
from app.services.captions.raw_captions import RawCaption, RawTrack
from app.services.captions.reading_notices import ReadingNotices, tell_voices
from app.services.captions.speaker_names import speaker_name
from app.services.captions.unnamed_language import language_by_script
from app.system.bounded_work import work_on

_DEFAULT_DURATION_MS = 3000
"""Display time of a caption whose file has no end for it."""


@dataclass(frozen=True, slots=True)
class WrittenTrack:
    """A caption file as it is written.

    Attributes:
        cues: in the file's order; those without text too.
        language: BCP 47 tag; ``und`` where nothing says it.
        notices: what of the file is not among them, or was read otherwise than it is written.
    """

    cues: tuple[WrittenCue, ...]
    language: str
    notices: tuple[Notice, ...] = ()


def read_written(data: bytes | str, language: str = "und") -> WrittenTrack:
    """Read a caption file of any format as it is written.

    Args:
        data: the file, or its text.
        language: BCP 47 tag, or ``und`` for the one that the file names or its script proves.

    Raises:
        InvalidCaptionsError: it cannot be read, or holds no text.
    """
    track, assumed = read_track(data, None, language)
    voices = ReadingNotices()
    cues = tuple(_cues(track, voices))
    if not any(cue.lines for cue in cues):
        raise InvalidCaptionsError("The caption file holds no captions that can be used")
    notices = (*assumed, *track.notices, *caption_notices(track.faults), *voices.notices())
    return WrittenTrack(cues, _language(language, track.language, cues), notices)


async def read_written_bounded(text: str, language: str = "und") -> WrittenTrack:
    """Read a caption file where it delays nothing else; see `read_written`.

    Raises:
        InvalidCaptionsError: it cannot be read, or holds no text.
        TooMuchWorkError: it takes more memory or time than it may.
    """
    size = SLICE_CHARS
    parts = [text[place : place + size] for place in range(0, len(text) or 1, size)]
    found = await work_on(_read_parts, parts, language, chars=len(text))
    head = cast("WrittenTrack", found[0])
    return replace(head, cues=cast("tuple[WrittenCue, ...]", tuple(found[1:])))


def _read_parts(parts: list[str], language: str) -> Iterator[WrittenTrack | WrittenCue]:
    """Yield the track without its cues, then those one by one."""
    track = read_written("".join(parts), language)
    yield replace(track, cues=())
    yield from track.cues


def _cues(track: RawTrack, notices: ReadingNotices) -> Iterator[WrittenCue]:
    following = [*(caption.start_ms for caption in track.captions), None][1:]
    for number, (caption, next_ms) in enumerate(
        zip(track.captions, following, strict=True), start=1
    ):
        lines, placement = read_lines(caption, track)
        voice = next((line.voice for line in lines if line.voice), None)
        if has_voices(lines):
            voice = None
            tell_voices(notices, caption.start_ms)
        yield WrittenCue(
            number,
            caption.start_ms,
            _end_ms(caption, next_ms),
            tuple(line.text for line in lines),
            speaker_name(caption.speaker) or speaker_name(voice),
            placement,
            styles_of(lines),
            caption.lane,
            "".join(run.text for run in caption.runs),
        )


def _end_ms(caption: RawCaption, next_ms: int | None) -> int:
    if caption.end_ms is not None:
        return caption.end_ms
    end_ms = caption.start_ms + _DEFAULT_DURATION_MS
    return end_ms if next_ms is None or next_ms <= caption.start_ms else min(end_ms, next_ms)


def _language(requested: str, named: str, cues: tuple[WrittenCue, ...]) -> str:
    for tag in (requested, named):
        if tag and tag != "und" and (found := language_tags.named_tag(tag)):
            return found
    return language_by_script(cue.text for cue in cues) or "und"
