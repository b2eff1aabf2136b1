"""Places between words are told apart by spelling alone."""

from __future__ import annotations

import pytest

from app.domain.text import ends_sentence
from app.services.layout.breaks import Break, break_at, break_between


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
        ("ANNA:", "Hello", Break.BAD),
        ("Anna:", "Hello", Break.CLAUSE),
        ("dog", ".", Break.BAD),
        ("(", "dog", Break.BAD),
        ("¿", "qué", Break.BAD),
        ("レ", "ス", Break.BAD),
    ],
)
def test_kinds_of_places(before: str, after: str, kind: Break) -> None:
    assert break_between(before, after) is kind


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("saints ♪ | ♪ go", Break.SENTENCE),
        ("the saints | ♪", Break.BAD),
        ("♪ ♪ | Oh", Break.BAD),
        ("♪ | Oh", Break.BAD),
        ("saints ♪ | Hello", Break.SENTENCE),
        ("saints♪ | ♪Go", Break.SENTENCE),
        ("up [door | closes]", Break.BAD),
        ("[loud | music playing]", Break.BAD),
        ("[loud music | playing]", Break.BAD),
        ("[sighs] | [laughs]", Break.PLAIN),
        ("at 10:45 | p.m.", Break.BAD),
        ("at 10:45 | in", Break.PHRASE),
        ("costs $ | 5", Break.BAD),
        ("costs $5 | million", Break.BAD),
        ("platform No. | 9", Break.BAD),
        ("Yes? No. | He", Break.SENTENCE),
        ("Oh. No. | He", Break.SENTENCE),
        ('left. "Really?" | she', Break.CLAUSE),
        ('left. "Really?" | She', Break.SENTENCE),
        ("the year | before,", Break.TIGHT),
        ("the year | before we", Break.PHRASE),
        ("§ | 12", Break.BAD),
    ],
)
def test_lyrics_sounds_quotations_and_figures(words: str, kind: Break) -> None:
    before, _, after = words.partition(" | ")
    texts = [*before.split(), *after.split()]
    assert break_at(texts, len(before.split()), "en") is kind


def test_a_full_stop_before_a_small_letter_ends_no_sentence() -> None:
    assert ends_sentence("approx.ly", "he") is False
    assert ends_sentence("etc.", "and") is False
    assert ends_sentence("etc.", "And") is True


@pytest.mark.parametrize(
    ("language", "before", "after", "kind"),
    [
        ("en", "has", "gone", Break.BAD),
        ("en", "she's", "gone", Break.BAD),
        ("en", "isn't", "here", Break.BAD),
        ("en", "Mary", "Smith", Break.BAD),
        ("en", "MARY", "SMITH", Break.PLAIN),
        ("en", "20", "percent", Break.BAD),
        ("en", "1947", "the", Break.PLAIN),
        ("en", "hurt", "himself", Break.BAD),
        ("en", "die", "soon", Break.PLAIN),
        ("de", "die", "Sonne", Break.BAD),
        ("de", "gebaut", "wurde", Break.BAD),
        ("de", "wurde", "heute", Break.PLAIN),
        ("de", "hat", "gesagt", Break.BAD),
        ("fr", "qu'elle", "avait", Break.BAD),
        ("fr", "n’a", "pas", Break.BAD),
        ("fr", "30", "pour", Break.BAD),
        ("es", "se", "lava", Break.BAD),
        ("it", "all'", "inizio", Break.BAD),
        ("pt", "não", "sei", Break.BAD),
        ("nl", "heeft", "gezegd", Break.BAD),
        ("nl", "te", "gaan", Break.BAD),
        ("nl", "kapitein", "Jansen", Break.BAD),
        ("nl", "kapitein", "sprak", Break.PLAIN),
        ("en-GB", "the", "dog", Break.BAD),
    ],
)
def test_words_that_belong_together_by_language(
    language: str, before: str, after: str, kind: Break
) -> None:
    assert break_between(before, after, language) is kind


def test_what_stands_around_a_place_counts() -> None:
    words = ["il", "ne", "sait", "pas", "encore"]
    assert [break_at(words, n, "fr") for n in (2, 3, 4)] == [Break.BAD] * 3
    assert break_at(["il", "va", "plus", "loin"], 2, "fr") is Break.BAD
    assert break_at(["the", "old", "bridge"], 2, "en") is Break.TIGHT
    assert break_at(["toen", "geopend", "werd"], 2, "nl") is Break.BAD
    assert break_at(["de", "boot", "werd"], 2, "nl") is Break.TIGHT
    assert break_at(["im", "Boot", "wurde"], 2, "de") is Break.PLAIN
    assert break_at(["of", "old", "bridge"], 2, "en") is Break.PLAIN
    assert break_at(["今日", "は", "とても"], 2, "ja") is Break.PHRASE
    assert break_at(["今日", "は", "とても"], 1, "ja") is Break.BAD
