"""Caption files that nobody meant well, or whose text was made by chance."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.captions import CaptionKind, Captions
from app.domain.errors import InvalidCaptionsError
from app.domain.style import ink_length
from app.services.captions.parse import CAPTION_FORMATS, parse_captions

KINDS: Sequence[CaptionKind] = ("manual", "auto")


def check(captions: Captions) -> None:
    """Whatever is read keeps the promises of the type."""
    assert captions.items
    starts = [item.span.start_ms for item in captions.items]
    assert starts == sorted(starts)
    for item in captions.items:
        assert item.text == item.text.strip() != ""
        assert not set(item.text) & set("\r\0\u200b\ufeff")
        assert all(line == line.strip() != "" for line in item.text.split("\n"))
        assert all(run.end <= ink_length(item.text) for run in item.runs)
        item.text.encode()
        times = [word.span.start_ms for word in item.words]
        assert times == sorted(times)
        assert all(word.text and not word.text.isspace() for word in item.words)


def try_to_read(data: bytes, name: str | None, kind: CaptionKind) -> None:
    try:
        captions = parse_captions(data, name, "und", kind)
    except InvalidCaptionsError:
        return
    check(captions)


NAMES = st.sampled_from([None, "unknown", *(name for row in CAPTION_FORMATS for name in row.names)])
JUNK = st.lists(
    st.sampled_from(
        [
            "WEBVTT\n\n", "1\n", "00:00:01,000 --> 00:00:02,000\n", "-0:1 --> 999999:59:59.9\n",
            "00:05.000 --> 00:04.000 align:left\n", "hello\n", "hello world\n", "\n", "<v Anna 1>",
            "<00:00:01.500>", "<c>", "</c>", "&amp;", "&#0;", "&#x110000;", "{\\an8}", "\u202e",
            "<tt ><body><p begin='1s' end='nan'>", "</p></body></tt>", "<timedtext><body>",
            "<p t='1e400' d='-5' a='1'>", "<s t='x'>", "</s>", "<text start='inf'>", "</text>",
            "[Script Info]\n", "[Events]\nFormat: Start, End, Text\n",
            "Dialogue: 0:00:01.00,-1:00:02.00,{\\p1}x\n", "\0", "\ud800", "漢字", "NOTE x\n",
        ]
    ),
    max_size=25,
).map(lambda parts: "".join(parts).encode("utf-8", "surrogatepass"))  # fmt: skip


@settings(max_examples=60)
@given(data=st.one_of(st.binary(max_size=300), JUNK), name=NAMES, kind=st.sampled_from(KINDS))
def test_junk_is_read_or_refused(data: bytes, name: str | None, kind: CaptionKind) -> None:
    try_to_read(data, name, kind)


NUMBERS = st.one_of(
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.integers(0, 9000),
    st.none(),
    st.text(max_size=3),
)
SEGS = st.lists(
    st.fixed_dictionaries(
        {"utf8": st.one_of(st.text(alphabet="ab \n漢<>&\ud800", max_size=8), st.none())},
        optional={"tOffsetMs": NUMBERS},
    ),
    max_size=4,
)
EVENTS = st.lists(
    st.one_of(
        st.none(),
        st.fixed_dictionaries(
            {},
            optional={
                "tStartMs": NUMBERS, "dDurationMs": NUMBERS,
                "aAppend": st.sampled_from([0, 1, "x"]),
                "wWinId": st.one_of(st.integers(0, 2), st.lists(st.integers(), max_size=1)),
                "segs": st.one_of(SEGS, st.text(max_size=2), st.none()),
            },
        ),
    ),
    max_size=8,
)  # fmt: skip


@settings(max_examples=60)
@given(events=EVENTS, kind=st.sampled_from(KINDS))
def test_json3_of_any_values_is_read_or_refused(events: list[object], kind: CaptionKind) -> None:
    try_to_read(json.dumps({"events": events}).encode(), "json3", kind)
    try_to_read(json.dumps(events).encode(), "json", kind)


WORD = st.text(alphabet="abc", min_size=1, max_size=5)


@settings(max_examples=80)
@given(lines=st.lists(st.lists(WORD, min_size=1, max_size=5), min_size=2, max_size=12))
def test_rolling_captions_of_any_words_say_each_once(lines: list[list[str]]) -> None:
    """As YouTube writes them, the words of a line timed but for the first."""
    cues = ["WEBVTT\n"]
    above = " "
    for number, line in enumerate(lines):
        start_s, end_s = 2 * number, 2 * number + 1.99
        first, *others = line
        timed = first + "".join(
            f"<00:{start_s // 60:02}:{start_s % 60:02}.{place:03}><c> {word}</c>"
            for place, word in enumerate(others, start=1)
        )
        cues.append(f"{clock(start_s)} --> {clock(end_s)} align:start\n{above}\n{timed}\n")
        above = " ".join(line)
        cues.append(f"{clock(end_s)} --> {clock(end_s + 0.01)}\n{above}\n \n")
    captions = parse_captions("\n".join(cues).encode(), "vtt", "en", "auto")
    assert [item.text for item in captions.items] == [" ".join(line) for line in lines]
    told = [word.text for item in captions.items for word in item.words]
    if any(len(line) > 1 for line in lines):
        assert told == [word for line in lines for word in line]


def clock(seconds: float) -> str:
    return f"00:{int(seconds) // 60:02}:{seconds % 60:06.3f}"


ROW = '{"tStartMs": %d, "wWinId": 1, "aAppend": 1, "segs": [{"utf8": "a", "tOffsetMs": 1}]}'
HUGE = {
    "a word that never ends": lambda: (
        '{"events": [' + ",".join(ROW % n for n in range(4_000)) + "]}"
    ),
    "one caption": lambda: "1\n00:00:01,000 --> 00:00:02,000\n" + "word " * 50_000,
    "one word": lambda: "WEBVTT\n\n00:01.000 --> 00:02.000\n" + "<" * 120_000,
    "open tags": lambda: "WEBVTT\n\n00:01.000 --> 00:02.000\nx" + "<c <rt>{\\&#" * 12_000,
    "arrows": lambda: "1\n00:00:01,000 --> 00:00:02,000\nx\n" + "0:0 --> " * 25_000,
    "digits": lambda: "1\n00:00:01,000 --> 00:00:02,000\nx\n" + "0" * 120_000 + " --> 1",
    "all at once": lambda: "WEBVTT\n\n" + "00:01.000 --> 00:02.000\nhello\n\n" * 6_000,
    "too many": lambda: "WEBVTT\n\n" + "00:01.000 --> 00:02.000\nx\n\n" * 50_100,
    "elements": lambda: "<timedtext>" + "<p t='1'>x</p>" * 6_000 + "</timedtext>",
}


@pytest.mark.parametrize("name", HUGE)
def test_a_huge_file_takes_time_in_proportion(name: str) -> None:
    data = HUGE[name]().encode()
    started = time.process_time()
    try_to_read(data, None, "auto")
    # Quadratic time would be minutes.
    assert time.process_time() - started < 30
