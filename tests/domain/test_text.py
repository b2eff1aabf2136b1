"""Joined words, sentence ends and clause ends."""

from __future__ import annotations

import pytest

from app.domain.text import ends_clause, ends_sentence, join_words, surely_ends_sentence
from app.domain.time import Span
from app.domain.transcript import Word


def test_words_are_joined_with_spaces_only_where_the_script_writes_them() -> None:
    now = Span(0, 1)
    assert join_words([Word("Hello,", now), Word("you!", now)]) == "Hello, you!"
    assert join_words([Word("今日", now), Word("は", now, glued=True)]) == "今日は"
    assert join_words([]) == ""


@pytest.mark.parametrize(
    ("word", "after", "ends"),
    [
        ("done.", "Next", True),
        ("done.", "next", False),
        ("done!”", "next", True),
        ("Dr.", "Jones", False),
        ("I.", "Then", True),
        ("J.", "Jones", False),
        ("approx.", "Five", False),
        ("行った。", "次", True),
        ("comma,", "Next", False),
        ("", "", False),
    ],
)
def test_a_sentence_ends_by_its_mark_and_by_what_follows(word: str, after: str, ends: bool) -> None:
    assert ends_sentence(word, after) is ends


@pytest.mark.parametrize("word", ["done.", "done…", '"no."', "ចប់៕"])
def test_a_mark_behind_a_whole_word_surely_ends_a_sentence(word: str) -> None:
    assert surely_ends_sentence(word)


@pytest.mark.parametrize("word", ["5.", "$5.", "U.S.", "etc.", "no.", "Mr.", "a,", ""])
def test_what_may_go_on_does_not_surely_end_a_sentence(word: str) -> None:
    assert not surely_ends_sentence(word)


def test_a_clause_ends_at_a_comma_and_at_a_sentence_end() -> None:
    assert ends_clause("well,")
    assert ends_clause("well.”")
    assert not ends_clause("well")
    assert not ends_clause("”")
