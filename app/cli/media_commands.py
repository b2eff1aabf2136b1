"""`burn` and `dub`: media operations of the server, with their results beside the media."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import httpx

from app.cli.command_context import chosen_server, exit_of, way_back
from app.cli.event_stream import read_events, stream_lines
from app.cli.exit_codes import CommandError, ExitCode, server_error
from app.cli.file_commands import FileWork, existing
from app.cli.file_writing import TO_PIPE, plain_stem, whole_file
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
from app.cli.subtitle_command import named_fields
from app.domain.json_text import field_value

_AUDIO_ENDING = "flac"
"""Of the server's usual format."""
_MATROSKA = (".mkv", ".webm", ".mk3d")
"""Endings of files whose copy the server writes as Matroska; of others it is MP4 where that holds
their picture."""


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


def burn_in_file(
    video: str,
    subtitles: str,
    given: Mapping[str, str],
    others: Sequence[str],
    work: FileWork,
) -> ExitCode:
    """Write a video with subtitles burned in.

    Args:
        video: its file.
        subtitles: their file.
        given: fields of the operation; empty ones count as absent.
        others: further fields of the operation, as ``NAME=VALUE``.
        work: where the result goes.
    """
    reporter = work.reporter()

    def done() -> ExitCode:
        fields = {**given, **named_fields(others)}
        files = {"video": existing(video), "srt": existing(subtitles)}
        target = work.place(files["video"].with_name(f"{files['srt'].stem}.burned.mp4"))
        operation = _Operation("caption", files, fields)
        with chosen_server(work.server, work.key, reporter, NO_SPEECH_ENGINES) as (client, own):
            _made(client, operation, target, work, reporter, own=own)
        return ExitCode.DONE

    return exit_of(done, reporter, way_back(work.server))


@dataclass(frozen=True, slots=True)
class DubArguments:
    """What is dubbed, and how.

    Attributes:
        media: file of the recording.
        subtitles: file of what is spoken; empty for what the recording says.
        fields: of the operation; empty ones count as absent.
        voices: voices of speakers, as ``LABEL=VOICE``.
        others: further fields of the operation, as ``NAME=VALUE``.
    """

    media: str
    subtitles: str
    fields: Mapping[str, str]
    voices: Sequence[str]
    others: Sequence[str]

    def named(self) -> dict[str, str]:
        """Return the fields that are sent.

        Raises:
            CommandError: one is not ``NAME=VALUE``.
        """
        fields = {name: value for name, value in self.fields.items() if value}
        if self.voices:
            fields["voices"] = json.dumps(named_fields(self.voices, "--voices"))
        return fields | named_fields(self.others)


def dub_file(given: DubArguments, work: FileWork) -> ExitCode:
    """Write a recording over which subtitles are spoken."""
    reporter = work.reporter()

    def done() -> ExitCode:
        fields = given.named()
        files = {"video": existing(given.media)}
        if given.subtitles:
            files["srt"] = existing(given.subtitles)
        is_sound = fields.get("output", "audio") == "audio"
        usual = "mkv" if files["video"].suffix.lower() in _MATROSKA else "mp4"
        ending = fields.get("format", _AUDIO_ENDING) if is_sound else usual
        # What is no language and no format is refused by the server, with its own words for it.
        marks = [plain_stem(fields.get("target_lang", "")), "dub", plain_stem(ending)]
        name = ".".join([files["video"].stem, *filter(None, marks)])
        target = work.place(files["video"].with_name(name))
        operation = _Operation("dub", files, fields)
        settings = NO_SPEECH_ENGINES if given.subtitles or fields.get("job_id") else {}
        with chosen_server(work.server, work.key, reporter, settings) as (client, own):
            _made(client, operation, target, work, reporter, own=own)
        return ExitCode.DONE

    return exit_of(done, reporter, way_back(work.server))


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
    given = {name: field_value(value) for name, value in _given(operation.fields).items()}
    fields = {"operation": operation.name, **given}
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
    target = _with_ending(target, str(result.get("filename", "")), work)
    with whole_file(target, force=work.force) as file:
        fetched(near, file)
    reporter.written(source, target, result)


def _with_ending(target: Path, made: str, work: FileWork) -> Path:
    """Return where a file goes once it is known what it is, such as Matroska out of WebM.

    Args:
        target: where it was to go.
        made: the server's name for the file.
        work: a name that somebody gave stays.
    """
    is_given = work.output and target == Path(work.output).expanduser()
    ending = plain_stem(Path(made).suffix)
    return target if is_given or not ending else target.with_suffix(f".{ending}")


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
