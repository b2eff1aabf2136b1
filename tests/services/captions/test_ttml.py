"""TTML in the forms that files have, and what is told of what cannot be shown."""

from __future__ import annotations

import pytest

from app.domain.captions import Captions
from app.domain.errors import InvalidCaptionsError
from app.services.captions.parse import is_caption_file
from tests.services.captions.caption_files import read, rows, words

NAMESPACES = (
    'xmlns:ttp="http://www.w3.org/ns/ttml#parameter" '
    'xmlns:tts="http://www.w3.org/ns/ttml#styling" '
    'xmlns:ttm="http://www.w3.org/ns/ttml#metadata" '
    'xmlns:smpte="http://www.smpte-ra.org/schemas/2052-1/2010/smpte-tt" '
    'xmlns:ebuttm="urn:ebu:tt:metadata"'
)


def ttml(body: str, attributes: str = "", head: str = "") -> Captions:
    """Read a document of one division, a line for each line of the body."""
    text = (
        f'<tt xmlns="http://www.w3.org/ns/ttml" {NAMESPACES} xml:lang="en" {attributes}>\n'
        f"<head>{head}</head><body><div>\n{body}\n</div></body></tt>"
    )
    return read(text.encode(), language="und")


def told(captions: Captions, code: str) -> str:
    """Return the messages of a kind of notice."""
    return "; ".join(notice.message for notice in captions.notices if notice.code == code)


NTSC = 'ttp:timeBase="smpte" ttp:frameRate="30" ttp:frameRateMultiplier="1000 1001" '

MS_OF_TIMES = [
    ("", "01:02:03", 3_723_000),
    ("", "00:00:01.5", 1500),
    ("", "00:00:01.123456", 1123),
    ("", "100:00:00", 360_000_000),
    ("", "00:00:01:15", 1500),
    ('ttp:frameRate="25"', "00:00:01:05", 1200),
    ('ttp:frameRate="25" ttp:subFrameRate="2"', "00:00:01:05.1", 1220),
    ('ttp:frameRate="24" ttp:frameRateMultiplier="1000 1001"', "24f", 1001),
    ('ttp:frameRate="24" ttp:frameRateMultiplier="1000:1001"', "24f", 1001),
    ('ttp:frameRate="30" ttp:frameRateMultiplier="999:1000"', "2997f", 100_000),
    ('ttp:frameRate="23.976"', "23976f", 1_000_000),
    ("", "1.5h", 5_400_000),
    ("", "2m", 120_000),
    ("", "2.25s", 2250),
    ("", "1500ms", 1500),
    ("", "45f", 1500),
    ("", "3t", 3000),
    ('ttp:tickRate="10000000"', "15000000t", 1500),
    ('ttp:frameRate="25"', "50t", 2000),
    ('ttp:frameRate="25" ttp:subFrameRate="2"', "50t", 1000),
    (NTSC, "00:10:00:00", 600_600),
    (NTSC + 'ttp:dropMode="dropNTSC"', "00:10:00:00", 600_000),
    (NTSC + 'ttp:dropMode="dropNTSC"', "00:10:00;02", 600_066),
    (NTSC + 'ttp:dropMode="dropPAL"', "00:20:00:00", 1_199_999),
]  # fmt: skip

MS_OF_ODD_TIMES = [
    ("", "00:00:04,000", 4000),
    ("", "00:07.5", 7500),
    ("", "1:02", 62_000),
    ("", "1:2:3", 3_723_000),
    ("", "1.5", 1500),
    ("", "7", 7000),
    ("", ".5s", 500),
    ("", "1,5s", 1500),
    ("", "1.5 s", 1500),
    ("", "2 sec", 2000),
    ("", "00:00:01:500", 1500),
    ("", "00:00:01:75", 1750),
    ("", "00：00：01．５", 1500),
    ("", "٠٠:٠٠:٠٢", 2000),
    ('ttp:frameRate="25"', "00:00:01:25", 1960),
    ("", "15000000000t", 1_500_000),
]  # fmt: skip


