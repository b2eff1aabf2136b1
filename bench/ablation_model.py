"""A scripted model in place of a connection to a provider."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping

from app.services.translation.llm.chat_request import ChatRequest
from app.services.translation.llm.connection import ChatConnection
from app.services.translation.llm.metering import Meter
from app.services.translation.llm.provider_errors import PassingFailureError
from app.services.translation.llm.response_formats import AnswerFormat
from tests.chat_behaviours import Behaviour, Reply, fine
from tests.chat_server import read_call

_PIECE_CHARS = 7
_BYTES_PER_TOKEN = 4


class ScriptedConnection(ChatConnection):
    """Answers requests itself: rightly, or by a script.

    Args:
        right: translation by line.

    Attributes:
        requests, tokens: so far.
    """

    def __init__(self, right: Mapping[str, str]) -> None:
        self.plain = False
        self.requests = self.tokens = 0
        self._right = right
        self._wrong: Behaviour | None = None
        self._answers = 0

    def script(self, wrong: Behaviour | None, answers: int) -> None:
        """Make so many of the next answers wrong."""
        self._wrong, self._answers = wrong, answers

    async def close(self) -> None:
        """Nothing is open."""

    async def stream(
        self, question: ChatRequest, form: AnswerFormat, meter: Meter
    ) -> AsyncGenerator[str, None]:
        """Yield the answer in small pieces."""
        body = {
            "messages": question.write(form),
            "response_format": form.response_format(question.count),
        }
        call = read_call({}, body)
        behave = self._wrong if self._wrong and self._answers > 0 else fine
        self._answers -= 1
        members = tuple((key, self._right[text]) for key, text in call.lines.items())
        reply = behave(call, Reply(members))
        answer = reply.answer(call.form)[: reply.end_after]
        self.requests += 1
        self.tokens += call.prompt_tokens + len(answer.encode()) // _BYTES_PER_TOKEN
        meter.answered = True
        for start in range(0, len(answer), _PIECE_CHARS):
            yield answer[start : start + _PIECE_CHARS]
        if reply.end != "done":
            raise PassingFailureError("The scripted model is gone")
        yield "\n"
