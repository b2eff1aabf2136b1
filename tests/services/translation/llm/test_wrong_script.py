"""A model that answers in the other script of the target's language (row 28)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.domain.errors import TranslationIncompleteError
from tests.chat_behaviours import Behaviour, Call, Reply
from tests.chat_server import ChatServer
from tests.chatting import lines_of, pair, translated, translator_at

LINES = lines_of("They left later.", "Nobody will come here.")
SIMPLIFIED = ("他们后来走了。", "没有人会来这里。")
TRADITIONAL = ("他們後來走了。", "沒有人會來這裡。")


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer() as running:
        yield running


def answers(texts: tuple[str, ...]) -> Behaviour:
    def change(call: Call, reply: Reply) -> Reply:
        known = {line.text: text for line, text in zip(LINES, texts, strict=True)}
        members = tuple((key, known[call.lines[key]]) for key, _ in reply.members)
        return replace(reply, members=members)

    return change


async def test_it_is_asked_again_with_the_reason(server: ChatServer) -> None:
    server.script(answers(SIMPLIFIED), answers(TRADITIONAL))
    found = await translated(translator_at(server), LINES, pair("zh-TW"))
    assert found == dict(enumerate(TRADITIONAL))
    first, second = server.calls
    assert "written in traditional Chinese characters" in first.system
    assert "was not in Chinese (Taiwan), written in traditional" in second.system


async def test_one_that_goes_on_is_reported(server: ChatServer) -> None:
    server.script(*[answers(SIMPLIFIED)] * 20)
    with pytest.raises(TranslationIncompleteError):
        await translated(translator_at(server), LINES, pair("zh-TW"))


@pytest.mark.parametrize("target", ["zh", "zh-CN"])
async def test_what_was_asked_for_is_taken(server: ChatServer, target: str) -> None:
    server.script(answers(SIMPLIFIED))
    found = await translated(translator_at(server), LINES, pair(target))
    assert found == dict(enumerate(SIMPLIFIED))
    assert len(server.calls) == 1
