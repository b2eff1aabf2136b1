"""Metering of one request's tokens: as the provider reports them, else by an estimate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.services.translation.translator import Ledger

_BYTES_PER_TOKEN = 3
"""Of UTF-8. English has about 4 letters a token, Chinese about one character of 3 bytes, scripts
between them fewer than 3 letters of 2 bytes; so the estimate is rather too high than too low."""


_MOST_TOKENS = 10**8
"""A provider that reports more is mistaken: no model reads or writes as much at once."""


def estimated_tokens(text: str) -> int:
    """Return about how many tokens a text takes."""
    return len(text.encode("utf-8", "replace")) // _BYTES_PER_TOKEN + 1


@dataclass(slots=True)
class Meter:
    """Token usage of one request so far.

    Attributes:
        prompt_tokens: estimate for the request's messages.
        answered: whether the provider has begun to answer; before that nothing is billed.
        written_bytes: length of the answer so far.
        reported: tokens in and out by the provider; None until it reports them.
    """

    prompt_tokens: int
    answered: bool = False
    written_bytes: int = 0
    reported: tuple[int, int] | None = None

    def wrote(self, piece: str) -> None:
        """Count a piece of the answer."""
        self.written_bytes += len(piece.encode("utf-8", "replace"))

    @property
    def written_tokens(self) -> int:
        """About how many tokens the answer has so far."""
        return -(-self.written_bytes // _BYTES_PER_TOKEN)

    def read(self, usage: object) -> None:
        """Take the provider's usage object if it is one; the last one counts."""
        prompt = _count(getattr(usage, "prompt_tokens", None))
        completion = _count(getattr(usage, "completion_tokens", None))
        if prompt is not None and completion is not None:
            self.reported = prompt, completion

    @property
    def used(self) -> tuple[int, int]:
        """Tokens in and out."""
        if self.reported is not None:
            return self.reported
        if not self.answered:
            return 0, 0
        return self.prompt_tokens, self.written_tokens


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and 0 <= value <= _MOST_TOKENS else None


@contextmanager
def metered(
    ledger: Ledger | None, model: str, prompt_tokens: int, completion_tokens: int
) -> Iterator[Meter]:
    """Book the request made in the block in a ledger if there is one.

    Raises:
        TranslationBudgetError: the budget does not allow it.
    """
    meter = Meter(prompt_tokens)
    if ledger is None:
        yield meter
        return
    ledger.afford(model, prompt_tokens, completion_tokens)
    try:
        yield meter
    finally:
        ledger.spend(model, *meter.used)
