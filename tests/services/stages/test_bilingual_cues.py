"""Two files in one: whatever their segmentation, nothing is lost."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.domain.profile import PROFILES
from app.domain.style import Placement
from app.domain.written_cue import WrittenCue
from app.services.stages.bilingual_cues import WrittenLanguage, merge_languages
from app.services.stages.bilingual_match import each_language, lone_cues, matched_share

WEB = PROFILES["web"]


def cue(start_ms: int, end_ms: int, *lines: str) -> WrittenCue:
    return WrittenCue(1, start_ms, end_ms, lines)


def merged(first: list[WrittenCue], second: list[WrittenCue]) -> list[tuple[int, str, str]]:
    cues = merge_languages(WrittenLanguage(first, "en"), WrittenLanguage(second, "es"), WEB)
    return [(each.span.start_ms, each.text, each.translation or "") for each in cues]


def test_cues_that_share_their_time_become_one() -> None:
    english = [cue(0, 2000, "Hello", "there."), cue(3000, 5000, "Goodbye.")]
    spanish = [cue(200, 2100, "Hola."), cue(2900, 4900, "Adiós.")]
    assert merged(english, spanish) == [(0, "Hello\nthere.", "Hola."), (3000, "Goodbye.", "Adiós.")]


def test_short_cues_beside_a_long_one_are_joined() -> None:
    english = [cue(0, 2000, "We go home"), cue(2100, 4000, "before it rains.")]
    assert merged(english, [cue(0, 4000, "Vamos a casa antes de que llueva.")]) == [
        (0, "We go home before it rains.", "Vamos a casa antes de que llueva.")
    ]


def test_a_text_that_is_too_long_for_one_cue_is_divided() -> None:
    english = [cue(0, 5000, "We measure it every day"), cue(5000, 10_000, "and go home.")]
    found = merged(english, [cue(0, 10_000, "Lo medimos todos los días y vamos a casa.")])
    assert [start for start, *_ in found] == [0, 5000]
    assert " ".join(text for *_, text in found) == "Lo medimos todos los días y vamos a casa."


def test_what_has_no_counterpart_stays_alone() -> None:
    found = merged([cue(0, 2000, "Hello.")], [cue(5000, 6000, "Adiós.")])
    assert found == [(0, "Hello.", ""), (5000, "", "Adiós.")]


ROWS = st.lists(
    st.tuples(st.integers(0, 3000), st.integers(1, 6000), st.lists(st.sampled_from(
        ["one", "two", "three", "four", "川が"]), min_size=1, max_size=9)), max_size=8,
)  # fmt: skip


def cues_of(rows: list[tuple[int, int, list[str]]]) -> list[WrittenCue]:
    cues: list[WrittenCue] = []
    at = 0
    for gap, length, words in rows:
        cues.append(cue(at + gap, at + gap + length, " ".join(words)))
        at += gap + length // 2
    return sorted(cues, key=lambda each: each.start_ms)


@given(ROWS, ROWS)
def test_all_words_of_both_are_there(
    first: list[tuple[int, int, list[str]]], second: list[tuple[int, int, list[str]]]
) -> None:
    ours, theirs = cues_of(first), cues_of(second)
    found = merged(ours, theirs)
    for texts, cues in (([t for _, t, _ in found], ours), ([t for *_, t in found], theirs)):
        ink = "".join("".join(text.split()) for text in texts)
        assert sorted(ink) == sorted("".join("".join(each.text.split()) for each in cues))
    assert all(text or other for _, text, other in found)


def test_a_sign_over_dialogue_takes_no_text_of_it() -> None:
    lines = [cue(3000 * n, 3000 * n + 2000, f"Line {n}.") for n in range(6)]
    theirs = [replace(each, lines=(f"Zeile {n}.",)) for n, each in enumerate(lines)]
    sign = cue(3500, 14_000, "NO ENTRY")
    pairs = [(each.start_ms, f"Line {n}.", f"Zeile {n}.") for n, each in enumerate(lines)]
    alone = [(3500, "NO ENTRY", ""), (3500, "", "NO ENTRY")]
    assert merged(_sorted([*lines, sign]), theirs) == sorted([*pairs, alone[0]])
    assert merged(lines, _sorted([*theirs, sign])) == sorted([*pairs, alone[1]])


def test_cues_in_one_place_belong_together() -> None:
    top = Placement(8)
    ours = [cue(0, 3000, "Hello."), replace(cue(0, 3000, "A SIGN"), placement=top)]
    theirs = [replace(cue(0, 3000, "SCHILD"), placement=top), cue(0, 3000, "Hallo.")]
    assert sorted(merged(ours, theirs)) == [(0, "A SIGN", "SCHILD"), (0, "Hello.", "Hallo.")]


def test_files_of_different_lengths_and_without_some_lines_say_how_far_they_match() -> None:
    english = [cue(3000 * n, 3000 * n + 2000, f"Line {n}.") for n in range(6)]
    spanish = [english[0], english[2], *(cue(3000 * n, 3000 * n + 2000, "x") for n in (8, 9))]
    languages = WrittenLanguage(english, "en"), WrittenLanguage(spanish, "es")
    cues = merge_languages(*languages, WEB)
    assert matched_share(cues) == 0.25
    (notice,) = lone_cues(cues)
    assert notice.code == "cues_without_counterpart"
    assert "6 of 8 cues have no counterpart: 4 of the first file, 2 of the second" in notice.message
    first, second = each_language(cues)
    assert [len(first), len(second)] == [6, 4]
    assert all(each.translation is None and each.text for each in (*first, *second))


def _sorted(cues: list[WrittenCue]) -> list[WrittenCue]:
    return sorted(cues, key=lambda each: each.start_ms)
