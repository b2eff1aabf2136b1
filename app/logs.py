"""The configuration of logs."""

from __future__ import annotations

import logging
import re

import structlog
from asgi_correlation_id import correlation_id
from structlog.typing import EventDict, Processor

from app.settings import ServerSettings

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, those that turn the direction of text or begin a line, and halves of
characters, which no terminal can print. A stranger's text could hide or invent a line with them."""

_CONTINUED = "\n  | "
"""How further lines of one entry begin, so that none looks like an entry."""


def plain(text: str) -> str:
    """Return a text of one line, whose unprintable characters are written as escapes."""
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def plain_lines(text: str) -> str:
    """Return a text of several lines, such as a traceback, as parts of one entry."""
    return _CONTINUED.join(plain(line) for line in text.split("\n"))


class PlainFormatter(logging.Formatter):
    """Formats records of the standard library as text without unprintable characters."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record, with its traceback."""
        return plain_lines(super().format(record))


def configure_logs(settings: ServerSettings) -> None:
    """Configure structlog: text or one JSON object a line, each with the id of its request."""
    level = logging.getLevelNamesMapping()[settings.log_level]
    handler = logging.StreamHandler()
    handler.setFormatter(PlainFormatter("%(message)s"))
    logging.basicConfig(level=level, handlers=[handler])
    # These libraries log addresses with query strings, which may hold signatures.
    for noisy in ("httpx", "httpx2", "httpcore", "openai", "sse_starlette"):
        logging.getLogger(noisy).setLevel(max(level, logging.WARNING))
    # A line for each form that cannot be read would be a stranger's to write.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    rendering: list[Processor] = (
        [structlog.processors.JSONRenderer()]
        if settings.log_json
        else [_plain_values, structlog.dev.ConsoleRenderer(colors=False)]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _with_request_id,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            *rendering,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )


def _with_request_id(_: object, __: str, event: EventDict) -> EventDict:
    if (request_id := correlation_id.get()) is not None:
        event["request_id"] = request_id
    return event


def _plain_values(_: object, __: str, event: EventDict) -> EventDict:
    """Escape what a terminal must not get; other values than texts are written by ``repr``."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = plain_lines(value) if name == "exception" else plain(value)
    return event
