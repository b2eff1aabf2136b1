"""TTML (formerly DFXP) with its profiles and dialects: IMSC, SMPTE-TT, EBU-TT, iTT."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.domain.errors import InvalidCaptionsError
from app.services.captions.raw_captions import RawCaption, RawTrack
from app.services.captions.readers.ttml_document import TtmlDocument
from app.services.captions.readers.xml_text import attribute, parse_xml
from app.services.captions.reading_notices import ReadingNotices
from app.services.captions.regions import with_regions_apart

_ROOT = re.compile(r"<(?:[A-Za-z0-9_.-]{1,64}:)?tt[\s>]")
_TIMED = re.compile(r"<(?:[A-Za-z0-9_.-]{1,64}:)?p\s[^<>]{0,100}\bbegin=[\"'][0-9]")
"""A paragraph with a time, by which a document is known whose root is damaged."""

_PARAGRAPH = re.compile(r"<(?:[A-Za-z0-9_.-]{1,64}:)?(?:p|div)[\s>]")
_END = re.compile(r"</(?:[A-Za-z0-9_.-]{1,64}:)?tt\s{0,8}>")


def looks_like_ttml(head: str) -> bool:
    """Whether a text begins like TTML."""
    has_root, is_timed = _ROOT.search(head) is not None, _TIMED.search(head) is not None
    return (has_root or is_timed) if head.startswith("<") else (has_root and is_timed)


def read_ttml(text: str) -> RawTrack:
    """Read a file; documents that were joined, as segments of a stream are, are read in turn.

    Source: W3C TTML1 and TTML2; see docs/decisions/0082 for what is left out and told.

    Raises:
        InvalidCaptionsError: not XML, images of text alone, or no time that can be read.
    """
    notices = ReadingNotices()
    captions: list[RawCaption] = []
    language, images, documents = "", 0, 0
    for part, line in _documents(text):
        document = TtmlDocument(parse_xml(part, notices, line), notices)
        captions += document.captions()
        images += document.images
        language = language or attribute(document.root, "lang") or ""
        documents += 1
    if documents > 1:
        captions = _without_repeated(captions, notices)
    if images and not captions:
        raise InvalidCaptionsError(f"The file shows {images} images of text and holds no text")
    notices.require(captions)
    return RawTrack(tuple(with_regions_apart(captions)), language, notices.notices())


def _documents(text: str) -> Iterator[tuple[str, int]]:
    """Yield the documents of a file, each with the number of its first line."""
    begin, line = 0, 1
    for end in _END.finditer(text):
        if begin == 0 or _PARAGRAPH.search(text, begin, end.end()) is not None:
            yield text[begin : end.end()], line
        line += text.count("\n", begin, end.end())
        begin = end.end()
    if begin == 0 or _PARAGRAPH.search(text, begin) is not None:
        yield text[begin:], line


def _without_repeated(captions: list[RawCaption], notices: ReadingNotices) -> list[RawCaption]:
    """Return captions once that several of the joined documents hold."""
    unique = list(dict.fromkeys(captions))
    if len(unique) < len(captions):
        what = "Captions that joined documents repeat"
        notices.left_out(what, count=len(captions) - len(unique))
    return unique
