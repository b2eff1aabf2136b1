"""XML parser for untrusted caption files."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from app.domain.errors import InvalidCaptionsError

_MAX_DEPTH = 64
"""Levels of nested elements; caption files have about six."""


def parse_xml(text: str) -> Element:
    """Return the root element.

    Raises:
        InvalidCaptionsError: not XML, or XML that declares entities or nests too deep.
    """
    # The text is decoded already, so the declaration's encoding must not be applied again.
    start = text.find("?>") + 2 if text.lstrip().startswith("<?xml") else 0
    try:
        root: Element = fromstring(text[start:].replace("\0", "").strip())
    except DefusedXmlException:
        raise InvalidCaptionsError("The captions' XML declares entities") from None
    except (ParseError, ValueError):
        raise InvalidCaptionsError("The captions are not valid XML") from None
    _check_depth(root)
    return root


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


def _check_depth(root: Element) -> None:
    level = [root]
    for _ in range(_MAX_DEPTH):
        level = [child for element in level for child in element]
        if not level:
            return
    raise InvalidCaptionsError("The captions' XML nests too deep")
