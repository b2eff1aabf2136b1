"""Places, slants, weights and colours are read from every format that has them."""

from __future__ import annotations

import json

import pytest

from app.domain.captions import Caption
from app.domain.style import PLAIN, InlineStyle, Placement, pieces_of
from app.domain.time import Span
from app.services.captions.parse import parse_captions
from app.services.captions.written_cues import read_written
from tests.services.captions.caption_files import read

ITALIC, BOLD, UNDER, STRUCK = (
    InlineStyle(italic=True),
    InlineStyle(bold=True),
    InlineStyle(underline=True),
    InlineStyle(strikeout=True),
)


def coloured(colour: str) -> InlineStyle:
    return InlineStyle(colour=colour)


def pieces(caption: Caption) -> list[tuple[str, InlineStyle]]:
    return pieces_of(caption.text, caption.runs)


def first(text: str, format_name: str | None = None) -> Caption:
    return read(text, format_name).items[0]


def srt(text: str) -> Caption:
    return first(f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n")


def test_case_20_subrip_has_place_italics_and_colour() -> None:
    caption = srt(r"{\an8}<i>The ferry leaves at nine.</i>")
    assert caption.placement == Placement(8)
    assert pieces(caption) == [("The ferry leaves at nine.", ITALIC)]
    caption = srt('<font color="#ffff00">Bring your own lunch.</font>')
    assert caption.placement is None
    assert pieces(caption) == [("Bring your own lunch.", coloured("#ffff00"))]


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("<I>Go</I>", ITALIC),
        ("<em>Go</em>", ITALIC),
        ("<b>Go</b>", BOLD),
        ("<strong>Go</strong>", BOLD),
        ("<u>Go</u>", UNDER),
        ("<s>Go</s>", STRUCK),
        ("<strike>Go</strike>", STRUCK),
        ("<i>Go", ITALIC),
        (r"{\i1}Go{\i0}", ITALIC),
        (r"{\b1}Go", BOLD),
        (r"{\b700}Go", BOLD),
        (r"{\b400}Go", PLAIN),
        (r"{\u1\s1}Go", UNDER.over(STRUCK)),
        (r"{\i1\b1}Go{\r}", ITALIC.over(BOLD)),
        ("{i}Go{/i}", ITALIC),
        ("{y:i}Go", ITALIC),
        ("{Y:b,u}Go", BOLD.over(UNDER)),
        ("{C:$00FFFF}Go", coloured("#ffff00")),
        ("<font color=yellow>Go</font>", coloured("#ffff00")),
        ("<font color='#ff0'>Go</font>", coloured("#ffff00")),
        ('<font size=12 face="Arial" color=FFFF00>Go</font>', coloured("#ffff00")),
        ('<font color="#ffff0080">Go</font>', coloured("#ffff00")),
        ('<font color="rgb(255, 255, 0)">Go</font>', coloured("#ffff00")),
        ('<font color="no colour">Go</font>', PLAIN),
        ("<font face=Arial>Go</font>", PLAIN),
        (r"{\c&H00FFFF&}Go", coloured("#ffff00")),
        (r"{\1c&HFF&}Go{\1c}", coloured("#ff0000")),
        ("<c.yellow>Go</c>", coloured("#ffff00")),
        ("<c.yellow.bg_blue>Go</c>", coloured("#ffff00")),
        ('<span style="color:red;font-style:italic">Go</span>', coloured("#ff0000").over(ITALIC)),
        ("<i><b>Go</i></b>", ITALIC.over(BOLD)),
        ("<i></i>Go", PLAIN),
        (r"{\t(\c&HFF&)}Go", PLAIN),
    ],
)
def test_every_spelling_of_a_style(text: str, style: InlineStyle) -> None:
    assert pieces(srt(text)) == [("Go", style)]


@pytest.mark.parametrize(
    ("override", "anchor"),
    [(r"\an1", 1), (r"\an9", 9), (r"\an2", None), (r"\a6", 8), (r"\a10", 5), (r"\a1", 1),
     (r"\an8\an2", 8), (r"\an0", None), (r"\a4", None), (r"\i1\an7", 7)],
)  # fmt: skip
def test_every_alignment(override: str, anchor: int | None) -> None:
    assert srt(f"{{{override}}}Go").placement == (anchor and Placement(anchor))


def test_an_exact_place_is_a_share_of_the_picture() -> None:
    assert srt(r"{\pos(192,72)}Go").placement == Placement(2, 0.5, 0.25)
    assert srt(r"{\an7\move(0,288,9,9)}Go").placement == Placement(7, 0.0, 1.0)


