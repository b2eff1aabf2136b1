"""The smaller parts between a model's text and accepted lines."""

from __future__ import annotations

import asyncio

import pytest

from app.domain.errors import TranslationAuthError, TranslationError
from app.services.translation.llm.backoff import Backoff
from app.services.translation.llm.chat_provider import FirstRequestGate
from app.services.translation.llm.provider_errors import PassingFailureError
from app.services.translation.llm.response_formats import NumberedLines, ReasoningFilter
from app.services.translation.quality.answer_order import AT_ONCE_LINES, OrderedAnswer
from app.services.translation.quality.line_batch import Member
from app.services.translation.text.wordless import is_wordless


def test_numbered_lines_count_once_they_end():
    lines = NumberedLines()
    assert lines.feed("Sure:\n1| uno\n 2 |dos") == [("1", "uno")]
    assert lines.feed(" y medio\n3|\n```\n4| a | b\r\nbye") == [
        ("2", "dos y medio"),
        ("4", "a | b"),
    ]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>draft</think>answer", "answer"),
        ("\n <think>draft\n</think>\nanswer", "\nanswer"),
        ("<thin>answer", "<thin>answer"),
        ("answer <think>no</think>", "answer <think>no</think>"),
        ("<think>for ever", ""),
        ("", ""),
    ],
)
def test_thoughts_are_dropped_only_in_front(text: str, answer: str):
    for size in (1, 3, 100):
        reasoning = ReasoningFilter()
        pieces = (text[start : start + size] for start in range(0, len(text), size))
        assert "".join(reasoning.feed(piece) for piece in pieces) == answer


def ordered(members: list[Member], *, enforced: bool) -> tuple[list[Member], list[Member]]:
    answer = OrderedAnswer(4, enforced=enforced)
    at_once = [passed for member in members for passed in answer.take(member)]
    return at_once, list(answer.rest())


@pytest.mark.parametrize(
    ("keys", "at_once", "at_the_end"),
    [
        ("1a 2b 3c 4d", "1a 2b 3c 4d", ""),
        ("1a 2b 3c", "1a 2b 3c", ""),
        ("1a 3c 4d", "1a", "3c 4d"),
        ("1a 4b 3c 4d", "1a", "3c"),
        ("4d 3c 2b 1a", "", "4d 3c 2b 1a"),
        ("1a 1x 2b 3c 4d 9z", "1a 2b 3c 4d", ""),
        ("1a 2b 3c 4d 2x", "1a 2b 3c 4d", ""),
        ("1a 3c 3c", "1a", "3c"),
    ],
)
def test_members_out_of_turn_wait_and_contradictions_do_not_count(
    keys: str, at_once: str, at_the_end: str
):
    assert ordered(members(keys), enforced=True) == (members(at_once), members(at_the_end))


@pytest.mark.parametrize(
    ("keys", "at_the_end"),
    [("1a 2b 3c 4d", "1a 2b 3c 4d"), ("1a 2b 3c", ""), ("2b 4d", "2b 4d"), ("1a 1b 4d", "4d")],
)
def test_where_keys_are_not_enforced_the_last_one_must_be_there(keys: str, at_the_end: str):
    assert ordered(members(keys), enforced=False) == ([], members(at_the_end))


def test_a_long_answer_waits_for_its_end_and_must_have_its_last_line():
    keys = [str(number) for number in range(1, AT_ONCE_LINES + 2)]
    for given, believed in ((keys, keys), (keys[:-1], [])):
        answer = OrderedAnswer(len(keys), enforced=True)
        assert [passed for key in given for passed in answer.take((key, "x"))] == []
        assert [key for key, _ in answer.rest()] == believed


def test_from_an_odd_member_on_all_wait():
    answer = OrderedAnswer(4, enforced=True, is_suspicious=lambda member: member[1] == "odd")
    given = [("1", "a"), ("2", "odd"), ("3", "c"), ("4", "d")]
    assert [passed for member in given for passed in answer.take(member)] == given[:1]
    assert list(answer.rest()) == given[1:]


