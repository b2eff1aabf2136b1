"""EBU STL and SCC as other programs read them, and what such formats cannot carry."""

from __future__ import annotations

import re
import subprocess
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import srt
from broadcast_readers import looks as looks_of
from broadcast_readers import (
    read_scc,
    read_stl,
    scc_paragraphs,
    stl_paragraphs,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from subtitle_readers import ReadCue

from app.domain import line21_codes, stl_codes
from app.domain.captions import Captions
from app.domain.cue import Cue
from app.domain.frame_clock import NTSC_DROP, NTSC_NON_DROP, PAL, FrameClock
from app.domain.profile import DEFAULT_PROFILE
from app.domain.style import PLAIN, InlineStyle, Placement, ink_runs
from app.domain.time import Span
from app.services.captions.parse import parse_captions
from app.services.render.file_writer import write_file
from app.services.render.replaced_characters import STAND_INS
from app.services.render.written_file import WrittenFile

CLOCKS = {
    "scc": NTSC_DROP,
    "scc:ndf": NTSC_NON_DROP,
    "stl": PAL,
    "stl:30": NTSC_DROP,
    "stl:open": PAL,
}
HOUR_MS = 3_600_000
SAID = [
    "Hello there, world.",
    "“Ça va?” ñandú ♪♪ Überraschung ♪, Ärger & Öl.",
    "A much longer text that needs two lines, and then perhaps three; or even four, who knows.",
    "it's & <b>old</b> [a] 100% $5 @home #1 1+1=2 ½ ®",
]


def cues_of(texts: Sequence[str], step_ms: int = 5000, start_ms: int = 4000) -> list[Cue]:
    return [
        Cue(number, Span(start_ms + number * step_ms, start_ms + number * step_ms + 4000), text)
        for number, text in enumerate(texts)
    ]


def written(cues: Sequence[Cue], name: str, language: str = "en") -> WrittenFile:
    return write_file(cues, name, DEFAULT_PROFILE, language)


def read_back(file: WrittenFile) -> Captions:
    return parse_captions(file.data, None, "und", "manual")


def by_ttconv(file: WrittenFile) -> list[ReadCue]:
    return read_stl(file.content) if isinstance(file.content, bytes) else read_scc(file.content)


def codes(file: WrittenFile) -> list[str]:
    return [notice.code for notice in file.notices]


def in_frames(ms: int, clock: FrameClock) -> int:
    return clock.ms_at(clock.frame_at(ms))


@pytest.mark.parametrize("name", CLOCKS)
@pytest.mark.parametrize("start_ms", [4000, 59 * 60_000 + 59_000, 9 * HOUR_MS + 12_345])
def test_ttconv_reads_the_texts_at_their_frames(name: str, start_ms: int) -> None:
    cues = cues_of(SAID, start_ms=start_ms)
    file = written(cues, name)
    assert file.notices == ()
    clock = CLOCKS[name]
    read = by_ttconv(file)
    # ttconv takes STL's code of the dollar for that of the currency sign.
    assert [" ".join(cue.text.split()).replace("¤", "$") for cue in read] == SAID
    assert [(cue.start_ms, cue.end_ms) for cue in read] == [
        (in_frames(cue.span.start_ms, clock), in_frames(cue.span.end_ms, clock)) for cue in cues
    ]
    own = read_back(file).items
    assert [(item.span.start_ms, item.span.end_ms, item.text) for item in own] == [
        (cue.start_ms, cue.end_ms, text) for cue, text in zip(read, SAID, strict=True)
    ]


def test_ffmpeg_reads_scc(tmp_path: Path) -> None:
    path = tmp_path / "talk.scc"
    # ffmpeg takes any number of equal codes for one; a decoder takes pairs of them.
    said = [text.replace("♪♪", "♪") for text in SAID[:3]]
    path.write_bytes(written(cues_of(said), "scc").data)
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "srt", "-"]
    done = subprocess.run(command, check=True, capture_output=True, timeout=60)
    read = [
        re.sub(r"\{[^}]*\}|<[^>]*>|\\h", "", cue.content) for cue in srt.parse(done.stdout.decode())
    ]
    assert [" ".join(text.split()) for text in read] == said


