"""Styles of TTML that decide whether a text is shown."""

from __future__ import annotations

from itertools import islice
from xml.etree.ElementTree import Element

from app.services.captions.readers.xml_text import attribute, children, name_of

_MAX_REFERENCES = 16
"""Styles that one style may go through; files chain two or three."""

_REFERENCE_CHARS = 512
"""Part of a list of references that is looked at: files name one to three styles."""

_READINGS = frozenset({"text", "textContainer", "delimiter"})


class Styles:
    """The styles and regions of a document, by their ids."""

    def __init__(self, root: Element) -> None:
        self._by_id = {
            key: element
            for element in root.iter()
            if name_of(element) in ("style", "region") and (key := attribute(element, "id"))
        }

    def region(self, key: str) -> Element | None:
        """Return a region; None where the document has none of that id."""
        return self._by_id.get(key)

    def value(self, element: Element, name: str) -> str | None:
        """Return what an element's own styles say, without what it inherits; None for nothing.

        Source: W3C TTML1, section 8.4.2 (specified style set): the element's attribute comes
        first, then a region's nested styles, then styles that are referred to, the last one first.
        """
        left = [_MAX_REFERENCES]
        return self._value(element, name, left)

    def is_hidden(self, element: Element) -> bool:
        """Whether an element's own styles keep it off the screen."""
        return is_hiding(
            self.value(element, "display"),
            self.value(element, "visibility"),
            self.value(element, "opacity"),
        )

    def is_reading(self, element: Element) -> bool:
        """Whether an element is the reading over a ruby text, or the brackets around it.

        Source: W3C TTML2, section 10.2.35 (``tts:ruby``).
        """
        return self.value(element, "ruby") in _READINGS

    def _value(self, element: Element, name: str, left: list[int]) -> str | None:
        own = attribute(element, name)
        if own is not None:
            return own
        left[0] -= 1
        if left[0] < 0:
            return None
        first = islice(children(element), _MAX_REFERENCES)
        nested = [child for child in first if name_of(child) == "style"]
        keys = (attribute(element, "style") or "")[:_REFERENCE_CHARS].split()
        named = [self._by_id.get(key) for key in keys]
        for style in reversed([*named, *nested]):
            if style is not None and (found := self._value(style, name, left)) is not None:
                return found
        return None


def is_hiding(display: str | None, visibility: str | None, opacity: str | None) -> bool:
    """Whether values of three styles keep a text off the screen."""
    return display == "none" or visibility == "hidden" or (opacity or "").strip() in ("0", "0.0")