def members(text: str) -> list[Member]:
    return [(word[0], word[1:]) for word in text.split()]


async def test_backoff_grows_within_bounds_and_obeys(monkeypatch: pytest.MonkeyPatch):
    backoff = Backoff(first_s=1.0, longest_s=4.0, patience_s=10.0)
    delays: list[float] = []

    async def sleep(delay_s: float) -> None:
        delays.append(delay_s)

    async def slept(attempts: int, retry_after_s: float | None = None) -> list[float]:
        async def fail() -> None:
            raise PassingFailureError("down", retry_after_s)

        delays.clear()
        with pytest.raises(TranslationError, match="down"):
            await backoff.call(attempts, fail)
        return list(delays)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    own = await slept(10)
    assert len(own) == 9
    for delay, longest in zip([*own[:3], own[8]], (1, 2, 4, 4), strict=True):
        assert 0.75 * longest <= delay <= longest
    assert await slept(2, 7.0) == [7.0]
    assert await slept(2, 11.0) == []


async def test_backoff_ends_with_a_cancellation_and_retries_nothing_else():
    calls: list[None] = []

    async def refused() -> None:
        calls.append(None)
        raise TranslationAuthError("refused")

    with pytest.raises(TranslationAuthError):
        await Backoff().call(3, refused)
    assert len(calls) == 1
    waiting = asyncio.create_task(Backoff().call(3, asyncio.Event().wait))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


@pytest.mark.parametrize(
    ("text", "wordless"), [("♪ ...", True), ("", True), ("5", False), ("é", False), ("你", False)]
)
def test_wordless(text: str, wordless: bool):
    assert is_wordless(text) is wordless


async def test_the_first_call_goes_alone_and_its_refusal_is_shared():
    gate = FirstRequestGate()
    under_way = 0
    calls: list[str] = []

    async def call(outcome: str) -> None:
        nonlocal under_way
        async with gate.turn():
            under_way += 1
            assert under_way == 1
            calls.append(outcome)
            await asyncio.sleep(0.01)
            under_way -= 1
            if outcome == "refused":
                raise TranslationAuthError("refused")
            if outcome == "failed":
                raise ConnectionError

    results = await asyncio.gather(*[call("refused") for _ in range(5)], return_exceptions=True)
    assert [type(result) for result in results] == [TranslationAuthError] * 5
    assert calls == ["refused"]

    outcomes = ["failed", "failed", "ok"]
    results = await asyncio.gather(*map(call, outcomes), return_exceptions=True)
    assert [type(result) for result in results] == [ConnectionError, ConnectionError, type(None)]
    assert calls[1:] == outcomes


async def test_after_a_success_calls_go_together_until_a_refusal():
    gate = FirstRequestGate()
    async with gate.turn():
        pass
    both = asyncio.Barrier(2)

    async def call(refuse: bool) -> None:
        async with gate.turn():
            await both.wait()
            if refuse:
                raise TranslationAuthError("refused")

    async with asyncio.timeout(20):
        await asyncio.gather(call(False), call(True), return_exceptions=True)
        async with gate.turn():
            waiting = asyncio.create_task(anext_turn(gate))
            await asyncio.sleep(0.01)
            assert not waiting.done()
        await waiting


async def anext_turn(gate: FirstRequestGate) -> None:
    async with gate.turn():
        pass


async def test_a_cancelled_first_call_lets_the_next_one_try():
    gate = FirstRequestGate()

    async def hang() -> None:
        async with gate.turn():
            await asyncio.Event().wait()

    first = asyncio.create_task(hang())
    await asyncio.sleep(0)
    second = asyncio.create_task(anext_turn(gate))
    await asyncio.sleep(0)
    first.cancel()
    async with asyncio.timeout(20):
        await second
