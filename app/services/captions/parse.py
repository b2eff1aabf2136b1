"""Caption files of every format, read into one shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from app.domain.captions import Caption, CaptionKind, Captions
from app.domain.errors import InvalidCaptionsError, InvalidLanguageError
from app.domain.language import Language
from app.domain.time import Span
from app.services.captions.caption_lines import Shown, paragraph
from app.services.captions.continued import joined
from app.services.captions.encoding import decode_text
from app.services.captions.markup import plain
from app.services.captions.overlaps import timeline
from app.services.captions.raw_captions import CAPTIONS_AT_MOST, Reader
from app.services.captions.readers.json_text import read_json_text
from app.services.captions.readers.srt_vtt import read_srt, read_vtt
from app.services.captions.readers.substation import read_substation
from app.services.captions.readers.ttml_reader import read_ttml
from app.services.captions.readers.youtube_xml import read_youtube_xml
from app.services.captions.rolling import rolls, unrolled
from app.services.captions.sniff import sniff
from app.services.captions.timed_words import text_of, words_of

READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "json3": read_json_text,
        "json": read_json_text,
        "vtt": read_vtt,
        "srt": read_srt,
        "srv1": read_youtube_xml,
        "srv2": read_youtube_xml,
        "srv3": read_youtube_xml,
        "ttml": read_ttml,
        "dfxp": read_ttml,
        "ass": read_substation,
        "ssa": read_substation,
    }
)
"""Readers by the names that sites and yt-dlp have for formats."""

MAX_MB = 32
"""Largest caption file: ten hours of timed words take a quarter of it."""

_LABEL_CHARS = 40


def parse_captions(data: bytes, format: str | None, language: str, kind: CaptionKind) -> Captions:  # noqa: A002 - the site's word
    """Read a caption file.

    Args:
        data: the file, in any encoding.
        format: name that its source gives it; what the content looks like counts more.
        language: BCP 47 tag, or ``und`` to take what the file says.
        kind: who wrote it. Captions that roll were timed by a machine, whoever typed them: they
            come back as ``auto``.

    Returns:
        At least one caption, sorted by start, cleaned, each word once. Those of a machine end
        where the next begins; those of people keep their times.

    Raises:
        InvalidCaptionsError: it cannot be read, is too large, or holds no captions.
    """
    if len(data) > MAX_MB * 2**20:
        raise InvalidCaptionsError(f"A caption file may have {MAX_MB} MiB at most")
    text = decode_text(data)
    track = _reader(text, format)(text)
    if len(track.captions) > CAPTIONS_AT_MOST:
        raise InvalidCaptionsError(f"A caption file may hold {CAPTIONS_AT_MOST} captions at most")
    shown = timeline(joined(track.captions))
    if rolls(shown, heard=kind == "auto"):
        shown, kind = unrolled(shown), "auto"
    items = tuple(_heard(shown) if kind == "auto" else _written(shown))
    if not items:
        raise InvalidCaptionsError("The caption file holds no captions")
    return Captions(_language(language, track.language), kind, items)


def _reader(text: str, name: str | None) -> Reader:
    reader = READERS.get(sniff(text) or (name or "").lower())
    if reader is None:
        raise InvalidCaptionsError(f"Not a caption file; known: {', '.join(READERS)}")
    return reader


def _language(given: str, told: str) -> str:
    if given and given != "und":
        return given
    try:
        return Language.parse(told).tag
    except InvalidLanguageError:
        return "und"


def _written(shown: Sequence[Shown]) -> Iterator[Caption]:
    for caption in shown:
        span = Span(caption.start_ms, caption.end_ms)
        yield Caption(span, paragraph(caption.lines), speaker=_label(caption.speaker))


def _heard(shown: Sequence[Shown]) -> Iterator[Caption]:
    timed = any(line.timed for caption in shown for line in caption.lines)
    for caption, next_ms in zip(shown, _next_starts(shown), strict=True):
        span = Span(caption.start_ms, min(caption.end_ms, next_ms))
        words = words_of(caption, span.end_ms) if timed else ()
        text = text_of(words) if words else paragraph(caption.lines)
        yield Caption(span, text, words, _label(caption.speaker))


def _next_starts(shown: Sequence[Shown]) -> list[int]:
    """Return when the next caption begins that is not at the same time, or the own end."""
    later: list[int] = []
    for index in range(len(shown) - 1, -1, -1):
        follows = shown[index + 1] if index + 1 < len(shown) else None
        if follows is None:
            later.append(shown[index].end_ms)
        elif follows.start_ms > shown[index].start_ms:
            later.append(follows.start_ms)
        else:
            later.append(later[-1])
    return later[::-1]


def _label(name: str | None) -> str | None:
    """Return a speaker's label; readers tell speakers apart by its digits, so it needs some."""
    label = " ".join(plain(name or "").split())[:_LABEL_CHARS]
    return label if any(char in "0123456789" for char in label) else None
