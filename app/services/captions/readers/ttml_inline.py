"""Text within a paragraph of TTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from app.services.captions.readers.ttml_spans import SpanText
from app.services.captions.readers.ttml_style import Styles
from app.services.captions.readers.ttml_timing import UNBOUNDED, Interval, Timer, shown_interval
from app.services.captions.readers.xml_text import attribute, children, name_of, place_of
from app.services.captions.reading_notices import ReadingNotices

_SPACES = re.compile(r"[ \t\r\n]+")
_LOST_TAG = re.compile(
    r"""(?:(?:<|&lt;)?p )?[a-z]{0,5}=["'][0-9][0-9:.,;a-z]{0,30}["'][^<>]{0,200}>""", re.IGNORECASE
)
"""What is left of a paragraph's tag that has lost its beginning."""

SILENT = frozenset({"metadata", "set", "head", "animate", "audio", "information", "initial"})
"""Elements that hold no text to be shown."""


@dataclass(frozen=True, slots=True)
class InlineReader:
    """Reads the text of paragraphs.

    Attributes:
        styles: of the document.
        timer: reads the times of spans.
        notices: take hidden spans and the readings of ruby texts, which are left out.
    """

    styles: Styles
    timer: Timer
    notices: ReadingNotices

    def texts(
        self, element: Element, own: Interval, timed: Interval | None, *, keeps_spaces: bool
    ) -> Iterator[SpanText]:
        """Yield the texts of an element in order.

        Args:
            element: a paragraph or a span.
            own: its interval.
            timed: interval of the innermost span with a time that it stands in; None for none.
            keeps_spaces: whether line ends count as they stand.
        """
        keeps_spaces = _keeps_spaces(element, inherited=keeps_spaces)
        yield SpanText(self._spaced(element, element.text, keeps_spaces=keeps_spaces), timed)
        at_ms = own.begin_ms
        for child in children(element):
            if name_of(child) == "br":
                yield SpanText("\n", timed)
            elif name_of(child) not in SILENT:
                interval = self.timer.interval(child, at_ms, own)
                if self._is_read(child, interval):
                    within = interval if interval.is_own else timed
                    yield from self.texts(child, interval, within, keeps_spaces=keeps_spaces)
                if attribute(element, "timeContainer") == "seq" and interval.end_ms != UNBOUNDED:
                    at_ms = interval.end_ms
            yield SpanText(self._spaced(child, child.tail, keeps_spaces=keeps_spaces), timed)

    def _spaced(self, element: Element, text: str | None, *, keeps_spaces: bool) -> str:
        """Return a text with its spaces collapsed, and without a tag whose beginning is lost.

        Source: W3C TTML1, section 7.2.3 (xml:space).
        """
        shown, count = _LOST_TAG.subn(" ", text) if text and "=" in text else (text or "", 0)
        if count:
            self.notices.repaired("Broken tags within texts, removed", place_of(element), count)
        return shown if keeps_spaces else _SPACES.sub(" ", shown)

    def _is_read(self, span: Element, interval: Interval) -> bool:
        if self.styles.is_reading(span):
            if "".join(span.itertext()).strip():
                self.notices.left_out("Readings over the text (ruby)", place_of(span))
            return False
        if shown_interval(span, self.styles, self.timer, interval) is None:
            if "".join(span.itertext()).strip():
                self.notices.left_out("Hidden texts", place_of(span))
            return False
        return True


def _keeps_spaces(element: Element, *, inherited: bool) -> bool:
    space = attribute(element, "space")
    return inherited if space is None else space == "preserve"
