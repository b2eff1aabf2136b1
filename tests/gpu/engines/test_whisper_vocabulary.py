"""Prompts, characters and languages of a Whisper checkpoint."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer

from app.domain.errors import EngineLoadError, InvalidLanguageError
from app.gpu.engines.whisperx.whisper_languages import WhisperLanguages
from app.gpu.engines.whisperx.whisper_vocabulary import HINT_TOKENS, WhisperVocabulary, byte_of
from scripts.fixtures.whisper_vocabulary import LANGUAGES, whisper_tokenizer

START, ENGLISH, TRANSCRIBE, EARLIER, UNTIMED = 50_258, 50_259, 50_359, 50_361, 50_363
"""Ids of multilingual Whisper up to large-v2."""


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return whisper_tokenizer()


@pytest.fixture(scope="module")
def vocabulary(tokenizer: Tokenizer) -> WhisperVocabulary:
    return WhisperVocabulary(tokenizer, multilingual=True)


def test_the_fixture_has_the_originals_layout(tokenizer: Tokenizer) -> None:
    assert tokenizer.get_vocab_size() == 51_865
    known = {"!": 0, "\u0120": 220, "<|endoftext|>": 50_257, "<|nospeech|>": 50_362}
    assert {token: tokenizer.token_to_id(token) for token in known} == known
    assert tokenizer.id_to_token(51_864) == "<|30.00|>"
    assert tokenizer.id_to_token(50_256) == ""


def test_prompts(vocabulary: WhisperVocabulary) -> None:
    assert vocabulary.prompt("en") == [START, ENGLISH, TRANSCRIBE, UNTIMED]
    assert vocabulary.prompt("zh", "  ") == [START, ENGLISH + 1, TRANSCRIBE, UNTIMED]
    assert vocabulary.end_of_text == 50_257


def test_the_tasks_have_equally_long_prompts_and_english_is_transcribed(
    vocabulary: WhisperVocabulary,
) -> None:
    assert vocabulary.start("zh", "translate") == [START, ENGLISH + 1, TRANSCRIBE - 1]
    assert vocabulary.start("en", "translate") == [START, ENGLISH, TRANSCRIBE]
    hinted = [vocabulary.prompt("zh", "weather", task) for task in ("transcribe", "translate")]
    assert len(hinted[0]) == len(hinted[1])
    assert hinted[1][-3:] == [ENGLISH + 1, TRANSCRIBE - 1, UNTIMED]


def test_hints_are_padded_or_cut_in_front(
    vocabulary: WhisperVocabulary, tokenizer: Tokenizer
) -> None:
    spelled = tokenizer.encode(" weather.", add_special_tokens=False).ids
    short = vocabulary.prompt("en", "weather ")
    assert short[: -4 - len(spelled)] == [EARLIER, *[220] * (HINT_TOKENS - len(spelled))]
    assert short[-4 - len(spelled) :] == [*spelled, START, ENGLISH, TRANSCRIBE, UNTIMED]
    long = vocabulary.prompt("en", "x " * 500 + "weather")
    assert len(long) == len(short)
    assert long[-4 - len(spelled) : -4] == spelled


@pytest.mark.parametrize(
    ("hint", "ended"),
    [
        ("weather", "weather."),
        ("weather?", "weather?"),
        ("天気", "天気。"),
        ("Asterisk, PBX", "Asterisk, PBX."),
    ],
)
def test_a_hint_ends_as_a_sentence_does(
    vocabulary: WhisperVocabulary, tokenizer: Tokenizer, hint: str, ended: str
) -> None:
    spelled = tokenizer.encode(f" {ended}", add_special_tokens=False).ids
    assert vocabulary.prompt("en", hint)[-4 - len(spelled) : -4] == spelled


def test_an_english_model_takes_no_language() -> None:
    english = WhisperVocabulary(whisper_tokenizer(english_only=True), multilingual=False)
    assert english.codes == ("en",)
    assert english.prompt("en") == [START - 1, UNTIMED - 1]


def test_languages_are_read_from_the_tokens(vocabulary: WhisperVocabulary) -> None:
    assert vocabulary.codes == LANGUAGES


@pytest.mark.parametrize("text", ["Hello there.", "Москва", "今天天气", "naïve 🙂 ok", "สวัสดี"])
def test_pieces_are_whole_characters(
    vocabulary: WhisperVocabulary, tokenizer: Tokenizer, text: str
) -> None:
    tokens = tokenizer.encode(text, add_special_tokens=False).ids
    pieces = vocabulary.pieces(tokens)
    assert "".join(piece.text for piece in pieces) == text
    assert [piece.first for piece in pieces[1:]] == [piece.end for piece in pieces[:-1]]
    assert pieces[-1].end == len(tokens)
    assert len(pieces) > 1
    assert vocabulary.text(tokens) == text


def test_a_character_that_was_cut_off(vocabulary: WhisperVocabulary, tokenizer: Tokenizer) -> None:
    tokens = tokenizer.encode("a🙂", add_special_tokens=False).ids[:-1]
    assert [piece.text for piece in vocabulary.pieces(tokens)] == ["a", "\ufffd"]
    assert vocabulary.text(tokens) == "a"


def test_specials_are_not_text(vocabulary: WhisperVocabulary) -> None:
    assert vocabulary.text_tokens([5, 50_257, 50_364, 50_256]) == (5, 50_256)
    assert vocabulary.text([50_256]) == ""


def test_every_byte_has_a_character() -> None:
    assert sorted(byte_of().values()) == list(range(256))
    assert byte_of()["\u0120"] == ord(" ")


def test_another_tokenizer_is_refused() -> None:
    with pytest.raises(EngineLoadError, match=r"lacks <\|endoftext\|>"):
        WhisperVocabulary(
            Tokenizer.from_str('{"model": {"type": "BPE", "vocab": {}, "merges": []}}'),
            multilingual=True,
        )


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("en", "en"), ("zh-CN", "zh"), ("ZH_tw", "zh"), ("pt-BR", "pt"), ("jv", "jw"),
        ("fil", "tl"), ("tl", "tl"), ("nb-NO", "no"), ("no", "no"), ("iw", "he"), ("haw", "haw"),
    ],
)  # fmt: skip
def test_tags_to_codes(tag: str, code: str) -> None:
    assert WhisperLanguages(LANGUAGES).code(tag) == code


def test_codes_to_tags() -> None:
    languages = WhisperLanguages(LANGUAGES)
    assert [languages.tag(code) for code in ("jw", "tl", "no", "en")] == ["jv", "fil", "no", "en"]
    assert {"nb", "no", "fil", "jv"} <= set(languages.tags)
    assert not {"tl", "jw"} & set(languages.tags)


@pytest.mark.parametrize("tag", ["yue", "tlh", "xx", "not a tag"])
def test_languages_that_the_model_lacks(tag: str) -> None:
    with pytest.raises(InvalidLanguageError):
        WhisperLanguages(LANGUAGES).code(tag)