@pytest.mark.parametrize(("attributes", "time", "ms"), MS_OF_TIMES)
def test_times_of_every_form_are_read(attributes: str, time: str, ms: int) -> None:
    captions = ttml(f'<p begin="{time}" dur="2s">x</p>', attributes)
    assert captions.items[0].span.start_ms == pytest.approx(ms, abs=1)
    assert captions.notices == ()


@pytest.mark.parametrize(("attributes", "time", "ms"), MS_OF_ODD_TIMES)
def test_times_in_no_form_of_ttml_are_read_and_told(attributes: str, time: str, ms: int) -> None:
    captions = ttml(f'<p begin="{time}" dur="2s">x</p>', attributes)
    assert captions.items[0].span.start_ms == pytest.approx(ms, abs=1)
    assert told(captions, "caption_lines_repaired")


def test_case_13_numbers_without_a_unit_are_seconds() -> None:
    captions = ttml(
        '<p begin="1.5" end="3.0">One</p>\n<p begin="00:00:04,000" end="00:00:06,500">Two</p>\n'
        '<p begin="00:07.5" end="00:09">Three</p>\n<p begin="10s" end="12s">Four</p>'
    )
    assert rows(captions) == [
        "1500-3000 One",
        "4000-6500 Two",
        "7500-9000 Three",
        "10000-12000 Four",
    ]
    message = told(captions, "caption_lines_repaired")
    assert "without a unit, read as seconds: 2" in message
    assert "line 3, column 1: 1.5" in message


@pytest.mark.parametrize(
    ("attributes", "name"), [("", "milliseconds"), ('ttp:tickRate="1000"', "ticks")]
)
def test_whole_numbers_are_no_seconds_where_captions_would_last_minutes(
    attributes: str, name: str
) -> None:
    body = '<p begin="1500" end="3000">One</p><p begin="4000" end="6000">Two</p>'
    captions = ttml(body, attributes)
    assert rows(captions) == ["1500-3000 One", "4000-6000 Two"]
    assert f"read as {name}: 4" in told(captions, "caption_lines_repaired")


def test_case_13_both_spellings_of_a_multiplier_give_the_same_times() -> None:
    body = '<p begin="01:00:00:00" end="01:00:02:00">Clock</p><p begin="86314f" dur="48f">Frame</p>'
    attributes = 'ttp:frameRate="24" ttp:frameRateMultiplier="1000{}1001"'
    spellings = [rows(ttml(body, attributes.format(mark))) for mark in " :"]
    assert spellings[0] == spellings[1] == ["3600000-3602000 Clock", "3600013-3602015 Frame"]


@pytest.mark.parametrize(
    "namespace",
    [
        "http://www.w3.org/ns/ttml",
        "http://www.w3.org/2006/10/ttaf1",
        "http://www.w3.org/2006/04/ttaf1",
        "http://www.w3.org/2005/11/ttaf1",
        "urn:unknown",
        "",
    ],
)
def test_every_namespace_is_read(namespace: str) -> None:
    text = (
        f'<tt xmlns="{namespace}" xmlns:ttp="{namespace}#parameter" ttp:frameRate="25">'
        '<body><div><p begin="25f" end="50f">x</p></div></body></tt>'
    )
    assert rows(read(text.encode())) == ["1000-2000 x"]
    prefixed = (
        f'<a-b:tt xmlns:a-b="{namespace or "urn:x"}"><a-b:body><a-b:p begin="1s" end="2s">x</a-b:p>'
        "</a-b:body></a-b:tt>"
    )
    assert rows(read(prefixed.encode())) == ["1000-2000 x"]


