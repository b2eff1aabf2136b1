"""YouTube's XML captions: srv1, srv2, srv3."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from app.services.captions.raw_captions import RawCaption, RawTrack, TextRun
from app.services.captions.readers.timestamps import number_ms
from app.services.captions.readers.xml_text import attribute, name_of, parse_xml, place_of
from app.services.captions.reading_notices import ReadingNotices

_SECOND_MS = 1000
_ROOT = re.compile(r"<(?:timedtext|transcript)[\s>]")


def looks_like_youtube_xml(head: str) -> bool:
    """Whether a text begins like YouTube's XML."""
    return head.startswith("<") and _ROOT.search(head) is not None


def read_youtube_xml(text: str) -> RawTrack:
    """Read a file.

    Source: files served by YouTube. srv1 has ``<text start= dur=>`` in seconds; srv2
    ``<text t= d=>`` in milliseconds, with ``append`` for text that continues; srv3 ``<p t= d=>``
    with ``a`` for that and ``<s t=>`` within, whose times count from the paragraph's.

    Raises:
        InvalidCaptionsError: not XML.
    """
    notices = ReadingNotices()
    captions: list[RawCaption] = []
    for element in parse_xml(text, notices).iter():
        if name_of(element) in ("p", "text"):
            caption = _caption(element)
            captions += [caption] if caption is not None else []
            if caption is None:
                notices.unusable("Captions without a time that can be read", place_of(element))
    notices.require(captions)
    return RawTrack(tuple(captions), notices=notices.notices())


def _caption(element: Element) -> RawCaption | None:
    get = element.attrib.get
    if "start" in element.attrib:
        start_ms, duration_ms = (
            number_ms(get("start"), _SECOND_MS),
            number_ms(get("dur"), _SECOND_MS),
        )
    else:
        start_ms, duration_ms = number_ms(get("t", "0")), number_ms(get("d"))
    if start_ms is None:
        return None
    return RawCaption(
        start_ms,
        None if duration_ms is None else start_ms + duration_ms,
        tuple(_text_runs(element, start_ms)),
        continues="1" in (get("a"), get("append")),
        window=get("w", ""),
    )


def _text_runs(element: Element, start_ms: int) -> Iterator[TextRun]:
    yield TextRun(element.text or "")
    for child in element:
        if name_of(child) == "br":
            yield TextRun("\n")
        elif isinstance(child.tag, str):
            offset_ms = number_ms(attribute(child, "t"))
            spoken_ms = None if offset_ms is None else start_ms + offset_ms
            yield TextRun("".join(child.itertext()), spoken_ms)
        yield TextRun(child.tail or "")
