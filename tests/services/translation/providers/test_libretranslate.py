"""Translation by LibreTranslate: real HTTP, a server of ours that speaks its API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import pytest
from pydantic import SecretStr

from app.domain.errors import (
    EngineLoadError,
    InvalidLanguageError,
    TranslationAuthError,
    TranslationError,
    TranslationIncompleteError,
)
from app.services.translation.answer_remarks import AnswerRemarks
from app.services.translation.providers.libretranslate import LibreTranslator
from app.services.translation.translator import LanguagePair, SourceLine, TranslationContext
from app.settings import Settings, TranslationSettings
from tests.chatting import QUICK, lines_of, pair, right
from tests.libre_server import LibreServer

LINES = lines_of("The house is red.", "♪", "It was the 12th of May.", "two\nlines")


@pytest.fixture
def server() -> Iterator[LibreServer]:
    with LibreServer() as running:
        yield running


@pytest.fixture
async def translator(server: LibreServer) -> AsyncIterator[LibreTranslator]:
    made = build(libretranslate_url=server.url, libretranslate_api_key=SecretStr("libre-key"))
    await made.probe()
    yield made
    await made.close()


def build(**changes: Any) -> LibreTranslator:
    values = {"provider": "libretranslate", "attempts": 3, **changes}
    return LibreTranslator(Settings(translation=TranslationSettings(**values)), QUICK)


async def translated(
    translator: LibreTranslator,
    lines: Sequence[SourceLine] = LINES,
    languages: LanguagePair | None = None,
) -> dict[int, str]:
    found = translator.translate(lines, languages or pair(), ())
    answers = [answer async for answer in found]
    assert len(answers) == len(dict(answers))
    return dict(answers)


def expected() -> dict[int, str]:
    return right(lines_of(*(text.replace("\n", " ") for text in (line.text for line in LINES)))) | {
        1: "♪"
    }


async def test_a_batch_is_one_request(server: LibreServer, translator: LibreTranslator):
    assert await translated(translator) == expected()
    (call,) = server.calls
    assert call["q"] == ["The house is red.", "It was the 12th of May.", "two lines"]
    assert (call["source"], call["target"]) == ("en", "es")
    assert (call["format"], call["api_key"]) == ("text", "libre-key")
    assert await translated(translator, LINES[1:2]) == {1: "♪"}
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("pt-BR", "pt-BR"),
        ("pt", "pt-BR"),
        ("zh-CN", "zh-Hans"),
        ("zh-TW", "zh-Hant"),
        ("nb", "nb"),
        ("no", "nb"),
        ("cmn", "zh-Hans"),
    ],
)
async def test_the_server_s_own_codes_are_used(
    server: LibreServer, translator: LibreTranslator, target: str, code: str
):
    await translated(translator, LINES[:1], pair(target, source=None))
    assert (server.calls[0]["source"], server.calls[0]["target"]) == ("auto", code)


@pytest.mark.parametrize(
    ("target", "answer", "expected"),
    [
        ("zh-TW", "我们后来没有去。", "我們後來沒有去。"),
        ("zh-TW", "我們後來沒有去。", "我們後來沒有去。"),
        ("zh", "我们后来没有去。", "我们后来没有去。"),
    ],
)
async def test_an_answer_in_the_other_script_is_converted(
    server: LibreServer, translator: LibreTranslator, target: str, answer: str, expected: str
):
    server.script = [lambda _: (200, {"translatedText": [answer]})]
    assert await translated(translator, LINES[:1], pair(target)) == {0: expected}


@pytest.mark.parametrize(("target", "source"), [("ja", "en"), ("es", "ja"), ("es", "eo")])
async def test_a_pair_that_is_not_served_is_refused(
    translator: LibreTranslator, target: str, source: str
):
    with pytest.raises(InvalidLanguageError, match="does not translate"):
        translator.check(pair(target, source))


@pytest.mark.parametrize(
    "fault",
    [
        lambda body: (200, {"translatedText": ["only one"]}),
        lambda body: (429, {"error": "slow down"}),
        lambda body: (503, {"error": "busy"}),
        lambda body: (200, {"translatedText": ["", "", ""]}),
    ],
    ids=["too few", "429", "503", "empty"],
)
async def test_what_goes_wrong_once_costs_nothing_but_time(
    server: LibreServer, translator: LibreTranslator, fault: Any
):
    server.script.append(fault)
    assert await translated(translator) == expected()


async def test_lines_that_stay_empty_are_named(server: LibreServer, translator: LibreTranslator):
    server.script += [lambda body: (200, {"translatedText": [""] * len(body["q"])})] * 2
    seen: dict[int, str] = {}
    with pytest.raises(TranslationIncompleteError) as caught:
        async for number, text in translator.translate(LINES, pair(), ()):
            seen[number] = text
    assert caught.value.missing == (0,)
    assert seen == {n: t for n, t in expected().items() if n}


@pytest.mark.parametrize(
    ("status", "kind", "calls"),
    [(403, TranslationAuthError, 1), (400, TranslationError, 1), (500, TranslationError, 3)],
)
async def test_refusals(
    server: LibreServer,
    translator: LibreTranslator,
    status: int,
    kind: type[TranslationError],
    calls: int,
):
    server.script += [lambda body: (status, {"error": f"refused {body.get('api_key')}"})] * 9
    with pytest.raises(kind) as caught:
        await translated(translator)
    assert type(caught.value) is kind
    assert len(server.calls) == calls
    assert "libre-key" not in caught.value.message


async def test_at_boot_the_server_must_answer_and_have_languages(server: LibreServer):
    server.languages = []
    translator = build(libretranslate_url=server.url)
    with pytest.raises(EngineLoadError, match="has no languages"):
        await translator.probe()
    await translator.close()
    gone = build(libretranslate_url="http://127.0.0.1:9")
    with pytest.raises(EngineLoadError, match="check LIBRETRANSLATE_URL"):
        await gone.probe()
    await gone.close()


async def test_entities_are_letters_lost_notes_are_put_back_and_both_are_told(
    server: LibreServer, translator: LibreTranslator
):
    answers = ["Dijo &quot;no&quot; y se fue.", "Navegamos esta noche"]
    server.script.append(lambda body: (200, {"translatedText": answers}))
    remarks = AnswerRemarks()
    lines = lines_of('He said "no" and left.', "♪ We sail tonight ♪")
    found = translator.translate(lines, pair(), (), TranslationContext(remarks=remarks))
    assert dict([answer async for answer in found]) == {
        0: 'Dijo "no" y se fue.',
        1: "♪ Navegamos esta noche ♪",
    }
    (notice,) = remarks.notices()
    assert "entity (cue 0); music note (cue 1)" in notice.message
