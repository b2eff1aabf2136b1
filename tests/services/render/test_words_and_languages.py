"""Times of words, and two languages in one file."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import webvtt
from subtitle_readers import READERS, UNMARKED, read_csv, read_json3, read_tsv

from app.domain.cue import Cue
from app.domain.errors import InvalidFormatError
from app.domain.profile import DEFAULT_PROFILE
from app.domain.style import InlineStyle, StyleRun
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.services.captions.parse import parse_captions
from app.services.render.cue_words import words_of_cues
from app.services.render.file_writer import write_file
from app.services.render.formats import FORMATS, check_format
from app.services.render.written_file import WrittenFile

WORDS = (
    Word("The", Span(1000, 1200)),
    Word("river", Span(1250, 1600)),
    Word("rose,", Span(1650, 2100)),
    Word("and", Span(3000, 3100)),
    Word("<nobody>", Span(3150, 3500)),
    Word("came.", Span(3500, 3900)),
)
SEGMENT = Segment("The river rose, and <nobody> came.", Span(1000, 3900), WORDS, "en")
CUES = [
    Cue(
        0,
        Span(1000, 2500),
        "The river rose,",
        language="en",
        runs=(StyleRun(3, 8, InlineStyle(italic=True)),),
    ),
    Cue(1, Span(2800, 4200), "and <nobody> came.", language="en", speaker="SPEAKER_01"),
]
TRANSLATED = [
    Cue(0, Span(1000, 2500), "The river rose,", "El río creció", language="en"),
    Cue(1, Span(2800, 4200), "and nobody came.", "y nadie vino.", language="en"),
    Cue(2, Span(5000, 6000), "OK.", "OK.", language="en"),
]
STACKED = sorted(name for name, kind in FORMATS.items() if "bilingual" in kind.takes)
BESIDE = sorted(name for name, kind in FORMATS.items() if "regions" in kind.takes)


def written(cues: list[Cue], name: str, language: str = "en") -> WrittenFile:
    words = words_of_cues(cues, [SEGMENT])
    return write_file(cues, name, DEFAULT_PROFILE, language, words)


def text_of(cues: list[Cue], name: str, language: str = "en") -> str:
    return written(cues, name, language).data.decode()


def test_cues_find_the_words_that_they_are_made_of() -> None:
    found = words_of_cues(CUES, [SEGMENT])
    assert [[word.start_ms for word in found[cue.id]] for cue in CUES] == [
        [1000, 1250, 1650],
        [3000, 3150, 3500],
    ]
    again = Cue(2, Span(9000, 9900), "The river rose,")
    other = Cue(3, Span(1000, 2500), "The river fell,")
    assert words_of_cues([again, other], [SEGMENT]) == {}


def test_vtt_has_a_timestamp_ahead_of_each_word() -> None:
    text = text_of(CUES, "vtt:words")
    assert "The <00:00:01.250><i>river</i> <00:00:01.650>rose," in text
    shown = "and <00:00:03.150>&lt;nobody&gt; <00:00:03.500>came."
    assert f"<v SPEAKER_01><00:00:03.000>{shown}" in text
    assert webvtt.from_string(text)[0].text == "The river rose,"
    automatic = parse_captions(text.encode(), "vtt", "en", "auto").items
    starts = [word.span.start_ms for item in automatic for word in item.words]
    assert starts == [word.span.start_ms for word in WORDS]


def test_ass_lights_words_up_for_as_long_as_they_last() -> None:
    lines = [line for line in text_of(CUES, "ass:words").splitlines() if "Dialogue" in line]
    assert [list(map(int, re.findall(r"\\k(\d+)", line))) for line in lines] == [
        [25, 40, 85],
        [20, 15, 35, 70],
    ]
    assert text_of(CUES, "ass:words").count("&H00A0A0A0") > 0


def test_lrc_has_words_and_ends_before_pauses(tmp_path: Path) -> None:
    text = text_of(CUES, "lrc:words")
    assert text.splitlines()[0] == "[00:01.00]<00:01.00>The <00:01.25>river <00:01.65>rose,"
    assert text.splitlines()[-1] == "[00:04.20]"
    path = tmp_path / "talk.lrc"
    path.write_text(text_of(CUES, "lrc"))
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "srt", "-"]
    shown = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout.decode()
    assert "00:00:02,800 --> 00:00:04,200\nand <nobody> came." in shown


def test_json_and_json3_have_words() -> None:
    events = read_json3(text_of(CUES, "json3"))
    assert [event.text for event in events] == [cue.text for cue in CUES]
    assert '{"utf8": "river", "tOffsetMs": 250, "pPenId": 1}' in text_of(CUES, "json3")
    assert '{"text": "rose,", "start_ms": 1650, "end_ms": 2100}' in text_of(CUES, "json:words")
    assert '"words"' not in text_of(CUES, "json")


def test_a_translation_has_no_times_of_words_and_that_is_told() -> None:
    for name in ("vtt:words", "ass:words", "lrc:words"):
        (notice,) = written(TRANSLATED[:1], name).notices
        assert notice.code == "words_not_timed"
        assert "00:00:01.000" in notice.message
        assert written(TRANSLATED[:1], f"{name}:bilingual").notices == ()
    assert written(TRANSLATED[:1], "json:words").notices == ()


@pytest.mark.parametrize("name", STACKED)
def test_both_languages_stand_in_each_cue(name: str) -> None:
    for option, first, second in (
        ("bilingual", "The river rose,", "El río creció"),
        ("translation-first", "El río creció", "The river rose,"),
    ):
        file = written(TRANSLATED[:2], f"{name}:{option}", "es")
        text = file.json_text
        if name in ("stl", "scc", "json3"):
            items = parse_captions(file.data, name, "es", "manual").items
            text = " ".join(item.text for item in items)
        assert -1 < text.find(first) < text.find(second), name


@pytest.mark.parametrize("name", ["srt", "vtt", "ass", "ttml", "imsc", "sbv", "json3"])
def test_readers_see_both_lines_in_one_cue(name: str) -> None:
    file = text_of(TRANSLATED, f"{name}:bilingual", "es")
    if name == "vtt":
        file = re.sub("</?lang[^>]*>", "", file)
    assert [cue.text.translate(UNMARKED) for cue in READERS[name](file)] == [
        "The river rose,\nEl río creció",
        "and nobody came.\ny nadie vino.",
        "OK.",
    ]


@pytest.mark.parametrize("name", BESIDE)
def test_two_regions_show_two_cues_at_one_time(name: str) -> None:
    file = text_of(TRANSLATED, f"{name}:regions", "es")
    found = parse_captions(file.encode(), name, "es", "manual")
    shown = [(item.span.start_ms, item.text) for item in found.items]
    assert (1000, "El río creció") in shown
    assert file.count("The river rose,") == 1
    assert file.count("OK.") == 1


def test_tables_have_both_languages_where_they_have_columns() -> None:
    rows = read_csv(text_of(TRANSLATED, "csv", "es"))
    assert [row.text for row in rows] == ["El río creció", "y nadie vino.", "OK."]
    assert "The river rose" in text_of(TRANSLATED, "csv", "es")
    assert next(row.text for row in read_tsv(text_of(TRANSLATED, "tsv", "es"))) == "El río creció"


@pytest.mark.parametrize(
    "name",
    ["srt:words", "vtt:", "stl:25:30", "vtt:bilingual:regions", "scc:df:df", "txt:25", "x:y"],
)
def test_options_that_a_format_has_not_are_refused(name: str) -> None:
    with pytest.raises(InvalidFormatError, match="known: "):
        check_format(name)


@pytest.mark.parametrize("name", FORMATS)
def test_lines_end_in_line_feeds_and_hours_have_two_digits(name: str) -> None:
    file = written([Cue(0, Span(59_999, 3_599_999), "Late.")], name)
    if not file.is_binary:
        text = file.data.decode()
        assert "\r" not in text
        assert text.endswith("\n")
        assert not re.search(r"[:.]60[.,;:\s]|:60\b", text.replace("[60:00.00]", ""))