def test_case_13_a_sequence_shows_one_after_the_other() -> None:
    text = """<tt xmlns="http://www.w3.org/ns/ttml"><body timeContainer="seq" begin="1s">
        <div timeContainer="seq"><p dur="2s">First</p><metadata/><p dur="2s">Second</p></div>
        <div><p begin="1s" dur="2s">Third</p><p begin="4s" dur="1s">Fourth</p></div>
        <div><p>Endless</p></div><div><p dur="1s">Last</p></div></body></tt>"""
    captions = read(text.encode())
    assert rows(captions) == [
        "1000-3000 First",
        "3000-5000 Second",
        "6000-8000 Third",
        "9000-10000 Fourth",
        "10000-13000 Endless",
        "13000-14000 Last",
    ]
    assert "without an end" in told(captions, "caption_lines_repaired")


def test_spans_may_take_turns_follow_each_other_or_be_words() -> None:
    captions = ttml(
        '<p begin="10s" end="20s"><span begin="0s" end="3s">The first one.</span>'
        '<span begin="3s" end="6s">The second one.</span></p>\n'
        '<p timeContainer="seq" begin="20s"><span dur="1s">And a</span><span dur="1s">third '
        "one.</span></p>\n"
        '<p begin="30s" end="40s"><span begin="0s" end="1s">Hea</span><span begin="1s" end="2s">vy'
        '</span> <span begin="2s" end="4s">water</span></p>\n'
        '<p begin="40s" end="45s"><span begin="0s">It</span> <span begin="1s">grows.</span></p>'
    )
    assert rows(captions) == [
        "10000-13000 The first one.",
        "13000-16000 The second one.",
        "20000-21000 And a",
        "21000-22000 third one.",
        "30000-34000 Heavy water",
        "40000-45000 It grows.",
    ]


def test_words_of_a_machine_keep_their_times() -> None:
    text = """<tt xmlns="http://www.w3.org/ns/ttml"><body><div><p begin="1s" end="4s">
        <span begin="0s" end="1s">Heavy</span> <span begin="1s" end="2s">water</span></p></div>
        </body></tt>"""
    assert words(read(text.encode(), kind="auto")) == ["1000 Heavy", "2000 water"]


def test_what_is_not_shown_is_left_out_and_told() -> None:
    captions = ttml(
        '<p begin="1s" end="2s"><span tts:ruby="container"><span tts:ruby="base">漢字</span>'
        '<span style="reading">かんじ</span></span>です</p>\n'
        '<p begin="2s" end="3s" style="gone">hidden</p>\n'
        '<p begin="3s" end="4s" tts:opacity="0">transparent</p>\n'
        '<p begin="4s" end="9s" region="late">only later</p>\n'
        '<p begin="20s" end="21s" tts:display="none"><set begin="0s" end="1s" '
        'tts:display="auto"/>shown by an animation</p>\n'
        '<p begin="22s" end="23s"/><p begin="23s" end="24s"><br/></p>\n'
        '<div begin="24s" end="25s" smpte:backgroundImage="#i"/>',
        head='<styling><style xml:id="reading" tts:ruby="text"/><style xml:id="none" '
        'tts:visibility="hidden"/><style xml:id="gone" style="none"/></styling><layout>'
        '<region xml:id="late" tts:display="none"><set begin="6s" end="8s" tts:display="auto"/>'
        "</region></layout>",
    )
    assert rows(captions) == [
        "1000-2000 漢字です",
        "6000-8000 only later",
        "20000-21000 shown by an animation",
    ]
    message = told(captions, "captions_left_out")
    assert "Readings over the text (ruby): 1 (line 3" in message
    assert "Hidden texts: 2 (line 4, column 1, line 5, column 1)" in message
    assert "Images of text: 1 (line 9" in message


def test_a_file_of_images_says_so() -> None:
    with pytest.raises(InvalidCaptionsError, match="shows 2 images of text"):
        ttml(
            '<div begin="1s" end="2s" smpte:backgroundImage="#i"/>'
            '<div begin="3s" end="4s"><image src="a.png"/></div>'
        )


