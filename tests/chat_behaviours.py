"""How the chat server of the tests answers: faultlessly, or wrong in a chosen way."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.pretending import shout


@dataclass(frozen=True)
class Call:
    """One request as it came.

    Attributes:
        lines: texts by key.
        before: texts for context.
        into: name and tag of the target language.
        rooms: characters that a line may have, where the request says so.
        sources: of lines that are to be condensed.
        job: what the whole job shares.
    """

    body: dict[str, Any]
    authorization: str
    lines: dict[str, str]
    before: list[str]
    into: str
    rooms: dict[str, int] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    job: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def condenses(self) -> bool:
        """Whether it asks for shorter texts; then ``lines`` are translations."""
        return bool(self.sources)

    @property
    def prompt_tokens(self) -> int:
        """What it costs, at 4 bytes a token; a schema is not counted."""
        return sum(len(str(m["content"]).encode()) // 4 + 1 for m in self.body["messages"])

    @property
    def form(self) -> str:
        """``json_schema``, ``json_object`` or ``text``."""
        return str(self.body.get("response_format", {}).get("type", "text"))

    @property
    def system(self) -> str:
        """The system prompt."""
        return str(self.body["messages"][0]["content"])


@dataclass(frozen=True)
class Reply:
    """What goes back.

    Attributes:
        members: key and value of each line, in the order of the answer.
        text: the answer itself, where it is not made from the members.
        status: of the response; with any but 200, ``error`` is its body.
        end: ``done``, ``disconnect`` (the connection is cut), ``hang`` (nothing follows) or
            ``lost`` (nothing comes at all).
        end_after: characters of the answer that come before ``end``; all unless given.
        error_event: sent as an event of the stream in place of the rest.
    """

    members: tuple[tuple[str, str], ...] = ()
    text: str | None = None
    status: int = 200
    error: dict[str, Any] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()
    end: str = "done"
    end_after: int | None = None
    error_event: dict[str, Any] | None = None
    finish_reason: str | None = "stop"

    def answer(self, form: str) -> str:
        """Return the answer's text in the form that was asked for."""
        if self.text is not None:
            return self.text
        if form == "text":
            return "\n".join(f"{key}| {value}" for key, value in self.members)
        return "{" + ", ".join(f"{_quoted(k)}: {_quoted(v)}" for k, v in self.members) + "}"


Behaviour = Callable[[Call, Reply], Reply]
"""Changes the faultless reply to a call into what is sent."""


def fine(call: Call, reply: Reply) -> Reply:
    """Answer as asked."""
    return reply


def drop(*keys: str) -> Behaviour:
    """Leave lines out."""
    return _members(lambda members: [m for m in members if m[0] not in keys])


def empty(*keys: str) -> Behaviour:
    """Translate lines with nothing but blanks."""
    return _members(lambda members: [(k, " " if k in keys else v) for k, v in members])


def merge(first: str, second: str) -> Behaviour:
    """Put two lines into the first and leave the second out."""

    def merged(members: list[tuple[str, str]]) -> list[tuple[str, str]]:
        if first == second:
            return members
        texts = dict(members)
        joined = f"{texts[first]} {texts.get(second, '')}"
        return [(k, joined if k == first else v) for k, v in members if k != second]

    return _members(merged)


def moved_up(call: Call, reply: Reply) -> Reply:
    """Merge the first two lines and number the rest anew, as models do."""
    texts = [text for _, text in reply.members]
    moved = [f"{texts[0]} {texts[1]}", *texts[2:]]
    return replace(reply, members=tuple((str(n), text) for n, text in enumerate(moved, 1)))


def moved_down(call: Call, reply: Reply) -> Reply:
    """Say the first line twice, so that each line after it has the one before and none is left."""
    texts = [text for _, text in reply.members]
    moved = [texts[0], *texts[:-1]]
    return replace(reply, members=tuple((str(n), text) for n, text in enumerate(moved, 1)))


def skipping(key: str) -> Behaviour:
    """Skip a line, move up all that follow, and say the last one twice to fill the place."""

    def skipped(members: list[tuple[str, str]]) -> list[tuple[str, str]]:
        place = int(key) - 1
        texts = [text for _, text in members]
        moved = [*texts[:place], *texts[place + 1 :], texts[-1]]
        return [(str(n), text) for n, text in enumerate(moved, 1)]

    return _members(skipped)


def repeated(key: str, other: str) -> Behaviour:
    """Answer a line with another's translation."""

    def same(members: list[tuple[str, str]]) -> list[tuple[str, str]]:
        texts = dict(members)
        return [(k, texts[other] if k == key else v) for k, v in members]

    return _members(same)


def copied(*keys: str) -> Behaviour:
    """Leave lines untranslated."""
    return lambda call, reply: replace(
        reply,
        members=tuple((k, call.lines.get(k, v) if k in keys else v) for k, v in reply.members),
    )


def in_language(tag: str, letters: int = 0) -> Behaviour:
    """Translate into another language than was asked; lines of fewer letters are right."""

    def other(call: Call, reply: Reply) -> Reply:
        members = tuple(
            (key, shout(call.lines[key], f"({tag})") if len(call.lines[key]) >= letters else value)
            for key, value in reply.members
        )
        return replace(reply, members=members)

    return other


def obeys(text: str) -> Behaviour:
    """Answer every line with that text, as a model does that follows a line's instructions."""
    return _members(lambda members: [(key, text) for key, _ in members])


def rename(old: str, new: str) -> Behaviour:
    """Answer a line under another key."""
    return _members(lambda members: [(new if k == old else k, v) for k, v in members])


