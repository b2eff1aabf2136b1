"""WebVTT as a browser reads it: times, texts, voices, languages, timestamps and places."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from app.domain.cue import Cue
from app.domain.profile import DEFAULT_PROFILE
from app.domain.style import InlineStyle, Placement, StyleRun
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.services.render.cue_words import words_of_cues
from app.services.render.file_writer import write_file
from tests.browser_page import BrowserPage, browser_page

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="no browser is installed")

HOUR_MS = 3_600_000
READ = """
new Promise((resolve, reject) => {
  const video = document.createElement("video");
  const track = document.createElement("track");
  track.src = SOURCE;
  track.onerror = () => reject(new Error("not read"));
  track.onload = () => resolve([...track.track.cues].map(cue => {
    const nodes = [];
    const walk = node => {
      if (node.nodeType === Node.TEXT_NODE) nodes.push(node.data);
      else if (node.nodeType === Node.PROCESSING_INSTRUCTION_NODE) nodes.push(`<${node.data}>`);
      else if (node.nodeType === Node.ELEMENT_NODE) {
        nodes.push(`(${node.localName}${node.title ? " " + node.title : ""}` +
          `${node.lang ? " " + node.lang : ""}${node.className ? "." + node.className : ""})`);
      }
      node.childNodes.forEach(walk);
    };
    walk(cue.getCueAsHTML());
    return {id: cue.id, start: cue.startTime, end: cue.endTime, nodes, line: cue.line,
            snap: cue.snapToLines, position: cue.position, size: cue.size, align: cue.align,
            vertical: cue.vertical};
  }));
  video.append(track);
  document.body.append(video);
  track.track.mode = "hidden";
})
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserPage]:
    with browser_page(tmp_path_factory.mktemp("chromium")) as found:
        found.wait_for("document.body")
        yield found


def cues_in_browser(page: BrowserPage, file: str) -> list[dict[str, Any]]:
    address = f"data:text/vtt;base64,{base64.b64encode(file.encode()).decode()}"
    found: list[dict[str, Any]] = page.evaluate(READ.replace("SOURCE", f'"{address}"'))
    return found


def vtt(cues: list[Cue], name: str = "vtt", segments: list[Segment] | None = None) -> str:
    words = words_of_cues(cues, segments or [])
    return write_file(cues, name, DEFAULT_PROFILE, "es", words).data.decode()


def test_times_texts_voices_and_styles(page: BrowserPage) -> None:
    italic = (StyleRun(5, 11, InlineStyle(italic=True)),)
    texts = ["Hello there, <you> & me --> or -- not.", "שלום עולם!", "1", "NOTE this", "x" * 90]
    spans = [
        Span(0, 999),
        Span(59_999, 60_001),
        Span(HOUR_MS, HOUR_MS + 1),
        Span(HOUR_MS + 5, HOUR_MS + 9),
    ]
    spans.append(Span(100 * HOUR_MS, 100 * HOUR_MS + 2000))
    cues = [Cue(n, span, text) for n, (span, text) in enumerate(zip(spans, texts, strict=True))]
    cues[0] = Cue(0, spans[0], texts[0], speaker="Dr. <b> & Sons -->", runs=italic)
    read = cues_in_browser(page, vtt(cues))
    assert [(round(cue["start"] * 1000), round(cue["end"] * 1000)) for cue in read] == [
        (span.start_ms, span.end_ms) for span in spans
    ]
    assert read[0]["nodes"] == [
        "(span Dr. <b> & Sons -->)", "Hello ", "(i)", "there,", " <you> & me --> or -- not.",
    ]  # fmt: skip
    shown = ["".join(node for node in cue["nodes"]).replace("\n", "") for cue in read]
    assert shown[1:] == texts[1:]


def test_timestamps_and_languages(page: BrowserPage) -> None:
    words = (
        Word("The", Span(1000, 1200)),
        Word("river", Span(1250, 1600)),
        Word("rose.", Span(1650, 2000)),
    )
    segment = Segment("The river rose.", Span(1000, 2000), words, "en")
    cue = Cue(0, Span(1000, 2500), "The river rose.", "El río creció.", language="en")
    (read,) = cues_in_browser(page, vtt([cue], "vtt:words:bilingual", [segment]))
    assert read["nodes"] == [
        "(span en)",
        *("The ", "<00:00:01.250>", "river ", "<00:00:01.650>", "rose."),
        "\nEl río creció.",
    ]


def test_places(page: BrowserPage) -> None:
    places = [
        None,
        Placement(8),
        Placement(1),
        Placement(2, x=0.25, y=0.5, width=0.4),
        Placement(2, row=-3),
        Placement(7, x=0.1, y=0.2, align="left"),
        Placement(8, writing="vertical-rl"),
    ]
    cues = [
        Cue(n, Span(n * 9000, n * 9000 + 900), "Here.", placement=p) for n, p in enumerate(places)
    ]
    read = cues_in_browser(page, vtt(cues))
    shown = [
        (cue["line"], cue["snap"], cue["position"], cue["size"], cue["align"], cue["vertical"])
        for cue in read
    ]
    assert shown[0] == ("auto", True, "auto", 100, "center", "")
    assert shown[1] == (0, True, "auto", 100, "center", "")
    assert shown[2] == ("auto", True, "auto", 100, "left", "")
    assert shown[3] == (44.67, False, 25, 40, "center", "")
    assert shown[4] == (-3, True, "auto", 100, "center", "")
    assert shown[5] == (20, False, 10, 100, "left", "")
    assert shown[6][5] == "rl"


def test_two_regions_are_two_cues_at_one_time(page: BrowserPage) -> None:
    cue = Cue(0, Span(1000, 2500), "The river rose.", "El río creció.", language="en")
    read = cues_in_browser(page, vtt([cue], "vtt:regions"))
    assert [(each["id"], each["line"], each["nodes"]) for each in read] == [
        ("0-original", 0, ["The river rose."]),
        ("0", "auto", ["El río creció."]),
    ]
