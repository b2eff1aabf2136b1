"""A kind of job input, and the job that its handler works on."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from app.container import Services
from app.domain.events import Progress

Payload = dict[str, Any]
"""A JSON object."""

AsgiRoutes = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]
"""Our own HTTP routes as an ASGI application, which are called without a socket."""

Report = Callable[[Payload], Awaitable[None]]
"""Sends a job's progress to its reader; returns once it is sent."""


async def _unreported(_: Payload) -> None:
    """Report nothing."""


def _unfollowed(_: str) -> None:
    """Report nothing."""


def _unnoted(_: Progress) -> None:
    """Write nothing down."""


@dataclass(frozen=True, slots=True)
class EnvelopeJob:
    """A job that came in an envelope, whatever door it came by.

    Attributes:
        id: as its caller knows it.
        input: the envelope.
        services: of the process.
        caller: who pays for the translation; empty where no key is needed.
        holder: who holds the job's place; see `JobRequest`.
        key: index of the caller's API key; None without one.
        routes: our own HTTP routes; None where they cannot be called.
        report: takes the progress.
        note: takes the same progress as an event, for a job with a log that readers resume from.
        follow: takes the id of the subtitle job that does the work.
        s3_config: access to the caller's object storage, as RunPod's ``s3Config`` has it. It
            holds a secret, so it is left out where the job is shown.
        base_url: address of the server as the caller knows it, for links to stored files; None
            where it has none.
    """

    id: str
    input: Mapping[str, Any]
    services: Services
    caller: str = ""
    holder: str = ""
    key: int | None = None
    routes: AsgiRoutes | None = None
    report: Report = _unreported
    note: Callable[[Progress], None] = _unnoted
    follow: Callable[[str], None] = _unfollowed
    s3_config: Mapping[str, Any] | None = field(default=None, repr=False)
    base_url: str | None = None


Answer = Callable[[EnvelopeJob], Awaitable[object]]
"""Works on a job and returns its output, a JSON value.

A dictionary with a key ``error`` that is not empty ends the job as failed, and what else it holds
stays its output. A `CuestreamError` ends it too, with its message.
"""

Parts = Callable[[EnvelopeJob], AsyncGenerator[object, None]]
"""Works on a job and yields its output in parts, each a JSON value; the output is their list."""


def _always(_: Mapping[str, Any]) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Envelope:
    """One kind of job input.

    Attributes:
        kind: its name.
        keys: an input with any of them is of this kind, unless an earlier row takes it.
        answer: the handler, where the output is one value.
        parts: the handler, where the output comes in parts; one of both is given.
        repeats: tells of an input whether its job may be done again, where a worker ended while it
            was under way.
    """

    kind: str
    keys: frozenset[str]
    answer: Answer | None = None
    parts: Parts | None = None
    repeats: Callable[[Mapping[str, Any]], bool] = _always

    async def outputs(self, job: EnvelopeJob) -> AsyncGenerator[object, None]:
        """Yield the output: its parts, or the one value.

        Raises:
            CuestreamError: the input is bad, or the job failed.
        """
        if self.answer is not None:
            yield await self.answer(job)
        if self.parts is not None:
            async with aclosing(self.parts(job)) as parts:
                async for part in parts:
                    yield part