def test_a_caption_without_a_time_that_can_be_read_is_told_by_its_line() -> None:
    captions = ttml(
        '<p begin="1s" end="2s">One</p>\n<p begin="soon" end="3s">From its end</p>\n'
        '<p begin="soon">Lost</p>\n<p begin="4s" end="later">Until the next</p>\n'
        '<p begin="5s" end="4s">Backwards</p>\n<p begin="9s" end="10s">Last</p>'
    )
    assert rows(captions) == [
        "1000-2000 One",
        "2000-3000 From its end",
        "4000-5000 Until the next",
        "5000-8000 Backwards",
        "9000-10000 Last",
    ]
    assert "line 5, column 1" in told(captions, "caption_lines_unusable")
    repaired = told(captions, "caption_lines_repaired")
    assert "taken from the end: 1 (line 4" in repaired
    assert "Ends that cannot be read: 1 (line 6" in repaired
    assert "Ends that do not follow their begin: 1 (line 7" in repaired


def test_what_is_before_the_begin_or_in_a_century_is_told() -> None:
    captions = ttml(
        '<p begin="-5s" end="-2s">Before</p>\n<p begin="-1s" end="2s">Begun</p>\n'
        '<div begin="270h"><p begin="10h" dur="1s">Late</p></div>'
    )
    assert rows(captions) == ["0-2000 Begun"]
    assert "eleven days after it: 2 (line 3, column 1, line 5" in told(
        captions, "caption_lines_unusable"
    )


def test_a_frame_rate_with_a_fraction_is_not_multiplied_again() -> None:
    attributes = 'ttp:frameRate="23.976" ttp:frameRateMultiplier="1000 1001"'
    captions = ttml('<p begin="23976f" dur="1s">x</p>', attributes)
    assert rows(captions) == ["1000000-1001000 x"]
    assert "multiplier does not count" in told(captions, "caption_lines_repaired")


def test_a_file_without_any_time_names_the_lines() -> None:
    with pytest.raises(InvalidCaptionsError, match=r"no captions that can be read.*line 3.*line 4"):
        ttml('<p begin="soon">One</p>\n<p begin="later">Two</p>')


def test_a_paragraph_outside_of_its_division_is_told() -> None:
    captions = ttml(
        '<div begin="0s" end="5s"><p begin="1s" end="9s">Cut</p>\n<p begin="6s" end="8s">Out</p>'
        "</div>"
    )
    assert rows(captions) == ["1000-5000 Cut"]
    assert "line 4" in told(captions, "caption_lines_unusable")


def test_text_in_other_places_is_read_or_told() -> None:
    captions = ttml(
        '<div begin="1s" end="2s">In a division</div>\n<span begin="3s" end="4s">In a span</span>\n'
        '<p begin="5s" end="6s">In a paragraph</p>lost\n'
    )
    assert rows(captions) == [
        "1000-2000 In a division",
        "3000-4000 In a span",
        "5000-6000 In a paragraph",
    ]
    assert "outside of paragraphs: 1 (line 5" in told(captions, "caption_lines_unusable")


def test_programmes_that_begin_at_ten_are_shown_from_zero() -> None:
    attributes = 'ttp:timeBase="smpte" ttp:frameRate="25"'
    body = '<p begin="10:00:01:00" end="10:00:02:00">x</p>'
    captions = ttml(body, attributes)
    assert rows(captions) == ["1000-2000 x"]
    assert "programme's start, 10 h: 1" in told(captions, "caption_lines_repaired")
    name = "ebuttm:documentStartOfProgramme"
    start = f"<{name}>09:59:00:00</{name}>"
    assert rows(ttml(body, attributes, f"<metadata>{start}</metadata>")) == ["61000-62000 x"]
    assert rows(ttml(body, 'ttp:frameRate="25"')) == ["36001000-36002000 x"]


