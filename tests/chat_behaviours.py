"""How the chat server of the tests answers: faultlessly, or wrong in a chosen way."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Call:
    """One request as it came."""

    body: dict[str, Any]
    authorization: str
    lines: dict[str, str]
    before: list[str]
    into: str

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
        end: ``done``, ``disconnect`` (the connection is cut) or ``hang`` (nothing follows).
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
        texts = dict(members)
        joined = f"{texts[first]} {texts.get(second, '')}"
        return [(k, joined if k == first else v) for k, v in members if k != second]

    return _members(merged)


def moved_up(call: Call, reply: Reply) -> Reply:
    """Merge the first two lines and number the rest anew, as models do."""
    texts = [text for _, text in reply.members]
    moved = [f"{texts[0]} {texts[1]}", *texts[2:]]
    return replace(reply, members=tuple((str(n), text) for n, text in enumerate(moved, 1)))


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


def error_event(code: int | str, after: int = 0) -> Behaviour:
    """Send an error in the stream after that many characters of the answer."""
    error = {"message": "failed in mid-stream", "type": None, "code": code}
    return lambda call, reply: replace(reply, error_event=error, end_after=after)


def faulty(rate: float, seed: int = 1) -> Behaviour:
    """Misbehave at random in that share of the answers, in every way that can be survived."""
    dice = random.Random(seed)

    def behave(call: Call, reply: Reply) -> Reply:
        if dice.random() >= rate:
            return reply
        keys = list(call.lines)
        one, other = dice.choice(keys), dice.choice(keys)
        faults: list[Behaviour] = [
            drop(one, other), empty(one), rename(one, "x"), duplicate(one), extra("99"), invalid,
            rename(one, other), cut("disconnect", dice.randrange(60)), status(503),
            says("I cannot do that."), wrapped("Sure:\n```json\n", "\n```\nDone."),
            error_event(500, dice.randrange(60)), rate_limited("0"),
        ]  # fmt: skip
        if one != other:
            faults.append(merge(one, other))
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
