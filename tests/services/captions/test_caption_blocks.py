"""SubRip and WebVTT files, and what becomes of them."""

from __future__ import annotations

import pytest

from tests.services.captions.caption_files import read, rows, words


def test_subrip_becomes_paragraphs_without_markup() -> None:
    captions = read(
        r"""
        1
        00:00:01,000 --> 00:00:02,500
        <i>The river</i> rose
        last night.

        2
        00:00:03,000 --> 00:00:04,000 X1:10 X2:20
        {\an8}<font color="#ff0000">Tom &amp; Anna</font>

        3
        01:00:05,250 --> 01:00:06,000
        - Hi.
        - Hello.

        4
        01:00:07,000 --> 01:00:08,000
        ♪ la la ♪

        5
        01:00:09,000 --> 01:00:10,000
        <b> </b>
        """
    )
    assert captions.kind == "manual"
    assert captions.language == "en"
    assert rows(captions) == [
        "1000-2500 The river rose last night.",
        "3000-4000 Tom & Anna",
        "3605250-3606000 - Hi.\n- Hello.",
        "3607000-3608000 ♪ la la ♪",
    ]


def test_subrip_without_numbers_or_blank_lines_keeps_every_line() -> None:
    captions = read(
        """
        00:00:01,000 --> 00:00:02,000
        In the year
        1984
        00:00:03.5 --> 00:00:04,000
        two

        lines


        7
        00:00:05,000 --> 00:00:06,000
        the number at the end is
        1984
        """
    )
    assert rows(captions) == [
        "1000-2000 In the year",
        "3500-4000 two lines",
        "5000-6000 the number at the end is 1984",
    ]


def test_line_ends_of_every_system_are_the_same() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\none\ntwo\n\n2\n00:00:03,000 --> 00:00:04,000\nthree\n"
    for line_end in ("\r\n", "\r"):
        assert read(text.replace("\n", line_end).encode()) == read(text.encode())


def test_webvtt_drops_notes_styles_and_identifiers() -> None:
    captions = read(
        """\
        WEBVTT - a title
        Kind: captions
        Language: pt-br

        STYLE
        ::cue { color: red }

        NOTE
        not to be shown

        intro
        00:01.000 --> 00:02.000 align:start position:0%
        <v.loud Speaker 2>Well-
        known&nbsp;words</v>

        NOTE 00:00 is not a time

        00:02.500 --> 00:03.000
        <v Anna>1 &lt; 2
        """,
        language="und",
    )
    assert captions.language == "pt-BR"
    assert rows(captions) == ["1000-2000 Well-known\u00a0words", "2500-3000 1 < 2"]
    assert [item.speaker for item in captions.items] == ["Speaker 2", "Anna"]


ROLLING = """\
WEBVTT
Kind: captions
Language: en

00:00:01.200 --> 00:00:03.470 align:start position:0%
{space}
the<00:00:01.520><c> water</c><00:00:02.000><c> came</c>

00:00:03.470 --> 00:00:03.480 align:start position:0%
the water came
{space}

00:00:03.480 --> 00:00:05.510 align:start position:0%
the water came
up<00:00:03.800><c> very</c><00:00:04.100><c> fast</c>

00:00:05.510 --> 00:00:05.520 align:start position:0%
up very fast
{space}

00:00:05.520 --> 00:00:06.990 align:start position:0%
up very fast
yes

00:00:06.990 --> 00:00:07.000 align:start position:0%
yes
{space}

00:00:07.000 --> 00:00:08.000 align:start position:0%
yes
yes

00:00:09.000 --> 00:00:10.000 align:start position:0%
{space}
yes<00:00:09.500><c> sir</c>
"""


@pytest.mark.parametrize("space", [" ", ""], ids=["as YouTube has it", "trimmed"])
def test_youtubes_rolling_webvtt_says_every_word_once_at_its_time(space: str) -> None:
    captions = read(ROLLING.format(space=space).encode(), kind="auto")
    assert rows(captions) == [
        "1200-3470 the water came",
        "3480-5510 up very fast",
        "5520-6990 yes",
        "7000-8000 yes",
        "9000-10000 yes sir",
    ]
    assert words(captions) == [
        "1200 the", "1520 water", "2000 came", "3480 up", "3800 very", "4100 fast",
        "5520 yes", "7000 yes", "9000 yes", "9500 sir",
    ]  # fmt: skip


def test_rolling_captions_are_known_as_such_whatever_their_sender_says() -> None:
    data = ROLLING.format(space=" ").encode()
    captions = read(data, kind="manual")
    assert captions.kind == "auto"
    assert captions == read(data, kind="auto")


def test_rolling_captions_that_were_converted_to_subrip_roll_no_longer() -> None:
    captions = read(
        """
        1
        00:00:01,200 --> 00:00:03,470
        the water came

        2
        00:00:03,470 --> 00:00:03,480
        the water came

        3
        00:00:03,480 --> 00:00:05,510
        the water came
        up very fast

        4
        00:00:05,510 --> 00:00:05,520
        up very fast

        5
        00:00:05,520 --> 00:00:07,000
        up very fast
        last night
        """,
        kind="auto",
    )
    assert rows(captions) == [
        "1200-3470 the water came",
        "3480-5510 up very fast",
        "5520-7000 last night",
    ]


def test_live_captions_that_grow_by_the_word_say_it_once() -> None:
    captions = read(
        """
        00:00:01,000 --> 00:00:01,500
        the

        00:00:01,500 --> 00:00:02,000
        the water

        00:00:02,000 --> 00:00:02,500
        the water came up

        00:00:02,500 --> 00:00:03,000
        again
        """
    )
    assert captions.kind == "auto"
    assert rows(captions) == [
        "1000-1500 the",
        "1500-2000 water",
        "2000-2500 came up",
        "2500-3000 again",
    ]


@pytest.mark.parametrize("kind", ["manual", "auto"])
def test_people_who_repeat_themselves_are_believed(kind: str) -> None:
    captions = read(
        """
        00:00:01,000 --> 00:00:02,000
        Yes.

        00:00:02,000 --> 00:00:03,000
        Yes.

        00:00:03,000 --> 00:00:04,000
        Yes. I said so.

        00:00:04,000 --> 00:00:05,000
        When?

        00:00:05,000 --> 00:00:06,000
        Yesterday.
        """,
        kind=kind,  # type: ignore[arg-type]
    )
    assert [item.text for item in captions.items] == [
        "Yes.", "Yes.", "Yes. I said so.", "When?", "Yesterday.",
    ]  # fmt: skip