def test_case_21_a_line_for_each_speaker_and_for_each_colour() -> None:
    assert srt("- Is the ferry\nlate?\n- Only by an hour.").text == (
        "- Is the ferry late?\n- Only by an hour."
    )
    assert srt("- Late? - By an hour.\n- Oh.").text == "- Late?\n- By an hour.\n- Oh."
    coloured_lines = "<font color=yellow>Is it late?</font>\n<font color=cyan>By an hour.</font>"
    assert srt(coloured_lines).text == "Is it late?\nBy an hour."
    assert srt("He read <i>The\nRiver</i> twice.").text == "He read The River twice."


@pytest.mark.parametrize("between", ["\n", " ", "</v>\n", "</v> "])
def test_every_voice_of_a_caption_keeps_its_name(between: str) -> None:
    text = f"WEBVTT\n\n00:01.000 --> 00:04.000\n<v A &amp; B>Late?{between}<v.loud Bob><i>No.</i>"
    track = parse_captions(text, None, "en", "manual")
    assert [(item.speaker, item.text) for item in track.items] == [
        ("A & B", "Late?"),
        ("Bob", "No."),
    ]
    assert {item.span for item in track.items} == {Span(1000, 4000)}
    assert pieces(track.items[1]) == [("No.", ITALIC)]
    assert "Several voices in one caption" in track.notices[0].message
    assert "00:00:01" in track.notices[0].message
    (written,) = read_written(text).cues
    assert (written.lines, written.speaker) == (("Late?", "No."), None)
    assert "Several voices in one caption" in read_written(text).notices[0].message


def test_a_voice_beside_a_sound_is_the_captions_voice() -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:04.000\n(door)\n<v Bob>No.</v>"
    track = parse_captions(text, None, "en", "manual")
    assert [(item.speaker, item.text) for item in track.items] == [("Bob", "(door)\nNo.")]
    assert not track.notices
    assert read_written(text).cues[0].speaker == "Bob"


VTT = """WEBVTT

STYLE
::cue { color: white }
::cue(.loud), ::cue(b) { color: #f00; /* } */ text-decoration: underline }
::cue(v[voice="Anna"]) { font-style: italic; font-weight: bold }

REGION
id:top width:40% lines:3 regionanchor:0%,0% viewportanchor:10%,10%

00:01.000 --> 00:02.000 SETTINGS
TEXT
"""


def vtt(settings: str, text: str) -> Caption:
    return first(VTT.replace("SETTINGS", settings).replace("TEXT", text))


@pytest.mark.parametrize(
    ("settings", "placement"),
    [
        ("", None), ("line:-1", None), ("align:center position:50%", None),
        ("line:0", Placement(8)),
        ("line:5", Placement(8, row=5)), ("line:-3", Placement(2, row=-3)),
        ("line:10%", Placement(8, y=0.1)), ("line:90%,end", Placement(2, y=0.9)),
        ("line:50%,center", Placement(5, y=0.5)), ("align:left", Placement(1)),
        ("align:start position:10%", Placement(1, 0.1)), ("align:end", Placement(3)),
        ("position:20%,line-left align:center size:35%",
         Placement(1, 0.2, width=0.35, align="center")),
        ("vertical:rl line:20%", Placement(2, y=0.2, align="center", writing="vertical-rl")),
        ("region:top", Placement(8, 0.3, 0.1, 0.4)), ("region:none", None),
        ("line:x nonsense", None),
    ],
)  # fmt: skip
def test_webvtt_settings_place_a_cue(settings: str, placement: Placement | None) -> None:
    assert vtt(settings, "Go").placement == placement


def test_webvtt_styles_belong_to_classes_tags_and_voices() -> None:
    red = coloured("#ff0000").over(UNDER)
    caption = vtt("", "A <c.loud>b</c> <b>c</b> <c.lime>d</c>")
    assert pieces(caption) == [
        ("A ", PLAIN), ("b ", red), ("c", red.over(BOLD)), (" ", PLAIN),
        ("d", coloured("#00ff00")),
    ]  # fmt: skip
    assert pieces(vtt("", "<v Anna>Go</v>")) == [("Go", ITALIC.over(BOLD))]


ASS = r"""[Script Info]
PlayResX: 1000
PlayResY: 500

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, Bold, Italic, Underline, StrikeOut, Alignment
Style: Default,Arial,36,&H00FFFFFF,0,0,0,0,2
Style: Thought,Arial,36,&H0000FFFF,0,-1,0,0,8

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:01.00,0:00:02.00,{style},,0,0,0,,{text}
"""


