"""The forms in which a chat model can be made to answer, the safest first."""

from __future__ import annotations

import re
from typing import Protocol

from openai import Omit, omit
from openai.types.chat.completion_create_params import ResponseFormat

from app.services.translation.llm.json_members import JsonMembers
from app.services.translation.llm.vendors import Vendor
from app.services.translation.quality.line_batch import Member

_NUMBERED = re.compile(r"\s*(\d+)\s*\|\s*(.*\S)\s*")


class NumberedLines:
    """Finds numbered lines in text that arrives in pieces of any size.

    A line counts once its end is there, since half a line looks like a whole one; every line
    without a number is prose and is skipped.
    """

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, text: str) -> list[Member]:
        """Return the lines that this piece completes, as number and text."""
        *lines, self._rest = (self._rest + text).split("\n")
        matches = (_NUMBERED.fullmatch(line) for line in lines)
        return [(match[1], match[2]) for match in matches if match]

    def end(self) -> list[Member]:
        """Nothing is held back: the provider ends a complete answer with a line end."""
        return []


class AnswerReader(Protocol):
    """Finds the lines of one answer in its pieces."""

    def feed(self, text: str) -> list[Member]:
        """Return what this piece completes."""
        ...

    def end(self) -> list[Member]:
        """Return what only the end of the answer completes."""
        ...


class AnswerFormat(Protocol):
    """One form.

    Attributes:
        name: for logs.
        fixes_keys: whether a provider that knows it makes the model give every line its number.
    """

    name: str
    fixes_keys: bool

    def response_format(self, count: int) -> ResponseFormat | Omit:
        """Return the request's ``response_format`` for that many lines."""
        ...

    def rule(self, count: int) -> str:
        """Say in the prompt what the answer must look like."""
        ...

    def reader(self) -> AnswerReader:
        """Return a reader for one answer."""
        ...


class JsonObject:
    """A JSON object by ``json_object``: surely JSON, but its keys are the model's."""

    name = "json_object"
    fixes_keys = False

    def response_format(self, count: int) -> ResponseFormat | Omit:
        """Ask for any JSON object."""
        return {"type": "json_object"}

    def rule(self, count: int) -> str:
        """Name the keys, since nothing but this sentence fixes them."""
        return (
            f'Answer with one flat JSON object: the keys "1" to "{count}", each exactly once and '
            "in this order, each with the translation of the line of that number as a string."
        )

    def reader(self) -> AnswerReader:
        """Read members."""
        return JsonMembers()


class JsonSchema(JsonObject):
    """A JSON object by a strict schema, whose keys the provider enforces.

    The schema has exactly as many keys as lines are asked, so a model is never made to invent
    a line. Batches have few sizes and never more than 16 lines, so a provider that compiles
    schemas does so at most 16 times.
    """

    name = "json_schema"
    fixes_keys = True

    def response_format(self, count: int) -> ResponseFormat | Omit:
        """Ask for the keys "1" to ``count``, all required, and no other."""
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
    """Plain text with a number before each line: every model can, none is made to."""

    name = "numbered_lines"
    fixes_keys = False

    def response_format(self, count: int) -> ResponseFormat | Omit:
        """Ask for nothing in particular."""
        return omit

    def rule(self, count: int) -> str:
        """Show the form of a line."""
        return (
            f"Answer with {count} lines of text and nothing else. Each is the number of a line, "
            'a vertical bar, a space and its translation, such as "1| ...".'
        )

    def reader(self) -> AnswerReader:
        """Read lines."""
        return NumberedLines()


class AnswerFormatFallback:
    """Which form a provider understands, found out once for the process.

    A provider that refuses a form, or that has never answered in it, gets the next one. Once
    an answer could be read, one bad answer no longer changes the form. Some providers take a
    schema and do not enforce it, which an answer without all its keys gives away.

    Args:
        vendor: whose forms are known beforehand; all are tried unless given.
    """

    def __init__(self, vendor: Vendor | None = None) -> None:
        schema: tuple[AnswerFormat, ...] = (JsonSchema(),)
        object_: tuple[AnswerFormat, ...] = (JsonObject(),)
        if vendor is not None:
            schema = schema if vendor.takes_schema else ()
            object_ = object_ if vendor.takes_object else ()
        self._forms: tuple[AnswerFormat, ...] = (*schema, *object_, Numbered())
        self._at = 0
        self._proven = False
        self._lax = False

    @property
    def candidates(self) -> tuple[AnswerFormat, ...]:
        """The form in use and those below it."""
        return self._forms[self._at :]

    def accepted(self, form: AnswerFormat) -> bool:
        """Note that the provider took a request in this form; tell whether that is news."""
        changed = not self._proven and form is not self._forms[self._at]
        if changed:
            self._at = self._forms.index(form)
        return changed

    def enforces(self, form: AnswerFormat) -> bool:
        """Whether the keys of an answer in this form can be relied on."""
        return form.fixes_keys and not self._lax

    def read(self, form: AnswerFormat, *, complete: bool) -> None:
        """Note that an answer in this form had lines in it, all of them or some."""
        self._proven |= form is self._forms[self._at]
        self._lax |= form.fixes_keys and not complete

    def distrust(self) -> None:
        """Note that keys which were enforced stood before the lines of others."""
        self._lax = True

    def ignored(self, form: AnswerFormat) -> bool:
        """Note that an answer had no line in this form; tell whether another is in use now."""
        below = self._at + 1 < len(self._forms)
        if not self._proven and below and form is self._forms[self._at]:
            self._at += 1
        return self._forms.index(form) < self._at
