"""Damaged caption files: what is shown, what is told, and what is refused."""

from __future__ import annotations

import json
import re

import pytest

from app.domain.captions import Captions
from app.domain.errors import InvalidCaptionsError
from tests.services.captions.caption_files import read, rows

REPAIRED, UNUSABLE, CLOCKS = "caption_lines_repaired", "caption_lines_unusable", "caption_clocks"


def told(captions: Captions, code: str) -> str:
    return " ".join(notice.message for notice in captions.notices if notice.code == code)


def places(captions: Captions, code: str) -> list[str]:
    return re.findall(r"lines? [0-9]+(?: to [0-9]+)?", told(captions, code))


def srt(*captions: str) -> str:
    return "\n\n".join(captions) + "\n"


ONE, TWO, THREE = (
    "1\n00:00:01,000 --> 00:00:03,000\nThe ferry leaves at nine.",
    "2\n00:00:04,000 --> 00:00:06,000\nBring your own lunch.",
    "3\n00:00:07,000 --> 00:00:09,000\nDo not forget the tickets.",
)
ROWS = [
    "1000-3000 The ferry leaves at nine.",
    "4000-6000 Bring your own lunch.",
    "7000-9000 Do not forget the tickets.",
]
BARE = "\n".join(each.partition("\n")[2] for each in (ONE, TWO, THREE)) + "\n"


def test_a_sound_file_tells_nothing() -> None:
    captions = read(srt(ONE, TWO, THREE))
    assert rows(captions) == ROWS
    assert captions.notices == ()


def test_case_10_without_blank_lines_and_numbers_every_caption_stays() -> None:
    assert rows(read(BARE)) == ROWS
    assert rows(read("WEBVTT\n\n" + BARE.replace(",", "."))) == ROWS
    assert rows(read("\n".join((ONE, TWO, THREE)))) == ROWS


def test_case_11_times_in_the_middle_that_are_spelt_otherwise() -> None:
    text = srt(
        ONE,
        TWO.replace("-->", "->"),
        THREE,
        "4\n00:00:10,000 --> 00:00:12x,000\nThe last boat is at six.",
    )
    captions = read(text)
    assert rows(captions) == [*ROWS, "10000-12000 The last boat is at six."]
    assert places(captions, REPAIRED) == ["line 6", "line 14"]


def test_case_11_a_first_stamp_that_is_damaged_leaves_a_caption_file() -> None:
    captions = read(
        "1\n00:00:13,980 --> 00:00:19x,580\nfirst\n\n2\n00:00:20,980 --> 00:00:21,680\nx"
    )
    assert rows(captions) == ["13980-19580 first", "20980-21680 x"]


def test_case_11_full_width_times() -> None:
    text = (
        "1\n00：00：01，000 --> 00：00：03，000\n渡轮九点出发。\n\n"
        "2\n00：00：04，000 --> 00：00：06，000\n请。"
    )
    captions = read(text)
    assert rows(captions) == ["1000-3000 渡轮九点出发。", "4000-6000 请。"]
    assert places(captions, REPAIRED) == ["line 2", "line 6"]


def test_a_time_that_cannot_be_read_takes_its_text_along_and_is_told() -> None:
    lost = "2\nxx:xx:xx,xxx --> xx:xx:xx,xxx\nBring your\nown lunch."
    captions = read(srt(ONE, lost, THREE))
    assert rows(captions) == [ROWS[0], ROWS[2]]
    assert places(captions, UNUSABLE) == ["lines 6 to 8"]
    assert told(captions, UNUSABLE).startswith("3 lines of the captions could not be used")


def test_half_a_time_line_is_enough_to_show_the_text() -> None:
    text = srt(
        ONE,
        TWO.replace("00:00:06,000", "00:00:0?,000"),
        THREE.replace("00:00:07,000", "00:0?:??,000"),
    )
    captions = read(text)
    assert rows(captions) == [
        ROWS[0],
        "4000-6000 Bring your own lunch.",
        "6000-9000 Do not forget the tickets.",
    ]
    assert places(captions, REPAIRED) == ["line 6", "line 10"]


