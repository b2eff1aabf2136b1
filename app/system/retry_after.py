"""The ``Retry-After`` header of an answer."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def seconds_until(value: str) -> float | None:
    """Read a ``Retry-After`` header, seconds or a date; None where it is neither.

    Source: RFC 9110 section 10.2.3.
    """
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        then = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (then.replace(tzinfo=then.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
