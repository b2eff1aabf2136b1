"""A log line for many refusals, so that whoever is refused cannot fill the log."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping

import structlog

log = structlog.get_logger()

_EVERY_S = 10.0


class RefusalLog:
    """Counts what is refused, by its reason, and logs the counts at intervals.

    Args:
        event: name of the log line.
        details: called for further fields of a line.
    """

    def __init__(self, event: str, details: Callable[[], Mapping[str, int]] = dict) -> None:
        self._event = event
        self._details = details
        self._counts: Counter[str] = Counter()

    def note(self, reason: str) -> None:
        """Count a refusal."""
        if not self._counts:
            asyncio.get_running_loop().call_later(_EVERY_S, self._write)
        self._counts[reason] += 1

    def _write(self) -> None:
        log.warning(self._event, **self._details(), **self._counts)
        self._counts.clear()
