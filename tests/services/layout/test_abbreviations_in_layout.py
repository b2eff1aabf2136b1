"""Cues, units and transcripts part at the ends of sentences, not behind abbreviations."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.domain.captions import Caption, Captions
from app.domain.cue import Cue
from app.domain.profile import DEFAULT_PROFILE
from app.domain.time import Span
from app.domain.transcript import Segment
from app.services.layout.authored_cues import authored_cues
from app.services.layout.layout_engine import lay_out
from app.services.layout.segment_words import words_of
from app.services.render.txt import write_txt
from app.services.translation.text.units import build_units

TITLES = [
    (1000, 3000, "I would like you to meet Capt."),
    (3050, 5500, "Reyes of the harbour office."),
    (6000, 9000, "I would like to introduce you to Capt. Reyes of the harbour office."),
]


def cue(number: int, start_ms: int, end_ms: int, text: str, language: str = "en") -> Cue:
    return Cue(number, Span(start_ms, end_ms), text, language=language)


async def _units_of(cues: list[Cue]) -> list[str]:
    async def arriving() -> AsyncIterator[Cue]:
        for each in cues:
            yield each

    return [unit.text async for unit in build_units(arriving())]


async def test_row_27_a_title_is_translated_with_its_name() -> None:
    cues = [cue(number, *row) for number, row in enumerate(TITLES)]
    assert await _units_of(cues) == [f"{TITLES[0][2]} {TITLES[1][2]}", TITLES[2][2]]


@pytest.mark.parametrize(
    ("language", "first", "second", "is_one"),
    [
        ("de", "Wir nehmen Obst mit, z. B.", "Birnen und Pflaumen.", True),
        ("es", "Traemos fruta, p. ej.", "Manzanas y peras.", True),
        ("fr", "Je vous présente M.", "Dupont du port.", True),
        ("en", "We met near St.", "John and the river.", True),
        ("en", "You should look at No.", "5 on the list.", True),
        ("en", "The book is by J. R. R.", "Tolkien, I think.", True),
        ("en", "He left at 5 p.m.", "He was late again.", False),
        ("de", "Er sagte: „Das ist gut.“", "Dann ging er.", False),
        ("el", "Πού πάμε σήμερα;", "Στο λιμάνι.", False),
    ],
)
async def test_units_follow_the_sentences_of_their_language(
    language: str, first: str, second: str, is_one: bool
) -> None:
    cues = [cue(0, 1000, 3000, first, language), cue(1, 3050, 5000, second, language)]
    expected = [f"{first} {second}"] if is_one else [first, second]
    assert await _units_of(cues) == expected


@pytest.mark.parametrize(
    ("language", "text", "last"),
    [
        (
            "en",
            (
                "We had waited for hours when Capt. Reyes came in. He was tired of it all, and so "
                "were we by then."
            ),
            "Capt.",
        ),
        (
            "fr",
            (
                "On attendait depuis des heures quand M. Dupont est entré. Il était fatigué de "
                "tout cela, et nous aussi."
            ),
            "M.",
        ),
        (
            "it",
            (
                "Aspettavamo da ore quando il sig. Rossi è entrato. Era stanco di tutto questo, e "
                "lo eravamo anche noi."
            ),
            "sig.",
        ),
    ],
)
def test_no_cue_ends_with_a_title(language: str, text: str, last: str) -> None:
    segment = Segment(text, Span(0, 9000), (), language)
    words = words_of(segment, DEFAULT_PROFILE)
    phrases = lay_out(words, DEFAULT_PROFILE, language, until_ms=9000)
    assert not [phrase.text for phrase in phrases if phrase.text.endswith(last)]
    captions = Captions(language, "manual", (Caption(Span(0, 9000), text),))
    cues = list(authored_cues(captions, DEFAULT_PROFILE))
    assert len(cues) > 1
    assert not [each.text for each in cues if each.text.endswith(last)]


def test_a_transcript_has_a_line_a_sentence() -> None:
    cues = [cue(number, *row) for number, row in enumerate(TITLES[:2])]
    assert write_txt(cues, DEFAULT_PROFILE, "en") == f"{TITLES[0][2]} {TITLES[1][2]}\n"
