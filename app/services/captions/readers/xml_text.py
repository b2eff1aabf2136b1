"""XML parser for untrusted caption files."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from app.domain.errors import InvalidCaptionsError
from app.services.captions.readers.xml_document import PlacedElement, XmlDocument
from app.services.captions.readers.xml_repair import (
    bare_paragraph,
    broken_paragraph,
    broken_tag,
    has_paragraph,
    line_of,
    lines_of,
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
        InvalidCaptionsError: no paragraph can be read.
    """
    root, text, place = _parse_repaired(text, notices, first_line)
    if root is not None:
        return root
    alone = paragraphs_alone(text)
    if alone is not None:
        notices.repaired("The document is broken, and its paragraphs are read without it", place)
        root, alone, _ = _parse_repaired(alone, notices, first_line)
        document = XmlDocument(first_line)
        if root is None and document.parse(without_inner_tags(alone)):
            notices.repaired("Styles within broken paragraphs, removed", place)
            root = document.root_element()
    if root is None:
        raise InvalidCaptionsError(f"The captions are not valid XML: {place}")
    return root


def _parse_repaired(
    text: str, notices: ReadingNotices, first_line: int
) -> tuple[Element | None, str, str]:
    """Return the root of a document after a few repairs, the repaired text and the last place.

    The root is None where no paragraph precedes what cannot be repaired, or too much is broken.
    """
    place = ""
    for _ in range(_MAX_REPAIRS):
        document = XmlDocument(first_line)
        if document.parse(text):
            return document.root_element(), text, place
        failed_at = document.failed_at
        place = f"line {line_of(text, failed_at, first_line)}"
        repaired = _repaired(text, failed_at, first_line, notices)
        if repaired is None and has_paragraph(text[:failed_at]):
            _note_rest(text[failed_at:], place, notices)
            return document.root_element(), text, place
        if repaired is None:
            break
        text = repaired
    return None, text, place


def _repaired(text: str, failed_at: int, first_line: int, notices: ReadingNotices) -> str | None:
    """Return a document without what is no XML at a place; None where that is no single tag."""
    place = f"line {line_of(text, failed_at, first_line)}"
    found = broken_paragraph(text, failed_at)
    if found is not None:
        bare = bare_paragraph(text[found[0] : found[1]])
        what = "Paragraphs whose markup is broken"
        if bare.strip():
            notices.repaired(f"{what}, read without it", place)
        else:
            notices.unusable(what, lines_of(text, found, first_line))
        return text[: found[0]] + bare + text[found[1] :]
    tag = broken_tag(text, failed_at) if has_paragraph(text[:failed_at]) else None
    if tag is None:
        return None
    notices.repaired("Tags that have no counterpart, removed", place)
    lines = text.count("\n", *tag)
    return text[: tag[0]] + "\n" * lines + text[tag[1] :]


def _note_rest(rest: str, place: str, notices: ReadingNotices) -> None:
    """Note what stands behind the place where a document breaks off."""
    lost = paragraphs_in(rest)
    if lost:
        notices.unusable("Paragraphs behind broken markup", f"from {place}", lost)
    else:
        notices.repaired("The document breaks off", place)