def test_nearly_valid_xml_is_repaired_and_told() -> None:
    captions = ttml(
        '<p begin="1s" end="2s">Tom & Jerry&nbsp;caf&eacute;<br>again</p>\n'
        '<p begin="2s" end="3s">broken <b>here</p>\n<p begin="3s" end="4s">a\x01b &LT; c</p>'
    )
    assert rows(captions) == [
        "1000-2000 Tom & Jerry\u00a0café again",
        "2000-3000 broken here",
        "3000-4000 ab < c",
    ]
    assert "XML does not know: 4" in told(captions, "caption_lines_repaired")
    assert "forbids are removed: 1" in told(captions, "caption_lines_repaired")
    assert "broken, read without it: 1 (line 4)" in told(captions, "caption_lines_repaired")


def test_paragraphs_that_are_all_broken_are_read_without_their_styles() -> None:
    lines = "\n".join(
        f'<p begin="{i}s" end="{i + 1}s"><i>Line <b>number</i> {i}<br/>here.</p>'
        for i in range(1, 21)
    )
    captions = ttml(lines)
    assert [item.text for item in captions.items] == [
        f"Line number {i} here." for i in range(1, 21)
    ]
    repaired = told(captions, "caption_lines_repaired")
    assert "broken, read without it: 16 (line 3, " in repaired
    assert "Styles within broken paragraphs, removed: 1" in repaired


def test_a_paragraph_that_is_not_closed_is() -> None:
    captions = ttml(
        '<p begin="1s" end="2s">One\n<p begin="2s" end="3s">Two</p>\n'
        '<p begin="3s" end="4s">Three</p>'
    )
    assert rows(captions) == ["1000-2000 One", "2000-3000 Two", "3000-4000 Three"]
    assert told(captions, "caption_lines_repaired")


def test_a_document_with_a_broken_head_is_read_by_its_paragraphs() -> None:
    text = (
        '<tt xmlns="http://www.w3.org/ns/ttml" ttp:frameRate="25" <head></body>\n'
        '<p begin="25f" end="50f" tts:color="red">One</p>\n<p begin="75f" end="100f">Two</p></tt>'
    )
    captions = read(text.encode())
    assert rows(captions) == ["1000-2000 One", "3000-4000 Two"]
    assert "line 1" in told(captions, "caption_lines_repaired")


def test_a_file_that_breaks_off_is_read_to_there() -> None:
    text = (
        '<tt xmlns="http://www.w3.org/ns/ttml"><body><div>\n<p begin="1s" end="2s">One</p>\n'
        '<p begin="2s" end="3s">Tw'
    )
    captions = read(text.encode())
    assert rows(captions)[0] == "1000-2000 One"
    assert "breaks off: 1 (line 3)" in told(captions, "caption_lines_repaired")


def test_joined_documents_are_read_in_turn() -> None:
    def part(begin: int, text: str) -> str:
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n<tt xmlns="http://www.w3.org/ns/ttml"><body>'
            f'<div>\n<p begin="1s" end="3s">Both</p><p begin="{begin}s" dur="1s">{text}</p>'
            "</div></body></tt>\n"
        )

    captions = read((part(4, "One") + part(6, "Two")).encode())
    assert rows(captions) == ["1000-3000 Both", "4000-5000 One", "6000-7000 Two"]
    assert "joined documents repeat: 1" in told(captions, "captions_left_out")


TWO_LANGUAGES = "".join(
    f'<div xml:lang="{tag}">'
    + "".join(f'<p begin="{i}s" dur="1s">{text} {i}</p>' for i in range(1, 4))
    + "</div>"
    for tag, text in (("en", "water"), ("es", "agua"))
)


