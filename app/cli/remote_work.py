"""Work of a server elsewhere that a sub-command waits for, and that the next run goes on with."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import httpx

from app.cli.command_context import terminal_settings
from app.cli.exit_codes import CommandError, ExitCode, server_error
from app.cli.job_follow import JobFollower
from app.cli.job_memory import JobMemory, RememberedJob, file_facts, job_key
from app.cli.job_reporter import JobReporter
from app.cli.part_upload import upload_in_parts
from app.cli.server_client import ServerClient, checked, json_object, not_cuestream


class RemoteWork:
    """One piece of work: its uploads, its job, and what is remembered of both.

    Args:
        client: of the server.
        memory: of interrupted work.
        key: of this work in the memory.
        name: of its input, for people.
        reporter: shows what happens.
    """

    def __init__(
        self, client: ServerClient, memory: JobMemory, key: str, name: str, reporter: JobReporter
    ) -> None:
        self._client = client
        self._memory = memory
        self._key = key
        self._reporter = reporter
        self._job = memory.load(key)
        self._follower = JobFollower(client, self._job, name, reporter, self._save)
        reporter.begun(name, resumed=bool(self._job.events or self._job.uploads))

    def answer(self, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return what a request is answered; it is sent again where the connection was cut.

        Raises:
            CommandError: the server refused it, or stays out of reach.
        """
        return self._follower.patiently(ask)

    def output(self, fields: Mapping[str, Any], files: Mapping[str, Path]) -> dict[str, Any]:
        """Return the output of a job of the server's queue, which outlives every connection.

        Args:
            fields: of its input.
            files: that are uploaded, by the fields that name them.

        Raises:
            CommandError: the job failed, or the server stays out of reach.
        """
        try:
            result = self._follower.result(lambda: self._begin(fields, files))
        except KeyboardInterrupt:
            if job := self._job.events.removeprefix("/api/jobs/").partition("/")[0]:
                text = f"the server goes on with it; cuestream cancel {job} ends it there"
                self._reporter.notice("goes_on", text)
            raise
        parts = result.get("parts")
        if not isinstance(parts, list) or not parts or not isinstance(parts[0], dict):
            self._follower.forget()
            raise not_cuestream(self._client.address, "the job has no output")
        if error := parts[0].get("error"):
            self._follower.forget()
            raise server_error(str(error), str(parts[0].get("error_type", "")))
        return dict(parts[0])

    def uploaded(self, field: str, path: Path) -> str:
        """Upload a file, from where an earlier try or run stopped; return the id of the upload."""

        def sent(percent: int) -> None:
            self._follower.moved()
            self._reporter.stage({"stage": "uploading", "percent": percent})

        return upload_in_parts(self._client, path, self._job, sent, self._save, field)

    def fetch(self, url: str, file: IO[bytes]) -> None:
        """Fetch a stored result; see `fetch`."""
        try:
            fetch(self._client, url, file, self._follower)
        except CommandError as error:
            if error.exit_code is ExitCode.FAILED:
                self._follower.forget()  # such a link leads nowhere in the next run either
            raise

    def done(self) -> None:
        """Forget the work: its result is written."""
        self._memory.forget(self._key)

    def _save(self) -> None:
        self._memory.save(self._key, self._job)

    @contextmanager
    def _begin(
        self, fields: Mapping[str, Any], files: Mapping[str, Path]
    ) -> Iterator[httpx.Response]:
        named = {field: f"upload:{self.uploaded(field, path)}" for field, path in files.items()}
        if not self._job.attempt:
            self._job.attempt = uuid.uuid4().hex
            self._save()
        # Where the answer is lost, the same key brings the same job.
        once = {"Idempotency-Key": self._job.attempt}
        order = {"input": {**fields, **named}}
        ticket = json_object(checked(self._client.http.post("/run", json=order, headers=once)))
        if not isinstance(ticket.get("id"), str):
            raise not_cuestream(self._client.address, "it takes no jobs")
        events = f"/api/jobs/{ticket['id']}/events?view=process"
        with self._client.stream("GET", events) as response:
            yield response


@contextmanager
def remote_work(
    client: ServerClient,
    files: Mapping[str, Path],
    fields: Mapping[str, Any],
    name: str,
    reporter: JobReporter,
    *,
    own: bool = False,
) -> Iterator[RemoteWork]:
    """Give the work on some files, which another run on the same ones waits for.

    Args:
        client: of the server.
        files: that are sent, by the fields that name them.
        fields: of the request.
        name: of the input, for people.
        reporter: shows what happens.
        own: whether the server is the command's own.
    """
    memory = JobMemory(terminal_settings().state_folder, reporter.notice)
    facts = [[field, *file_facts(path)] for field, path in files.items()]
    key = job_key("" if own else client.address, facts, fields)
    busy = f"another run of the command has begun {name}; waiting for it"
    with memory.claimed(key, lambda: reporter.waiting(busy)):
        yield RemoteWork(client, memory, key, name, reporter)


def patient_answer(
    client: ServerClient, name: str, reporter: JobReporter, ask: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Return what a request is answered that needs no memory: the whole is sent again after a cut.

    Args:
        client: of the server.
        name: of the input, for people.
        reporter: shows cut connections.
        ask: sends it and returns the answer.

    Raises:
        CommandError: the server refused it, or stays out of reach.
    """
    return JobFollower(client, RememberedJob(), name, reporter, lambda: None).patiently(ask)


def fetch(client: ServerClient, url: str, file: IO[bytes], follower: JobFollower) -> None:
    """Fetch a stored file into an open one; after a cut only what is missing is asked for.

    Args:
        client: of the server.
        url: of the file.
        file: empty, and can be read.
        follower: waits after a cut.

    Raises:
        CommandError: it cannot be had.
        OSError: the file cannot be written.
    """
    tag = ""

    def rest() -> None:
        nonlocal tag
        headers = {"Accept-Encoding": "identity"}
        if tag and file.tell():
            headers |= {"Range": f"bytes={file.tell()}-", "If-Range": tag}
        with client.stream("GET", url, headers=headers) as response:
            if response.status_code != httpx.codes.PARTIAL_CONTENT:
                file.seek(0)
                file.truncate()
            tag = response.headers.get("ETag", "")
            for part in response.iter_bytes():
                file.write(part)
                follower.moved()

    follower.patiently(rest)
