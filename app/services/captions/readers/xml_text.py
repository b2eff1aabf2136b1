"""XML parser for untrusted caption files."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from app.domain.errors import InvalidCaptionsError
from app.services.captions.readers.xml_repair import (
    has_paragraph,
    line_of,
    mend_characters,
    mend_markup,
    paragraphs_alone,
    paragraphs_in,
    without_paragraph,
)
from app.services.captions.reading_notices import ReadingNotices

_MAX_DEPTH = 64
"""Levels of nested elements; caption files have about six."""

_MAX_CUTS = 8
"""Paragraphs that are taken out of one file because they are not XML; each costs a parse."""


class PlacedElement(Element):
    """An element that knows its place in the file.

    Attributes:
        line: number of the line in which it begins.
        column: place in the line, from 1.
    """

    __slots__ = ("column", "line")

    line: int
    column: int


def parse_xml(text: str, notices: ReadingNotices, first_line: int = 1) -> Element:
    """Return the root element.

    Stray ampersands, entities of HTML and characters that XML forbids are mended. A paragraph
    that is no XML is left out; where the markup is broken outside of one, what precedes is read.

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
    document = _Document(first_line)
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


class _Document:
    """A document while it is parsed.

    Attributes:
        failed_at: character at which it stops being XML.
    """

    def __init__(self, first_line: int) -> None:
        self.failed_at = 0
        self._first_line = first_line
        self._builder = TreeBuilder(element_factory=PlacedElement)
        self._open: list[str] = []
        self._root: Element | None = None
        self._parser = DefusedXMLParser(target=self, encoding="utf-8")

    def parse(self, text: str) -> bool:
        """Read the whole document; return whether it is XML.

        Raises:
            InvalidCaptionsError: it declares entities or nests too deep.
        """
        data = text.encode()
        try:
            self._parser.feed(data)
            self._parser.close()
        except DefusedXmlException:
            raise InvalidCaptionsError("The captions' XML declares entities") from None
        except (ParseError, ValueError):
            read = data[: max(0, self._parser.parser.ErrorByteIndex)]
            self.failed_at = len(read.decode(errors="ignore"))
            return False
        return True

    def root_element(self) -> Element:
        """Return the root, with whatever was read of a document that broke off.

        Raises:
            InvalidCaptionsError: it broke off before the first element.
        """
        for tag in reversed(self._open):
            self._builder.end(tag)
        self._open.clear()
        if self._root is None:
            raise InvalidCaptionsError("The captions are not valid XML")
        return self._root

    def start(self, tag: str, attributes: dict[str, str]) -> Element:
        """Open an element; called by the parser."""
        if len(self._open) >= _MAX_DEPTH:
            raise InvalidCaptionsError("The captions' XML nests too deep")
        element = self._builder.start(tag, attributes)
        if isinstance(element, PlacedElement):
            parser = self._parser.parser
            element.line = parser.CurrentLineNumber + self._first_line - 1
            element.column = parser.CurrentColumnNumber + 1
        self._root = self._root if self._root is not None else element
        self._open.append(tag)
        return element

    def end(self, tag: str) -> Element:
        """Close an element; called by the parser."""
        self._open.pop()
        return self._builder.end(tag)

    def data(self, text: str) -> None:
        """Add text to the open element; called by the parser."""
        self._builder.data(text)

    def close(self) -> None:
        """Do nothing; called by the parser."""


def _parse_in_parts(text: str, notices: ReadingNotices, first_line: int) -> Element:
    """Return the root of a document without the paragraphs that are not XML.

    Raises:
        InvalidCaptionsError: no paragraph precedes the place where it stops being XML.
    """
    document = _Document(first_line)
    for _ in range(_MAX_CUTS):
        if document.parse(text):
            return document.root_element()
        shorter = without_paragraph(text, document.failed_at)
        if shorter is None:
            break
        place = f"line {line_of(text, document.failed_at, first_line)}"
        notices.unusable("Paragraphs whose markup is broken", place)
        text, document = shorter, _Document(first_line)
    else:
        if document.parse(text):
            return document.root_element()
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
    alone, document = paragraphs_alone(text), _Document(1)
    if alone is None or not document.parse(alone):
        raise InvalidCaptionsError(f"The captions are not valid XML: {place}")
    notices.repaired("The document is broken, and its paragraphs are read without it", place)
    return document.root_element()
