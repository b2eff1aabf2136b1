"""Request to a model, independent of the answer format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from openai.types.chat import ChatCompletionMessageParam

from app.services.translation.llm.metering import estimated_tokens
from app.services.translation.llm.response_formats import AnswerFormat

_ENVELOPE_TOKENS = 8
"""Tokens of a line's key, quotes and comma."""

Messages = list[ChatCompletionMessageParam]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """Texts to translate with their prompt.

    Attributes:
        texts: the answer has a member for each, keyed "1" to "n".
        write: writes the messages for an answer format.
    """

    texts: tuple[str, ...]
    write: Callable[[AnswerFormat], Messages]

    @property
    def count(self) -> int:
        """Members of a complete answer."""
        return len(self.texts)

    @property
    def answer_tokens(self) -> int:
        """About how many tokens the answer takes."""
        return sum(estimated_tokens(text) + _ENVELOPE_TOKENS for text in self.texts)

    @property
    def chars(self) -> int:
        """Characters of the lines together."""
        return sum(map(len, self.texts))


def prompt_tokens(messages: Messages) -> int:
    """Return about how many tokens messages take."""
    return sum(estimated_tokens(str(message.get("content", ""))) for message in messages)