@pytest.mark.parametrize(
    ("style", "text", "placement", "expected"),
    [
        ("Default", "Go", None, [("Go", PLAIN)]),
        ("Thought", "Go", Placement(8), [("Go", ITALIC.over(coloured("#ffff00")))]),
        ("Thought", r"{\i0\c&HFFFFFF&}Go", Placement(8), [("Go", coloured("#ffffff"))]),
        ("Thought", r"{\rDefault}Go", Placement(8), [("Go", PLAIN)]),
        ("Default", r"{\rThought}Go{\r} on", None,
         [("Go", ITALIC.over(coloured("#ffff00"))), (" on", PLAIN)]),
        ("Default", r"{\an7\pos(100,100)}Go{a remark}", Placement(7, 0.1, 0.2), [("Go", PLAIN)]),
        ("Default", r"We {\i1}never{\i0} go", None,
         [("We ", PLAIN), ("never", ITALIC), (" go", PLAIN)]),
    ],
)  # fmt: skip
def test_substation_styles_and_overrides(
    style: str, text: str, placement: Placement | None, expected: list[tuple[str, InlineStyle]]
) -> None:
    caption = first(ASS.replace("{style}", style).replace("{text}", text))
    assert caption.placement == placement
    assert pieces(caption) == expected


NESTED = (
    '<p begin="1s" end="2s" style="slant"><span tts:fontStyle="normal">'
    '<span tts:textDecoration="underline">Go</span></span></p>'
)
TTML = """<?xml version="1.0" encoding="UTF-8"?>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling" xml:lang="en">
<head><styling>
<style xml:id="slant" tts:fontStyle="italic"/>
<style xml:id="thought" style="slant" tts:color="#FFFF00FF"/>
<style xml:id="loop" style="loop" tts:fontWeight="bold"/>
</styling><layout>
<region xml:id="low" tts:origin="10% 80%" tts:extent="80% 15%" tts:displayAlign="after"/>
<region xml:id="high" tts:displayAlign="before" tts:textAlign="center">
<style tts:origin="10% 5%"/><style tts:extent="80% 15%"/></region>
<region xml:id="left" tts:origin="10% 40%" tts:extent="40% 20%" tts:displayAlign="center"
 tts:textAlign="start"/>
</layout></head><body region="low"><div>{text}</div></body></tt>"""


@pytest.mark.parametrize(
    ("text", "placement", "expected"),
    [
        ('<p begin="1s" end="2s">We <span tts:fontStyle="italic">never</span> go</p>', None,
         [("We ", PLAIN), ("never", ITALIC), (" go", PLAIN)]),
        ('<p begin="1s" end="2s" region="high" style="thought">Go</p>', Placement(8),
         [("Go", ITALIC.over(coloured("#ffff00")))]),
        ('<p begin="1s" end="2s" region="left"><span style="loop">Go</span></p>',
         Placement(4, 0.1, 0.5), [("Go", BOLD)]),
        (NESTED, None, [("Go", UNDER)]),
    ],
)  # fmt: skip
def test_ttml_styles_and_regions(
    text: str, placement: Placement | None, expected: list[tuple[str, InlineStyle]]
) -> None:
    caption = first(TTML.replace("{text}", text))
    assert caption.placement == placement
    assert pieces(caption) == expected


def test_a_line_put_together_of_syllables_keeps_the_looks_that_all_of_them_have() -> None:
    rows = [
        ("0:00:01.00", "0:00:01.40", r"{\pos(10,20)\i1\c&H0000FF&}Hel"),
        ("0:00:01.40", "0:00:02.00", r"{\pos(40,20)\i1\c&H00FF00&}lo"),
    ]
    events = "".join(f"Dialogue: 0,{a},{b},Default,,0,0,0,fx,{text}\n" for a, b, text in rows)
    caption = first(f"[Script Info]\n\n[Events]\n{events}")
    assert (pieces(caption), caption.placement) == ([("Hello", ITALIC)], None)


def test_youtubes_pens_and_window_positions() -> None:
    looks = {
        "pens": [{}, {"iAttr": 1, "fcForeColor": 0xFFFF00}, {"bAttr": 1}],
        "wpWinPositions": [{}, {"apPoint": 1, "ahHorPos": 50, "avVerPos": 0}],
        "events": [
            {
                "tStartMs": 0, "dDurationMs": 900, "wpWinPosId": 1, "pPenId": 1,
                "segs": [{"utf8": "We "}, {"utf8": "go", "pPenId": 2}],
            }
        ],
    }  # fmt: skip
    srv3 = (
        '<timedtext format="3"><head><pen id="1" i="1" fc="#FFFF00"/><pen id="2" b="1"/>'
        '<wp id="1" ap="1" ah="50" av="0"/></head><body><p t="0" d="900" wp="1" p="1">'
        'We <s p="2">go</s></p></body></timedtext>'
    )
    for text in (json.dumps(looks), srv3):
        caption = first(text)
        assert caption.placement == Placement(8)
        assert pieces(caption) == [
            ("We", ITALIC.over(coloured("#ffff00"))), (" ", PLAIN), ("go", BOLD)
        ]  # fmt: skip


def test_captions_of_a_machine_have_no_looks() -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:02.000 align:start position:0%\n<c.yellow>the water</c>\n"
    caption = read(text, "vtt", "auto").items[0]
    assert (caption.placement, caption.runs) == (None, ())
