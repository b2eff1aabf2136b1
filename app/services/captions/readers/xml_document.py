"""XML documents whose elements know their places."""

from __future__ import annotations

from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from app.domain.errors import InvalidCaptionsError

_MAX_DEPTH = 64
"""Levels of nested elements; caption files have about six."""


class PlacedElement(Element):
    """An element that knows its place in the file.

    Attributes:
        line: number of the line in which it begins.
        column: place in the line, from 1.
    """

    __slots__ = ("column", "line")

    line: int
    column: int


class XmlDocument:
    """A document while it is parsed.

    Args:
        first_line: of the document in its file.

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
