"""SCC, EBU STL and tables as they are in the wild: other modes, other marks, damage."""

from __future__ import annotations

from contextlib import suppress

import pytest
from caption_files import read, rows
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain import stl_codes
from app.domain.captions import Captions
from app.domain.cue import Cue
from app.domain.errors import InvalidCaptionsError
from app.domain.line21_codes import Preamble, with_parity
from app.domain.profile import DEFAULT_PROFILE
from app.domain.time import Span
from app.services.render.file_writer import write_file

REPAIRED, UNUSABLE, LEFT_OUT = (
    "caption_lines_repaired",
    "caption_lines_unusable",
    "captions_left_out",
)
RU2, CR, RDC, EDM, RCL, EOC = 0x1425, 0x142D, 0x1429, 0x142C, 0x1420, 0x142F
ROW_15 = Preamble(15).code
POP_ON = (
    "Scenarist_SCC V1.0\n\n"
    "00:00:01;00\t9420 9420 9470 9470 54e5 73f4 942f 942f\n\n"
    "00:00:03;00\t942c 942c\n"
)


def told(captions: Captions, code: str) -> str:
    return " ".join(notice.message for notice in captions.notices if notice.code == code)


def twice(*commands: int) -> list[int]:
    return [command for command in commands for _ in range(2)]


def chars(text: str) -> list[int]:
    padded = text if len(text) % 2 == 0 else f"{text}\0"
    return [ord(a) << 8 | ord(b) for a, b in zip(padded[::2], padded[1::2], strict=True)]


def scc(*lines: tuple[str, list[int]]) -> bytes:
    written = (
        f"{time}\t{' '.join(f'{with_parity(word):04x}' for word in words)}\n"
        for time, words in lines
    )
    return ("Scenarist_SCC V1.0\n\n" + "\n".join(written)).encode()


def test_pop_on_captions() -> None:
    assert rows(read(POP_ON.encode())) == ["1201-3003 Test"]


@pytest.mark.parametrize(
    "damaged",
    [
        POP_ON.replace("\n", "\r\n"),
        "\ufeff" + POP_ON,
        POP_ON.replace("Scenarist_SCC V1.0\n\n", ""),
        POP_ON.upper().replace("SCENARIST_SCC", "Scenarist_SCC"),
        POP_ON.replace("\t", "  "),
        POP_ON.replace("\n\n", "\n"),
        POP_ON.replace(";", "."),
        POP_ON.replace("9420 9420", "9420").replace("942f 942f", "8080 942f 942f"),
        POP_ON + "\x1a",
    ],
    ids=["CRLF", "mark", "no head", "upper", "spaces", "dense", "points", "once", "end of file"],
)
def test_other_spellings_of_scc(damaged: str) -> None:
    assert rows(read(damaged.encode())) == ["1201-3003 Test"]


def test_non_drop_time_code_counts_the_slower_frames() -> None:
    text = POP_ON.replace(";", ":").replace("00:00:", "00:10:")
    assert rows(read(text.encode())) == ["601801-603603 Test"]


def test_a_programme_that_begins_at_one_oclock_counts_from_there() -> None:
    captions = read(POP_ON.replace("00:00:", "01:00:").encode())
    assert rows(captions) == ["1202-3003 Test"]
    assert "programme's start, 1 h" in told(captions, REPAIRED)


def test_roll_up_captions_come_once_a_row() -> None:
    data = scc(
        ("00:00:01;00", [*twice(RU2, CR, ROW_15), *chars("Hello there.")]),
        ("00:00:03;00", [*twice(RU2, CR, ROW_15), *chars("Who is it?")]),
        ("00:00:05;00", [*twice(RU2, CR, ROW_15), *chars("It is me.")]),
        ("00:00:07;00", twice(EDM)),
    )
    assert rows(read(data)) == [
        "1201-3070 Hello there.",
        "3203-5072 Who is it?",
        "5205-7007 It is me.",
    ]


