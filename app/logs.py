"""The configuration of logs."""

from __future__ import annotations

import logging

import structlog
from asgi_correlation_id import correlation_id
from structlog.typing import EventDict

from app.settings import ServerSettings


def configure_logs(settings: ServerSettings) -> None:
    """Configure structlog: text or one JSON object a line, each with the id of its request."""
    level = logging.getLevelNamesMapping()[settings.log_level]
    logging.basicConfig(level=level, format="%(message)s")
    # These libraries log addresses with query strings, which may hold signatures.
    for noisy in ("httpx", "httpx2", "httpcore", "openai", "sse_starlette"):
        logging.getLogger(noisy).setLevel(max(level, logging.WARNING))
    renderer = (
        structlog.processors.JSONRenderer()
        if settings.log_json
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _with_request_id,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )


def _with_request_id(_: object, __: str, event: EventDict) -> EventDict:
    if (request_id := correlation_id.get()) is not None:
        event["request_id"] = request_id
    return event
