"""Codes and spellings of one language, wherever a tag arrives."""

from __future__ import annotations

import pytest

from app.domain.language import Language

_SAME = (
    "no nb|no nn|zh cmn|zh yue|ar arb|ar arz|fa pes|fa prs|pes prs|ms zsm|lv lvs|et ekk|fil tl|"
    "he iw|jv jw|id in|yi ji|ro mo|sr-Latn sh|sw swh|uz uzn|az azj|ku kmr|mn khk|ne npi|or ory|"
    "ps pbt|ps pbu|sq als|yi ydd|zh-CN zh_CN|zh-CN ZH-cn|de ger|de deu|fr fre|fr fra|zh chi|zh zho|"
    "nl dut|cs cze|el gre|ro rum|sk slo|cy wel|fa per|mk mac|hy arm|eu baq|my bur|ka geo|is ice|"
    "mi mao|ms may|bo tib|zh-Hans zh-CHS|zh-Hant zh-CHT|sr-Latn-RS sr_RS@latin|"
    "zh-CN zh_CN.UTF-8|no-NO nb-NO|en eng|pt-BR por_BR"
)
_DIFFERENT = (
    "nb nn|id ms|hr sr|sr bs|hr bs|zh-TW yue|zh-TW zh-CN|ckb ku|azb az|pt es|arz ary|nb da|vro et"
)


@pytest.mark.parametrize("pair", _SAME.split("|"))
def test_two_spellings_of_one_language(pair: str) -> None:
    one, other = map(Language.parse, pair.split())
    assert one.same_language(other)
    assert other.same_language(one)


@pytest.mark.parametrize("pair", _DIFFERENT.split("|"))
def test_two_languages(pair: str) -> None:
    one, other = map(Language.parse, pair.split())
    assert not one.same_language(other)
    assert not other.same_language(one)


@pytest.mark.parametrize(
    ("tag", "codes", "code"),
    [
        ("nb", "no nn en", "no"),
        ("nn", "no nn en", "nn"),
        ("no", "nb en", "nb"),
        ("jv", "jw id", "jw"),
        ("tl", "tl en", "tl"),
        ("fil", "tl en", "tl"),
        ("he", "iw en", "iw"),
        ("cmn", "zh en", "zh"),
        ("yue", "zh en", None),
        ("yue", "zh yue", "yue"),
        ("zh-TW", "zh en", "zh"),
        ("arz", "ar en", "ar"),
        ("zsm", "ms id", "ms"),
        ("prs", "fa en", "fa"),
        ("sr", "sh hr sr", "sr"),
        ("ger", "de en", "de"),
        ("id", "ms en", None),
        ("nn", "da sv", None),
    ],
)
def test_the_code_that_others_use(tag: str, codes: str, code: str | None) -> None:
    assert Language.parse(tag).code_among(codes.split()) == code


@pytest.mark.parametrize(
    ("tag", "script"),
    [
        *(
            ("zh", None),
            ("zh-CN", "Hans"),
            ("zh-TW", "Hant"),
            ("zh-HK", "Hant"),
            ("zh-Hant", "Hant"),
        ),
        *(("sr", None), ("sr-Latn", "Latn"), ("sr-RS", "Cyrl"), ("pa", "Guru"), ("pa-PK", "Arab")),
        *(("uz", None), ("uz-AF", "Arab"), ("az-IR", "Arab"), ("mn-CN", "Mong"), ("en", "Latn")),
    ],
)
def test_the_script_that_a_tag_asks_for(tag: str, script: str | None) -> None:
    assert Language.parse(tag).script == script
    named = ", written in" in Language.parse(tag).written_name
    assert named == (script is not None and tag != "en")
