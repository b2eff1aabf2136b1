"""Real repetitions stay; hallucinated ones are cut."""

from __future__ import annotations

import numpy as np
import pytest

from app.domain.audio import Audio
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.gpu.repetition_filter import cut_crammed_end, cut_loops, syllables


def said(
    text: str, each_ms: int, *, start_ms: int = 0, sure: float = 0.9, glued: bool = False
) -> list[Word]:
    """Return words of one length, one after the other."""
    starts = range(start_ms, start_ms + each_ms * len(text.split()), each_ms)
    return [
        Word(word, Span(at, at + each_ms), sure, glued=glued)
        for word, at in zip(text.split(), starts, strict=True)
    ]


def segment(words: list[Word]) -> Segment:
    span = Span(words[0].span.start_ms, words[-1].span.end_ms)
    text = "".join(word.text if word.glued else f" {word.text}" for word in words).strip()
    return Segment(text, span, tuple(words), "en", 0.8, span.end_ms)


def left(*parts: list[Word], audio: Audio | None = None) -> str:
    filtered = cut_loops([segment(part) for part in parts], audio)
    return " ".join(one.text for one in filtered)


CHORUS = "We will sing along the river and the river sings along with us."

REAL = [
    pytest.param([said("Yes.", 300), said("Yes.", 400, start_ms=9_000)], id="yes, and later yes"),
    pytest.param([said("Yes. Yes. Yes.", 250)], id="yes three times"),
    pytest.param([said("no no no no", 180)], id="no no no no, fast"),
    pytest.param([said("no " * 12, 150, sure=0.97)], id="twelve times no, surely"),
    pytest.param([said("Very, very, very good.", 260)], id="very, very, very good"),
    pytest.param([said("Very, very, very good.", 20)], id="too little to tell, however timed"),
    pytest.param([said("na na na na na na na na hey hey hey goodbye", 200)], id="a refrain"),
    pytest.param([said("ha " * 14, 140)], id="laughter"),
    pytest.param([said(CHORUS, 220, start_ms=at) for at in (0, 4_000, 8_000)], id="a chorus"),
    pytest.param([said("Thank you. " * 3, 250)], id="thanks three times"),
    pytest.param([said("USA! " * 10, 700, sure=0.98)], id="a chant"),
    pytest.param([said("哈 " * 16, 150, glued=True)], id="Chinese laughter"),
    pytest.param([said("да " * 6, 130)], id="Russian, fast"),
    pytest.param([said("10 10 10 9 9 9", 300)], id="numbers"),
    pytest.param([said("I know. I know. I know that you know that I know.", 170)], id="overlap"),
    pytest.param(
        [said("no", 600) + said("no no no no", 20, start_ms=600) + said("I said", 200)],
        id="no five times, timed badly",
    ),
    pytest.param([said("Nooooooooooooooooo!", 2_500)], id="a long no"),
]


@pytest.mark.parametrize("parts", REAL)
def test_real_repetitions_survive(parts: list[list[Word]]) -> None:
    given = [segment(part) for part in parts]
    assert cut_loops(given) == given


LOOPS = [
    pytest.param(
        [said("Thank you.", 300) + said("Thank you. " * 12, 20, start_ms=600)],
        "Thank you.",
        id="crammed behind the first",
    ),
    pytest.param(
        [said("We go home.", 250)] + [said("We go home.", 10, start_ms=800)] * 3,
        "We go home.",
        id="sentence by sentence",
    ),
    pytest.param([said("I think that I think that " * 9, 60)], "I think that", id="too fast"),
    pytest.param(
        [said("It rained", 250) + said("all the time " * 20, 55, start_ms=500)],
        "It rained all the time",
        id="after real words",
    ),
    pytest.param(
        [said("Well then", 250) + said("na " * 30, 50, start_ms=500) + said("we left", 200)],
        "Well then na",
        id="with words behind it, whose times mean nothing",
    ),
    pytest.param([said("Buh " * 6, 400, sure=0.05)], "Buh", id="noise that was never believed"),
    pytest.param(
        [said("Thanks!", 900, sure=0.2) + said("Thanks! " * 11, 900, start_ms=900, sure=0.99)],
        "Thanks!",
        id="doubted once and certain ever after",
    ),
    pytest.param([said("谢谢 " * 20, 40, glued=True)], "谢谢", id="Chinese"),
    pytest.param([said("спасибо " * 12, 90)], "спасибо", id="Russian"),
    pytest.param([said("شكرا " * 14, 70)], "شكرا", id="Arabic"),
    pytest.param([said("Ha" + "ha" * 60, 900)], "Haha", id="inside one word"),
]


