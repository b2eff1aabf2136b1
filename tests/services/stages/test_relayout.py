"""Layout anew: text, styles and places stay, times lie where the words are."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.captions import Caption, Captions
from app.domain.profile import PROFILES
from app.domain.style import InlineStyle, Placement, StyleRun, ink_length, joined
from app.domain.time import Span
from app.services.stages.relayout import relayout

ITALIC = InlineStyle(italic=True)
TOP = Placement(anchor=8)


def ink(texts: list[str]) -> str:
    return "".join("".join(text.split()) for text in texts)


def test_a_sentence_on_several_captions_is_divided_anew() -> None:
    captions = Captions(
        "en",
        "manual",
        (
            Caption(Span(1000, 3000), "We measure the height of the river every"),
            Caption(Span(3000, 5000), "morning. Then we go home."),
        ),
    )
    cues = relayout(captions, PROFILES["shorts"])
    assert ink([cue.text for cue in cues]) == ink([each.text for each in captions.items])
    assert cues[0].span.start_ms == 1000
    assert all(cue.span.start_ms < 5000 for cue in cues)
    joined_cues = relayout(captions, PROFILES["web"])
    assert any("every morning." in cue.text for cue in joined_cues)


def test_styles_places_and_dialogues_stay() -> None:
    captions = Captions(
        "en",
        "manual",
        (
            Caption(Span(0, 2000), "Plain words here.", runs=(StyleRun(0, 5, ITALIC),)),
            Caption(Span(2500, 4000), "A sign.", placement=TOP),
            Caption(Span(4500, 7000), "- Who is it?\n- Me."),
        ),
    )
    cues = relayout(captions, PROFILES["netflix"])
    assert cues[0].runs == (StyleRun(0, 5, ITALIC),)
    assert [cue.text for cue in cues if cue.placement == TOP] == ["A sign."]
    assert cues[-1].text == "- Who is it?\n- Me."


WORD = st.sampled_from(["we", "measure", "the", "river.", "Yes,", "川の", "extraordinarily"])
CAPTION = st.tuples(
    st.integers(0, 4000), st.integers(100, 6000), st.lists(WORD, min_size=1, max_size=20),
    st.booleans(), st.booleans(),
)  # fmt: skip


@settings(max_examples=40)
@given(st.lists(CAPTION, min_size=1, max_size=8), st.sampled_from(["web", "shorts", "netflix"]))
def test_all_ink_with_its_styles_is_there_in_order(
    rows: list[tuple[int, int, list[str], bool, bool]], profile: str
) -> None:
    items: list[Caption] = []
    at = 0
    for gap, length, words, italic, top in rows:
        text = "- Who is it?\n- Me." if top and italic else " ".join(words)
        runs = (StyleRun(0, ink_length(text), ITALIC),) if italic else ()
        place = TOP if top else None
        items.append(Caption(Span(at + gap, at + gap + length), text, runs=runs, placement=place))
        at += gap + length
    cues = relayout(Captions("en", "manual", tuple(items)), PROFILES[profile])
    assert ink([cue.text for cue in cues]) == ink([item.text for item in items])
    assert joined((c.text, c.runs) for c in cues) == joined((i.text, i.runs) for i in items)
    assert all(a.span.end_ms <= b.span.start_ms for a, b in pairwise(cues))


def test_captions_that_are_shown_at_once_keep_their_beginnings() -> None:
    for late_ms in (0, 200, 1500):
        captions = Captions(
            "en",
            "manual",
            (
                Caption(Span(1000, 4000), "Is it late?", speaker="Anna"),
                Caption(Span(1000 + late_ms, 4000), "By an hour.", speaker="Bob"),
                Caption(Span(5000, 7000), "Oh dear.", speaker="Anna"),
            ),
        )
        cues = relayout(captions, PROFILES["netflix"])
        found = [(cue.span.start_ms, cue.text, cue.speaker) for cue in cues]
        if late_ms < 833:
            assert found[0] == (1000, "-Is it late?\n-By an hour.", None)
        else:
            assert found[:2] == [(1000, "Is it late?", "Anna"), (2500, "By an hour.", "Bob")]
        assert found[-1] == (5000, "Oh dear.", "Anna")


def test_two_speakers_who_say_the_same_at_once_both_stay() -> None:
    items = tuple(Caption(Span(0, 2000), "No.", speaker=name) for name in ("Anna", "Bob"))
    (cue,) = relayout(Captions("en", "manual", items), PROFILES["web"])
    assert cue.text == "No.\nNo."


def test_a_short_dialogue_stays_as_long_as_the_profile_wants_where_there_is_room() -> None:
    captions = Captions(
        "en",
        "manual",
        (
            Caption(Span(0, 400), "- Yes.\n- No."),
            Caption(Span(600, 900), "- What?\n- Go."),
            Caption(Span(5000, 5200), "- Who?\n- Me."),
        ),
    )
    profile = PROFILES["web"]
    spans = [cue.span for cue in relayout(captions, profile)]
    assert spans == [Span(0, 600 - profile.min_gap_ms), Span(600, 1433), Span(5000, 5833)]


@pytest.mark.parametrize(
    ("language", "shown"),
    [("en", "-Is it late?\n-By an hour."), ("es", "- Is it late?\n- By an hour.")],
)
def test_short_turns_of_named_speakers_share_a_cue_with_their_styles(
    language: str, shown: str
) -> None:
    italic = (StyleRun(2, 4, ITALIC),)
    items = (
        Caption(Span(1000, 1700), "Is it late?", speaker="Anna", runs=italic),
        Caption(Span(1750, 2400), "By an hour.", speaker="Bob", runs=italic),
        Caption(Span(2600, 5400), "Then we should wait for the next train.", speaker="Anna"),
    )
    dual, single = relayout(Captions(language, "manual", items), PROFILES["netflix"])
    assert (dual.text, dual.speaker, single.speaker) == (shown, None, "Anna")
    styled = ["".join(dual.text.split())[run.start : run.end] for run in dual.runs]
    assert styled == ["it", "an"]
    plain = relayout(Captions(language, "manual", items), PROFILES["web"])
    assert [cue.speaker for cue in plain] == ["Anna", "Bob", "Anna"]


@pytest.mark.parametrize(("dash", "shown"), [("- ", "-"), ("— ", "— ")])
def test_dashes_that_captions_have_are_not_doubled_and_styles_stay_with_their_words(
    dash: str, shown: str
) -> None:
    italic = (StyleRun(1, 4, ITALIC),)
    items = (
        Caption(Span(1000, 1700), f"{dash}Yes?", speaker="Anna", runs=italic),
        Caption(Span(1750, 2400), f"{dash}No, and no.", speaker="Bob", runs=italic),
        Caption(Span(2600, 5400), "Then wait.", speaker="Anna", runs=(StyleRun(4, 8, ITALIC),)),
    )
    dual, single = relayout(Captions("en", "manual", items), PROFILES["netflix"])
    assert (dual.text, single.text) == (f"{shown}Yes?\n{shown}No, and no.", "Then wait.")
    for cue, styled in ((dual, ["Yes", "No,"]), (single, ["wait"])):
        ink = "".join(cue.text.split())
        assert [ink[run.start : run.end] for run in cue.runs] == styled


def test_two_speakers_at_once_have_the_dashes_of_the_profile_and_their_styles() -> None:
    items = (
        Caption(Span(0, 2000), "C'est tard ?", speaker="Anna"),
        Caption(Span(0, 2000), "Oui.", speaker="Bob", runs=(StyleRun(0, 4, ITALIC),)),
    )
    (cue,) = relayout(Captions("fr", "manual", items), PROFILES["netflix"])
    assert cue.text == "- C'est tard ?\n- Oui."
    (run,) = cue.runs
    assert "".join(cue.text.split())[run.start : run.end] == "Oui."
    (plain,) = relayout(Captions("fr", "manual", items), PROFILES["web"])
    assert plain.text == "C'est tard ?\nOui."


def test_equal_dialogues_that_both_come_late_both_stay() -> None:
    items = (
        Caption(Span(0, 100), "we"),
        Caption(Span(100, 200), "- Who is it?\n- Me.", placement=TOP),
        Caption(Span(200, 300), "- Who is it?\n- Me.", placement=TOP),
    )
    cues = relayout(Captions("en", "manual", items), PROFILES["web"])
    assert [cue.text for cue in cues] == [item.text for item in items]
    assert all(a.span.end_ms <= b.span.start_ms for a, b in pairwise(cues))


@st.composite
def crowds(draw: st.DrawFn) -> Captions:
    """Captions of two speakers in two places, many of them at once."""
    at = 0
    items = []
    texts = ["Yes.", "what a", "river", "- Go!\n- Stay.", "extraordinarily long words here,"]
    for number in range(draw(st.integers(1, 8))):
        at += draw(st.sampled_from([0, 0, 100, 500, 900, 2000, 4000]))
        end = at + draw(st.sampled_from([1, 300, 900, 2500, 6000]))
        items.append(
            Caption(
                Span(at, end),
                f"{draw(st.sampled_from(texts))} {number}",
                speaker=draw(st.sampled_from([None, "Anna", "Bob"])),
                placement=draw(st.sampled_from([None, TOP])),
            )
        )
    return Captions("en", "manual", tuple(items))


@given(crowds(), st.sampled_from(sorted(PROFILES)))
@settings(max_examples=60)
def test_nothing_is_lost_and_nothing_overlaps_where_several_speak(
    captions: Captions, profile: str
) -> None:
    cues = relayout(captions, PROFILES[profile])
    assert all(a.span.end_ms <= b.span.start_ms for a, b in pairwise(cues))
    found, given_ = (
        sorted(ink([each.text for each in group]).replace("-", ""))
        for group in (cues, captions.items)
    )
    assert found == given_