def test_paint_on_captions_and_the_last_without_an_end() -> None:
    data = scc(
        ("00:00:01;00", [*twice(RDC, ROW_15), *chars("Painted")]),
        ("00:00:03;00", twice(EDM)),
        ("00:00:04;00", [*twice(RDC, ROW_15), *chars("Still there")]),
    )
    found = rows(read(data))
    assert found == ["1134-3003 Painted", "4137-7137 Still there"]


def test_the_second_channel_is_told_or_read_alone() -> None:
    second = [word | 0x0800 for word in twice(RCL, ROW_15)]
    end = [word | 0x0800 for word in twice(EOC)]
    first = [*twice(RCL, ROW_15), *chars("First"), *twice(EOC)]
    both = scc(
        ("00:00:01;00", first),
        ("00:00:02;00", [*second, *chars("Segundo"), *end]),
        ("00:00:04;00", twice(EDM)),
    )
    captions = read(both)
    assert [item.text for item in captions.items] == ["First"]
    assert "second channel: 1" in told(captions, LEFT_OUT)
    alone = scc(("00:00:02;00", [*second, *chars("Segundo"), *end]))
    assert [item.text for item in read(alone).items] == ["Segundo"]


def test_damage_in_scc_is_told_and_the_rest_is_read() -> None:
    text = POP_ON.replace("54e5", "d4e5").replace("9470 9470", "9470 9470 zz 94") + "\n12 noon\n"
    captions = read(text.encode())
    assert [item.text for item in captions.items] == ["Test"]
    assert "wrong parity" in told(captions, REPAIRED)
    assert "four hexadecimal digits, left out: 2" in told(captions, REPAIRED)
    assert "12 noon" in told(captions, UNUSABLE)


def stl(*texts: str, name: str = "stl") -> bytearray:
    cues = [Cue(n, Span(1000 + n * 3000, 3000 + n * 3000), text) for n, text in enumerate(texts)]
    return bytearray(write_file(cues, name, DEFAULT_PROFILE, "en").data)


def block(number: int) -> int:
    return stl_codes.GSI_BYTES + number * stl_codes.TTI_BYTES


def test_stl_counts_from_the_programmes_start() -> None:
    for start in (b"10000000", b"00000000"):
        data = stl("One.", "Two.")
        for number in range(2):
            data[block(number) + 5] = data[block(number) + 9] = 10
        data[256:264] = start
        captions = read(bytes(data))
        assert rows(captions) == ["1000-3000 One.", "4000-6000 Two."]
        assert "programme's start, 10 h" in told(captions, REPAIRED)


def test_comments_user_data_and_filling_are_no_captions() -> None:
    data = stl("One.", "A comment.", "User data.", "Two.")
    data[block(1) + 15] = 1
    data[block(2) + 3] = stl_codes.USER_DATA
    captions = read(bytes(data) + bytes(stl_codes.TTI_BYTES))
    assert [item.text for item in captions.items] == ["One.", "Two."]
    assert "Comments: 1 (block 2)" in told(captions, LEFT_OUT)


def test_damage_in_stl_is_told_and_the_rest_is_read() -> None:
    data = stl("One.", "No start.", "No end.", "Four.", "Cut off.")
    data[block(1) + 6] = 99
    data[block(2) + 10] = 99
    data[3:11], data[12:14] = b"STL31.01", b"77"
    captions = read(bytes(data[: block(4) + 40]))
    assert rows(captions) == [
        "1000-3000 One.",
        "7000-10000 No end.",
        "10000-12000 Four.",
        "13000-15000 Cut off.",
    ]
    assert "time code that is none, so its text cannot be shown: 1 (block 2)" in told(
        captions, UNUSABLE
    )
    for what in (
        "unknown disk format",
        "unknown character code",
        "breaks off",
        "time code of an end",
    ):
        assert what in told(captions, REPAIRED)


def test_an_stl_file_of_another_code_table_is_read_by_it() -> None:
    cues = [Cue(0, Span(1000, 3000), "Доброе утро")]
    data = write_file(cues, "stl", DEFAULT_PROFILE, "ru").data
    assert rows(read(data)) == ["1000-3000 Доброе утро"]