def words_of(text: str) -> list[tuple[str, list[int]]]:
    lines = [line.split("\t") for line in text.splitlines() if "\t" in line]
    return [(time, [int(word, 16) for word in words.split()]) for time, words in lines]


def test_scc_bytes_have_odd_parity_and_commands_come_twice() -> None:
    text = written(cues_of(SAID), "scc").data.decode()
    assert text.startswith("Scenarist_SCC V1.0\n\n")
    for _, words in words_of(text):
        for word in words:
            assert all(map(line21_codes.has_parity, divmod(word, 256)))
        commands = [word & 0x7F7F for word in words if word >> 8 & 0x7F < 0x20]
        assert commands[::2] == commands[1::2]


def assert_fits_the_channel(text: str, clock: FrameClock) -> None:
    """Each line is over when the next one begins: two bytes a frame are sent."""
    reached = 0
    for time, words in words_of(text):
        hours, minutes, seconds, frames = map(int, re.split("[:;]", time))
        frame = clock.frame_of(clock.time_code(0).__class__(hours, minutes, seconds, frames))
        assert frame >= reached, time
        reached = frame + len(words)


def test_captions_that_leave_no_time_come_late_and_are_told() -> None:
    cues = [
        Cue(n, Span(4000 + n * 700, 4000 + n * 700 + 690), f"Number {n} is a long line of text.")
        for n in range(8)
    ]
    file = written(cues, "scc")
    assert_fits_the_channel(file.data.decode(), NTSC_DROP)
    assert codes(file) == ["captions_retimed"]
    assert "00:00:04." in file.notices[0].message or "00:00:05." in file.notices[0].message
    assert [cue.text for cue in by_ttconv(file)] == [cue.text for cue in cues]


def test_a_caption_right_at_the_beginning_is_late() -> None:
    file = written([Cue(0, Span(0, 3000), "At once.")], "scc")
    assert codes(file) == ["captions_retimed"]
    assert written([Cue(0, Span(0, 3000), "At once.")], "stl").notices == ()


@pytest.mark.parametrize(
    ("language", "table", "text"),
    [
        ("ru", "01", "Съешь же ещё этих мягких булок"),
        ("sr", "01", "Ђаци, љубав и џем"),
        ("ar", "02", "مرحبا بالعالم؟"),
        ("el", "03", "Καλημέρα κόσμε, τι κάνεις;"),
        ("he", "04", "שלום עולם"),
        ("pl", "00", "Zażółć gęślą jaźń"),
        ("cs", "00", "Příliš žluťoučký kůň"),
        ("is", "00", "Þórður æpti"),
        ("tr", "00", "Pijamalı hasta yağız şoföre"),
        ("lv", "00", "Ģirts ēda ķiršus, ļoti ņipri"),
    ],
)
def test_the_code_table_is_that_of_the_script(language: str, table: str, text: str) -> None:
    file = written(cues_of([text]), "stl", language)
    head = file.data[: stl_codes.GSI_BYTES].decode("ascii")
    assert head[12:14] == table
    assert stl_codes.LANGUAGES[head[14:16]] == language
    assert file.notices == ()
    assert [cue.text for cue in by_ttconv(file)] == [text]
    found = read_back(file)
    assert found.language == language
    assert [item.text for item in found.items] == [text]


def test_the_general_block_says_what_follows() -> None:
    file = written(cues_of(SAID), "stl")
    head = file.data[: stl_codes.GSI_BYTES].decode("ascii")
    assert head[:12] == "850STL25.011"
    blocks = (len(file.data) - stl_codes.GSI_BYTES) / stl_codes.TTI_BYTES
    assert head[238:253] == f"{int(blocks):05d}{len(SAID):05d}00140"
    assert head[253:274] == "231" + "00000000" + "00000400" + "11"
    assert written(cues_of(SAID), "stl:30:open").data[3:12] == b"STL30.010"


