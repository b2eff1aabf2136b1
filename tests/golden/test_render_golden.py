"""A cue list and the file that it must become, in every format."""

from __future__ import annotations

from textwrap import dedent

from app.domain.cue import Cue
from app.domain.profile import DEFAULT_PROFILE
from app.domain.time import Span
from app.services.render.file_writer import render

CUES = [
    Cue(
        id=0,
        span=Span(1_000, 2_500),
        text="Good evening, and welcome to the very last show of the year.",
        speaker="SPEAKER_00",
        language="en",
        confidence=0.93,
    ),
    Cue(
        id=1,
        span=Span(2_583, 4_006),
        text="Thanks a lot!",
        translation="¡Muchas gracias!",
        speaker="SPEAKER_01",
        language="en",
        confidence=0.5,
    ),
    Cue(id=2, span=Span(3_600_000, 3_601_234), text="Salt & <pepper>.", language="en"),
]


def rendered(format_name: str) -> str:
    return render(CUES, format_name, DEFAULT_PROFILE, "es")


def test_srt() -> None:
    assert rendered("srt") == dedent(
        """\
        1
        00:00:01,000 --> 00:00:02,500
        Good evening, and welcome
        to the very last show of the year.

        2
        00:00:02,583 --> 00:00:04,006
        ¡Muchas gracias!

        3
        01:00:00,000 --> 01:00:01,234
        Salt & <\u2060pepper>.
        """
    )


def test_vtt() -> None:
    assert rendered("vtt") == dedent(
        """\
        WEBVTT

        0
        00:00:01.000 --> 00:00:02.500
        <v SPEAKER_00>Good evening, and welcome
        to the very last show of the year.

        1
        00:00:02.583 --> 00:00:04.006
        <v SPEAKER_01>¡Muchas gracias!

        2
        01:00:00.000 --> 01:00:01.234
        Salt &amp; &lt;pepper&gt;.
        """
    )


def test_ass() -> None:
    style_format = (
        "Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, "
        "BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, "
        "BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding"
    )
    common = "&H000000FF,&H00000000,&H80000000,0,0,0,0,100,100,0,0,1,3,1.5,2,192,192,65,1"
    assert rendered("ass") == dedent(
        f"""\
        [Script Info]
        ; Cuestream
        WrapStyle: 0
        ScaledBorderAndShadow: yes
        Collisions: Normal
        PlayResX: 1920
        PlayResY: 1080
        ScriptType: v4.00+

        [V4+ Styles]
        {style_format}
        Style: Default,Arial,59,&H00FFFFFF,{common}
        Style: Speaker 1,Arial,59,&H00FFFFFF,{common}
        Style: Speaker 2,Arial,59,&H0000FFFF,{common}

        [Events]
        Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
        Dialogue: 0,0:00:01.00,0:00:02.50,Speaker 1,SPEAKER_00,0,0,0,,Good evening, and welcome\\Nto the very last show of the year.
        Dialogue: 0,0:00:02.58,0:00:04.01,Speaker 2,SPEAKER_01,0,0,0,,¡Muchas gracias!
        Dialogue: 0,1:00:00.00,1:00:01.23,Default,,0,0,0,,Salt & <pepper>.
        """  # noqa: E501
    )


def test_ttml() -> None:
    head, _, body = rendered("ttml").partition("  <body")
    assert head.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<tt xmlns=')
    assert 'ttp:timeBase="media" xml:lang="es">' in head
    assert (
        '      <ttm:agent xml:id="speaker-2" type="person">'
        '<ttm:name type="full">SPEAKER_01</ttm:name></ttm:agent>\n'
    ) in head
    assert '      <style xml:id="colour-2" tts:color="#ffff00"/>\n' in head
    assert "  <body" + body == (
        '  <body style="default" region="bottom">\n'
        "    <div>\n"
        '      <p xml:id="cue-0" begin="00:00:01.000" end="00:00:02.500" style="colour-1" '
        'ttm:agent="speaker-1"><span style="box">Good evening, and welcome<br/>'
        "to the very last show of the year.</span></p>\n"
        '      <p xml:id="cue-1" begin="00:00:02.583" end="00:00:04.006" style="colour-2" '
        'ttm:agent="speaker-2"><span style="box">¡Muchas gracias!</span></p>\n'
        '      <p xml:id="cue-2" begin="01:00:00.000" end="01:00:01.234">'
        '<span style="box">Salt &amp; &lt;pepper&gt;.</span></p>\n'
        "    </div>\n"
        "  </body>\n"
        "</tt>\n"
    )


def test_json() -> None:
    assert rendered("json") == (
        '{"language": "es", "cues": [\n'
        '{"id": 0, "start_ms": 1000, "end_ms": 2500, '
        '"text": "Good evening, and welcome to the very last show of the year.", '
        '"translation": null, "speaker": "SPEAKER_00", "language": "en", "confidence": 0.93},\n'
        '{"id": 1, "start_ms": 2583, "end_ms": 4006, "text": "Thanks a lot!", '
        '"translation": "¡Muchas gracias!", "speaker": "SPEAKER_01", "language": "en", '
        '"confidence": 0.5},\n'
        '{"id": 2, "start_ms": 3600000, "end_ms": 3601234, "text": "Salt & <pepper>.", '
        '"translation": null, "speaker": null, "language": "en", "confidence": 1.0}\n'
        "]}\n"
    )


def test_txt() -> None:
    assert rendered("txt") == dedent(
        """\
        SPEAKER_00: Good evening, and welcome to the very last show of the year.
        SPEAKER_01: ¡Muchas gracias!
        Salt & <pepper>.
        """
    )


def test_txt_ends_a_line_with_the_sentence_or_at_a_silence() -> None:
    cues = [
        Cue(0, Span(0, 900), "so this is"),
        Cue(1, Span(1_000, 1_900), "how it goes"),
        Cue(2, Span(4_000, 4_900), "later on it is"),
        Cue(3, Span(5_000, 5_900), "told. Again and again."),
        Cue(4, Span(6_000, 6_900), "今日は"),
        Cue(5, Span(7_000, 7_900), "いい天気。"),
    ]
    assert render(cues, "txt", DEFAULT_PROFILE) == dedent(
        """\
        so this is how it goes
        later on it is told. Again and again.
        今日はいい天気。
        """
    )
