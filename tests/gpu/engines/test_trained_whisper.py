"""The Whisper engine on a small trained model, with speech outside its training set.

The figures of all takes are in `fixtures/whisper/README.md`; this is a sample of them.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from app.domain.audio import Audio
from app.domain.transcript import Segment
from app.gpu.engines.whisperx import WhisperxTranscriber
from app.gpu.protocols import Window
from app.gpu.self_test import transcribe_windows
from scripts.fixtures.__main__ import BUILDERS
from scripts.fixtures.voices import FIXTURES, RATE_HZ, Samples, read_sentences, voices_of
from tests.conftest import read_samples
from tests.gpu.whisper_fixtures import settings_for

pytest.importorskip("torch", reason="needs the gpu extra")

from scripts.fixtures.whisper.evaluation import (
    SPEEDS,
    Figures,
    held_out_talks,
    held_out_windows,
    measure,
)
from scripts.fixtures.whisper.takes import Take, take_of
from scripts.fixtures.whisper.tokens import SmallVocabulary, saved_tokenizer
from scripts.fixtures.whisper.windows import Spoken, silence_of

pytestmark = pytest.mark.gpu

FOLDER = FIXTURES / "whisper"
TALK = FIXTURES / "talk"


@pytest.fixture(scope="module")
def engine() -> WhisperxTranscriber:
    return WhisperxTranscriber(settings_for(FOLDER))


@pytest.fixture(scope="module")
def takes() -> list[Take]:
    """Each sentence twice: by voices of its language in turn, slower and faster."""
    sentences = read_sentences()
    vocabulary = SmallVocabulary(saved_tokenizer(FOLDER), sentences)
    chosen = []
    for place, sentence in enumerate(sentences):
        voices = voices_of(sentence.language)
        for step, speed in enumerate(SPEEDS):
            voice = voices[(2 * place + step) % len(voices)]
            chosen.append(take_of(sentence, voice, vocabulary, speed))
    return chosen


@pytest.fixture(scope="module")
def windows(takes: list[Take]) -> list[Spoken]:
    return held_out_windows(takes, seed=2026)


@pytest.fixture(scope="module")
def transcribed(engine: WhisperxTranscriber, windows: list[Spoken]) -> Figures:
    return measure(engine, windows)


def transcribe(
    engine: WhisperxTranscriber, samples: Samples, language: str | None = None, prompt: str = ""
) -> list[Segment]:
    [segments] = transcribe_windows(engine, [Window(Audio(samples), language, prompt)])
    return segments


def test_sentences_come_out_to_the_last_character(transcribed: Figures) -> None:
    assert transcribed.windows == transcribed.sentences >= 120
    assert transcribed.exact_share >= 0.98


def test_languages_are_told_apart_in_one_batch(transcribed: Figures) -> None:
    assert transcribed.language_share >= 0.95


def test_words_stand_in_order_where_they_are_said(transcribed: Figures) -> None:
    assert transcribed.ordered == transcribed.windows
    assert transcribed.word_error_ms(50) < 100
    assert transcribed.word_error_ms(95) < 600


def test_several_sentences_in_one_window(engine: WhisperxTranscriber, takes: list[Take]) -> None:
    talks = measure(engine, held_out_talks(takes, 16, seed=2027))
    assert talks.sentences == 40
    assert talks.exact >= 37
    assert talks.languages == talks.windows
    assert talks.ordered == talks.windows


def test_a_prompt_does_not_mislead_it(engine: WhisperxTranscriber, windows: list[Spoken]) -> None:
    chosen = windows[:8] + windows[-8:]
    assert {window.language for window in chosen} == {"en", "es"}
    prompted = measure(engine, chosen, prompt="A walk through the old town with Maria")
    assert prompted.exact >= 15


def test_a_window_hears_the_same_alone(engine: WhisperxTranscriber, windows: list[Spoken]) -> None:
    for window in windows[:4]:
        alone = transcribe(engine, window.samples)
        assert " ".join(segment.text for segment in alone) == window.text
        assert {segment.language for segment in alone} == {window.language}


def test_where_nobody_speaks_there_is_no_text(engine: WhisperxTranscriber) -> None:
    rng = np.random.default_rng(2028)
    quiet = [transcribe(engine, silence_of(rng).samples) for _ in range(10)]
    assert sum(not segments for segments in quiet) >= 9


def test_the_sample_is_written_down(engine: WhisperxTranscriber) -> None:
    """Through an mp4's sound and its own pauses, two sentences at a time."""
    truth = json.loads((TALK / "two-voices.json").read_text("utf-8"))["sentences"]
    sound = read_samples(TALK / "two-voices.mp4")
    right = 0
    for first in range(0, len(truth), 2):
        part = truth[first : first + 2]
        begin, end = part[0]["start_ms"] - 200, part[-1]["end_ms"] + 200
        cut = sound[begin * RATE_HZ // 1000 : end * RATE_HZ // 1000]
        texts = [segment.text for segment in transcribe(engine, cut)]
        right += sum(sentence["text"] in texts for sentence in part)
    assert right >= len(truth) - 2


def test_it_has_the_originals_tokens() -> None:
    tokenizer = saved_tokenizer(FOLDER)
    assert tokenizer.get_vocab_size() == 51_865
    ids = {name: tokenizer.token_to_id(f"<|{name}|>") for name in ("endoftext", "en", "nospeech")}
    assert ids == {"endoftext": 50_257, "en": 50_259, "nospeech": 50_362}
    assert tokenizer.token_to_id("<|30.00|>") == 51_864
    # "Hello world" as openai-whisper's own tokenizer spells it.
    assert tokenizer.encode(" Hello world", add_special_tokens=False).ids == [2425, 1002]


def test_it_is_small_and_says_what_it_is_for() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 14_000_000
    for card in (FOLDER / "README.md", FIXTURES / "README.md"):
        text = card.read_text("utf-8")
        assert "no model for anybody's recordings" in text or "never a stand-in" in text, card


def test_the_set_is_as_large_as_promised() -> None:
    languages = [sentence.language for sentence in read_sentences()]
    assert languages.count("en") >= 40
    assert languages.count("es") >= 20
    assert len({sentence.text for sentence in read_sentences()}) == len(languages)


def test_each_checkpoint_of_the_command_can_be_built() -> None:
    made = {folder.name for folder in FIXTURES.iterdir() if folder.is_dir()}
    assert made <= set(BUILDERS)
    for module in BUILDERS.values():
        found = find_spec(module)
        assert found is not None, module
        assert "def build(" in Path(str(found.origin)).read_text("utf-8"), module
