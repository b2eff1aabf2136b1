"""Styled cues and the file that they must become, in every format."""

from __future__ import annotations

import json

import pytest

from app.domain.cue import Cue
from app.domain.profile import DEFAULT_PROFILE
from app.domain.style import PLAIN, InlineStyle, Placement, ink_runs
from app.domain.time import Span
from app.services.captions.parse import parse_captions
from app.services.layout.authored_cues import authored_cues
from app.services.render.file_writer import render

ITALIC, YELLOW = InlineStyle(italic=True), InlineStyle(colour="#ffff00")
DIALOGUE = [("- Is the ferry late?\n", YELLOW), ("- Only ", PLAIN), ("by an hour", ITALIC.over(
    InlineStyle(bold=True, colour="#ff8800"))), (".", PLAIN)]  # fmt: skip
CUES = [
    Cue(0, Span(0, 900), "Noon.", placement=Placement(8), runs=ink_runs([("Noon.", ITALIC)])),
    Cue(1, Span(1000, 1900), "".join(t for t, _ in DIALOGUE), runs=ink_runs(DIALOGUE)),
    Cue(2, Span(2000, 2900), "Here.", placement=Placement(1, 0.1, 0.9, width=0.5)),
    Cue(3, Span(3000, 3900), "There.", placement=Placement(8, row=3)),
    Cue(4, Span(4000, 4900), "Gone.", runs=ink_runs([("Gone.", InlineStyle(strikeout=True))])),
]


def rendered(format_name: str) -> list[str]:
    return render(CUES, format_name, DEFAULT_PROFILE, "en").splitlines()


def test_case_20_srt_says_part_of_the_picture_slant_weight_and_colour() -> None:
    lines = rendered("srt")
    assert [line for line in lines if line and "-->" not in line and not line.isdecimal()] == [
        r"{\an8}<i>Noon.</i>",
        '<font color="#ffff00">- Is the ferry late?</font>',
        '- Only <font color="#ff8800"><b><i>by an hour</i></b></font>.',
        r"{\an1}Here.",
        r"{\an8}There.",
        "<s>Gone.</s>",
    ]


def test_vtt_says_everything() -> None:
    lines = rendered("vtt")
    assert lines[2:6] == [
        "STYLE",
        "::cue(.cff8800) { color: #ff8800; }",
        "::cue(.yellow) { color: #ffff00; }",
        "::cue(.strikeout) { text-decoration: line-through; }",
    ]
    assert [line for line in lines[6:] if line and not line.isdecimal()] == [
        "00:00:00.000 --> 00:00:00.900 line:0",
        "<i>Noon.</i>",
        "00:00:01.000 --> 00:00:01.900",
        "<c.yellow>- Is the ferry late?</c>",
        "- Only <c.cff8800><b><i>by an hour</i></b></c>.",
        "00:00:02.000 --> 00:00:02.900 line:84.67% position:10% size:50% align:left",
        "Here.",
        "00:00:03.000 --> 00:00:03.900 line:3",
        "There.",
        "00:00:04.000 --> 00:00:04.900",
        "<c.strikeout>Gone.</c>",
    ]


def test_ass_says_everything_by_overrides() -> None:
    texts = [line.split(",", 9)[9] for line in rendered("ass") if line.startswith("Dialogue")]
    assert texts == [
        r"{\an8}{\i1}Noon.",
        r"{\c&H00FFFF&}- Is the ferry late?\N{\c}- Only {\i1\b1\c&H0088FF&}by an hour{\i0\b0\c}.",
        r"{\an1\pos(192,972)}Here.",
        r"{\an8\pos(960,173)}There.",
        r"{\s1}Gone.",
    ]


def test_ttml_says_everything_by_regions_and_spans() -> None:
    lines = [line.strip() for line in rendered("ttml")]
    assert [line for line in lines if 'xml:id="region-' in line] == [
        (
            '<region xml:id="region-1" tts:origin="10% 6%" tts:extent="80% 25%" '
            'tts:displayAlign="before" tts:overflow="visible"/>'
        ),
        (
            '<region xml:id="region-2" tts:origin="10% 65%" tts:extent="50% 25%" '
            'tts:displayAlign="after" tts:overflow="visible"/>'
        ),
        (
            '<region xml:id="region-3" tts:origin="10% 15.99%" tts:extent="80% 25%" '
            'tts:displayAlign="before" tts:overflow="visible"/>'
        ),
    ]
    paragraphs = [line.partition('"box">')[2] for line in lines if line.startswith("<p ")]
    assert paragraphs[:2] == [
        '<span tts:fontStyle="italic">Noon.</span></span></p>',
        (
            '<span tts:color="#ffff00">- Is the ferry late?</span><br/>- Only '
            '<span tts:color="#ff8800" tts:fontStyle="italic" tts:fontWeight="bold">by an hour'
            "</span>.</span></p>"
        ),
    ]
    assert 'region="region-2" tts:textAlign="left"' in "\n".join(lines)


def test_json_says_everything_and_leaves_texts_plain() -> None:
    rows = json.loads("\n".join(rendered("json")))["cues"]
    assert rows[0]["placement"] == {"anchor": 8}
    assert rows[1]["text"] == "- Is the ferry late?\n- Only by an hour."
    assert rows[1]["styled_text"] == [
        {"text": "- Is the ferry late?", "colour": "#ffff00"},
        {"text": "\n- Only "},
        {"text": "by an hour", "italic": True, "bold": True, "colour": "#ff8800"},
        {"text": "."},
    ]
    assert rows[2]["placement"] == {"anchor": 1, "x": 0.1, "y": 0.9, "width": 0.5}


@pytest.mark.parametrize("format_name", ["srt", "vtt", "ass", "ttml", "json"])
def test_what_is_written_is_read_again(format_name: str) -> None:
    file = render(CUES, format_name, DEFAULT_PROFILE, "en")
    captions = parse_captions(file, format_name, "en", "manual")
    again = list(authored_cues(captions, DEFAULT_PROFILE))
    assert [(cue.text, cue.runs) for cue in again] == [(cue.text, cue.runs) for cue in CUES]
    if format_name == "json":
        assert [cue.placement for cue in again] == [cue.placement for cue in CUES]
    else:
        assert render(again, "srt", DEFAULT_PROFILE) == render(CUES, "srt", DEFAULT_PROFILE)
