"""Whether a cue's text ends a sentence."""

from __future__ import annotations

import pytest

from app.services.translation.text.sentence_ends import (
    goes_on,
    is_complete,
    opens_turn,
    stands_alone,
)


@pytest.mark.parametrize(
    "text",
    [
        "It is late.",
        "Really?",
        "He said “no!”",
        "(and so it ended.)",
        "そうですね。",
        "「本当？」",
        "好的！",
        "هل أنت بخير؟",
        "वह घर गया।",
        "Wait! <i>Please.</i>",
        "What?!",
    ],
)
def test_a_sentence_that_has_certainly_ended(text: str):
    assert is_complete(text)


@pytest.mark.parametrize(
    "text",
    ["and then", "we saw Dr.", "about 3.", "I was thinking...", "so…", "well,", "他说，", "", "J."],
)
def test_a_text_that_may_go_on(text: str):
    assert not is_complete(text)


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ("and then", "we left", True),
        ("I met Dr.", "Smith", True),
        ("It costs 3.", "5 million", True),
        ("That was in 1999.", "Then he left", False),
        ("der 3.", "oktober", True),
        ("I was thinking...", "that we could go", True),
        ("I was thinking...", "...that we could go", True),
        ("I was thinking...", "Never mind", False),
        ("昨日は…", "雨だった", False),
        ("no punctuation here", "None here either", True),
    ],
)
def test_whether_a_sentence_goes_on(text: str, after: str, expected: bool):
    assert goes_on(text, after) is expected


@pytest.mark.parametrize(
    "text", ["- Yes.", "-Yes.", "— Oui.", "– Ja", ">> Good evening", "<i>- No"]
)
def test_a_dash_opens_a_turn(text: str):
    assert opens_turn(text)


@pytest.mark.parametrize("text", ["-5 degrees", "- 5 degrees", "well - no", "--", "Yes."])
def test_what_is_no_dialogue_dash(text: str):
    assert not opens_turn(text)


@pytest.mark.parametrize(
    "text", ["[Music]", "(applause)", "♪", "♪ la la la", "la la ♪", "...", "【笑】", "（拍手）"]
)
def test_what_is_no_part_of_a_sentence(text: str):
    assert stands_alone(text)


@pytest.mark.parametrize("text", ["(He) said", "[John] Hello", "42", "yes"])
def test_what_may_be_part_of_one(text: str):
    assert not stands_alone(text)
