"""Speakers' turns: a line each, with any dash; what only looks like one stays in its line."""

from __future__ import annotations

import pytest

from app.domain.dialogue_turns import DASHES, speaker_dash, turns, turns_like, with_turns


@pytest.mark.parametrize("dash", [*DASHES, ">>"])
@pytest.mark.parametrize("space", ["", " "])
def test_every_dash_opens_a_speakers_line(dash: str, space: str) -> None:
    first, second = f"{dash}{space}Is the ferry late?", f"{dash}{space}Only by an hour."
    assert with_turns([first, second]) == [[first], [second]]
    assert turns(f"{first} {second}") == [first, second]


@pytest.mark.parametrize(
    ("lines", "groups"),
    [
        (["Komt hij nog?", "-Nee."], 2),
        (["- I am quite", "late today.", "- So am I."], 2),
        (["- what?", "- nothing"], 2),
        (["MRS. REYES: Hello.", "MAN: Hello."], 2),
        (["♪ Row the boat ♪", "♪ gently ♪"], 2),
        (["- \u202bשלום.", "- \u202bשלום לך."], 2),
        (["It was minus", "-5 degrees."], 1),
        (["the best years", "- from 1990 on"], 1),
        (["and then he", "--well, he left."], 1),
        (["At 10:30 sharp:", "nothing."], 1),
        (["Note: the bridge", "Also: the river"], 1),
    ],
)
def test_lines_of_speakers_are_told_from_lines_of_a_sentence(lines: list[str], groups: int) -> None:
    assert len(with_turns(lines)) == groups


@pytest.mark.parametrize(
    "text",
    [
        "- He said - wait - no.",
        "A long-term plan - or so they say.",
        "- Well, from 9 - 5 - daily.",
        "-5 degrees. -6 degrees.",
        "It ended. - The End",
    ],
)
def test_dashes_within_a_sentence_open_no_line(text: str) -> None:
    assert turns(text) == [text]


def test_a_translation_is_parted_as_its_source_was() -> None:
    assert turns_like("- ¿tarde? - solo una hora", 2) == ["- ¿tarde?", "- solo una hora"]
    assert turns_like("¿Tarde?\nSolo una hora.", 2) == ["¿Tarde?", "Solo una hora."]
    assert turns_like("—Sí. —No. —Bueno.", 3) == ["—Sí.", "—No.", "—Bueno."]
    assert turns_like("Solo una hora.", 2) == ["Solo una hora."]


@pytest.mark.parametrize("text", ["-5", "--", "- ", "—— yes", "no", ""])
def test_figures_and_broken_off_words_have_no_speakers_dash(text: str) -> None:
    assert speaker_dash(text) == ""
