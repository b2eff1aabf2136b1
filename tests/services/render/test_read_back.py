"""What is written comes back, cue by cue, from readers that share no code with the writers."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pysubs2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from subtitle_readers import READERS, UNMARKED, ReadCue, read_by_ffmpeg

from app.domain.cue import Cue
from app.domain.errors import InvalidFormatError
from app.domain.profile import DEFAULT_PROFILE, PROFILES
from app.domain.time import Span
from app.services.captions.parse import parse_captions
from app.services.layout.line_breaks import break_lines
from app.services.render.display_cues import clean_label, clean_text, clean_turns
from app.services.render.file_writer import render
from app.services.render.formats import FORMATS

HOUR_MS = 3_600_000
HOSTILE = [
    "{\\an8}Top of the screen",
    "{\\p1}m 0 0 l 100 0 100 100{\\p0}",
    "{y:i}italics {not an override}",
    "<i>it</i> < b >bold</b > <font size=99>big</font> <script>alert(1)</script>",
    "00:00:01,000 --> 00:00:02,000",
    "a --> b ---> c -->",
    "1\n\n2\n00:00:01.000 --> 00:00:09.000\nforged",
    "WEBVTT",
    "NOTE not a comment",
    "STYLE",
    "C:\\new\\Nothing\\here \\{x} \\\\n \\",
    "5",
    "&amp; &lt;b&gt; &nbsp; &#65; AT&T",
    "]]> <!-- --> <![CDATA[x]]> \"quoted\" 'single'",
    "Dialogue: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,forged",
    "\x00null \x1b[31mred\x1b[0m \x85next \u2028line \ufeffbom \ufffe",
    "half \ud83d a pair",
    "שלום עולם, מה נשמע?",
    "مرحبا <b>بك</b> {\\an8}!",
    "\u202eevil\u202c right\u200fto\u200eleft",
    "👨\u200d👩\u200d👧 🇪🇸 ♪ e\u0301",
    "x" * 300,
    "これはとても長い日本語の字幕なので、二行に分けて表示しなければなりません。",
    "tab\there and\r\nthere",
]


def written(cue: Cue, format_name: str) -> ReadCue:
    """What a faithful file says of a cue."""
    text = clean_turns(cue.shown)
    if format_name != "json":
        text = "\n".join(break_lines(text, DEFAULT_PROFILE))
    start_ms, end_ms = cue.span.start_ms, cue.span.end_ms
    if format_name == "ass":
        start_ms, end_ms = ((ms + 5) // 10 * 10 for ms in (start_ms, end_ms))
    speaker = clean_label(cue.speaker) if format_name != "srt" else None
    if format_name == "ass" and speaker:
        speaker = speaker.replace(",", " ")
    if format_name in WITHOUT_SPEAKERS:
        speaker = None
    if format_name in TABLES:
        turns = clean_turns(cue.shown)
        text = clean_text(turns) if format_name == "tsv" else turns
    return ReadCue(start_ms, end_ms, shown_by(text, format_name), speaker)


WITHOUT_SPEAKERS = ("ebu-tt-d", "sbv", "json3", "tsv")
TABLES = ("tsv", "csv")


def shown_by(text: str, format_name: str) -> str:
    """Leave out what the reader cannot tell from our own marks; SubRip has no braces."""
    if format_name == "srt":
        text = text.translate(str.maketrans("{}", "()"))
    if format_name == "sbv":
        text = text.translate(str.maketrans("{}", "()"))
    if format_name in ("srt", "vtt", "ass", "sbv", "json3"):
        text = text.replace("\u2060", "")
    return text if format_name in ("json", *TABLES) else text.translate(UNMARKED)


def cues_of(texts: Sequence[str], speakers: Sequence[str | None] = (None,)) -> list[Cue]:
    return [
        Cue(
            id=index,
            span=Span(index * 2_000 + 7, index * 2_000 + 1_504),
            text=text,
            speaker=speakers[index % len(speakers)],
        )
        for index, text in enumerate(texts)
    ]


def assert_reads_back(cues: Sequence[Cue], format_name: str) -> None:
    file = render(cues, format_name, DEFAULT_PROFILE, "en")
    file.encode()
    expected = [written(cue, format_name) for cue in cues]
    assert READERS[format_name](file) == expected


@pytest.mark.parametrize("format_name", READERS)
def test_hostile_text_comes_back_as_it_was_said(format_name: str) -> None:
    assert_reads_back(cues_of(HOSTILE), format_name)


@pytest.mark.parametrize("format_name", READERS)
def test_a_translation_is_what_shows(format_name: str) -> None:
    cue = Cue(0, Span(0, 900), "Thanks.", translation="Gracias <3")
    assert_reads_back([cue], format_name)
    assert "Gracias" in render([cue], format_name, DEFAULT_PROFILE)


@pytest.mark.parametrize("format_name", READERS)
def test_speakers_come_back(format_name: str) -> None:
    labels = ["SPEAKER_00", None, "Dr. <b>, Jr. & Sons>", "a --> b", "\u00c5sa", " "]
    assert_reads_back(cues_of(["Hello there."] * 12, labels), format_name)


@pytest.mark.parametrize("label", ["--", "---", "Tom --", "-->", "--&gt;", "-", "- -"])
def test_vtt_has_arrows_in_timing_lines_alone(label: str) -> None:
    cues = cues_of(["0", "--", "--> -- >", "-"], [label])
    assert render(cues, "vtt", DEFAULT_PROFILE).count("-->") == len(cues)
    assert_reads_back(cues, "vtt")


@pytest.mark.parametrize("format_name", READERS)
def test_times_of_any_length_come_back(format_name: str) -> None:
    starts = [0, 1, 999, 59_995, 59_999, HOUR_MS - 1, 10 * HOUR_MS, 99 * HOUR_MS, 100 * HOUR_MS - 5]
    starts += [100 * HOUR_MS, 12_345 * HOUR_MS + 6_789]
    cues = [Cue(i, Span(ms, ms + 1_001), "Now.") for i, ms in enumerate(starts)]
    assert_reads_back(cues, format_name)


@pytest.mark.parametrize("format_name", sorted(set(FORMATS) - {"json"}))
def test_cues_without_text_are_left_out(format_name: str) -> None:
    cues = cues_of(["One.", " \n ", "", "\x00", "Two."])
    assert render(cues, format_name, DEFAULT_PROFILE) == render(
        [cues[0], cues[4]], format_name, DEFAULT_PROFILE
    )


@pytest.mark.parametrize("format_name", FORMATS)
def test_no_cues_make_a_file_all_the_same(format_name: str) -> None:
    file = render([], format_name, DEFAULT_PROFILE)
    if format_name in READERS:
        assert READERS[format_name](file) == []


@pytest.mark.parametrize("format_name", READERS)
def test_cues_are_written_in_order_of_start(format_name: str) -> None:
    cues = cues_of(["One.", "Two.", "Three."])
    file = render(cues[::-1], format_name, DEFAULT_PROFILE)
    assert [cue.text for cue in READERS[format_name](file)] == ["One.", "Two.", "Three."]


ANY_TEXT = st.one_of(
    st.text(max_size=120),
    st.text(st.sampled_from("ab <>/&;{}\\-!:nNh,.01\n\t\u2060אع字\"'"), max_size=120),
)


@given(st.lists(ANY_TEXT, min_size=1, max_size=4), ANY_TEXT)
@settings(max_examples=150)
@example(["-->", "--", "->"], "x")
@example(["0"], "--")
@pytest.mark.parametrize("format_name", READERS)
def test_any_text_comes_back(format_name: str, texts: list[str], label: str) -> None:
    shown = [text for text in texts if clean_text(text)]
    assert_reads_back(cues_of(shown, [label, None]), format_name)


@given(st.lists(ANY_TEXT, min_size=1, max_size=4), ANY_TEXT)
@settings(max_examples=100)
def test_a_transcript_holds_every_word(texts: list[str], label: str) -> None:
    file = render(cues_of(texts, [label, None]), "txt", DEFAULT_PROFILE)
    said = "".join("".join(clean_text(text).split()) for text in texts)
    spoken = file.split("\n")
    name = clean_label(label)
    bare = [line.removeprefix(f"{name}: ") if name else line for line in spoken]
    assert "".join("".join(line.split()) for line in bare) == said


@pytest.mark.parametrize("format_name", ["srt", "vtt", "ass"])
def test_ffmpeg_reads_hostile_text_as_it_was_said(format_name: str, tmp_path: Path) -> None:
    said = [text for text in HOSTILE if format_name != "vtt" or not set(text) & set("\\{}")]
    cues = cues_of(said)
    path = tmp_path / f"hostile.{format_name}"
    path.write_text(render(cues, format_name, DEFAULT_PROFILE), encoding="utf-8")
    read = read_by_ffmpeg(path)
    expected = [written(cue, format_name) for cue in cues]
    assert [cue.text.translate(UNMARKED) for cue in read] == [cue.text for cue in expected]
    assert [cue.start_ms for cue in read] == pytest.approx([c.start_ms for c in expected], abs=10)


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_file_may_begin_long_before_its_cues(format_name: str, tmp_path: Path) -> None:
    kind = FORMATS[format_name]
    cues = cues_of(["It begins with what means nothing.", "Then comes the text."], ["Ann", "Bob"])
    file = render(cues, format_name, DEFAULT_PROFILE, "en")
    assert file.startswith(kind.opening)
    late = kind.opening + 100 * kind.filler + file.removeprefix(kind.opening)
    if kind.is_binary:
        assert not kind.filler
        return
    if kind.extension == "txt":
        assert late.split() == file.split()
        return
    if format_name in READERS:
        assert READERS[format_name](late) == READERS[format_name](file)
    if format_name == "json":
        return
    ours = [parse_captions(text, format_name, "en", "manual").items for text in (late, file)]
    assert ours[0] == ours[1]
    if format_name in ("srt", "vtt", "ass"):
        paths = [tmp_path / f"{name}.{kind.extension}" for name in ("late", "plain")]
        for path, text in zip(paths, (late, file), strict=True):
            path.write_text(text, encoding="utf-8")
        assert read_by_ffmpeg(paths[0]) == read_by_ffmpeg(paths[1])
        assert len(pysubs2.load(str(paths[0]))) == 2


def test_right_to_left_lines_are_marked_for_players_that_assume_left_to_right() -> None:
    cues = cues_of(["שלום, עולם!", "Hello, world!"])
    for format_name in ("srt", "ass"):
        file = render(cues, format_name, DEFAULT_PROFILE)
        assert "\u202bשלום, עולם!\u202c" in file
        assert sum(unicodedata.category(char) == "Cf" for char in file) == 2


def test_ass_tells_speakers_apart_by_colour() -> None:
    cues = cues_of(["Yes."] * 6, ["E", "D", "C", "B", "A", "E"])
    file = render(cues, "ass", DEFAULT_PROFILE)
    styles = [line.split(",")[3] for line in file.splitlines() if line.startswith("Dialogue")]
    assert styles == ["Speaker 1", "Speaker 2", "Speaker 3", "Speaker 4", "Speaker 1", "Speaker 1"]


def test_ass_is_drawn_for_the_picture_of_its_profile() -> None:
    file = render(cues_of(["Yes."]), "ass", PROFILES["shorts"])
    assert "PlayResX: 1080\nPlayResY: 1920\n" in file


@pytest.mark.parametrize("language", ["es", "zh-Hant-TW", "und"])
def test_ttml_names_its_language(language: str) -> None:
    assert f'xml:lang="{language}"' in render(cues_of(["Sí."]), "ttml", DEFAULT_PROFILE, language)


def test_ttml_does_not_repeat_what_is_no_language() -> None:
    file = render(cues_of(["Sí."]), "ttml", DEFAULT_PROFILE, '"><script>')
    assert 'xml:lang="und"' in file


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidFormatError, match="known: srt, vtt, ass, ttml, json, txt"):
        render([], "docx", DEFAULT_PROFILE)


def test_every_format_says_what_it_is() -> None:
    said = {
        name: (kind.content_type, kind.extension, kind.is_binary) for name, kind in FORMATS.items()
    }
    ttml = "application/ttml+xml; charset=utf-8"
    assert said == {
        "srt": ("application/x-subrip; charset=utf-8", "srt", False),
        "vtt": ("text/vtt; charset=utf-8", "vtt", False),
        "ass": ("text/x-ssa; charset=utf-8", "ass", False),
        "ttml": (ttml, "ttml", False),
        "json": ("application/json; charset=utf-8", "json", False),
        "txt": ("text/plain; charset=utf-8", "txt", False),
        "imsc": (ttml, "ttml", False),
        "ebu-tt-d": (ttml, "xml", False),
        "stl": ("application/x-ebu-stl", "stl", True),
        "scc": ("text/x-scc; charset=utf-8", "scc", False),
        "sbv": ("text/x-sbv; charset=utf-8", "sbv", False),
        "json3": ("application/x-youtube-json3; charset=utf-8", "json3", False),
        "lrc": ("application/x-lrc; charset=utf-8", "lrc", False),
        "tsv": ("text/tab-separated-values; charset=utf-8", "tsv", False),
        "csv": ("text/csv; charset=utf-8", "csv", False),
        "transcript": ("text/plain; charset=utf-8", "txt", False),
    }
