"""Word error rate: an independent implementation agrees."""

from __future__ import annotations

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.word_errors import plain_words, word_errors

WORDS = st.sampled_from(["uno", "dos", "three", "four", "five"])


@given(st.lists(WORDS, min_size=1, max_size=12), st.lists(WORDS, max_size=12))
def test_the_rate_is_jiwers(said: list[str], heard: list[str]) -> None:
    rate = sum(word_errors(said, heard)) / len(said)
    assert rate == pytest.approx(jiwer.wer(" ".join(said), " ".join(heard)))


@pytest.mark.parametrize(
    ("heard", "errors"),
    [
        ("a b c d", [0, 0, 0, 0]),
        ("a x c d", [0, 1, 0, 0]),
        ("a c d", [0, 1, 0, 0]),
        ("a b x y c d", [0, 2, 0, 0]),
        ("x a b c d", [1, 0, 0, 0]),
        ("", [1, 1, 1, 1]),
    ],
)
def test_an_error_counts_at_its_word(heard: str, errors: list[int]) -> None:
    assert word_errors(["a", "b", "c", "d"], heard.split()) == errors


def test_nothing_said_has_no_rate() -> None:
    with pytest.raises(ValueError, match="words that were said"):
        word_errors([], ["something"])


def test_case_accents_and_punctuation_do_not_count() -> None:
    assert plain_words("¿Quién ha ENVIADO, éste?") == ["quien", "ha", "enviado", "este"]
    assert plain_words("Don't: it’s ill-disposed.") == ["dont", "its", "ill", "disposed"]
    assert plain_words("número 5") == ["numero", "5"]
    assert plain_words("...") == []