def duplicate(key: str) -> Behaviour:
    """Answer a line twice, the second time with another text."""
    return _members(lambda members: [*members, (key, "said again")])


def extra(key: str) -> Behaviour:
    """Answer a line that nobody asked for."""
    return _members(lambda members: [(key, "invented"), *members])


def says(text: str) -> Behaviour:
    """Answer with that text whatever was asked."""
    return lambda call, reply: replace(reply, text=text)


def wrapped(before: str, after: str) -> Behaviour:
    """Surround the answer, for instance with a Markdown fence or prose."""
    return lambda call, reply: replace(reply, text=before + reply.answer(call.form) + after)


def invalid(call: Call, reply: Reply) -> Reply:
    """Break the JSON before its first value ends."""
    return replace(reply, text=reply.answer(call.form).replace('": "', '": "say "x" ', 1))


def status(
    code: int, error: dict[str, Any] | None = None, headers: Iterable[tuple[str, str]] = ()
) -> Behaviour:
    """Refuse with that status."""
    body = {"message": f"status {code}", "type": "error", "code": None} | (error or {})
    return lambda call, reply: replace(reply, status=code, error=body, headers=tuple(headers))


def rate_limited(retry_after: str) -> Behaviour:
    """Refuse for the moment."""
    return status(429, {"code": "rate_limit_exceeded"}, [("retry-after", retry_after)])


def out_of_quota(call: Call, reply: Reply) -> Reply:
    """Refuse for good, in the way of OpenAI."""
    return status(429, {"code": "insufficient_quota", "type": "insufficient_quota"})(call, reply)


def refuses_key(code: int = 401) -> Behaviour:
    """Refuse the key and quote it, as careless servers do."""

    def refused(call: Call, reply: Reply) -> Reply:
        message = f"Incorrect key: {call.authorization}"
        return status(code, {"message": message, "code": "invalid_api_key"})(call, reply)

    return refused


def lacks(*forms: str) -> Behaviour:
    """Refuse those response formats."""

    def behave(call: Call, reply: Reply) -> Reply:
        return status(400)(call, reply) if call.form in forms else reply

    return behave


def cut(how: str, after: int = 0) -> Behaviour:
    """Disconnect or hang after that many characters of the answer."""
    return lambda call, reply: replace(reply, end=how, end_after=after)


def lost(call: Call, reply: Reply) -> Reply:
    """Never answer."""
    return replace(reply, end="lost")


def error_event(code: int | str, after: int = 0) -> Behaviour:
    """Send an error in the stream after that many characters of the answer."""
    error = {"message": "failed in mid-stream", "type": None, "code": code}
    return lambda call, reply: replace(reply, error_event=error, end_after=after)


_SURE_CHARS = 40
"""From here on nobody mistakes one language for another."""


_MANY_LINES = 8
"""Models lose their place in long lists."""


def _copying(call: Call, key: str) -> list[Behaviour]:
    """A short line that stays as it is may be right, so nobody can tell that it is wrong."""
    return [copied(key)] if len(call.lines[key]) >= _SURE_CHARS else []


def _repeating(call: Call) -> Behaviour:
    """Repeat the longest line: two short ones may have the same translation."""
    longest = max(call.lines, key=lambda key: len(call.lines[key]))
    return repeated(next(key for key in call.lines if key != longest), longest)


def faulty(rate: float, seed: int = 1) -> Behaviour:
    """Misbehave at random in that share of the answers, in every way that can be survived.

    What happens to a request follows from its lines and from how often they were asked for, so that
    it is the same whatever the order in which requests of several workers arrive.
    """
    asked: Counter[str] = Counter()

    def behave(call: Call, reply: Reply) -> Reply:
        lines = "\n".join(call.lines.values())
        asked[lines] += 1
        dice = random.Random(f"{seed} {asked[lines]} {lines}")
        if dice.random() >= rate:
            return reply
        keys = list(call.lines)
        one, other = dice.choice(keys), dice.choice(keys)
        place = dice.randrange(max(1, len(keys) - 1))
        faults: list[Behaviour] = [
            drop(one, other), empty(one), rename(one, "x"), duplicate(one), extra("99"), invalid,
            rename(one, other), cut("disconnect", dice.randrange(60)), status(503),
            says("I cannot do that."), wrapped("Sure:\n```json\n", "\n```\nDone."),
            error_event(500, dice.randrange(60)), rate_limited("0"),
        ]  # fmt: skip
        if not call.condenses:
            faults += [in_language("fr", _SURE_CHARS), *_copying(call, one)]
        if len(keys) > 1:
            faults += [merge(*keys[place : place + 2]), moved_up]
        if len(keys) > _MANY_LINES:
            faults += [moved_down, skipping(one), _repeating(call)]
        return dice.choice(faults)(call, reply)

    return behave


BEHAVIOURS: dict[str, Behaviour] = {
    "fine": fine,
    "faulty": faulty(0.2),
    "unauthorized": refuses_key(),
    "forbidden": refuses_key(403),
    "payment": status(402),
    "quota": out_of_quota,
    "down": status(503),
    "hang": cut("hang"),
    "disconnect": cut("disconnect", 20),
    "no-schema": lacks("json_schema"),
    "text-only": lacks("json_schema", "json_object"),
}


def _members(change: Callable[[list[tuple[str, str]]], list[tuple[str, str]]]) -> Behaviour:
    return lambda call, reply: replace(reply, members=tuple(change(list(reply.members))))


def _quoted(text: str) -> str:
    return json.dumps(text)