def test_long_texts_go_on_in_extension_blocks() -> None:
    text = "Árvíztűrő tükörfúrógép " * 12
    file = written(cues_of([text.strip()]), "stl")
    extensions = file.data[stl_codes.GSI_BYTES + 3 :: stl_codes.TTI_BYTES]
    assert list(extensions) == [*range(len(extensions) - 1), 0xFF]
    assert len(extensions) > 2
    assert " ".join(by_ttconv(file)[0].text.split()) == text.strip()


@pytest.mark.parametrize(
    ("placement", "row", "justification"),
    [
        (None, 22, 2),
        (Placement(1), 21, 1),
        (Placement(8), 2, 2),
        (Placement(9), 2, 3),
        (Placement(5), 11, 2),
    ],
)
def test_stl_says_row_and_justification(
    placement: Placement | None, row: int, justification: int
) -> None:
    file = written([replace(cues_of(["Here."])[0], placement=placement)], "stl")
    block = file.data[stl_codes.GSI_BYTES :]
    assert (block[13], block[14]) == (row, justification)


@pytest.mark.parametrize("name", CLOCKS)
@pytest.mark.parametrize("placement", [None, *map(Placement, (1, 3, 7, 8, 9))])
def test_parts_of_the_picture_come_back(name: str, placement: Placement | None) -> None:
    file = written([replace(cues_of(["Here."])[0], placement=placement)], name)
    assert read_back(file).items[0].placement == placement


def test_styles_come_back_as_far_as_the_format_goes() -> None:
    italic, cyan = InlineStyle(italic=True), InlineStyle(colour="#00ffff")
    pieces = [
        ("They ", PLAIN),
        ("never", italic),
        (" came, ", PLAIN),
        ("nobody", cyan),
        (" did", PLAIN),
    ]
    cue = replace(cues_of(["They never came, nobody did"])[0], runs=ink_runs(pieces))
    runs = {name: read_back(written([cue], name)).items[0].runs for name in CLOCKS}
    assert runs["scc"] == cue.runs
    assert runs["stl"] == cue.runs[1:]
    assert runs["stl:open"] == cue.runs[:1]
    assert looks_of(scc_paragraphs(written([cue], "scc").data.decode())) == [
        {"italic", "#ffffff", "#00ffff"}
    ]
    assert looks_of(stl_paragraphs(written([cue], "stl").data)) == [{"#ffffff", "#00ffff"}]


def test_speakers_have_colours() -> None:
    cues = [replace(cue, speaker=f"S{cue.id % 3}") for cue in cues_of(["One.", "Two.", "Three."])]
    for name in ("stl", "scc"):
        items = read_back(written(cues, name)).items
        colours = [item.runs[0].style.colour if item.runs else None for item in items]
        assert colours == [None, "#ffff00", "#00ffff"]


def test_two_speakers_who_share_a_cue_have_their_own_colours() -> None:
    cues = [
        replace(cues_of(["Hello."])[0], speaker="Anna"),
        replace(cues_of(["", "-Is it?\n-Yes.\n-No."])[1], turn_speakers=("Bea", "Anna", "Cy")),
    ]
    shared = InlineStyle(colour="#ffff00"), InlineStyle(colour="#00ffff")
    for name in ("stl", "scc"):
        file = written(cues, name)
        item = read_back(file).items[1]
        ink = "".join(item.text.split())
        assert [(ink[run.start : run.end], run.style) for run in item.runs] == [
            ("-Isit?", shared[0]), ("-No.", shared[1]),
        ]  # fmt: skip
    assert looks_of(stl_paragraphs(written(cues, "stl").data)) == [
        {"#ffffff"}, {"#ffff00", "#ffffff", "#00ffff"},
    ]  # fmt: skip


def test_characters_that_a_format_lacks_are_named() -> None:
    file = written(cues_of(["Snow ☃ fell on Łódź…", "☃ 漢"]), "scc")
    assert codes(file) == ["characters_replaced"]
    message = file.notices[0].message
    for named in ("☃ (U+2603) as “?” 2 times", "漢 (U+6F22) as “?”", "Ł (U+0141) as “L”"):
        assert named in message
    assert [cue.text for cue in by_ttconv(file)] == ["Snow ? fell on Lódz...", "? ?"]