def test_of_two_languages_the_one_that_is_asked_for_is_taken() -> None:
    text = f'<tt xmlns="http://www.w3.org/ns/ttml"><body>{TWO_LANGUAGES}</body></tt>'
    spanish = read(text.encode(), language="es")
    assert [item.text for item in spanish.items] == ["agua 1", "agua 2", "agua 3"]
    assert "another language of the same file (en; es was taken): 3" in told(
        spanish, "captions_left_out"
    )
    unknown = read(text.encode(), language="und")
    assert (unknown.language, unknown.items[0].text) == ("en", "water 1")


def test_a_language_that_takes_turns_with_another_stays() -> None:
    captions = ttml(
        '<p begin="1s" end="2s">Good morning.</p><p begin="2s" end="3s" xml:lang="fr">Bonjour.</p>'
        '<p begin="3s" end="4s">He said.</p><p begin="4s" end="5s" xml:lang="fr">Oui.</p>'
    )
    assert len(captions.items) == 4
    assert captions.notices == ()


def test_another_region_over_the_dialogue_is_a_sign() -> None:
    captions = ttml(
        '<p region="b" begin="1s" end="3s">Where are we</p>'
        '<p region="t" begin="2s" end="9s">THE OLD MILL</p>'
        '<p region="b" begin="3s" end="5s">going?</p>'
        '<p region="b" begin="10s" end="12s">One of us</p>'
        '<p region="t" begin="10s" end="12s">and the other</p>'
    )
    lanes = {item.text: item.lane for item in captions.items}
    assert lanes["THE OLD MILL"] == "sign"
    assert lanes["and the other"] == "dialogue"
    assert "5000-9000 THE OLD MILL" in rows(captions)


def test_a_text_placed_elsewhere_over_the_dialogue_is_a_sign() -> None:
    captions = ttml(
        '<p begin="1s" end="3s">Where are we</p><p begin="3s" end="5s">going?</p>'
        '<p tts:origin="10% 10%" begin="2s" end="9s">THE OLD MILL</p>'
    )
    assert [item.lane for item in captions.items] == ["dialogue", "dialogue", "sign"]


def test_an_external_dtd_is_not_loaded_and_entities_are_refused() -> None:
    document = (
        '<tt xmlns="http://www.w3.org/ns/ttml"><body><p begin="1s" end="2s">x</p></body></tt>'
    )
    public = '<!DOCTYPE tt PUBLIC "-//W3C//DTD" "http://127.0.0.1:1/tt.dtd">'
    assert rows(read((public + document).encode())) == ["1000-2000 x"]
    with pytest.raises(InvalidCaptionsError, match="entities"):
        read(('<!DOCTYPE tt [<!ENTITY a "b">]>' + document).encode())


def test_a_language_in_another_region_is_no_sign() -> None:
    lines = "".join(
        f'<p xml:lang="{tag}" region="{tag}" begin="{i + late}s" end="{i + 1.5}s">{text} {i}</p>'
        for i in range(1, 9, 2)
        for tag, text, late in (("en", "water", 0), ("es", "agua", 0.4))
    )
    captions = ttml(lines)
    assert [item.text for item in captions.items] == [f"water {i}" for i in range(1, 9, 2)]
    assert "(es; en was taken): 4" in told(captions, "captions_left_out")


def test_youtubes_xml_tells_what_it_loses() -> None:
    text = (
        '<transcript><text start="1" dur="1">One</text>\n<text start="x">Lost</text></transcript>'
    )
    captions = read(text.encode())
    assert rows(captions) == ["1000-2000 One"]
    assert "line 2, column 1" in told(captions, "caption_lines_unusable")


@pytest.mark.parametrize("name", ["a.ttml", "a.dfxp", "a.itt", "a.imsc", "a.tt", "a.xml"])
def test_files_of_every_name_are_captions(name: str) -> None:
    head = b'<?xml version="1.0"?>\n<!-- made by hand -->\n<tt:tt xmlns:tt="urn:x"><tt:body>'
    assert is_caption_file(name, head)
