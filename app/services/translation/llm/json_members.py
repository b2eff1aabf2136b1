"""Incremental reader of the members of a JSON object."""

from __future__ import annotations

from collections.abc import Generator

from app.services.translation.quality.line_batch import Member

_Steps = Generator[None, None, None]
"""A parser that runs until it needs the next character."""

_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_BLANK = " \t\r\n"
_MAX_DEPTH = 8
"""Deeper nesting is no answer to our prompts."""


class _Malformed(Exception):  # noqa: N818 - never leaves this module
    """The text is not the object that we look for."""


class JsonMembers:
    """Finds ``"key": "value"`` members in text that arrives in pieces of any size.

    A member is reported once its value is closed and followed by a comma or brace, so that a
    value with an unescaped quote in it is not taken for the part before that quote. Prose and
    Markdown fences around the object are skipped. Only members of the outermost object count;
    where it has no string members at all, those of an object inside it do, since some models
    wrap their answer: ``{"translations": {"1": "..."}}``. Values that are not strings are
    skipped, and so is whatever follows a syntax error up to the next brace.

    Source: https://www.rfc-editor.org/rfc/rfc8259 for the grammar.
    """

    def __init__(self) -> None:
        self._character = ""
        self._found: list[Member] = []
        self._nested: list[Member] = []
        self._any_outer = False
        self._steps = self._answer()
        next(self._steps)

    def feed(self, text: str) -> list[Member]:
        """Return the members that this piece completes."""
        for self._character in text:
            next(self._steps)
        found, self._found = self._found, []
        return found

    def end(self) -> list[Member]:
        """Return the members of a wrapped answer, once the answer is complete."""
        return [] if self._any_outer else self._nested

    def _answer(self) -> _Steps:
        yield
        while True:
            while self._character != "{":
                yield
            try:
                yield from self._object(1)
            except _Malformed:
                continue

    def _object(self, depth: int) -> _Steps:
        if depth > _MAX_DEPTH:
            raise _Malformed
        yield from self._next()
        while self._character != "}":
            key = yield from self._string()
            yield from self._blanks()
            self._require(":")
            yield from self._next()
            yield from self._member(key, depth)
            if self._character == ",":
                yield from self._next()
            else:
                self._require("}")
        yield

    def _member(self, key: str, depth: int) -> _Steps:
        if self._character != '"':
            yield from self._other(depth)
            yield from self._blanks()
            return
        value = yield from self._string()
        yield from self._blanks()
        self._require(",}")
        if depth == 1:
            self._any_outer = True
            self._found.append((key, value))
        else:
            self._nested.append((key, value))

    def _other(self, depth: int) -> _Steps:
        """Skip a value that is not a string."""
        if self._character == "{":
            yield from self._object(depth + 1)
        elif self._character == "[":
            yield from self._array(depth + 1)
        else:
            while self._character not in ",}]" + _BLANK:
                yield

    def _array(self, depth: int) -> _Steps:
        if depth > _MAX_DEPTH:
            raise _Malformed
        yield from self._next()
        while self._character != "]":
            if self._character == '"':
                yield from self._string()
            else:
                yield from self._other(depth)
            yield from self._blanks()
            if self._character == ",":
                yield from self._next()
            else:
                self._require("]")
        yield

    def _string(self) -> Generator[None, None, str]:
        """Read a string; halves of a surrogate pair are joined, a lone half is replaced."""
        self._require('"')
        yield
        units: list[str] = []
        while self._character != '"':
            if self._character == "\\":
                yield
                units.append((yield from self._escape()))
            else:
                units.append(self._character)
            yield
        yield
        return "".join(units).encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _escape(self) -> Generator[None, None, str]:
        if self._character != "u":
            return _ESCAPES.get(self._character, self._character)
        digits = ""
        for _ in range(4):
            yield
            digits += self._character
        try:
            return chr(int(digits, 16))
        except ValueError:
            raise _Malformed from None

    def _next(self) -> _Steps:
        """Take one character and the blanks after it."""
        yield
        yield from self._blanks()

    def _blanks(self) -> _Steps:
        while self._character in _BLANK:
            yield

    def _require(self, expected: str) -> None:
        if self._character not in expected:
            raise _Malformed
