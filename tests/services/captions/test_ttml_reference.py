"""Documents of TTML read as ttconv, an implementation of IMSC, shows them."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from xml.etree import ElementTree

import pytest
import ttconv.imsc.reader
import ttconv.isd
import ttconv.model

from tests.services.captions.caption_files import read

TT = (
    'xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" '
    'xmlns:tts="http://www.w3.org/ns/ttml#styling" xmlns:ttm="http://www.w3.org/ns/ttml#metadata" '
    'xmlns:ebutts="urn:ebu:tt:style" xmlns:ebuttm="urn:ebu:tt:metadata" '
    'xmlns:itts="http://www.w3.org/ns/ttml/profile/imsc1#styling" xml:lang="en"'
)
HEAD = '<head><layout><region xml:id="r"/><region xml:id="top"/></layout></head>'


@dataclass(frozen=True)
class Document:
    """A document of ours.

    Attributes:
        name: of the test.
        attributes: of its root.
        body: from ``<body>`` on.
        head: of the document.
        reference: replacements that make it one that ttconv reads; the reason for each is beside
            it.
        slack_ms: by how much times may differ.
    """

    name: str
    attributes: str
    body: str
    head: str = HEAD
    reference: tuple[tuple[str, str], ...] = ()
    slack_ms: int = 1


DOCUMENTS = [
    Document(
        "clock times with fractions",
        "",
        """<body region="r"><div><p begin="00:00:01.250" end="00:00:02">One</p>
        <p begin="00:00:03.5" end="00:00:04.75">Two <span>parts</span></p></div></body>""",
    ),
    Document(
        "offsets of every unit",
        'ttp:frameRate="25" ttp:tickRate="10000000"',
        """<body region="r"><div><p begin="0.001h" end="0.1m">One</p><p begin="7s" end="7500ms">Two
        </p><p begin="200f" end="225.5f">Three</p><p begin="100000000t" end="110000000t">Four</p>
        </div></body>""",
    ),
    Document(
        "frames of a fractional rate",
        'ttp:frameRate="24" ttp:frameRateMultiplier="1000 1001"',
        """<body region="r"><div><p begin="01:00:00:00" end="01:00:02:12">Hour</p>
        <p begin="86400f" end="86450f">Frames</p></div></body>""",
    ),
    Document(
        "a frame rate multiplier with a colon",
        'ttp:frameRate="30" ttp:frameRateMultiplier="1000:1001"',
        """<body region="r"><div><p begin="00:10:00:29" end="00:10:02:15">Late</p></div></body>""",
        # The spelling of the first drafts, which ttconv reads as 1.
        reference=(("1000:1001", "1000 1001"),),
    ),
    Document(
        "drop frames",
        'ttp:timeBase="smpte" ttp:frameRate="30" ttp:frameRateMultiplier="1000 1001" '
        'ttp:dropMode="dropNTSC"',
        """<body region="r"><div><p begin="00:01:00:02" end="00:01:10:00">One</p>
        <p begin="01:00:00:00" end="01:00:01:15">Two</p></div></body>""",
        slack_ms=34,
    ),
    Document(
        "ticks by default",
        "",
        '<body region="r"><div><p begin="1t" end="3t">Seconds</p></div></body>',
    ),
    Document(
        "nested times",
        "",
        """<body region="r" begin="10s"><div begin="1s" end="20s"><p begin="1s" end="3s">One</p>
        <p begin="5s" end="60s">Cut by the division</p></div>
        <div begin="30s"><p begin="0s" dur="2s">Two</p></div></body>""",
        # ttconv takes a container without an end to last until the latest end of its children,
        # each counted from its own parent, which is before this one begins.
        reference=(
            ('<body region="r" begin="10s">', '<body region="r" begin="10s" end="90s">'),
            ('<div begin="30s">', '<div begin="30s" end="40s">'),
        ),
    ),
    Document(
        "end and duration together",
        "",
        """<body region="r"><div><p begin="1s" end="9s" dur="2s">Short</p>
        <p begin="10s" end="11s" dur="8s">Shorter</p></div></body>""",
    ),
    Document(
        "a sequence",
        "",
        """<body region="r"><div timeContainer="seq"><p dur="2s">First</p><p dur="2s">Second</p>
        <p begin="1s" dur="2s">Third</p></div></body>""",
    ),
    Document(
        "sequences of divisions",
        "",
        """<body region="r" timeContainer="seq"><div dur="4s"><p begin="1s" end="2s">One</p></div>
        <div dur="3s"><p begin="1s" end="2s">Two</p></div></body>""",
    ),
    Document(
        "a division for each subtitle",
        "",
        """<body region="r"><div begin="1s" end="2s"><p>One</p></div>
        <div begin="3s" end="4s"><p>Two<br/>lines</p></div></body>""",
    ),
    Document(
        "spans that take turns",
        "",
        """<body region="r"><div><p begin="10s" end="20s"><span begin="0s" end="4s">The first
        line.</span><span begin="4s" end="8s">The second line.</span></p></div></body>""",
    ),
    Document(
        "hidden texts",
        "",
        """<body region="r"><div><p begin="1s" end="2s">Seen</p>
        <p begin="3s" end="4s" tts:display="none">Not seen</p>
        <p begin="5s" end="6s">Half <span tts:display="none">unseen</span></p></div></body>""",
    ),
    Document(
        "two regions at a time",
        "",
        """<body><div><p region="r" begin="1s" end="4s">Below</p>
        <p region="top" begin="1s" end="4s">Above</p></div></body>""",
    ),
    Document(
        "EBU-TT-D",
        'ttp:timeBase="media" ttp:cellResolution="50 30"',
        """<body><div style="d"><p xml:id="s1" region="r" begin="00:00:01.000" end="00:00:03.240">
        <span style="w">Good evening</span><br/><span style="w">and welcome.</span></p></div>
        </body>""",
        head="""<head><metadata><ebuttm:documentMetadata><ebuttm:conformsToStandard>
        urn:ebu:tt:distribution:2014-01</ebuttm:conformsToStandard></ebuttm:documentMetadata>
        </metadata><styling><style xml:id="d" tts:fontSize="100%"/><style xml:id="w"
        tts:color="#ffffff" tts:backgroundColor="#000000"/></styling><layout><region xml:id="r"
        tts:origin="10% 80%" tts:extent="80% 10%" tts:displayAlign="after"/></layout></head>""",
    ),
    Document(
        "ruby",
        "",
        """<body region="r"><div><p begin="1s" end="2s"><span tts:ruby="container"><span
        tts:ruby="base">漢字</span><span tts:ruby="text">かんじ</span></span>です</p></div>
        </body>""",
    ),
    Document(
        "preserved spaces",
        "",
        """<body region="r"><div><p begin="1s" end="2s" xml:space="preserve">One  two
