"""Lines are as few as the width allows, as wide as it allows, and broken where it reads well."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.profile import DEFAULT_PROFILE, PROFILES, ReadingProfile
from app.services.layout.line_breaks import break_lines, fits
from app.services.layout.tokens import split_spaces
from app.services.layout.width import clusters, text_width

PROSE = st.text(st.sampled_from("ab c.,'é字かカ、「」한ก😀\u0301\u200d\n\t\u00a0"), max_size=200)
ANY_TEXT = PROSE | st.text(max_size=200)
PROFILE = st.sampled_from(list(PROFILES.values()))


def without_spaces(text: str) -> str:
    return "".join(split_spaces(text))


@given(ANY_TEXT, PROFILE)
@example("x" * 300, DEFAULT_PROFILE)
@example("字" * 300, DEFAULT_PROFILE)
@example("👨\u200d👩\u200d👧" * 60, DEFAULT_PROFILE)
@example("🇪🇸🇫🇷" * 30, DEFAULT_PROFILE)
def test_no_line_is_too_wide_and_no_character_is_lost(text: str, profile: ReadingProfile) -> None:
    lines = break_lines(text, profile)
    assert all(text_width(line) <= profile.max_line_chars for line in lines)
    assert all(line == line.strip(" ") and line and "\n" not in line for line in lines)
    assert without_spaces(" ".join(lines)) == without_spaces(text)


@given(ANY_TEXT, PROFILE)
def test_text_that_fits_takes_no_more_lines_than_a_cue_has(
    text: str, profile: ReadingProfile
) -> None:
    assert fits(text, profile) == (len(break_lines(text, profile)) <= profile.max_lines)


@given(ANY_TEXT)
def test_no_line_break_cuts_through_what_is_seen_as_one_character(text: str) -> None:
    seen = [cluster for part in split_spaces(text) for cluster in clusters(part)]
    lines = break_lines(text, DEFAULT_PROFILE)
    assert seen == [c for line in lines for part in split_spaces(line) for c in clusters(part)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello there.", ["Hello there."]),
        ("", []),
        (" \n ", []),
        ("- One line,\tplease.\n- Two.", ["- One line, please.", "- Two."]),
        (
            "Mr. Smith went to Washington. He never came back to see us again.",
            ["Mr. Smith went to Washington.", "He never came back to see us again."],
        ),
        (
            "He said that the quick brown fox jumps over the lazy dog today.",
            ["He said that the quick brown fox", "jumps over the lazy dog today."],
        ),
        (
            "El perro de mi hermano no quiere salir a la calle porque llueve mucho.",
            ["El perro de mi hermano no quiere salir", "a la calle porque llueve mucho."],
        ),
        (
            "Das ist der Mann, der gestern in das Haus gekommen ist.",
            ["Das ist der Mann, der gestern", "in das Haus gekommen ist."],
        ),
        (
            "私は昨日、東京駅の近くにある小さなお店で友達と一緒に昼ご飯を食べました。",
            ["私は昨日、東京駅の近くにある小さなお店で", "友達と一緒に昼ご飯を食べました。"],
        ),
    ],
)
def test_breaks_read_well(text: str, expected: list[str]) -> None:
    assert break_lines(text, DEFAULT_PROFILE) == expected


def test_the_upper_of_two_equally_good_breaks_is_taken() -> None:
    text = " ".join(["word"] * 13)
    upper, lower = break_lines(text, DEFAULT_PROFILE)
    assert (len(upper), len(lower)) == (29, 34)


def test_an_article_is_not_left_behind() -> None:
    upper, _ = break_lines("They could not remember anything about the old house.", DEFAULT_PROFILE)
    assert not upper.endswith((" the", " about"))


def test_a_translation_too_long_for_a_cue_gets_the_lines_that_it_needs() -> None:
    text = " ".join(["palabra"] * 30)
    lines = break_lines(text, DEFAULT_PROFILE)
    assert len(lines) == 6
    assert " ".join(lines) == text
    assert max(map(len, lines)) - min(map(len, lines)) <= 16


@pytest.mark.parametrize("text", ["「字字」、" * 40, "きょっ" * 40])
def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one(text: str) -> None:
    lines = break_lines(text, DEFAULT_PROFILE)
    assert len(lines) > 2
    assert not any(line[0] in "」、ーょっゅ" or line[-1] == "「" for line in lines)


def test_a_no_break_space_holds_its_words_together() -> None:
    lines = break_lines("Il a crié si fort que tout le monde l'a entendu\u00a0!", DEFAULT_PROFILE)
    assert lines[-1].endswith("entendu\u00a0!")


@pytest.mark.parametrize(
    ("text", "width"),
    [("abc", 3), ("字", 2), ("e\u0301", 1), ("👨\u200d👩\u200d👧", 2), ("🇪🇸", 2), ("\u200f", 0)],
)
def test_width_counts_what_is_seen(text: str, width: int) -> None:
    assert text_width(text) == width