def test_times_that_contradict_themselves_are_repaired_and_told() -> None:
    captions = read(
        srt(
            ONE,
            "2\n00:00:06,000 --> 00:00:04,000\nexchanged",
            "3\n00:00:07,000 --> 00:00:07,000\nno time at all",
            "4\n00:00:20,000 --> 00:00:02,000\nends long before",
            "5\n00:00:15,000 --> 00:00:16,000\nout of order",
            "6\n00:00:30,000 --> 00:00:34,000\nlong",
            "7\n00:00:32,000 --> 00:00:35,000\nover it",
            "8\n-00:00:09,000 --> -00:00:08,000\nbefore all",
            "9\n-00:00:01,000 --> 00:00:00,500\nbefore",
        )
    )
    assert rows(captions) == [
        "0-500 before",
        "1000-3000 The ferry leaves at nine.",
        "4000-6000 exchanged",
        "7000-10000 no time at all",
        "15000-16000 out of order",
        "20000-23000 ends long before",
        "30000-34000 long",
        "32000-35000 over it",
    ]
    assert set(places(captions, REPAIRED)) == {
        f"line {number}" for number in (6, 10, 14, 18, 26, 34)
    }
    assert places(captions, UNUSABLE) == ["line 30"]


@pytest.mark.parametrize(
    "text",
    [
        "1\n1\n" + ONE[2:] + "\n\n2\n2\n" + TWO[2:] + "\n\n" + THREE,
        ONE + "\n\n\n\n" + TWO.replace("\n", "\n\n", 1) + "\n\n" + THREE + "\n\n\n",
        "\n".join((ONE, TWO, THREE)).replace("\n", "\n\n"),
        "\r\r\n".join(srt(ONE, TWO, THREE).split("\n")),
        srt(ONE, TWO, THREE).replace("\n", "\\n"),
        "\ufeff" + srt(ONE, TWO, THREE).replace("\n", "\u2028") + "\0\0\x1a",
        " ".join((ONE, TWO, THREE)).replace("\n", " "),
        ONE + "\n\n" + TWO.replace("2", "17", 1) + "\n\n" + THREE.replace("3", "4", 1),
        ONE + "\n\n" + TWO.replace("2", "2x", 1) + "\n\n" + THREE,
        ONE.replace(" --> ", " -->\n") + "\n\n" + TWO.replace(" --> ", "\n--> ") + "\n\n" + THREE,
        f"Subtitle {ONE}\n\nSubtitle {TWO}\n\nSubtitle {THREE}",
        srt(ONE, TWO, THREE).replace("\n\n", "\n----\n"),
        srt(ONE, TWO, THREE).replace("\n00", " - 00"),
        ONE + "\n\n" + ONE + "\n\n" + TWO + "\n\n" + THREE,
        srt(ONE, TWO, THREE) + "\n4\n00:00:1",
        srt(ONE, TWO, THREE) + "\n4\n00:00:10,000 --> 00:0",
        srt(ONE, TWO, THREE) + "\n4",
    ],
    ids=range(17),
)
def test_lines_between_captions_may_be_missing_doubled_or_broken(text: str) -> None:
    assert rows(read(text.encode())) == ROWS


def test_a_text_that_ran_into_a_time_line_is_parted_from_it_or_told() -> None:
    captions = read((ONE + TWO[2:] + "\n\n" + THREE).encode())
    assert rows(captions) == ROWS
    damaged = read((ONE[:-3] + TWO[10:] + "\n\n" + THREE).encode())
    assert "-->" not in " ".join(rows(damaged))
    assert rows(damaged)[-1] == ROWS[-1]
    assert "line 3 ('The ferry leaves at ni" in told(damaged, REPAIRED)


def test_texts_of_digits_are_texts() -> None:
    numbered = srt("1\n00:00:01,000 --> 00:00:02,000\n42", "2\n00:00:03,000 --> 00:00:04,000\n7\n8")
    assert rows(read(numbered)) == ["1000-2000 42", "3000-4000 7 8"]
    tight = "1\n00:00:01,000 --> 00:00:02,000\nborn in\n1984\n2\n00:00:03,000 --> 00:00:04,000\n7\n"
    assert rows(read(tight)) == ["1000-2000 born in 1984", "3000-4000 7"]
    bare = "00:00:01,000 --> 00:00:02,000\n42\n00:00:03,000 --> 00:00:04,000\n7\n"
    assert rows(read(bare)) == ["1000-2000 42", "3000-4000 7"]


def test_text_outside_of_captions_is_told() -> None:
    captions = read("Subtitles by me\n\n" + srt(ONE, TWO, THREE))
    assert rows(captions) == ROWS
    assert places(captions, UNUSABLE) == ["line 1"]
    webvtt = read(
        "WEBVTT\n\n00:01.000 --> 00:02.000\nhi\n\nnot a cue\n\n00:03.000 --> 00:04.000\nyo\n"
    )
    assert rows(webvtt) == ["1000-2000 hi", "3000-4000 yo"]
    assert places(webvtt, UNUSABLE) == ["line 6"]


