"""Places between words are told apart by spelling alone."""

from __future__ import annotations

import pytest

from app.domain.text import ends_sentence
from app.services.layout.breaks import Break, break_between


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("done.", "He", Break.SENTENCE),
        ("done.”", "He", Break.SENTENCE),
        ("¿Qué?", "Nada", Break.SENTENCE),
        ("した。", "そ", Break.SENTENCE),
        ("क्या।", "हाँ", Break.SENTENCE),
        ("well,", "he", Break.CLAUSE),
        ("wait...", "what", Break.CLAUSE),
        ("dog", "and", Break.PHRASE),
        ("Hund", "aber", Break.PHRASE),
        ("駅の", "近く", Break.PHRASE),
        ("big", "dog", Break.PLAIN),
        ("the", "dog", Break.BAD),
        ("Dr.", "Miller", Break.BAD),
        ("J.", "Smith", Break.BAD),
        ("dog", ".", Break.BAD),
        ("(", "dog", Break.BAD),
        ("¿", "qué", Break.BAD),
        ("レ", "ス", Break.BAD),
    ],
)
def test_kinds_of_places(before: str, after: str, kind: Break) -> None:
    assert break_between(before, after) is kind


def test_a_full_stop_before_a_small_letter_ends_no_sentence() -> None:
    assert ends_sentence("approx.ly", "he") is False
    assert ends_sentence("etc.", "and") is False
    assert ends_sentence("etc.", "And") is True
