"""English and Spanish by the real Apertium."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.errors import EngineLoadError, InvalidLanguageError
from app.domain.language import Language
from app.services.translation.providers.apertium import ApertiumTranslator
from app.services.translation.providers.apertium_pipeline import ApertiumPipeline
from app.services.translation.providers.apertium_process import require_modes
from app.services.translation.providers.apertium_stream import frame, unframe
from app.services.translation.translator import LanguagePair, SourceLine
from app.settings import Settings

TO_SPANISH = LanguagePair(Language("en"), Language("es"))
TO_ENGLISH = LanguagePair(Language("es"), Language("en"))

HOSTILE = [
    "Call Mr",
    "initial J",
    "[note] ^a/b<n>$ @x #y *z {q} \\ back",
    "[[t:b:123]]word[[/]]",
    "two\nlines and\r\nthree",
    "a NUL \0 inside",
    ".[0]",
    "\\.[0]",
    "last[",
    "^",
    "\\",
    "",
    "   ",
    "...",
    "♪",
    "😀 ¿Qué? ¡hola! 😀",
    "<i>italics</i> & 5%",
    "half a surrogate \ud83d here",
    "x\u2028y",
    "#",
    "*star +plus ~tilde",
]


words = st.text(
    st.characters(codec="utf-8") | st.sampled_from("[]{}^$/\\@<>*#+~.\0\n\r\t|"), max_size=30
)


async def translate(texts: list[str], pair: LanguagePair) -> dict[int, str]:
    lines = [SourceLine(10 + number, text) for number, text in enumerate(texts)]
    translator = ApertiumTranslator(Settings())
    try:
        answers = [answer async for answer in translator.translate(lines, pair, ())]
    finally:
        await translator.close()
    assert sorted(number for number, _ in answers) == [line.id for line in lines]
    return dict(answers)


async def test_translates_both_ways():
    assert await translate(["The house is red."], TO_SPANISH) == {10: "La casa es roja."}
    assert await translate(["El perro come."], TO_ENGLISH) == {10: "The dog eats."}


async def test_keeps_words_in_their_own_line():
    apart = await translate(["I like ice"], TO_SPANISH)
    together = await translate(["I like ice", "cream and dogs"], TO_SPANISH)
    assert together[10] == apart[10]
    assert "hielo" not in together[11]


async def test_leaves_unknown_words_without_a_mark():
    assert (await translate(["The zorblax is red."], TO_SPANISH))[10] == "El zorblax es rojo."


async def test_goes_on_in_lower_case_where_the_source_does():
    assert (await translate(["and the dog"], TO_SPANISH))[10] == "y el perro"
    assert (await translate(["And the dog"], TO_SPANISH))[10] == "Y el perro"


async def test_one_line_in_one_line_out_whatever_it_contains():
    texts = [line for text in HOSTILE for line in (text, "The house is red.")]
    answers = await translate(texts, TO_SPANISH)
    assert [answers[10 + n] for n in range(1, len(texts), 2)] == ["La casa es roja."] * len(HOSTILE)
    assert not any("\n" in text or "\0" in text for text in answers.values() if text.strip("\n"))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(words, min_size=1, max_size=12))
def test_never_shifts_a_line(texts: list[str]):
    anchored = [f"zq{number}qz {text}" for number, text in enumerate(texts)]
    answers = asyncio.run(translate(anchored, TO_SPANISH))
    for number, text in enumerate(answers[10 + n] for n in range(len(texts))):
        assert f"zq{number}qz" in text.lower()


@given(st.lists(words, max_size=20))
def test_a_record_that_is_not_in_its_place_is_no_answer(texts: list[str]):
    framed = frame(texts)
    assert None not in unframe(framed, len(texts))
    shifted = unframe(b"\0" + framed, len(texts))
    assert shifted == [None] * len(texts)


async def test_a_line_that_is_lost_in_company_is_asked_alone(monkeypatch: pytest.MonkeyPatch):
    runs: list[int] = []
    whole = ApertiumPipeline.translate

    async def lossy(pipeline: ApertiumPipeline, texts: Sequence[str]) -> list[str | None]:
        runs.append(len(texts))
        answers = await whole(pipeline, texts)
        return [None] * len(texts) if len(runs) == 1 else answers

    monkeypatch.setattr(ApertiumPipeline, "translate", lossy)
    answers = await translate(["The house", "The dog", "The cat"], TO_SPANISH)
    assert answers == {10: "La casa", 11: "El perro", 12: "El gato"}
    assert runs == [3, 1, 1, 1]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("en", "es"),
        ("en-US", "es-419"),
        ("es-MX", "en-GB"),
        (None, "es"),
        (None, "en"),
        ("en", "en-GB"),
    ],
)
def test_serves_every_spelling_of_english_and_spanish(source: str | None, target: str):
    spoken = Language(source) if source else None
    ApertiumTranslator(Settings()).check(LanguagePair(spoken, Language(target)))


@pytest.mark.parametrize(("source", "target"), [("en", "de"), ("fr", "es"), (None, "ja")])
def test_refuses_other_pairs_and_names_its_own(source: str | None, target: str):
    spoken = Language(source) if source else None
    with pytest.raises(InvalidLanguageError, match="English to Spanish and from Spanish to Eng"):
        ApertiumTranslator(Settings()).check(LanguagePair(spoken, Language(target)))


async def test_probe_passes_where_apertium_is_installed():
    translator = ApertiumTranslator(Settings())
    await translator.probe()
    await translator.close()


async def test_probe_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    with pytest.raises(EngineLoadError, match=r"eng-xyz: install .* apertium-eng-spa"):
        await require_modes(["eng-spa", "eng-xyz"])
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineLoadError, match="apertium and apertium-eng-spa"):
        await ApertiumTranslator(Settings()).probe()


async def test_a_full_stop_of_the_line_itself_stays():
    answers = await translate(["The house.", "The house", "The house...", "I saw Mr"], TO_SPANISH)
    assert list(answers.values()) == ["La casa.", "La casa", "La casa...", "Vi Señor"]
