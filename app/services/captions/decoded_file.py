"""A file's text with what was assumed to read it."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.events import Notice

SURE = 0.8
"""Confidence from which a notice does not doubt the encoding."""


@dataclass(frozen=True, slots=True)
class DecodedFile:
    """A file's text and what was assumed to read it.

    Attributes:
        text: undecodable bytes are U+FFFD.
        encoding: as Python names it.
        replaced: number of U+FFFD that the file did not hold itself.
        guessed: whether the bytes do not prove the encoding.
        confidence: 0..1, that the encoding is right.
        other_lines: lines that were in another encoding than the rest.
        other_encoding: of those.
        encoded_twice: encoding that UTF-8 was taken for before it was written in UTF-8 again; empty
            where it was not.
    """

    text: str
    encoding: str
    replaced: int = 0
    guessed: bool = False
    confidence: float = 1.0
    other_lines: int = 0
    other_encoding: str = ""
    encoded_twice: str = ""

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What was assumed or lost; none where the bytes prove every character."""
        parts: list[str] = []
        if self.guessed:
            doubt = f" (confidence {self.confidence:.2f})" if self.confidence < SURE else ""
            parts.append(f"The captions name no encoding and were read as {self.encoding}{doubt}")
        if self.encoded_twice:
            between = f"{self.encoding} by way of {self.encoded_twice}"
            parts.append(f"The captions were encoded twice, in {between}, and read as they were")
        if self.other_lines:
            lines = _counted(self.other_lines, "line")
            parts.append(f"{lines} not in {self.encoding} were read as {self.other_encoding}")
        if self.replaced:
            bytes_ = _counted(self.replaced, "character")
            parts.append(f"{bytes_} could not be read as {self.encoding} and are shown as U+FFFD")
        hint = "; captions_lang helps to choose" if self.confidence < SURE else ""
        return (Notice("encoding_assumed", "; ".join(parts) + hint),) if parts else ()


def _counted(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number} {what}s"