@pytest.mark.parametrize("header", ["", "webvtt\n\n", "WEBVVT - mine\n\n", "\ufeff\n\nWEBVTT\n\n"])
def test_webvtt_is_known_without_its_header(header: str) -> None:
    captions = read(
        f"{header}STYLE\n::cue {{ color: red }}\n\nNOTE\nnot shown\n\nintro\n"
        "00:01.000 --> 00:02.000 align:start\nhi\n\n00:03.000 --> 00:04.000\nyo\n".encode().decode()
    )
    assert rows(captions) == ["1000-2000 hi", "3000-4000 yo"]


def test_case_16_tags_that_webvtt_does_not_have_are_left_out_and_told() -> None:
    body = (
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<Default><b>♪</b></Default>\n\n"
        "00:03.000 --> 00:04.000\n<foo.bar baz>The bridge</foo> <i>is</i> <3 &lt;closed&gt;\n\n"
        "00:05.000 --> 00:06.000\n1 < 2 and 3 > 2, <me@here.org>\n"
    )
    captions = read(body)
    assert rows(captions) == [
        "1000-2000 ♪",
        "3000-4000 The bridge is <3 <closed>",
        "5000-6000 1 < 2 and 3 > 2, <me@here.org>",
    ]
    assert places(captions, REPAIRED) == ["line 4", "line 7"]


def segment(mpegts: int, *cues: str, local: str = "00:00:00.000") -> str:
    return f"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:{mpegts},LOCAL:{local}\n\n" + "\n\n".join(cues) + "\n\n"


RIVER = "00:01.791 --> 00:04.000\nThe river was higher that year."
STILL = "00:00.000 --> 00:01.336\nThe river was higher that year."
NOBODY = "00:01.419 --> 00:04.000\nNobody had measured it before."


@pytest.mark.parametrize("base", [0, 900_000, 2**33 - 180_000, 123_456_789])
def test_case_15_joined_segments_have_clocks_of_their_own(base: int) -> None:
    captions = read(
        segment(base, RIVER)
        + segment((base + 360_000) % 2**33, STILL, NOBODY).replace("MPEGTS", "X", 0)
        + segment(
            (base + 720_000) % 2**33, "00:00.000 --> 00:01.799\nNobody had measured it before."
        )
    )
    assert rows(captions) == [
        "1791-5336 The river was higher that year.",
        "5419-9799 Nobody had measured it before.",
    ]
    assert bool(told(captions, CLOCKS)) == (base > 0)


def test_case_15_one_clock_for_all_segments_leaves_their_times() -> None:
    cue = "10:00:01.000 --> 10:00:02.000\nLater."
    captions = read(segment(900_000, RIVER) + segment(900_000, RIVER, cue, local="10:00:00.000"))
    assert rows(captions) == ["1000-2000 Later.", "1791-4000 The river was higher that year."]


@pytest.mark.parametrize("between", ["\n", "", " ", "\ufeff"])
def test_case_15_segments_may_touch_and_come_in_any_order(between: str) -> None:
    early, late = segment(0, RIVER).rstrip(), segment(720_000, NOBODY).rstrip()
    for parts in ((early, late), (late, early)):
        captions = read((between.join(parts) + "\n").encode())
        assert rows(captions) == [
            "1791-4000 The river was higher that year.",
            "9419-12000 Nobody had measured it before.",
        ]
        assert told(captions, CLOCKS) == ""


def test_case_15_a_clock_below_a_blank_line_is_the_segments() -> None:
    text = segment(0, RIVER) + segment(720_000, NOBODY).replace("WEBVTT\n", "WEBVTT\n\n")
    assert [item.span.start_ms for item in read(text.encode()).items] == [1791, 9419]


