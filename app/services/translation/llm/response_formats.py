"""Answer formats of chat models, the safest first."""

from __future__ import annotations

from typing import Protocol

from openai import Omit, omit
from openai.types.chat.completion_create_params import ResponseFormat

from app.services.translation.llm.json_members import JsonMembers
from app.services.translation.llm.vendors import Vendor
from app.services.translation.quality.line_batch import Member

_REASONING_OPEN, _REASONING_CLOSE = "<think>", "</think>"


class ReasoningFilter:
    """Drops a leading ``<think>...</think>`` from text that arrives in pieces.

    It may contain drafts of the members that the answer then gives differently.
    """

    def __init__(self) -> None:
        self._buffer = ""
        self._passing = self._reasoning = False

    def feed(self, text: str) -> str:
        """Return the part of this piece that belongs to the answer."""
        if self._passing:
            return text
        self._buffer = (self._buffer + text).lstrip()
        self._reasoning = self._reasoning or self._buffer.startswith(_REASONING_OPEN)
        if self._reasoning:
            _, closed, answer = self._buffer.partition(_REASONING_CLOSE)
            # Only the end of what is dropped may be the beginning of the closing tag.
            self._buffer = self._buffer[-len(_REASONING_CLOSE) :]
            self._passing = bool(closed)
            return answer
        if _REASONING_OPEN.startswith(self._buffer):
            return ""
        self._passing = True
        return self._buffer


class NumberedLines:
    """Finds numbered lines in text that arrives in pieces of any size.

    A line counts once its line end is there, since half a line looks like a whole one; lines
    without a number are prose and are skipped.
    """

    def __init__(self) -> None:
        self._rest: list[str] = []

    def feed(self, text: str) -> list[Member]:
        """Return the lines that this piece completes, each as number and text."""
        self._rest.append(text)
        if "\n" not in text:
            return []
        *lines, rest = "".join(self._rest).split("\n")
        self._rest = [rest]
        members = (_numbered(line) for line in lines)
        return [member for member in members if member is not None]

    def end(self) -> list[Member]:
        """Nothing is left: the connection ends a complete answer with a line end."""
        return []


def _numbered(line: str) -> Member | None:
    """Return the number and the text of ``12| text``; None for any other line."""
    number, _, text = line.partition("|")
    number, text = number.strip(), text.strip()
    return (number, text) if number.isdecimal() and text else None


class AnswerReader(Protocol):
    """Incremental parser of one answer."""

    def feed(self, text: str) -> list[Member]:
        """Return the members that this piece completes."""
        ...

    def end(self) -> list[Member]:
        """Return the members that only the end of the answer completes."""
        ...


class AnswerFormat(Protocol):
    """One format of answers.

    Attributes:
        name: for logs.
        fixes_keys: whether a provider that supports it forces the key of every line.
    """

    name: str
    fixes_keys: bool

    def response_format(self, count: int) -> ResponseFormat | Omit:
        """Return the request's ``response_format`` for that many lines."""
        ...

    def rule(self, count: int) -> str:
        """Return the prompt's description of the answer."""
        ...

    def reader(self) -> AnswerReader:
        """Return a reader for one answer."""
        ...


class JsonObject:
    """A JSON object by ``json_object``: valid JSON, but the model chooses the keys."""

    name = "json_object"
    fixes_keys = False

    def response_format(self, count: int) -> ResponseFormat | Omit:
        """Require any JSON object."""
        return {"type": "json_object"}

    def rule(self, count: int) -> str:
        """Name the keys, since nothing else fixes them."""
        return (
            f'Answer with one flat JSON object: the keys "1" to "{count}", each exactly once and '
            "in this order, each with the translation of the line of that number as a string."
        )

    def reader(self) -> AnswerReader:
        """Return a parser of JSON members."""
        return JsonMembers()


class JsonSchema(JsonObject):
    """A JSON object by a strict schema, whose keys the provider enforces.

    The schema has exactly as many keys as there are lines, so a model never has to invent a
    line. Requests have at most 16 lines, so a provider that compiles schemas does so at most 16
    times.
    """

    name = "json_schema"
    fixes_keys = True

    def response_format(self, count: int) -> ResponseFormat | Omit:
        """Require the keys "1" to ``count`` and no other."""
        keys = [str(number) for number in range(1, count + 1)]
        return {
            "type": "json_schema",
            "json_schema": {
                "name": f"translations_{count}",
                "strict": True,
                "schema": {
                    "type": "object",
                    "properties": {key: {"type": "string"} for key in keys},
                    "required": keys,
                    "additionalProperties": False,
                },
            },
        }


class Numbered:
    """Plain text with a number before each line: every model can write it, none is forced to."""

    name = "numbered_lines"
    fixes_keys = False

    def response_format(self, count: int) -> ResponseFormat | Omit:
        """Require nothing."""
        return omit

    def rule(self, count: int) -> str:
        """Describe the format of a line."""
        return (
            f"Answer with {count} lines of text and nothing else. Each is the number of a line, "
            'a vertical bar, a space and its translation, such as "1| ...".'
        )

    def reader(self) -> AnswerReader:
        """Return a parser of numbered lines."""
        return NumberedLines()


class AnswerFormatFallback:
    """The best format that a provider supports, found once per process.

    A provider that refuses a format, or that has never answered in it, gets the next one. Once an
    answer could be parsed, one bad answer no longer changes the format. Some providers take a
    schema and do not enforce it, which shows by an answer that lacks keys.

    Args:
        vendor: whose formats are known beforehand; all are tried unless given.
    """

    def __init__(self, vendor: Vendor | None = None) -> None:
        schema: tuple[AnswerFormat, ...] = (JsonSchema(),)
        object_: tuple[AnswerFormat, ...] = (JsonObject(),)
        if vendor is not None:
            schema = schema if vendor.takes_schema else ()
            object_ = object_ if vendor.takes_object else ()
        self._formats: tuple[AnswerFormat, ...] = (*schema, *object_, Numbered())
        self._index = 0
        self._proven = False
        self._lax = False

    @property
    def candidates(self) -> tuple[AnswerFormat, ...]:
        """The format in use, then the fallbacks."""
        return self._formats[self._index :]

    def accepted(self, form: AnswerFormat) -> bool:
        """Record that the provider took a request; return whether that changed the format."""
        changed = not self._proven and form is not self._formats[self._index]
        if changed:
            self._index = self._formats.index(form)
        return changed

    def enforces(self, form: AnswerFormat) -> bool:
        """Whether the provider enforces the keys of an answer."""
        return form.fixes_keys and not self._lax

    def read(self, form: AnswerFormat, *, complete: bool) -> None:
        """Record an answer with lines in it, all of them or some."""
        self._proven |= form is self._formats[self._index]
        self._lax |= form.fixes_keys and not complete

    def distrust(self) -> None:
        """Record that enforced keys stood before the wrong lines."""
        self._lax = True

    def ignored(self, form: AnswerFormat) -> bool:
        """Record an answer without lines; return whether another format is in use now."""
        below = self._index + 1 < len(self._formats)
        if not self._proven and below and form is self._formats[self._index]:
            self._index += 1
        return self._formats.index(form) < self._index
