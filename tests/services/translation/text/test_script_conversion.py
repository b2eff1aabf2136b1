"""Texts in another script of the target's language (row 28)."""

from __future__ import annotations

import pytest

from app.domain.language import Language
from app.services.translation.llm.prompt import named
from app.services.translation.text.script_conversion import convert_texts, needs_translator
from app.services.translation.text.scripts import is_wrong_script
from app.services.translation.text.written_script import WrittenScript
from app.services.translation.translator import LanguagePair


def pair(source: str, target: str) -> LanguagePair:
    return LanguagePair(Language.parse(source), Language.parse(target))


@pytest.mark.parametrize(
    ("source", "target", "text", "converted"),
    [
        ("zh-CN", "zh-TW", "这个软件后来没有人用了。", "這個軟體後來沒有人用了。"),
        ("zh", "zh-TW", "头发里面", "頭髮裡面"),
        ("zh-CN", "zh-HK", "我们在里面吃面。", "我們在裏面吃麪。"),
        ("zh-Hans", "zh-Hant", "他们说会来。", "他們說會來。"),
        ("zh-TW", "zh-CN", "這個軟體沒有人用。", "这个软件没有人用。"),
        ("zh-Hant", "zh-Hans", "頭髮與發現", "头发与发现"),
        # The tag is wrong, the letters are not.
        ("zh-TW", "zh-TW", "我们不会说。", "我們不會說。"),
        ("zh", "zh-CN", "我们不会说。", "我们不会说。"),
        ("zh-CN", "zh", "我们不会说。", "我们不会说。"),
        ("sr", "sr-Latn", "Љубав и Његош, џеп. ЉУБАВ!", "Ljubav i Njegoš, džep. LJUBAV!"),
        (
            "sr-Latn",
            "sr-Cyrl",
            "Ljubav i injekcija, nadživeti džep",
            "Љубав и инјекција, надживети џеп",
        ),
        ("sr-Latn", "sr-RS", "Windows i Njujork", "Windows и Њујорк"),
        ("sr-Cyrl", "sr-Latn", "NATO", "NATO"),
        ("bs-Cyrl", "bs-Latn", "Ђак чита.", "Đak čita."),
    ],
)
def test_a_text_is_converted_without_a_model(
    source: str, target: str, text: str, converted: str
) -> None:
    assert convert_texts([text], pair(source, target)) == [converted]


@pytest.mark.parametrize(
    ("source", "target", "text"),
    [
        ("uz", "uz-Latn", "Бу китоб менинг китобим."),
        ("kk-Cyrl", "kk-Latn", "Бұл менің кітабым."),
        ("pa-PK", "pa-IN", "ایہہ میری کتاب اے"),
        ("az-IR", "az-Latn", "بو منیم کیتابیم دیر"),
        ("nb", "nn", "Jeg vet ikke hva det er."),
        ("yue", "zh-TW", "我唔知佢去咗邊。"),
        ("hr", "sr-Latn", "Tko je to?"),
    ],
)
def test_what_no_table_converts_is_translated(source: str, target: str, text: str) -> None:
    assert convert_texts([text], pair(source, target)) is None


def test_a_translator_is_asked_only_where_neither_is_right() -> None:
    assert not needs_translator(pair("zh-CN", "zh-TW"))
    assert not needs_translator(pair("zh", "cmn"))
    assert not needs_translator(pair("sr-Cyrl", "sr-Latn"))
    assert needs_translator(pair("uz-Cyrl", "uz-Latn"))
    assert needs_translator(pair("nb", "nn"))


@pytest.mark.parametrize(
    ("text", "language", "wrong"),
    [
        *(("我们不会去", "zh-TW", True), ("我們不會去", "zh-TW", False), ("会", "zh-HK", True)),
        *(("我們不會去", "zh-CN", True), ("我们不会去", "zh-CN", False), ("你好", "zh-TW", False)),
        *(("我们不会去", "zh", False), ("我們不會去", "zh", False), ("OK!", "zh-TW", False)),
        # One character of the other kind among many is a name or a variant.
        ("他說台灣的皇后後來住在這裡，吃著麵，没有煩惱。", "zh-TW", False),
        ("他说这里後來没有人，這裡也沒有。", "zh-TW", True),
        *(("Здраво свима", "sr-Latn", True), ("Zdravo svima", "sr-Cyrl", True)),
        *(("Zdravo svima", "sr", False), ("Здраво свима", "sr", False)),
        *(("Бу китоб яхши", "uz-Latn", True), ("Bu kitob yaxshi", "uz", False)),
        *(("ਇਹ ਮੇਰੀ ਕਿਤਾਬ ਹੈ", "pa-PK", True), ("ایہہ میری کتاب اے", "pa", True)),
        *(("کتاب من اینجاست", "fa", False), ("کتاب من اینجاست", "tg-Cyrl", True)),
    ],
)
def test_an_answer_in_the_wrong_script_is_refused(text: str, language: str, wrong: bool) -> None:
    assert is_wrong_script(text, Language.parse(language)) is wrong


def test_a_text_that_does_not_tell_is_in_the_script_of_those_before() -> None:
    written = WrittenScript()
    chinese = Language("zh")
    assert written.of(chinese, "我們不會說。").script == "Hant"
    assert written.of(chinese, "你好").script == "Hant"
    assert written.of(Language("sr-Cyrl"), "NATO").script == "Cyrl"
    assert written.of(Language("en"), "Привет").tag == "en"


def test_the_prompt_names_the_script() -> None:
    assert named(Language("es")) == "Spanish (es)"
    assert named(Language("zh-TW")).endswith("(zh-TW), written in traditional Chinese characters")
    assert named(Language("sr-Cyrl")).endswith("written in the Cyrillic script")
    assert "written" not in named(Language("zh"))