@pytest.mark.parametrize(
    ("disk", "start_ms"), [(b"STL25.01", 1400), (b"STL30.01", 1335)], ids=["25", "30"]
)
@pytest.mark.parametrize(
    ("table", "encoding", "text"),
    [
        (b"01", "iso8859_5", "Вода поднялась"),
        (b"02", "iso8859_6", "صباح الخير"),
        (b"03", "iso8859_7", "Καλημέρα σας"),
        (b"04", "iso8859_8", "בוקר טוב"),
    ],
)
def test_code_tables_and_frame_rates_of_stl(
    table: bytes, encoding: str, text: str, disk: bytes, start_ms: int
) -> None:
    data = stl("x")
    data[3:11], data[12:14] = disk, table
    data[block(0) + 8] = 10
    field = block(0) + 16
    data[field : field + stl_codes.TEXT_BYTES] = text.encode(encoding).ljust(
        stl_codes.TEXT_BYTES, bytes([stl_codes.UNUSED])
    )
    found = read(bytes(data)).items
    assert [(item.span.start_ms, item.text) for item in found] == [(start_ms, text)]


def test_cumulative_subtitles_are_one_caption() -> None:
    data = stl("One,", "two,", "three.")
    for number, status in enumerate((1, 2, 3)):
        data[block(number) + 4] = status
        data[block(number) + 9 : block(number) + 13] = bytes([0, 0, 9, 0])
    assert rows(read(bytes(data))) == ["1000-9000 One, two, three."]


def test_an_stl_file_that_ends_in_its_first_block_says_so() -> None:
    with pytest.raises(InvalidCaptionsError, match="ends within its first block"):
        read(bytes(stl("One.")[:600]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'start\tend\ttext\n1000\t2500\tOne\n3000\t4000\t"Two\n',
            ["1000-2500 One", '3000-4000 "Two'],
        ),
        (
            'start,end,text\n1.0,2.5,"One, two"\n3.25,4,Three\n',
            ["1000-2500 One, two", "3250-4000 Three"],
        ),
        (
            "Start Time;End Time;Speaker;Text\n00:00:01,000;00:00:02,500;A 1;One\n",
            ["1000-2500 One"],
        ),
        ("\ufeffstart_s,end_s,text\r\n1,2,One\r\n3,4,Two\r\n", ["1000-2000 One", "3000-4000 Two"]),
        ("start (ms),end (ms),text\n1000,2000,One\n", ["1000-2000 One"]),
        ("0.500000\t1.500000\tOne\n2.000000\t3.000000\tTwo\n", ["500-1500 One", "2000-3000 Two"]),
        ('text,start,end\n"One\nmore",1000,2000\n', ["1000-2000 One more"]),
    ],
    ids=["Whisper", "seconds", "clocks", "unit", "unit in brackets", "Audacity", "line breaks"],
)
def test_tables_are_read(text: str, expected: list[str]) -> None:
    assert rows(read(text.encode())) == expected


def test_rows_without_a_time_are_told() -> None:
    captions = read(b"start,end,text\n1000,2000,One\nsoon,later,Lost\n3000,,Two\n")
    assert rows(captions) == ["1000-2000 One", "3000-6000 Two"]
    assert "row 2 ('Lost')" in told(captions, UNUSABLE)


@given(st.binary(max_size=600), st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_bytes_end_in_captions_or_a_refusal(data: bytes, behind_head: bool) -> None:
    whole = (
        bytes(stl("One.")[: stl_codes.GSI_BYTES]) + data if behind_head else b"850STL25.01" + data
    )
    words = " ".join(f"{byte:02x}{byte ^ 0x55:02x}" for byte in data)
    for each in (whole, f"Scenarist_SCC V1.0\n\n00:00:01;00\t{words}\n".encode()):
        with suppress(InvalidCaptionsError):
            assert read(each).items
