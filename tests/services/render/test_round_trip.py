"""Text that looks like markup, times or the head of a file comes back from our own readers."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.domain.captions import Captions
from app.domain.cue import Cue
from app.domain.profile import DEFAULT_PROFILE
from app.domain.style import InlineStyle, StyleRun
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.services.captions.parse import parse_captions
from app.services.render.cue_words import words_of_cues
from app.services.render.display_cues import clean_turns
from app.services.render.file_writer import write_file
from app.services.render.formats import FORMATS

TAGS = [
    "<b>bold</b> word", "<i>", "</b>", "<v Bob>hello", "<c.red>r</c>", "<00:00:01.000>word",
    "<!-- c -->", "<?xml ?>", "]]>", "<br>", "a < b & c > d", "<3 you", "3<5>2", "<ruby>x<rt>y",
]  # fmt: skip
ENTITIES = ["AT&T &amp; &lt;i&gt; &nbsp;x", "&#60;b&#62;", "&#x3c;i&#x3e;", "R&D; &;"]
BRACES = [r"{\an8}top {y:i}", "{note} text", "{1}{2}text", r"a\{b}", "{b}", "{}", r"{\p1}m 0 0"]
SIGNS = [
    r"C:\new\Nothing \h x", "\\", r"\n", "a|b | c", "/slash", "#x", "* star", "_u_", "=1+1",
    '"quoted", x', "%25", "♪ la", "[br]", "[music]", "[ti:x]", "ANN: hi",
]  # fmt: skip
STRUCTURE = [
    "00:00:01,000 --> 00:00:02,000", "0:00:01.000,0:00:02.000", "00:00:01.500", "[00:12.00]lrc",
    "--> 00:00:02,000", "a --> b", "-->", "---", "- one", "-- two", "1:02:03 talk", "0:01", "5",
    "5.", "#5", "5/6", "WEBVTT", "WEBVTT - x", "NOTE hello", "NOTE", "STYLE", "REGION", "offset",
    "X-TIMESTAMP-MAP=LOCAL:00:00:00.000", "Dialogue: 0,0:00:01.00,0:00:02.00,x,,0,0,0,,forged",
    "[Script Info]", "[1][2]x", "<tt>", "<timedtext>", '{"events": []}',
    "Scenarist_SCC V1.0", "start\tend\ttext",
]  # fmt: skip
READ_BACK = sorted(set(FORMATS) - {"txt"})
"""A plain text has no times."""

WITHOUT_TURNS = {"lrc", "tsv"}
PARENTHESES = str.maketrans("{}", "()")


def cues_of(*texts: str) -> list[Cue]:
    return [Cue(n, Span(4000 * n + 1000, 4000 * n + 3000), text) for n, text in enumerate(texts)]


def read_back(cues: list[Cue], name: str) -> Captions:
    return parse_captions(write_file(cues, name, DEFAULT_PROFILE, "en").data, name, "en", "manual")


def expected(text: str, name: str) -> str:
    """Return what the format can hold of a text."""
    text = " ".join(text.split(" "))
    if name in ("srt", "sbv"):
        text = text.translate(PARENTHESES)
    return text.replace("\t", " ")


@pytest.mark.parametrize("kind", [TAGS, ENTITIES, BRACES, SIGNS, STRUCTURE])
@pytest.mark.parametrize("name", [name for name in READ_BACK if name not in ("stl", "scc")])
def test_text_is_never_read_as_markup_or_structure(name: str, kind: list[str]) -> None:
    for text in kind:
        for first, last in (("Before it.", "After it."), ("5", "6")):
            found = read_back(cues_of(first, text, last), name)
            assert [item.text for item in found.items] == [first, expected(text, name), last], text
            assert {item.runs for item in found.items} == {()}, text
        alone = read_back(cues_of(text), name)
        assert [item.text for item in alone.items] == [expected(text, name)]


@pytest.mark.parametrize("name", ["vtt:words", "ass:words", "lrc:words", "vtt:words:bilingual"])
def test_times_of_words_make_no_markup_of_them(name: str) -> None:
    for text in [*TAGS, *ENTITIES, *BRACES, *STRUCTURE]:
        said = text.split()
        step_ms = 2000 // len(said)
        words = tuple(
            Word(each, Span(5000 + n * step_ms, 5000 + (n + 1) * step_ms - 1))
            for n, each in enumerate(said)
        )
        cues = cues_of("Before it.", " ".join(said), "After it.")
        times = words_of_cues(cues, [Segment(text, Span(5000, 7000), words, "en")])
        written = write_file(cues, name, DEFAULT_PROFILE, "en", times)
        found = parse_captions(written.data, name.partition(":")[0], "en", "auto")
        assert [item.text for item in found.items] == [cue.text for cue in cues], text
        assert [word.span.start_ms for word in found.items[1].words[:1]] in ([], [5000]), text


@pytest.mark.parametrize("name", ["stl", "scc"])
def test_what_a_broadcast_table_holds_comes_back_as_it_was(name: str) -> None:
    for text in [*TAGS, *ENTITIES, *STRUCTURE]:
        written = write_file(cues_of("Before it.", text, "After it."), name, DEFAULT_PROFILE, "en")
        found = parse_captions(written.data, name, "en", "manual").items
        shown = "".join(item.text for item in found)
        # A word that is longer than a row is divided.
        assert "".join(shown.split()) == "".join(f"Before it.{text}After it.".split()), text


@pytest.mark.parametrize("name", ["srt", "sbv"])
def test_braces_that_become_parentheses_are_told(name: str) -> None:
    (notice,) = write_file(cues_of("{note} text", "{}"), name, DEFAULT_PROFILE, "en").notices
    assert notice.code == "characters_replaced"
    assert notice.message.startswith("4 braces")
    assert write_file(cues_of("(note) text"), name, DEFAULT_PROFILE, "en").notices == ()


STYLED = ["srt", "vtt", "ass", "ttml", "imsc", "ebu-tt-d", "json3", "json"]


@pytest.mark.parametrize("name", STYLED)
@pytest.mark.parametrize("text", ["<b>river</b> & &amp; run", "NOTE <i> --> 5"])
def test_style_stays_where_it_is_beside_text_that_looks_like_it(name: str, text: str) -> None:
    runs = (StyleRun(2, 7, InlineStyle(italic=True)),)
    (item,) = read_back([Cue(0, Span(1000, 3000), text, runs=runs)], name).items
    assert (item.text, item.runs) == (text, runs)


@pytest.mark.parametrize("name", ["vtt", "ttml", "imsc", "json", "csv"])
@pytest.mark.parametrize("speaker", ["Dr. <b>, Jr.", "A & B", "&amp;", "<i>", "{\\an8}"])
def test_names_of_speakers_have_no_markup(name: str, speaker: str) -> None:
    (item,) = read_back([Cue(0, Span(1000, 3000), "Yes.", speaker=speaker)], name).items
    assert (item.text, item.speaker) == ("Yes.", speaker)


@pytest.mark.parametrize("name", sorted(set(READ_BACK) - {"lrc", "transcript", "stl", "scc"}))
def test_what_is_no_character_is_left_out_alone(name: str) -> None:
    texts = [
        "a\x00b",
        "half \ud83d pair",
        "line\u2028end\u2029here",
        "bell\x07",
        "\ufeffmark\ufffe",
    ]
    found = read_back(cues_of(*texts), name)
    shown = [" ".join(item.text.split()) for item in found.items]
    assert shown == ["ab", "half pair", "line end here", "bell", "mark"]


LIKE_FILES = st.text(st.sampled_from("01259:.,;<>->[]{}&#|=_/\\ abiNOTE\u2192\"'"), max_size=40)


@settings(max_examples=60)
@given(LIKE_FILES)
@example("1:2:3 - 4:5:6")
@example("00:00:01 00:00:02")
@pytest.mark.parametrize(
    "name", ["srt", "vtt", "sbv", "ass", "ttml", "json3", "json", "lrc", "transcript"]
)
def test_any_text_comes_back(name: str, text: str) -> None:
    shown = clean_turns(text)
    if shown and "\n" not in shown:
        found = read_back(cues_of("Before it.", shown, "After it."), name)
        # Two dashes on one line are two speakers, each of whom gets a line.
        texts = [" ".join(item.text.split()) for item in found.items]
        assert texts == ["Before it.", expected(shown, name), "After it."]
