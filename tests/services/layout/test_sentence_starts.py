"""Text without punctuation has cues that end with sentences more often than chance would."""

from __future__ import annotations

import pytest

from app.domain.profile import profile_named
from app.services.layout import lay_out
from app.services.layout.sentence_starts import WEIGHTS, may_start_sentence
from scripts.sentence_starts import trained, unmarked
from tests.services.layout.test_forbidden_breaks import spoken


def sentences_that_begin_a_cue(language: str) -> float:
    """Return their share of the sentences of a set's second half, said without any pause."""
    words, starts = unmarked(language, "final")
    cues = lay_out(spoken(tuple(words), 14), profile_named("netflix"), language)
    begun: set[int] = set()
    count = 0
    for cue in cues:
        begun.add(count)
        count += len(cue.words)
    assert count == len(words)
    return len(begun & starts) / len(starts)


def test_cues_begin_with_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    languages = ("en", "fr", "es")  # the others take as long again
    found = [sentences_that_begin_a_cue(language) for language in languages]
    name = "app.services.layout.measured_words.may_start_sentence"
    monkeypatch.setattr(name, lambda *_: False)
    chance = [sentences_that_begin_a_cue(language) for language in languages]
    assert sum(found) >= 1.7 * sum(chance), (found, chance)
    assert sum(now >= before for now, before in zip(found, chance, strict=True)) == 3


def test_the_weights_are_those_of_the_first_halves() -> None:
    made = trained()
    assert made.keys() == WEIGHTS.keys()
    for name, row in made.items():
        assert row == pytest.approx(WEIGHTS[name], abs=0.051), name


def test_other_languages_have_no_opinion() -> None:
    assert may_start_sentence(["we", "saw", "boats", "they", "went", "home"], 3, "en")
    assert not may_start_sentence(["we", "saw", "boats", "they", "went", "home"], 3, "ja")
    assert not may_start_sentence(["we", "saw", "boats", "they", "went", "home"], 3, "")


def test_punctuated_text_is_divided_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "We had been driving for six hours, and still there was no sign of it. They slept. " * 6
    words = spoken(tuple(text.split()), 14)
    cues = [cue.text for cue in lay_out(words, profile_named("netflix"), "en")]
    name = "app.services.layout.measured_words.may_start_sentence"
    monkeypatch.setattr(name, lambda *_: True)
    assert [cue.text for cue in lay_out(words, profile_named("netflix"), "en")] == cues