three</p></div></body>""",
    ),
]  # fmt: skip


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_times_and_texts_are_those_of_ttconv(document: Document) -> None:
    source = f"<tt {TT} {document.attributes}>{document.head}{document.body}</tt>"
    ours = [
        (item.span.start_ms, item.span.end_ms, _plain(item.text))
        for item in read(source.encode()).items
    ]
    for ours_text, reference_text in document.reference:
        assert ours_text in source, "a listed difference that the document does not have"
        source = source.replace(ours_text, reference_text)
    shown = _shown_by_ttconv(source)
    assert shown, "ttconv shows nothing"
    for begin_ms, end_ms, texts in shown:
        middle_ms = (begin_ms + end_ms) / 2
        assert sorted(text for start, end, text in ours if start <= middle_ms < end) == texts
    moments = {ms for begin_ms, end_ms, _ in shown for ms in (begin_ms, end_ms)}
    for start_ms, end_ms, _ in ours:
        for ms in (start_ms, end_ms):
            assert min(abs(ms - moment) for moment in moments) <= document.slack_ms


def _shown_by_ttconv(source: str) -> list[tuple[float, float, list[str]]]:
    """Return what ttconv shows: begin, end and the texts of all paragraphs, where there are any."""
    logging.disable(logging.CRITICAL)
    try:
        model = ttconv.imsc.reader.to_model(ElementTree.ElementTree(ElementTree.fromstring(source)))
        assert model is not None
        times = ttconv.isd.ISD.significant_times(model)
        moments = [*times, Fraction(times[-1]) + 1]
        shown = []
        for begin, end in pairwise(moments):
            isd = ttconv.isd.ISD.from_model(model, begin)
            texts = [] if isd is None else sorted(_paragraphs(isd))
            if texts:
                shown.append((float(begin) * 1000, float(end) * 1000, texts))
        return shown
    finally:
        logging.disable(logging.NOTSET)


def _paragraphs(isd: ttconv.isd.ISD) -> list[str]:
    paragraphs = [
        element
        for region in isd.iter_regions()
        for element in region.dfs_iterator()
        if isinstance(element, ttconv.model.P)
    ]
    return [text for each in paragraphs if (text := _plain(_text(each)))]


def _text(element: ttconv.model.ContentElement) -> str:
    if isinstance(element, ttconv.model.Br):
        return "\n"
    if isinstance(element, ttconv.model.Rt):
        return ""  # a reading over its base, which we leave out
    if isinstance(element, ttconv.model.Text):
        return element.get_text()
    return "".join(_text(child) for child in element)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
