"""XML parser for untrusted caption files."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from app.domain.errors import InvalidCaptionsError
from app.services.captions.readers.xml_document import PlacedElement, XmlDocument
from app.services.captions.readers.xml_repair import (
    bare_paragraph,
    broken_paragraph,
    has_paragraph,
    line_of,
    mend_characters,
    mend_markup,
    paragraphs_alone,
    paragraphs_in,
    without_inner_tags,
)
from app.services.captions.reading_notices import ReadingNotices

_MAX_REPAIRS = 8
"""Broken paragraphs that are repaired one by one; each costs a parse."""


def parse_xml(text: str, notices: ReadingNotices, first_line: int = 1) -> Element:
    """Return the root element.

    Stray ampersands, entities of HTML and characters that XML forbids are mended. A paragraph
    that is no XML loses the tags within; where the markup is broken outside of one, what precedes
    is read.

    Args:
        text: one document.
        notices: take what is mended or left out.
        first_line: of the document in its file.

    Raises:
        InvalidCaptionsError: not XML, or XML that declares entities or nests too deep.
    """
    # The text is decoded already, so the declaration's encoding must not be applied again.
    start = text.find("?>") + 2 if text.lstrip().startswith("<?xml") else 0
    head = start + len(text[start:]) - len(text[start:].lstrip())
    first_line += text.count("\n", 0, head)
    text = mend_characters(text[head:].rstrip(), notices)
    document = XmlDocument(first_line)
    if document.parse(text):
        return document.root_element()
    mended = mend_markup(text, document.failed_at, notices, first_line)
    return _parse_in_parts(mended, notices, first_line)


def name_of(element: Element) -> str:
    """Return an element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def attribute(element: Element, name: str) -> str | None:
    """Return an attribute by its name without namespace; None where there is none."""
    for key, value in element.attrib.items():
        if key.rpartition("}")[2] == name:
            return value
    return None


def children(element: Element) -> Iterator[Element]:
    """Yield the child elements, without comments and processing instructions."""
    return (child for child in element if isinstance(child.tag, str))


def place_of(element: Element) -> str:
    """Return an element's line and column, for people."""
    if not isinstance(element, PlacedElement):
        return ""
    return f"line {element.line}, column {element.column}"


def _parse_in_parts(text: str, notices: ReadingNotices, first_line: int) -> Element:
    """Return the root of a document whose paragraphs are repaired where they are not XML.

    Raises:
        InvalidCaptionsError: no paragraph precedes the place where it stops being XML.
    """
    document = XmlDocument(first_line)
    for _ in range(_MAX_REPAIRS):
        if document.parse(text):
            return document.root_element()
        found = broken_paragraph(text, document.failed_at)
        if found is None:
            break
        begin, end = found
        place = f"line {line_of(text, document.failed_at, first_line)}"
        bare = bare_paragraph(text[begin:end])
        if bare.strip():
            notices.repaired("Paragraphs whose markup is broken, read without it", place)
        else:
            notices.unusable("Paragraphs whose markup is broken", place)
        text, document = text[:begin] + bare + text[end:], XmlDocument(first_line)
    else:
        return _parse_alone(text, f"line {first_line}", notices)
    place = f"line {line_of(text, document.failed_at, first_line)}"
    if not has_paragraph(text[: document.failed_at]):
        return _parse_alone(text, place, notices)
    rest = text[document.failed_at :]
    notices.unusable("Paragraphs behind broken markup", f"from {place}", paragraphs_in(rest))
    return document.root_element()


def _parse_alone(text: str, place: str, notices: ReadingNotices) -> Element:
    """Return a document of the paragraphs of one whose head is broken.

    Raises:
        InvalidCaptionsError: it has none that is XML.
    """
    alone = paragraphs_alone(text)
    for candidate in () if alone is None else (alone, without_inner_tags(alone)):
        document = XmlDocument(1)
        if document.parse(candidate):
            what = "The document is broken, and its paragraphs are read without it"
            notices.repaired(what if candidate == alone else f"{what} and without styles", place)
            return document.root_element()
    raise InvalidCaptionsError(f"The captions are not valid XML: {place}")
