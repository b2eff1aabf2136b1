"""The quality gate's rules, by hand-made attempts."""

from __future__ import annotations

import zlib

import pytest

from app.gpu.engines.whisperx.quality_gate import DecodingAttempt, QualityGate
from app.gpu.engines.whisperx.whisper_languages import SpokenLanguage
from app.settings import WhisperSettings

GATE = QualityGate.of(WhisperSettings())
GOOD = "We measure the height of the river every morning."
LOOP = "na na na " * 30


def attempt(
    text: str = GOOD,
    logprob: float = -0.3,
    no_speech: float = 0.0,
    *,
    cut: bool = False,
    loop: bool = False,
) -> DecodingAttempt:
    return DecodingAttempt((), text, logprob, no_speech, SpokenLanguage("en", "en"), cut, loop)


def test_thresholds_come_from_the_settings() -> None:
    settings = WhisperSettings(
        logprob_threshold=-2, compression_ratio_threshold=3, no_speech_threshold=0.9
    )
    assert QualityGate.of(settings) == QualityGate(logprob=-2, compression_ratio=3, no_speech=0.9)


LIST = (
    "чтобы погромче слышать других участников, чтобы вас было слышно погромче, чтобы выйти из "
    "конференции, чтобы заблокировать или разблокировать конференцию, чтобы выйти из меню, чтобы "
    "включить или выключить звук, чтобы удалить последнего вошедшего в конференцию, чтобы сбросить "
    "громкость конференции к первоначальному значению"
)
"""As people speak: the ratio of its bytes is above the threshold."""


@pytest.mark.parametrize(
    "loop",
    ["Спасибо за просмотр! " * 6, "Ευχαριστώ πολύ. " * 6, "ご視聴ありがとうございました。" * 6],
)
def test_a_list_in_any_script_is_no_loop_and_a_loop_is_one(loop: str) -> None:
    assert len(LIST.encode()) / len(zlib.compress(LIST.encode())) > GATE.compression_ratio
    assert GATE.passes([attempt(LIST, -0.08)])
    assert not GATE.passes([attempt(loop, -0.08)])


def test_the_ratio_counts_letters() -> None:
    assert attempt(GOOD).compression_ratio < 1.2
    assert attempt(LOOP).compression_ratio > 10
    assert attempt("").compression_ratio == 0


@pytest.mark.parametrize(
    ("made", "passes", "silent"),
    [
        (attempt(), True, False),
        (attempt(logprob=-1.5), False, False),
        (attempt(LOOP), False, False),
        (attempt(cut=True), False, False),
        (attempt(loop=True), False, False),
        (attempt(logprob=-1.5, no_speech=0.9), True, True),
        (attempt(LOOP, logprob=-1.5, no_speech=0.9), True, True),
        (attempt(no_speech=0.9), True, False),
        (attempt(LOOP, no_speech=0.9), False, False),
        (attempt(logprob=-1.0, no_speech=0.4), True, False),
    ],
    ids=[
        "good", "unsure", "loops", "cut off", "loops by its times", "silence", "silence that loops",
        "sure, though nobody seems to speak", "sure of a loop", "on the thresholds",
    ],
)  # fmt: skip
def test_what_passes(made: DecodingAttempt, passes: bool, silent: bool) -> None:
    assert GATE.passes([made]) is passes
    assert GATE.is_silence(made) is silent


def test_the_last_attempt_is_kept_if_it_passes() -> None:
    tries = [attempt(logprob=-1.1), attempt(logprob=-0.9)]
    assert GATE.choose(tries) is tries[1]


def test_else_the_most_probable_that_does_not_loop() -> None:
    tries = [attempt(LOOP, -0.1), attempt("b", -3.0), attempt("c", -1.2), attempt("d", -5.0)]
    assert GATE.choose(tries) is tries[2]


def test_else_the_most_probable_of_all() -> None:
    tries = [attempt(LOOP, -0.7), attempt(LOOP, -0.1), attempt(GOOD, -0.5, cut=True)]
    assert GATE.choose(tries) is tries[1]


SAID_TWICE = "The conference will begin when the leader arrives. " * 4


def test_a_text_that_repeats_itself_passes_once_it_was_written_twice() -> None:
    first, unlike = attempt(SAID_TWICE, -0.1), attempt(LOOP, -0.1)
    again = attempt(SAID_TWICE.replace(". ", ", "), -0.2)
    assert not GATE.passes([first])
    assert not GATE.passes([first, unlike])
    assert GATE.passes([first, unlike, again])
    assert GATE.choose([first, unlike, again]) is first


@pytest.mark.parametrize("wrong", [{"cut": True}, {"loop": True}, {"logprob": -2.0}])
def test_a_text_that_is_wrong_otherwise_does_not_pass_by_being_written_twice(
    wrong: dict[str, float],
) -> None:
    assert not GATE.passes([attempt(SAID_TWICE, -0.1), attempt(SAID_TWICE, **wrong)])


def test_what_the_clock_told_for_a_loop_confirms_nothing() -> None:
    assert not GATE.passes([attempt(SAID_TWICE, -0.1, loop=True), attempt(SAID_TWICE, -0.1)])
