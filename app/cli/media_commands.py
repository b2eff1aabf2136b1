"""`burn` and `dub`: media operations of the server, with their results beside the media."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import httpx

from app.cli.command_context import chosen_server, exit_of
from app.cli.event_stream import read_events, stream_lines
from app.cli.exit_codes import CommandError, ExitCode, server_error
from app.cli.file_commands import FileWork, existing
from app.cli.file_writing import TO_PIPE, whole_file
from app.cli.job_follow import JobFollower
from app.cli.job_memory import RememberedJob
from app.cli.job_reporter import JobReporter
from app.cli.own_server import NO_SPEECH_ENGINES
from app.cli.remote_work import fetch, remote_work
from app.cli.server_client import (
    ServerClient,
    checked_stream,
    form_fields,
    sendable_name,
    unreachable,
)

_AUDIO_ENDING = "flac"


@dataclass(frozen=True, slots=True)
class _Operation:
    """A media operation of the server.

    Attributes:
        name: of it.
        files: that are sent, by the names of their parts.
        fields: of the request; empty ones are left out.
    """

    name: str
    files: Mapping[str, Path]
    fields: Mapping[str, str]

    @property
    def source(self) -> str:
        """Name of the file that is worked on."""
        return str(self.files["video"])


def burn_in_file(video: str, subtitles: str, work: FileWork) -> ExitCode:
    """Write a video with subtitles burned in."""
    reporter = work.reporter()

    def done() -> ExitCode:
        files = {"video": existing(video), "srt": existing(subtitles)}
        target = work.place(files["video"].with_name(f"{files['srt'].stem}.burned.mp4"))
        operation = _Operation("caption", files, {})
        with chosen_server(work.server, work.key, reporter, NO_SPEECH_ENGINES) as (client, own):
            _made(client, operation, target, work, reporter, own=own)
        return ExitCode.DONE

    return exit_of(done, reporter)


def dub_file(media: str, subtitles: str, fields: Mapping[str, str], work: FileWork) -> ExitCode:
    """Write a recording over which subtitles are spoken."""
    reporter = work.reporter()

    def done() -> ExitCode:
        files = {"video": existing(media)}
        if subtitles:
            files["srt"] = existing(subtitles)
        ending = _AUDIO_ENDING if fields["output"] == "audio" else files["video"].suffix[1:]
        language = f".{fields['target_lang']}" if fields["target_lang"] else ""
        name = f"{files['video'].stem}{language}.dub.{ending}"
        target = work.place(files["video"].with_name(name))
        operation = _Operation("dub", files, fields)
        settings = NO_SPEECH_ENGINES if subtitles else {}
        with chosen_server(work.server, work.key, reporter, settings) as (client, own):
            _made(client, operation, target, work, reporter, own=own)
        return ExitCode.DONE

    return exit_of(done, reporter)


def _made(
    client: ServerClient,
    operation: _Operation,
    target: Path,
    work: FileWork,
    reporter: JobReporter,
    *,
    own: bool,
) -> None:
    """Have an operation done, show its progress, and fetch what it made."""
    if own:
        _made_here(client, operation, target, work, reporter)
        return
    fields = {"operation": operation.name, **_given(operation.fields)}
    files = {f"url_{name}": path for name, path in operation.files.items()}
    with remote_work(client, files, fields, operation.source, reporter) as remote:
        work.check_free(target)  # of what another run has written meanwhile
        result = remote.output(fields, files)
        _write(result, operation.source, target, work, reporter, remote.fetch)
        remote.done()


def _made_here(
    client: ServerClient,
    operation: _Operation,
    target: Path,
    work: FileWork,
    reporter: JobReporter,
) -> None:
    """Do the same with a server of the command's own, which ends with it: the work does as well."""
    reporter.begun(operation.source, resumed=False)
    try:
        result = _result(client, operation, reporter)
    except httpx.HTTPError as error:
        raise unreachable(client.address, error) from None
    follower = JobFollower(client, RememberedJob(), operation.source, reporter, lambda: None)

    def fetched(url: str, file: IO[bytes]) -> None:
        fetch(client, url, file, follower)

    _write(result, operation.source, target, work, reporter, fetched)


def _write(
    result: dict[str, Any],
    source: str,
    target: Path,
    work: FileWork,
    reporter: JobReporter,
    fetched: Callable[[str, IO[bytes]], None],
) -> None:
    """Fetch the file of a result and put it in its place."""
    for notice in result.get("notices", ()):
        reporter.notice(str(notice["code"]), str(notice["message"]))
    link = str(result.get("video_url") or result["audio_url"])
    # A link of the server's own is asked for where it is known to be, whatever name it has itself.
    parts = urlsplit(link)
    near = f"{parts.path}?{parts.query}" if parts.path.startswith("/files/") else link
    if work.output == TO_PIPE:
        with tempfile.TemporaryFile() as whole:
            fetched(near, whole)
            whole.seek(0)
            shutil.copyfileobj(whole, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    with whole_file(target, force=work.force) as file:
        fetched(near, file)
    reporter.written(source, target, result)


def _given(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value}


def _result(client: ServerClient, operation: _Operation, reporter: JobReporter) -> dict[str, Any]:
    with ExitStack() as stack:
        parts = {
            name: (sendable_name(path), stack.enter_context(path.open("rb")))
            for name, path in operation.files.items()
        }
        data = form_fields(_given(operation.fields))
        asked = {"files": parts, "data": data, "headers": {"Accept": "text/event-stream"}}
        opened = client.stream("POST", f"/api/media/{operation.name}", **asked)
        response = checked_stream(stack.enter_context(opened), client)
        for event in read_events(stream_lines(response)):
            if "result" in event.payload:
                return dict(event.payload["result"])
            if "error" in event.payload:
                failed = event.payload
                raise server_error(
                    str(failed["error"]),
                    str(failed.get("code")),
                    retryable=bool(failed.get("retryable")),
                )
            reporter.stage(event.payload)
    raise CommandError("the connection was cut before the end", ExitCode.TRY_LATER)