@pytest.mark.parametrize(("parts", "expected"), LOOPS)
def test_loops_are_cut_to_their_first_occurrence(parts: list[list[Word]], expected: str) -> None:
    assert left(*parts) == expected


def test_what_was_cut_leaves_its_time() -> None:
    words = said("It rained", 250) + said("all the time " * 20, 55, start_ms=500)
    [segment_left] = cut_loops([segment(words), segment(said("And then", 200, start_ms=5_000))])
    assert segment_left.span == Span(0, 665)
    assert segment_left.clear_until_ms == 665
    assert segment_left.words == tuple(words[:5])


def test_confidence_is_that_of_the_words_that_stay() -> None:
    words = said("One two", 300, sure=0.5) + said("buh " * 9, 300, start_ms=600, sure=0.1)
    [segment_left] = cut_loops([segment(words)])
    assert segment_left.text == "One two buh"
    assert segment_left.confidence == pytest.approx((0.5 * 0.5 * 0.1) ** (1 / 3))


def test_silence_holds_no_words() -> None:
    """Ten phrases in five seconds are fine, unless only half a second of it makes a sound."""
    words = said("Thank you " * 10, 250)
    tone = (0.3 * np.sin(np.arange(16_000 * 5) * 0.17)).astype(np.float32)
    hushed = tone.copy()
    hushed[8_000:] *= 0.001
    assert left(words, audio=Audio(tone)) == segment(words).text
    assert left(words, audio=Audio(hushed)) == "Thank you"
    later = said("Thank you " * 10, 250, start_ms=70_000)
    assert left(later, audio=Audio(hushed, 70_000 * 16)) == "Thank you"
    assert left(words, audio=Audio(np.zeros(80, np.float32))) == segment(words).text


def test_segments_without_words_count_as_one_word() -> None:
    spans = [Span(0, 900), *[Span(900 + 20 * i, 920 + 20 * i) for i in range(8)]]
    given = [Segment("Thank you.", span, (), "en") for span in spans]
    assert cut_loops(given) == given[:1]
    slow = [Segment("Thank you.", Span(i * 900, i * 900 + 800), (), "en") for i in range(8)]
    assert cut_loops(slow) == slow


def test_nothing_stays_nothing() -> None:
    assert cut_loops([]) == []


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("no", 1), ("like,", 1), ("Thank", 1), ("Subscribe!", 2), ("the", 1), ("rhythm", 1),
        ("1987", 4), ("спасибо", 3), ("今天", 2), ("きょう", 3), ("안녕", 2), ("über", 2),
        ("مرحبا", 2), ("…", 0), ("", 0),
    ],
)  # fmt: skip
def test_syllables(word: str, count: int) -> None:
    assert syllables(word) == count


def test_a_sentence_crammed_into_the_end_was_never_said() -> None:
    heard = segment(said("Please tell the people near the bridge.", 250, start_ms=7_400))
    invented = segment(said("Escape of the wizard, please.", 30, start_ms=9_150))
    assert cut_crammed_end([heard, invented]) == [heard]
    assert cut_crammed_end([invented]) == [invented], "where all is crammed, alignment failed"


def test_short_words_at_the_end_are_crammed_together_with_what_follows_them() -> None:
    heard = segment(said("Tell the people near the bridge.", 250))
    shrine = segment(said("Shrine.", 20, start_ms=1_600))
    escape = segment(said("Escape of the wizard.", 20, start_ms=1_620))
    assert cut_crammed_end([heard, shrine, escape]) == [heard]


def test_what_may_have_been_said_at_the_end_stays() -> None:
    heard = segment(said("Tell the people near the bridge.", 250))
    quick = segment(said("I will call them before noon.", 110, start_ms=1_600))
    brief = segment(said("Yes.", 20, start_ms=2_300))
    assert cut_crammed_end([heard, quick, brief]) == [heard, quick, brief]
    assert cut_crammed_end([]) == []
