"""Following one job to its end, across cut connections."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

import httpx

from app.cli.event_stream import StreamEvent, read_events, stream_lines
from app.cli.exit_codes import CommandError, server_error
from app.cli.job_memory import RememberedJob
from app.cli.job_reporter import JobReporter
from app.cli.server_client import ServerClient, checked, checked_stream, unreachable

_WAITS_S = (1, 2, 4, 8, 15, 30, 30, 60, 60, 60)
"""Seconds before each new try; a server that is started again has as long to load."""

_MOST_BEGUN = 3
"""Times that one run sends the same request: a job that a server loses again and again may be what
ends the server."""

_GONE = frozenset({"job_not_found", "upload_not_found", "job_interrupted", "404"})
"""What is remembered is not there any more: it has to be sent again."""

_CANCELLED = "cancelled"
"""By somebody, or since nobody read the job while the connection was cut."""

_PASSING = frozenset(
    [
        *("server_shutdown", "not_ready", "rate_limited", "overloaded"),
        # The server may not have seen yet that the connection of a part was cut.
        *("upload_locked", "upload_offset"),
        # Of gateways, whose answers have no code.
        *("429", "502", "503", "504"),
    ]
)
"""Codes and statuses after which the same request is sent again."""

_Found = TypeVar("_Found")

Open = Callable[[], AbstractContextManager[httpx.Response]]


class JobGoneError(Exception):
    """The server knows nothing of a job any more.

    Attributes:
        reason: what it said instead.
    """

    def __init__(self, reason: CommandError) -> None:
        super().__init__(reason.message)
        self.reason = reason


class JobFollower:
    """Reads the events of one job, and comes back where a connection was cut.

    Args:
        client: of the server.
        job: what is remembered of it; kept up to date.
        name: of the input.
        reporter: shows what happens.
        save: stores what is remembered.
    """

    def __init__(
        self,
        client: ServerClient,
        job: RememberedJob,
        name: str,
        reporter: JobReporter,
        save: Callable[[], None],
    ) -> None:
        self._client = client
        self._job = job
        self._name = name
        self._reporter = reporter
        self._save = save
        self._failures = 0
        self._lost = 0
        self._resumed = False
        self._new_events = 0

    def result(self, begin: Open) -> dict[str, Any]:
        """Return the job's result; a job that is remembered is not begun again.

        Args:
            begin: sends the request whose answer is the stream.

        Raises:
            CommandError: the job failed, or the server stays out of reach.
        """
        return self.patiently(lambda: self._followed(begin))

    def patiently(self, work: Callable[[], _Found]) -> _Found:
        """Do work with the server; do it again where the connection is cut.

        Args:
            work: begins where it stood.

        Raises:
            CommandError: the server refuses it, or stays out of reach.
        """
        while True:
            try:
                return work()
            except JobGoneError as gone:
                self._lose(gone.reason)
            except httpx.HTTPError as error:
                reason = str(error) or type(error).__name__
                self._wait(reason, unreachable(self._client.address, error))
            except ValueError as error:  # of an event that came damaged
                self._wait("damaged event", server_error(f"no event: {error}", "stream"))
            except CommandError as error:
                if error.code in _GONE and (self._job.events or self._job.uploads):
                    self._lose(error)
                elif error.code in _PASSING:
                    self._wait(error.message, error)
                else:
                    raise

    def moved(self) -> None:
        """Note that something came through: the next cut is a first one again."""
        self._failures = 0

    def _followed(self, begin: Open) -> dict[str, Any]:
        self._resumed, self._new_events = bool(self._job.events), 0
        with (self._resume if self._resumed else begin)() as response:
            self._job.worker = response.headers.get("X-Runpod-Worker-Id", "")
            if response.status_code == httpx.codes.NO_CONTENT:
                return self._finished()
            for event in read_events(stream_lines(checked_stream(response, self._client))):
                with interrupts_wait():
                    result = self._seen(event)
                if result is not None:
                    return result
        raise httpx.ReadError("the stream ended before its job")

    def _resume(self) -> AbstractContextManager[httpx.Response]:
        headers = {"Last-Event-ID": self._job.last_event} if self._job.last_event else {}
        if self._job.worker:
            headers["X-Runpod-Worker-Id"] = f"strict {self._job.worker}"
        return self._client.stream("GET", self._job.events, headers=headers)

    def _finished(self) -> dict[str, Any]:
        """Return the result of a job whose events were all seen."""
        path, _, query = self._job.events.partition("/events")
        state = checked(self._client.http.get(f"{path}{query}")).json()
        result = state.get("result") if isinstance(state, dict) else None
        if not isinstance(result, dict):
            raise JobGoneError(server_error("its result is not kept any more", "job_not_found"))
        return result

    def _seen(self, event: StreamEvent) -> dict[str, Any] | None:
        payload = event.payload
        if "events" in payload and not self._job.events:
            self._job.events = str(payload["events"])
            self._reporter.job(str(payload.get("job_id", "")))
            self._save()
        if "error" in payload:
            raise self._failed(payload)
        self._job.last_event = event.number or self._job.last_event
        self._new_events += 1
        self.moved()
        if "result" in payload:
            return dict(payload["result"])
        if "subtitles" in payload:
            self._reporter.cues(payload["subtitles"])
            self._save()
        elif "stage" in payload:
            self._reporter.stage(payload)
        return None

    def _failed(self, payload: dict[str, Any]) -> Exception:
        """Return what a job's last event means: it failed for good, or it has to be sent again."""
        retryable = bool(payload.get("retryable"))
        error = server_error(
            str(payload["error"]), str(payload.get("code", "")), retryable=retryable
        )
        if error.code in _GONE or (self._resumed and error.code == _CANCELLED):
            return JobGoneError(error)
        if error.code in _PASSING:
            # Answered once more, it is the job's end rather than the server's.
            return JobGoneError(error) if self._resumed and not self._new_events else error
        self.forget()
        return error

    def forget(self) -> None:
        """Let the next run begin the job anew rather than read again how it ended."""
        self._job.events = self._job.last_event = self._job.attempt = ""
        self._save()

    def _lose(self, reason: CommandError) -> None:
        """Make ready to send the request again."""
        self._job.uploads.clear()
        self.forget()
        self._lost += 1
        if self._lost >= _MOST_BEGUN:
            raise reason
        if reason.code in _PASSING:
            self._wait(reason.message, reason)
        self._reporter.notice("begun_again", f"the job is begun again: {reason.message}")

    def _wait(self, reason: str, error: CommandError) -> None:
        if self._failures == len(_WAITS_S):
            raise error
        wait_s = _WAITS_S[self._failures]
        self._failures += 1
        self._reporter.reconnecting(self._name, reason, wait_s)
        time.sleep(wait_s)


@contextmanager
def interrupts_wait() -> Iterator[None]:
    """Let interrupts wait for the block: what was written and what is remembered must agree."""
    if threading.current_thread() is not threading.main_thread():  # which alone is interrupted
        yield
        return
    came: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: came.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        signal.raise_signal(came[0])
