"""One document of TTML: its paragraphs with their times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from app.services.captions.raw_captions import RawCaption, TextRun
from app.services.captions.readers.timestamps import LATEST_MS
from app.services.captions.readers.ttml_inline import SILENT, InlineReader
from app.services.captions.readers.ttml_parameters import time_units
from app.services.captions.readers.ttml_programme import from_programme_start
from app.services.captions.readers.ttml_spans import end_of, split_paragraph
from app.services.captions.readers.ttml_style import Styles
from app.services.captions.readers.ttml_timing import UNBOUNDED, Interval, Timer, shown_interval
from app.services.captions.readers.xml_text import attribute, children, name_of, place_of
from app.services.captions.reading_notices import ReadingNotices

_PARAGRAPHS = frozenset({"p", "span"})
_INHERITED_ENDS_MS = 10_000
"""A paragraph without an end that its parent outlasts by more does not stay so long: its parent is
the whole track. Source: no cue of any guideline stays longer than some seven seconds."""

_GUESSED_MS = 3000
"""Display time of a caption that has none: the same as of any other format."""


@dataclass(frozen=True, slots=True)
class _Context:
    """What an element passes on to those within.

    Attributes:
        interval: when it is active.
        shown: when it can be seen; None for never.
        language: BCP 47 tag as the file has it, or empty.
        agent: id of who speaks, or empty.
        region: its id, or the corner that the element is placed at; empty for neither.
        keeps_spaces: whether line ends and spaces count as they stand.
    """

    interval: Interval
    shown: Interval | None
    language: str = ""
    agent: str = ""
    region: str = ""
    keeps_spaces: bool = False


class TtmlDocument:
    """Reads the paragraphs of a document.

    Args:
        root: its outermost element.
        notices: take what is left out or repaired.

    Attributes:
        root: as given.
        images: elements that show an image instead of text.
    """

    def __init__(self, root: Element, notices: ReadingNotices) -> None:
        self.root = root
        self.images = 0
        self._notices = notices
        self._units = time_units(root)
        self._styles = Styles(root)
        self._timer = Timer(self._units, notices)
        self._inline = InlineReader(self._styles, self._timer, notices)
        self._names = dict(_agents(root))
        self._captions: list[RawCaption] = []
        self._regions: dict[str, Interval | None] = {}

    def captions(self) -> list[RawCaption]:
        """Return the captions in the document's order."""
        for assumed in self._units.assumed:
            self._notices.repaired(assumed)
        body = next((each for each in self.root.iter() if name_of(each) == "body"), self.root)
        unbounded = Interval(0.0, UNBOUNDED)
        outermost = _Context(unbounded, unbounded)
        if body is not self.root:
            outermost = self._inherited(self.root, outermost)
        self._visit(body, 0.0, outermost)
        return from_programme_start(self._captions, self.root, self._units, self._notices)

    def _visit(self, element: Element, reference_ms: float, parent: _Context) -> float:
        """Read an element; return when it ends for those that follow it in a sequence."""
        context = self._context(element, reference_ms, parent)
        self._note_image(element)
        if name_of(element) in _PARAGRAPHS or _holds_text_alone(element):
            return self._paragraph(element, context)
        at_ms = end_ms = context.interval.begin_ms
        for child in children(element):
            if (child.tail or "").strip():
                self._notices.unusable("Texts outside of paragraphs", place_of(child))
            if name_of(child) not in SILENT:
                child_end_ms = self._visit(child, at_ms, context)
                end_ms = max(end_ms, child_end_ms)
                at_ms = child_end_ms if attribute(element, "timeContainer") == "seq" else at_ms
        return context.interval.end_ms if context.interval.own_end else end_ms

    def _context(self, element: Element, reference_ms: float, parent: _Context) -> _Context:
        interval = self._timer.interval(element, reference_ms, parent.interval)
        context = replace(self._inherited(element, parent), interval=interval)
        shown = shown_interval(element, self._styles, self._timer, interval)
        for outer in (self._region_shown(attribute(element, "region") or ""), parent.shown):
            shown = None if shown is None or outer is None else shown.within(outer)
        return replace(context, shown=shown)

    def _region_shown(self, key: str) -> Interval | None:
        """Return when a region can be seen; None for never."""
        if key not in self._regions:
            region, always = self._styles.region(key), Interval(0.0, UNBOUNDED)
            if region is not None:
                timed = self._timer.interval(region, 0.0, always)
                self._regions[key] = shown_interval(region, self._styles, self._timer, timed)
            else:
                self._regions[key] = always
        return self._regions[key]

    def _inherited(self, element: Element, parent: _Context) -> _Context:
        space = attribute(element, "space")
        return replace(
            parent,
            language=attribute(element, "lang") or parent.language,
            agent=attribute(element, "agent") or parent.agent,
            region=attribute(element, "region") or attribute(element, "origin") or parent.region,
            keeps_spaces=parent.keeps_spaces if space is None else space == "preserve",
        )

    def _paragraph(self, element: Element, context: _Context) -> float:
        """Add the captions of a paragraph; return when it ends for those that follow it."""
        interval = context.interval
        texts = list(self._inline.texts(element, interval, None, keeps_spaces=context.keeps_spaces))
        ends_ms = [interval.begin_ms]
        if any(each.text.strip() for each in texts):
            if context.shown is None:
                self._notices.left_out("Hidden texts", place_of(element))
            else:
                spans = any(each.interval is not None for each in texts)
                whole = interval if spans else self._readable(element, interval)
                parts = [] if whole is None else split_paragraph(texts, whole)
                ends_ms += [self._add(place_of(element), *part, context) for part in parts]
        own = context.interval
        return own.end_ms if own.own_end else max(ends_ms)

    def _readable(self, element: Element, interval: Interval) -> Interval | None:
        """Return when a paragraph is shown; None where its time cannot be read."""
        if self._timer.is_readable(element, "begin"):
            return interval
        if not interval.own_end:
            self._notices.unusable("Paragraphs without a time that can be read", place_of(element))
            return None
        self._notices.repaired("Begins that cannot be read, taken from the end", place_of(element))
        before = self._captions[-1] if self._captions else None
        before_ms = 0 if before is None else before.end_ms or before.start_ms
        begin_ms = max(interval.end_ms - _GUESSED_MS, min(before_ms, interval.end_ms - 1))
        return replace(interval, begin_ms=begin_ms)

    def _add(
        self, place: str, part: Interval, runs: tuple[TextRun, ...], context: _Context
    ) -> float:
        """Add a caption, or note why there is none; return when it ends."""
        if not any(run.text.strip() for run in runs):
            return part.begin_ms
        if part.begin_ms >= part.end_ms:
            self._notices.unusable("Texts outside of the time of what they stand in", place)
            return part.begin_ms
        if part.end_ms <= 0 or part.begin_ms >= LATEST_MS:
            self._notices.unusable("Texts before the begin or eleven days after it", place)
            return part.begin_ms
        shown = part if context.shown is None else part.within(context.shown)
        if shown.begin_ms >= shown.end_ms:
            self._notices.left_out("Hidden texts", place)
            return part.end_ms
        if part.is_own and not part.own_end and shown.duration_ms > _INHERITED_ENDS_MS:
            shown = replace(shown, end_ms=UNBOUNDED)
        if shown.end_ms == UNBOUNDED:
            self._notices.repaired("Captions without an end, shown until the next one", place)
        caption = RawCaption(
            round(shown.begin_ms),
            end_of(shown),
            runs,
            window=context.region,
            speaker=self._names.get(context.agent, context.agent) or None,
            language=context.language,
        )
        self._captions.append(caption)
        return shown.end_ms if shown.end_ms != UNBOUNDED else shown.begin_ms + _GUESSED_MS

    def _note_image(self, element: Element) -> None:
        """Count an element that shows an image. Source: SMPTE ST 2052-1; IMSC's image profile."""
        if name_of(element) == "image" or attribute(element, "backgroundImage") is not None:
            self.images += 1
            self._notices.left_out("Images of text", place_of(element))


def _holds_text_alone(element: Element) -> bool:
    """Whether an element holds text itself and no paragraph does within."""
    texts = [element.text, *(child.tail for child in children(element))]
    return any((text or "").strip() for text in texts) and not any(
        name_of(each) in _PARAGRAPHS for each in element.iter()
    )


def _agents(root: Element) -> Iterator[tuple[str, str]]:
    for element in root.iter():
        if name_of(element) == "agent" and (key := attribute(element, "id")):
            yield key, " ".join("".join(element.itertext()).split())