def test_captions_at_the_same_time_are_one_screen_or_end_early() -> None:
    together = [Cue(0, Span(4000, 6000), "One."), Cue(1, Span(4000, 6000), "Two.")]
    assert [cue.text for cue in by_ttconv(written(together, "stl"))] == ["One.\nTwo."]
    one_over_another = [Cue(0, Span(4000, 9000), "Sign"), Cue(1, Span(6000, 8000), "Speech")]
    for name in ("stl", "scc"):
        file = written(one_over_another, name)
        assert codes(file) == ["captions_retimed"]
        assert [cue.text for cue in by_ttconv(file)] == ["Sign", "Speech"]


def test_what_comes_after_the_last_time_code_is_told() -> None:
    cues = [Cue(0, Span(4000, 6000), "One."), Cue(1, Span(25 * HOUR_MS, 25 * HOUR_MS + 1), "Two.")]
    for name in ("stl", "scc"):
        file = written(cues, name)
        assert codes(file) == ["captions_not_written"]
        assert "25:00:00.000" in file.notices[0].message
        assert [cue.text for cue in by_ttconv(file)] == ["One."]


SAFE = {
    "scc": "".join(sorted({*line21_codes.BASIC.values(), *line21_codes.EXTENDED.values()} - {" "})),
    "stl": "".join(
        sorted(char for char in stl_codes.codes_of("00") if char.strip() and char != "\u00ad")
    ),
}


def nearly(ms: int, clock: FrameClock) -> set[int]:
    """Return the time of a caption, and those that are too little later to be noticed."""
    frame = clock.frame_at(ms)
    return {clock.ms_at(each) for each in (frame, frame + 1, frame + 2)}


@st.composite
def carried_cues(draw: st.DrawFn, alphabet: str) -> list[Cue]:
    words = st.text(st.sampled_from(alphabet), min_size=1, max_size=12)
    # A dash or a name at the begin of a line is read as another speaker's turn.
    texts = st.lists(words, min_size=1, max_size=14).map(lambda found: "x " + " x".join(found))
    cues, at_ms = [], draw(st.integers(4000, 90_000))
    for number, text in enumerate(draw(st.lists(texts, min_size=1, max_size=4))):
        end_ms = at_ms + draw(st.integers(4000, 7000))
        cues.append(Cue(number, Span(at_ms, end_ms), text))
        at_ms = end_ms + draw(st.integers(3000, 9000))
    return cues


@pytest.mark.parametrize("name", ["scc", "scc:ndf", "stl", "stl:30", "stl:open"])
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_any_cues_come_back(name: str, data: st.DataObject) -> None:
    cues = data.draw(carried_cues(SAFE[name.partition(":")[0]]))
    file = written(cues, name)
    clock = CLOCKS[name]
    assert set(codes(file)) <= {"captions_retimed"}
    found = read_back(file).items
    joined = "".join("".join(item.text.split()) for item in found)
    assert joined == "".join("".join(cue.text.split()) for cue in cues)
    starts = {item.span.start_ms for item in found}
    if not file.notices:
        assert all(starts & nearly(cue.span.start_ms, clock) for cue in cues)
        assert in_frames(cues[-1].span.end_ms, clock) == found[-1].span.end_ms
    if name.startswith("scc"):
        assert_fits_the_channel(file.data.decode(), clock)


@pytest.mark.parametrize("name", ["scc", "stl"])
@given(text=st.text(min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_no_character_is_lost_in_silence(name: str, text: str) -> None:
    """Every letter or sign is there, has a stated stand-in, or is named."""
    file = written(cues_of([f"x {text}"]), name)
    message = " ".join(notice.message for notice in file.notices)
    table = "scc" if name == "scc" else file.data[12:14].decode()
    carried = (
        SAFE["scc"] + "".join(line21_codes.SPECIAL.values())
        if name == "scc"
        else "".join(stl_codes.codes_of(table))
    )
    for char in unicodedata.normalize("NFC", text):
        known = char in carried or char in STAND_INS or char.isspace()
        digit = unicodedata.digit(char, None) is not None
        if not known and not digit and unicodedata.category(char)[0] != "C":
            assert f"U+{ord(char):04X}" in message or ", …" in message, (char, message)
