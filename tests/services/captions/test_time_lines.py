"""Time lines in every spelling, and texts that are none."""

from __future__ import annotations

import pytest

from app.services.captions.caption_faults import FaultKind
from app.services.captions.readers.time_lines import read_time_line
from bench.damaged_times import ARROWS, INVISIBLE, SCRIPTS, clock

START_MS, END_MS = 3_723_450, 3_725_900
START, END = clock(START_MS), clock(END_MS)


def times(line: str) -> tuple[int | None, int | None] | None:
    found = read_time_line(line)
    if found is None:
        return None
    return found.start and found.start.ms, found.end and found.end.ms


def faults(line: str) -> tuple[FaultKind, ...]:
    found = read_time_line(line)
    assert found is not None
    return found.faults


@pytest.mark.parametrize(
    "line",
    [
        f"{START} --> {END}",
        "01:02:03.450 --> 01:02:05.900 position:10%,line-left align:left size:35%",
        f"{START}  -->  {END}  X1:10 X2:20 Y1:30 Y2:40",
        f"{START}-->{END}",
        "1:2:3,45 --> 1:2:5,9",
        "62:03,450 --> 62:05,900",
        "1:02:03.450,1:02:05.900",
    ],
)
def test_what_formats_have_needs_no_notice(line: str) -> None:
    assert times(line) == (START_MS, END_MS)
    assert faults(line) == ()


@pytest.mark.parametrize("arrow", ARROWS)
def test_case_11_every_arrow_is_one(arrow: str) -> None:
    assert times(f"{START} {arrow} {END}") == (START_MS, END_MS)
    assert faults(f"{START} {arrow} {END}") == (FaultKind.SPELLING,)


@pytest.mark.parametrize("digits", SCRIPTS)
def test_case_11_digits_of_any_script_are_digits(digits: str) -> None:
    line = f"{START} --> {END}".translate(str.maketrans("0123456789", digits))
    assert times(line) == (START_MS, END_MS)


@pytest.mark.parametrize("char", INVISIBLE)
def test_case_11_invisible_characters_are_nothing(char: str) -> None:
    for place in range(len(START) + 5):
        line = f"{START} --> {END}"
        assert times(line[:place] + char + line[place:]) == (START_MS, END_MS)


@pytest.mark.parametrize(
    "line",
    [
        "01：02：03，450　－－＞　01：02：05，900",
        "01：02：03．450 --> 01：02：05．900",
        "01:02:03:450 --> 01:02:05:900",
        "01:02:03;450 --> 01:02:05;900",
        "01.02.03.450 --> 01.02.05.900",
        "01: 02: 03, 450 -> 01: 02: 05, 900",
        "01 : 02 : 03 , 450 --> 01 : 02 : 05 , 900",
        "01::02::03,,450 --> 01:02:05,900",
        "010203450 --> 010205900",
        "01:02:03450 --> 01:02:05900",
        "0102:03,450 --> 0102:05,900",
        "01:02:03'450 --> 01:02:05'900",
        f"17 {START} --> {END}",
        f"[{START} --> {END}]",
        f'"{START} --> {END}"',
        f"{START} --> {END} -->",
        "O1:02:O3,450 --> 0l:02:05,9OO",
        "01:02:03,450 --> 01:02:05x,900",
        "01:02:03,4x50 --> 01:02:05,900",
    ],
)
def test_case_11_what_plainly_is_a_time_is_read_and_told(line: str) -> None:
    assert times(line) == (START_MS, END_MS)
    assert faults(line)


@pytest.mark.parametrize(
    ("line", "expected", "kind"),
    [
        ("00:00:01,000 --> 00:00:0?,000", (1000, None), FaultKind.NO_END),
        ("00:00:01,000 -->", (1000, None), FaultKind.NO_END),
        ("00:00:01,000", (1000, None), FaultKind.NO_END),
        ("--> 00:00:03,000", (None, 3000), FaultKind.NO_START),
        ("00:0x:??,000 --> 00:00:03,000", (None, 3000), FaultKind.NO_START),
        ("xx:xx:xx,xxx --> xx:xx:xx,xxx", (None, None), FaultKind.NO_TIME),
        ("12 --> 15", (None, None), FaultKind.NO_TIME),
        ("00:00:03,000 <-- 00:00:01,000", (1000, 3000), FaultKind.SWAPPED),
        ("00:00:01,x80 --> 00:00:03,580", (1000, 3580), FaultKind.CHARACTERS),
        ("Dialogue: 0,0:00:01.00,0:00:03.00,Main,,0,0,0,,Hi", (1000, 3000), FaultKind.SPELLING),
    ],
)
def test_case_11_what_is_nearly_a_time_line_is_one(
    line: str, expected: tuple[int | None, int | None], kind: FaultKind
) -> None:
    assert times(line) == expected
    assert kind in faults(line)


def test_text_behind_the_times_is_text_and_settings_are_not() -> None:
    for line, text, settings in (
        (f"{START} --> {END} Hello there, ー５", "Hello there, ー５", ""),
        (f"[{START} --> {END}]  Hello", "Hello", ""),
        (f"{START} --> {END} line:0 Anna: hello", "Anna: hello", "line:0"),
        (f"{START} --> {END} D:vertical A:start", "", "D:vertical A:start"),
    ):
        found = read_time_line(line)
        assert found is not None
        assert (found.text, found.settings) == (text, settings)


@pytest.mark.parametrize(
    "line",
    [
        "", "A --> B", "x -> y", "5 > 3", "1984", "NOTE this is --> not a cue", "I said --> no",
        "The train leaves at 10:30 -> 11:45", "10:30 -> lunch",
        "- 3:2 -- said he", "-- Hello", "2020-10-11 12:00:00", "Call 555-1234", "John 3:16-18",
        "the<00:00:01.520><c> water</c>", "<00:00:01.520><c>water</c>", "Score: 2:1, 3:0",
        "1,000 > 999", "a::b --", "…--> …",
    ],
)  # fmt: skip
def test_texts_are_no_time_lines(line: str) -> None:
    assert read_time_line(line) is None


def test_a_time_of_two_numbers_counts_only_in_its_place() -> None:
    for line in ("12:30", "10:30 > 11:45", "10:30 - 11:45", "19:30–21:00 Uhr"):
        found = read_time_line(line)
        assert found is not None
        assert found.in_place
