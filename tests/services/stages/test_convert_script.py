"""Cues in another script of the target's language, through the stage that translates (row 28)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from app.domain.cue import Cue
from app.domain.events import Notice
from app.domain.language import Language
from app.domain.time import Span
from app.services.pipeline.event_emitter import is_translated
from app.services.stages.stage_clock import StageClock
from app.services.stages.translate import translate_cues
from app.services.translation.translation_job import TranslationJob
from tests.services.stages.translating import ScriptedTranslator


async def _cues(texts: Sequence[str], language: str) -> AsyncIterator[Cue]:
    for number, text in enumerate(texts):
        span = Span(number * 3000, number * 3000 + 2500)
        yield Cue(number, span, text, language=language)


async def _translated(
    texts: Sequence[str], language: str, target: str
) -> tuple[list[Cue], list[Notice], ScriptedTranslator]:
    translator, notices = ScriptedTranslator(), list[Notice]()
    job = TranslationJob(Language.parse(target))
    stage = translate_cues(_cues(texts, language), translator, job, StageClock(), notices.append)
    return [cue async for cue in stage], notices, translator


async def test_simplified_captions_are_converted_cue_by_cue_and_said_to_be() -> None:
    texts = ["这是第一句，", "后来没有人知道。", "你好！"]
    cues, notices, translator = await _translated(texts, "zh", "zh-TW")
    assert [cue.translation for cue in cues] == ["這是第一句，", "後來沒有人知道。", "你好！"]
    assert [cue.text for cue in cues] == texts
    assert translator.batches == []
    [notice] = notices
    assert notice.code == "script_converted"
    assert "3 cues were converted" in notice.message
    assert "OpenCC" in notice.message
    assert all(is_translated(cue, Language("zh-TW")) for cue in cues)


async def test_what_is_in_the_wanted_script_already_stays() -> None:
    texts = ["這是第一句。", "後來沒有人知道。"]
    for language in ("zh", "zh-TW", "zh-HK", "zh-CN"):
        cues, notices, translator = await _translated(texts, language, "zh-TW")
        assert [cue.translation for cue in cues] == texts
        assert translator.batches == []
        assert notices == []


async def test_a_script_without_a_table_goes_to_the_translator() -> None:
    cues, notices, translator = await _translated(["Бу менинг китобим."], "uz", "uz-Latn")
    assert [cue.translation for cue in cues] == ["БУ МЕНИНГ КИТОБИМ."]
    assert [pair.source.tag for pair in translator.pairs if pair.source] == ["uz-Cyrl"]
    assert notices == []


async def test_members_of_a_macro_language_are_not_translated_into_it() -> None:
    for language, target in (
        ("nn", "no"),
        ("no", "nb"),
        ("yue", "zh"),
        ("arb", "ar"),
        ("pes", "fa"),
    ):
        cues, _, translator = await _translated(["abc def."], language, target)
        assert [cue.translation for cue in cues] == ["abc def."]
        assert translator.batches == []
