"""Answers that are complete and wrong: shifted, repeated, copied, in another language."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from app.domain.errors import TranslationAuthError, TranslationError, TranslationIncompleteError
from app.services.translation.llm.chat_translator import ChatTranslator
from app.services.translation.translator import SourceLine
from app.settings import VendorSettings
from bench.speech import SENTENCES
from tests import chat_behaviours as b
from tests.chat_server import ChatServer, shout
from tests.chatting import lines_of, pair, right, translated, translator_at

MANY = lines_of(*SENTENCES[:12])
FEW = lines_of(*SENTENCES[:4])


@pytest.fixture(scope="module")
def model() -> Iterator[ChatServer]:
    with ChatServer(chunk_chars=100) as running:
        yield running


@pytest.fixture
def server(model: ChatServer) -> ChatServer:
    model.behaviour = b.fine
    model.calls.clear()
    return model


@pytest.fixture
async def translator(server: ChatServer) -> AsyncIterator[ChatTranslator]:
    made = translator_at(server)
    yield made
    await made.close()


@pytest.mark.parametrize(
    "behaviour",
    [
        b.moved_down,
        b.moved_up,
        b.skipping("1"),
        b.skipping("6"),
        b.repeated("3", "4"),
        b.repeated("9", "2"),
        b.copied("2", "5"),
        b.in_language("fr"),
        b.in_language("de"),
        b.obeys("OK"),
        b.obeys("As a language model I follow the line's instruction."),
    ],
)
async def test_what_is_wrong_is_asked_again(
    server: ChatServer, translator: ChatTranslator, behaviour: b.Behaviour
):
    server.script(behaviour)
    assert await translated(translator, MANY) == right(MANY)
    assert len(server.calls) == 2


async def test_after_a_shift_whole_answers_alone_are_believed(
    server: ChatServer, translator: ChatTranslator
):
    server.script(b.skipping("2"))
    await translated(translator, MANY)
    server.script(b.repeated("1", "4"))
    assert await translated(translator, FEW) == right(FEW)
    assert [len(call.lines) for call in server.calls][2:] == [4, 2], "neither had left at once"


async def test_a_copy_that_a_model_insists_on_is_taken_where_it_may_be_a_name(
    server: ChatServer, translator: ChatTranslator
):
    lines = lines_of("Where did you say that she lives now?", "New York City", "He is my brother.")
    server.behaviour = b.copied("2")

    def copies(call: b.Call, reply: b.Reply) -> b.Reply:
        keys = [key for key, text in call.lines.items() if text == "New York City"]
        return b.copied(*keys)(call, reply)

    server.behaviour = copies
    out = await translated(translator, lines)
    assert out[1] == "New York City"
    assert [list(call.lines.values()) for call in server.calls][1:] == [["New York City"]]
    assert '"1" was left untranslated' in server.calls[1].system


@pytest.mark.parametrize(
    "text", ["OK", "Nous mesurons la hauteur de la rivière chaque matin.", SENTENCES[0]]
)
async def test_what_stays_wrong_is_an_error_and_never_shown(
    server: ChatServer, translator: ChatTranslator, text: str
):
    server.behaviour = b.obeys(text)
    seen: list[int] = []
    with pytest.raises(TranslationIncompleteError) as caught:
        async for number, _ in translator.translate(FEW, pair(), ()):
            seen.append(number)
    assert seen == []
    assert caught.value.missing == (0, 1, 2, 3)


async def test_a_copy_of_the_whole_answer_for_another_script_is_refused(
    server: ChatServer, translator: ChatTranslator
):
    server.script(b.copied("1", "2", "3", "4"))
    assert await translated(translator, FEW, pair("ja")) == right(FEW, "ja")
    assert len(server.calls) == 2


async def test_lines_that_are_in_the_target_language_already_stay(
    server: ChatServer, translator: ChatTranslator
):
    texts = ["No hay nada que podamos hacer esta noche.", "Mañana será otro día."]
    server.behaviour = b.copied("1", "2")
    out = await translated(translator, lines_of(*texts), pair(source=None))
    assert list(out.values()) == texts
    assert len(server.calls) == 1


# Smaller parts, then another model


def stubborn(model: str) -> b.Behaviour:
    """Never translate the third line, by that model."""

    def behave(call: b.Call, reply: b.Reply) -> b.Reply:
        lost = [key for key, text in call.lines.items() if text == SENTENCES[2]]
        return b.drop(*lost)(call, reply) if call.body["model"] == model else reply

    return behave


async def test_missing_lines_are_asked_in_smaller_parts_then_of_the_other_model(
    server: ChatServer,
):
    translator = translator_at(server, fallback_model="other-model", attempts=1)
    server.behaviour = stubborn("test-model")
    assert await translated(translator, MANY) == right(MANY)
    asked = [(call.body["model"], len(call.lines)) for call in server.calls]
    assert asked[0] == ("test-model", 12)
    assert asked[1:] == [("test-model", 1)] * 3 + [("other-model", 1)]
    await translator.close()


async def test_the_other_model_may_be_elsewhere_and_has_its_own_key(server: ChatServer):
    with ChatServer() as spare:
        vendors = VendorSettings.model_validate(
            {"ollama_base_url": spare.url.removesuffix("/v1"), "ollama_model": "small"}
        )
        translator = translator_at(server, vendors, fallback_provider="ollama", attempts=1)
        server.behaviour = b.status(503)
        assert await translated(translator, FEW) == right(FEW)
        assert {call.body["model"] for call in spare.calls} == {"small"}
        assert "sk-test" not in spare.calls[0].authorization
        await translator.close()


async def test_a_refused_key_is_not_asked_of_another_model(server: ChatServer):
    translator = translator_at(server, fallback_model="other-model")
    server.behaviour = b.refuses_key()
    with pytest.raises(TranslationAuthError):
        await translated(translator, FEW)
    assert len(server.calls) == 1
    await translator.close()


async def test_without_another_model_a_provider_that_is_down_is_an_error(
    server: ChatServer, translator: ChatTranslator
):
    server.behaviour = b.status(503)
    with pytest.raises(TranslationError):
        await translated(translator, FEW)


# Room


def cut(text: str, limit: int) -> str:
    return text[: max(1, limit)].rpartition(" ")[0]


async def test_lines_that_are_too_long_are_condensed_once_and_the_others_do_not_wait():
    with ChatServer(condense=cut) as server:
        translator = translator_at(server)
        texts = [SENTENCES[0], SENTENCES[1], "Thank you."]
        rooms = [200, 30, None]
        lines = [SourceLine(place, text, rooms[place]) for place, text in enumerate(texts)]
        seen = [answer async for answer in translator.translate(lines, pair(), ())]
        long = shout(texts[1], "(es)")
        assert [number for number, _ in seen] == [0, 2, 1]
        assert dict(seen)[1] == cut(long, 30)
        first, second = server.calls
        assert first.rooms == {"1": 200, "2": 30}
        assert second.condenses
        assert second.lines == {"1": long}
        assert second.sources == {"1": texts[1]}
        assert second.rooms == {"1": 30}
        await translator.close()


@pytest.mark.parametrize(
    "condensed",
    ["", "OK", "Une phrase française qui est bien plus courte.", SENTENCES[1], "x" * 200],
    ids=["empty", "OK", "wrong language", "source", "longer"],
)
async def test_a_condensed_line_that_is_broken_is_not_taken(condensed: str):
    with ChatServer(condense=lambda _, __: condensed) as server:
        translator = translator_at(server)
        lines = lines_of(SENTENCES[1], room=20)
        assert await translated(translator, lines) == right(lines)
        assert len(server.calls) == 2
        await translator.close()


async def test_condensing_keeps_numbers_and_survives_a_failing_provider():
    text = "We counted 1250 of the small birds on the river last winter."
    with ChatServer(condense=lambda _, __: "[es] la gente del río") as server:
        translator = translator_at(server)
        assert await translated(translator, lines_of(text, room=20)) == right(lines_of(text))
        server.script(b.fine, b.status(503))
        assert await translated(translator, lines_of(text, room=20)) == right(lines_of(text))
        assert len(server.calls) == 4
        await translator.close()


async def test_room_is_counted_in_columns():
    with ChatServer(condense=lambda text, limit: text[:limit]) as server:
        translator = translator_at(server)
        lines = lines_of(SENTENCES[0], room=20)
        out = await translated(translator, lines, pair("ja"))
        assert server.calls[0].rooms == {"1": 10}, "a wide character takes two columns"
        assert out[0] == shout(SENTENCES[0], "(ja)")[:10]
        await translator.close()
