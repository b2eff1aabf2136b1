"""`burn` and `dub`: media operations of the server, with their results beside the media."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from app.cli.command_context import chosen_server, exit_of
from app.cli.event_stream import read_events, stream_lines
from app.cli.exit_codes import CommandError, ExitCode, server_error
from app.cli.file_commands import FileWork, existing
from app.cli.file_writing import TO_PIPE, whole_file
from app.cli.job_reporter import JobReporter
from app.cli.own_server import NO_SPEECH_ENGINES
from app.cli.server_client import (
    ServerClient,
    checked_stream,
    form_fields,
    sendable_name,
    unreachable,
)

_AUDIO_ENDING = "flac"


def burn_in_file(video: str, subtitles: str, work: FileWork) -> ExitCode:
    """Write a video with subtitles burned in."""
    reporter = work.reporter()

    def done() -> ExitCode:
        files = {"video": existing(video), "srt": existing(subtitles)}
        target = work.place(files["video"].with_name(f"{files['srt'].stem}.burned.mp4"))
        with chosen_server(work.server, work.key, reporter, NO_SPEECH_ENGINES) as (client, _):
            _made(client, "caption", files, {}, target, work, reporter)
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
        own = NO_SPEECH_ENGINES if subtitles else {}
        with chosen_server(work.server, work.key, reporter, own) as (client, _):
            _made(client, "dub", files, fields, target, work, reporter)
        return ExitCode.DONE

    return exit_of(done, reporter)


def _made(
    client: ServerClient,
    operation: str,
    files: Mapping[str, Path],
    fields: Mapping[str, str],
    target: Path,
    work: FileWork,
    reporter: JobReporter,
) -> None:
    """Have an operation done, show its progress, and fetch what it made."""
    source = str(files["video"])
    reporter.begun(source, resumed=False)
    try:
        result = _result(client, operation, files, fields, reporter)
    except httpx.HTTPError as error:
        raise unreachable(client.address, error) from None
    for notice in result.get("notices", ()):
        reporter.notice(str(notice["code"]), str(notice["message"]))
    link = str(result.get("video_url") or result["audio_url"])
    # A link of the server's own is asked for where it is known to be, whatever name it has itself.
    parts = urlsplit(link)
    near = f"{parts.path}?{parts.query}" if parts.path.startswith("/files/") else link
    if work.output == TO_PIPE:
        client.download(near, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    with whole_file(target, force=work.force) as file:
        client.download(near, file)
    reporter.written(source, target, result)


def _result(
    client: ServerClient,
    operation: str,
    files: Mapping[str, Path],
    fields: Mapping[str, str],
    reporter: JobReporter,
) -> dict[str, Any]:
    with ExitStack() as stack:
        parts = {
            name: (sendable_name(path), stack.enter_context(path.open("rb")))
            for name, path in files.items()
        }
        data = form_fields({name: value for name, value in fields.items() if value})
        asked = {"files": parts, "data": data, "headers": {"Accept": "text/event-stream"}}
        opened = client.stream("POST", f"/api/media/{operation}", **asked)
        response = checked_stream(stack.enter_context(opened), client)
        for event in read_events(stream_lines(response)):
            if "result" in event.payload:
                return dict(event.payload["result"])
            if "error" in event.payload:
                told = event.payload
                retryable = bool(told.get("retryable"))
                raise server_error(str(told["error"]), str(told.get("code")), retryable=retryable)
            reporter.stage(event.payload)
    raise CommandError("the connection was cut before the end", ExitCode.TRY_LATER)