def test_parts_whose_clock_nobody_knows_are_told() -> None:
    webvtt = read(f"WEBVTT\n\n{RIVER}\n\nWEBVTT\n\n00:00.000 --> 00:01.000\nFirst.\n")
    assert places(webvtt, CLOCKS) == ["line 8"]
    assert places(read(srt(TWO.replace("2", "1", 1), THREE, ONE)), CLOCKS) == ["line 10"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0:00:01.000,0:00:02.500\nHello[br]there\n", ["1000-2500 Hello there"]),
        ("[TITLE]x\n[SUBTITLE]\n00:00:01.00,00:00:02.50\na[br]b\n", ["1000-2500 a b"]),
        ("{1}{1}25\n{25}{50}{y:i}Hello|there\n", ["1000-2000 Hello there"]),
        ("[10][25]/Hello|there\n[30][45]you\n", ["1000-2500 Hello there", "3000-4500 you"]),
        ("00:00:01:Hello|there\n00:00:03:you\n", ["1000-3000 Hello there", "3000-6000 you"]),
        (
            "[ar:Me]\n[offset:+500]\n[00:01.50]Hello\n[00:03.00][00:06.00]you\n[00:04.00]\n",
            ["1000-2500 Hello", "2500-3500 you", "5500-8500 you"],
        ),
        ("0:01\nhello\n0:05\nyou\n1:02\n", ["1000-4000 hello", "5000-8000 you"]),
        ("[00:00.000 --> 00:02.000]  a\n[00:02.000 --> 00:04.000]  b", ["0-2000 a", "2000-4000 b"]),
    ],
    ids=["SubViewer", "with its head", "MicroDVD", "MPL2", "TMPlayer", "LRC", "transcript", "log"],
)  # fmt: skip
def test_other_formats_of_text_are_read(text: str, expected: list[str]) -> None:
    assert rows(read(text.encode())) == expected


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"1\nxx:xx:xx,xxx --> xx:xx:xx,xxx\nlost\n", r"lines 2 to 3 \('xx:xx"),
        (b"WEBVTT\n\nsoon --> later\nlost\n", r"lines 3 to 4 \('soon --> later'\)"),
        (b"A transcript without times.\n", "begins with 'A transcript without times.'"),
        (b"{25}{50}Hello\n{60}{70}you\n", "frame rate"),
        (b"<SAMI><BODY><SYNC Start=1000><P>Hi", "SAMI"),
        (b"Scenarist_SCC V1.0\n\n00:61:01;00\t9420", r"line 3 \('00:61:01"),
        (b"File Format=MacCaption_MCC V1.0\n", "MacCaption"),
        (b"PK\x03\x04\x14\0\0\0", "ZIP"),
    ],
)
def test_what_cannot_be_used_is_named(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidCaptionsError, match=reason):
        read(data)


def test_a_notice_names_ten_lines_and_counts_all() -> None:
    text = "".join(f"{n}\n00:00:{n:02},000 -> 00:00:{n:02},900\nx{n}\n\n" for n in range(1, 41))
    captions = read(text)
    assert len(captions.items) == 40
    assert told(captions, REPAIRED).startswith("40 lines of the captions repaired")
    assert len(places(captions, REPAIRED)) == 10
    assert len(told(captions, REPAIRED)) < 1500


def test_a_list_of_cues_tells_what_it_lacks() -> None:
    cues = [
        {"start": 1000, "end": 2000, "text": "one"},
        {"start": "soon", "end": 3000, "text": "lost"},
        {"start": 4000, "end": 4000, "text": "two"},
        ["no cue"],
    ]
    captions = read(json.dumps(cues))
    assert rows(captions) == ["1000-2000 one", "4000-7000 two"]
    assert "caption 2 ('lost'), caption 4" in told(captions, UNUSABLE)
    assert "caption 2" in told(captions, REPAIRED)


@pytest.mark.parametrize(
    "text",
    [
        "**1**\n**{0}**\nHello\n\n**2**\n**{1}**\nYou\n",
        "> 1\n> {0}\n> Hello\n>\n> 2\n> {1}\n> You\n",
        "1<br>\n{0}<br>\nHello<br>\n<br>\n2<br>\n{1}<br>\nYou<br>\n",
        "```srt\n1\n{0}\nHello\n\n2\n{1}\nYou\n```\n",
        "1\t{0}\tHello\n2\t{1}\tYou\n",
        "0:01 - 0:03\nHello\n\n0:04 - 0:06\nYou\n",
        "(00:01) Hello\n(00:03)\n(00:04) You\n(00:06)\n",
        "[00:00:01] Hello\n[00:00:03]\n[00:00:04] You\n[00:00:06]\n",
        "00:00:01 Hello\n\n00:00:03: \n00:00:04 You\n00:00:06: \n",
    ],
    ids=["Markdown", "mail", "page", "fence", "table", "minutes", "brackets", "log", "talk"],
)
def test_what_copying_and_pasting_leaves_around_captions(text: str) -> None:
    first, second = "00:00:01,000 --> 00:00:03,000", "00:00:04,000 --> 00:00:06,000"
    captions = read(text.format(first, second).encode())
    assert rows(captions) == ["1000-3000 Hello", "4000-6000 You"]


def test_times_that_are_texts_stay_texts() -> None:
    text = srt(ONE + "\n10:30", TWO + "\n\n10:30 - 11:45", THREE + "\n2:1, 3:0")
    assert rows(read(text)) == [
        f"{ROWS[0]} 10:30",
        f"{ROWS[1]} 10:30 - 11:45",
        f"{ROWS[2]} 2:1, 3:0",
    ]
