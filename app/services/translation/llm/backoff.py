"""How long to wait before a provider is asked again."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential delays with jitter, or as the provider wishes within a bound.

    Attributes:
        first_s: before the second attempt; each further delay is twice as long.
        longest_s: no delay of our own exceeds it.
        patience_s: a provider that wants to be left alone for longer is given up.

    Source: the delays are those of OpenAI's own SDK.
    """

    first_s: float = 0.5
    longest_s: float = 8.0
    patience_s: float = 60.0

    def delay_s(self, failures: int, retry_after_s: float | None) -> float | None:
        """Return the seconds to wait after so many failures, or None to give up."""
        if retry_after_s is not None and retry_after_s > self.patience_s:
            return None
        own_s = min(self.longest_s, self.first_s * 2.0 ** (failures - 1))
        jittered_s = own_s * random.uniform(0.75, 1.0)  # noqa: S311 - no secret hangs on it
        return max(jittered_s, retry_after_s or 0.0)
