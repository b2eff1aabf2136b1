"""Translations that the transcriber makes reach the segments and the cues that they belong to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from app.domain.audio import Audio
from app.domain.cue import Cue
from app.domain.errors import InvalidLanguageError, TranslationIncompleteError
from app.domain.language import ENGLISH, Language
from app.domain.profile import DEFAULT_PROFILE
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.services.stages.cues import CueLayout
from app.services.stages.speech_translator import SpeechTranslator, with_translations
from app.services.stages.stage_clock import StageClock
from app.services.stages.vad import SpeechWindow
from app.services.translation.speech_pairs import SpeechPairs
from app.services.translation.translation_job import TranslationJob
from app.services.translation.translator import LanguagePair
from app.settings import Settings, TranslationSettings
from tests.services.stages.translating import ScriptedTranslator, Source, failing, translated

FRENCH = ("Bonjour à tous.", "Il fait beau aujourd'hui.", "Au revoir.")


class SpanishOnly(ScriptedTranslator):
    """Translates Spanish into English and nothing else."""

    def check(self, pair: LanguagePair) -> None:
        if pair.source is not None and pair.source.base != "es":
            raise InvalidLanguageError("Spanish alone")


def pairs(
    target: str | None = "en", provider: str = "embedded", *, can: bool = True
) -> SpeechPairs:
    settings = Settings(translation=TranslationSettings(provider=provider))  # type: ignore[arg-type]
    language = Language.parse(target) if target else None
    return SpeechPairs.of(settings, SpanishOnly(), language, translates=can)


def said(text: str, second: int, language: str = "fr", seconds: int = 2) -> Segment:
    words = text.split()
    each_ms = seconds * 1000 // len(words)
    starts = range(second * 1000, second * 1000 + each_ms * len(words), each_ms)
    timed = tuple(
        Word(word, Span(at, at + each_ms)) for word, at in zip(words, starts, strict=True)
    )
    whole = Span(second * 1000, (second + seconds) * 1000)
    return Segment(text, whole, timed, language, 1.0, whole.end_ms)


def french() -> list[Segment]:
    return [said(text, 3 * place) for place, text in enumerate(FRENCH)]


def english(*texts: str, at: Sequence[int] = (0, 3, 6)) -> list[Segment]:
    return [said(text, second, "en") for text, second in zip(texts, at, strict=False)]


def test_only_what_the_embedded_translator_cannot_serve_is_taken() -> None:
    assert pairs().take(Language("fr"))
    assert pairs("en-GB").take(Language("ca"))
    for other in (pairs("fr"), pairs(None), pairs(provider="apertium"), pairs(can=False)):
        assert not other.take(Language("it"))
    assert not pairs().take(Language("es"))
    assert not pairs().take(Language("en-US"))
    assert not pairs().take(None), "the translator decides what unknown speech is taken for"


def test_as_many_sentences_are_pairs() -> None:
    found = with_translations(french(), english("Hello all.", "It is fine today.", "Goodbye."))
    assert [segment.translation for segment in found] == [
        "Hello all.",
        "It is fine today.",
        "Goodbye.",
    ]
    assert [segment.text for segment in found] == list(FRENCH)


@pytest.mark.parametrize(
    "heard",
    [
        english("Hello all.", "It is fine.", at=(0, 3)),
        english("Hello.", "All of you.", "It is fine.", "Today.", at=(0, 1, 3, 4)),
        english("Hello all, it is fine today and goodbye.", at=(0,)),
        english("Hello.", "To all.", "It is fine today.", at=(0, 0, 1)),
    ],
)
def test_otherwise_every_word_goes_to_one_sentence_in_order(heard: list[Segment]) -> None:
    found = with_translations(french(), heard)
    texts = [segment.translation or "" for segment in found]
    assert all(texts)
    assert " ".join(texts) == " ".join(segment.text for segment in heard)


def test_nothing_heard_is_a_blank_translation_except_where_there_are_no_words() -> None:
    found = with_translations([said("Bonjour.", 0), said("♪ ♪", 3)], [])
    assert [segment.translation for segment in found] == ["", "♪ ♪"]


def test_the_cues_of_a_sentence_share_its_translation() -> None:
    long = said(
        "Voici une phrase assez longue pour tenir sur plusieurs sous-titres " * 3, 0, "fr", 20
    )
    [segment] = with_translations(
        [long], [said("Here is a rather long sentence that takes several cues " * 3, 0, "en", 20)]
    )
    cues = list(CueLayout(DEFAULT_PROFILE).lay_out(segment))
    assert len(cues) > 1
    assert segment.translation is not None
    assert " ".join(str(cue.translation) for cue in cues).split() == segment.translation.split()
    assert all(cue.translation and cue.language == "fr" for cue in cues)


class Listener:
    """Hears scripted segments in every window."""

    capacity = 3

    def __init__(self, heard: Sequence[list[Segment]]) -> None:
        self.heard = list(heard)
        self.windows: list[SpeechWindow] = []

    async def transcribe(self, window: SpeechWindow) -> list[Segment]:
        self.windows.append(window)
        return self.heard.pop(0)


WINDOW = SpeechWindow(0, Audio(np.zeros(9 * 16_000, np.float32)), 9_000, (Span(0, 8_000),))


async def heard_by(spoken: list[Segment], *made: list[Segment]) -> tuple[list[Segment], Listener]:
    """Return what a window becomes, and who translated it."""
    translating, languages = Listener(made), []

    def of(language: str) -> Listener:
        languages.append(language)
        return translating

    transcriber = SpeechTranslator(
        Listener([spoken]),  # type: ignore[arg-type]
        pairs(),
        of,  # type: ignore[arg-type]
        StageClock(),
    )
    assert transcriber.capacity == 3
    found = await transcriber.transcribe(WINDOW)
    assert set(languages) <= {"fr"}
    return found, translating


async def test_a_window_is_decoded_once_more_as_a_whole() -> None:
    found, translating = await heard_by(french(), english("Hello all.", "It is fine.", "Bye."))
    assert [segment.translation for segment in found] == ["Hello all.", "It is fine.", "Bye."]
    assert translating.windows == [WINDOW]


async def test_a_second_language_in_a_window_is_left_to_the_translator() -> None:
    spoken = [said("Bonjour.", 0), said("Buenos días.", 3, "es")]
    found, translating = await heard_by(spoken, english("Hello."))
    assert [segment.translation for segment in found] == ["Hello.", None]
    [part] = translating.windows
    assert part.audio.span == Span(0, 2_200)
    assert part.voiced == (Span(0, 2_000),)


async def test_what_gave_no_text_is_heard_again_without_its_surroundings() -> None:
    found, translating = await heard_by([said("Bonjour.", 3)], [], english("Hello.", at=(3,)))
    assert [segment.translation for segment in found] == ["Hello."]
    assert translating.windows[1].audio.span == Span(2_800, 5_200)


def cue(number: int, translation: str | None, language: str = "fr") -> Cue:
    span = Span(number * 2000, number * 2000 + 1900)
    return Cue(number, span, f"ligne {number}", translation, language=language)


JOB = TranslationJob(ENGLISH)


async def test_translated_cues_pass_and_the_translator_gets_the_others() -> None:
    translator = SpanishOnly()
    cues = [cue(0, "line 0"), cue(1, "line 1"), cue(2, None, "es"), cue(3, "line 3")]
    found = [each async for each in translated(Source(cues), translator, JOB)]
    assert [each.translation for each in found] == ["line 0", "line 1", "LIGNE 2", "line 3"]
    assert [each.revision for each in found] == [1, 1, 1, 1]
    assert translator.batches == [[2]]


async def test_cues_without_a_translation_are_named_after_those_before_them() -> None:
    cues = [cue(0, "line 0"), cue(1, ""), cue(2, ""), cue(3, "line 3")]
    seen, error = await failing(translated(Source(cues), SpanishOnly(), JOB))
    assert seen == [0]
    assert isinstance(error, TranslationIncompleteError)
    assert error.missing == (1, 2)
