"""The language says in which direction a text is set, not its first letter."""

from __future__ import annotations

import pytest

from app.domain.direction import is_right_to_left, mostly_right_to_left, runs_right_to_left

RIGHT_TO_LEFT = """
he iw ar arz fa pes prs ur yi ps sd ug dv ckb syr nqo he-IL ar-EG pa-Arab az-Arab ks ku-Arab uz-Arab
ms-Arab ha-Arab rhg en-Hebr
"""
LEFT_TO_RIGHT = "en ru zh ja pa pa-Guru az ku uz ms he-Latn ar-Latn sd-Deva"


@pytest.mark.parametrize("tag", RIGHT_TO_LEFT.split())
def test_scripts_from_right_to_left(tag: str) -> None:
    assert is_right_to_left(tag) is True


@pytest.mark.parametrize("tag", LEFT_TO_RIGHT.split())
def test_scripts_from_left_to_right(tag: str) -> None:
    assert is_right_to_left(tag) is False


@pytest.mark.parametrize("tag", ["und", "", "not a language"])
def test_of_an_unknown_language_most_letters_decide(tag: str) -> None:
    assert is_right_to_left(tag) is None
    assert mostly_right_to_left(["NASA שיגרה לוויין חדש."])
    assert not mostly_right_to_left(["The word שלום means peace.", "10:30"])


def test_a_text_is_set_as_its_language_unless_no_letter_is_of_it() -> None:
    assert runs_right_to_left("NASA שיגרה לוויין חדש.", language=True)
    assert runs_right_to_left("... 10:30?!", language=True)
    assert not runs_right_to_left("Hello, world.", language=True)
    assert not runs_right_to_left("שלום means peace.", language=False)
    assert runs_right_to_left("שלום.", language=False)
