"""Words with times from the synthesizers, the reference of alignment tests."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("scipy", reason="needs the gpu extra")

from app.domain.audio import Samples
from app.domain.time import Span, ms_to_samples
from scripts.fixtures.spoken import Spoken, SynthesizerError
from scripts.fixtures.voices import VOICES, Voice, speak, trimmed
from scripts.fixtures.word_times import speak_words

ENGLISH = "Where's the edge of the river, my friend? Out of sight."
SPANISH = "¿Dónde está la casa? Aquí, en la calle."
SLT, KAL = Voice("slt", "en", "flite"), Voice("kal16", "en", "flite")
AMERICAN = Voice("en-us+m3", "en", "espeak-ng")


def relative_loudness(spoken: Spoken, span: Span) -> float:
    """Return the loudness of a span relative to the whole."""
    part = spoken.samples[ms_to_samples(span.start_ms) : ms_to_samples(span.end_ms)]
    return loudness(part) / loudness(spoken.samples)


def loudness(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))


@pytest.mark.parametrize("voice", VOICES, ids=lambda voice: voice.name)
def test_words_are_where_the_audio_is_loud(voice: Voice) -> None:
    text = ENGLISH if voice.language == "en" else SPANISH
    spoken = speak_words(text, voice)
    assert [word.text for word in spoken.words] == text.split()
    assert spoken.text == text
    spans = [word.span for word in spoken.words]
    assert spans[0].start_ms == 0
    assert abs(ms_to_samples(spans[-1].end_ms) - len(spoken.samples)) <= 16
    assert all(span.duration_ms >= 40 for span in spans)
    assert all(relative_loudness(spoken, span) > 0.1 for span in spans)
    pauses = [
        Span(one.end_ms, other.start_ms)
        for one, other in pairwise(spans)
        if one.end_ms != other.start_ms
    ]
    assert len(pauses) == text.count(",") + text.count("?"), "one after each sign inside"
    for pause in pauses:
        assert relative_loudness(spoken, Span(pause.start_ms + 20, pause.end_ms - 20)) < 0.1


def test_the_sound_is_what_the_program_says() -> None:
    """Of a voice without noise of its own, sample by sample."""
    sentence = ENGLISH.split("?")[0]
    inner, theirs = trimmed(speak_words(sentence, KAL).samples), speak(sentence, KAL)
    # A faint click before the first word counts as sound there.
    assert len(theirs) - len(inner) < 4000
    np.testing.assert_allclose(inner, theirs[-len(inner) :], atol=1e-3)


@pytest.mark.parametrize("voice", [SLT, AMERICAN], ids=lambda voice: voice.name)
def test_a_faster_voice_says_each_word_sooner(voice: Voice) -> None:
    slow, fast = speak_words(ENGLISH, voice, speed=0.9), speak_words(ENGLISH, voice, speed=1.1)
    starts = [[word.span.start_ms for word in spoken.words[1:]] for spoken in (slow, fast)]
    ratios = np.array(starts[0]) / np.array(starts[1])
    assert np.median(ratios) == pytest.approx(1.1 / 0.9, rel=0.1)


def test_two_words_said_as_one_are_told_apart() -> None:
    """espeak-ng says "of the" as a single word."""
    spans = [word.span for word in speak_words("This end of the car.", AMERICAN).words]
    assert [spans[2].start_ms, spans[3].start_ms] == [spans[1].end_ms, spans[2].end_ms]
    assert all(60 < span.duration_ms < 200 for span in spans[2:4])


def test_times_move_with_what_is_done_to_the_sound() -> None:
    spoken = speak_words("Thank you.", SLT, gain=0.5)
    assert float(np.abs(spoken.samples).max()) == pytest.approx(0.25, abs=0.01)
    placed = spoken.within(300, 200)
    both = Spoken.joined([placed, placed])
    assert both.text == "Thank you. Thank you."
    assert len(both.samples) == 2 * (len(spoken.samples) + 16 * 500)
    assert both.words[0].span.start_ms == 300
    assert both.words[2].span.start_ms == 300 + len(placed.samples) // 16
    assert [word.span for word in both.without_silence().words[:2]] == [
        word.span for word in spoken.words
    ]
    noisy = placed.noisy(20, seed=1)
    noise = noisy.samples - placed.samples
    assert 20 * np.log10(loudness(placed.samples) / loudness(noise)) == pytest.approx(20, abs=0.2)
    assert np.array_equal(noisy.samples, placed.noisy(20, seed=1).samples)


def test_what_cannot_be_spoken_is_told() -> None:
    with pytest.raises(SynthesizerError, match="no voice"):
        speak_words("Hello.", Voice("nobody", "en", "flite"))
    with pytest.raises(SynthesizerError, match="no voice"):
        speak_words("Hello.", Voice("nobody", "en", "espeak-ng"))
    with pytest.raises(SynthesizerError, match="words"):
        speak_words("one — two", SLT)
