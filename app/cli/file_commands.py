"""`qc`, `relayout` and `align`: subtitle files in, reports and files out."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.cli.command_context import GOES_ON, chosen_reporter, chosen_server, exit_of
from app.cli.exit_codes import CommandError, ExitCode
from app.cli.file_writing import TO_PIPE, check_pipe, write_stdout, write_whole
from app.cli.job_reporter import JobReporter
from app.cli.own_server import NO_SPEECH_ENGINES
from app.cli.part_upload import PART_BYTES
from app.cli.remote_work import RemoteWork, patient_answer, remote_work
from app.cli.server_client import ServerClient, form_fields, sendable_name
from app.cli.subtitle_command import endings
from app.logs import plain

TEXT_ENDINGS = frozenset({".txt", ".md", ""})
"""Endings of files that are a plain text and no subtitles."""


@dataclass(frozen=True, slots=True)
class FileWork:
    """What the commands that write a file have in common.

    Attributes:
        output: file or folder; empty for beside the input.
        force: whether a file is overwritten.
        server: address; empty for that of the settings.
        key: empty for that of the settings.
        as_json: whether events are written as JSON.
        quiet: whether errors alone are shown.
    """

    output: str
    force: bool
    server: str
    key: str
    as_json: bool
    quiet: bool

    def reporter(self) -> JobReporter:
        """Return the reporter of the run."""
        return chosen_reporter(as_json=self.as_json, quiet=self.quiet)

    def place(self, usual: Path) -> Path:
        """Return where the file goes.

        Args:
            usual: where it goes unless something else was said.

        Raises:
            CommandError: that place is taken, or events go to standard output.
        """
        if self.output == TO_PIPE:
            check_pipe(as_json=self.as_json)
            return usual
        path = Path(self.output).expanduser() if self.output else usual
        if self.output.endswith("/") or os.path.isdir(path):  # noqa: PTH112
            path = path / usual.name
        self.check_free(path)
        return path

    def check_free(self, path: Path) -> None:
        """Check that a file may be written.

        Raises:
            CommandError: it is there and may not be overwritten.
        """
        if self.output != TO_PIPE and path.exists() and not self.force:
            raise CommandError(f"{path} is there already; --force overwrites it", ExitCode.EXISTS)


def existing(text: str) -> Path:
    """Return the path of a file that is there.

    Raises:
        CommandError: it is not.
    """
    path = Path(text).expanduser()
    if not os.path.isfile(path):  # noqa: PTH113 - a name that no file can have is no error
        raise CommandError(f"there is no file {text!r} in {Path.cwd()}", ExitCode.NO_INPUT)
    return path


def sent(
    client: ServerClient, route: str, files: Mapping[str, Path], fields: Mapping[str, Any]
) -> dict[str, Any]:
    """Send files with fields, those that are empty left out; return the answer.

    Raises:
        CommandError: the server refused it.
        httpx.HTTPError: the connection failed.
    """
    with ExitStack() as stack:
        parts = {
            name: (sendable_name(path), stack.enter_context(path.open("rb")))
            for name, path in files.items()
        }
        given = {name: value for name, value in fields.items() if value != ""}
        if not parts:
            return client.asked(route, json=given)
        return client.asked(route, files=parts, data=form_fields(given))


def check_files(
    files: Sequence[str], profile: str, language: str, server: str, key: str, *, as_json: bool
) -> ExitCode:
    """Print a report for each file; return 7 where a rule is broken."""
    reporter = chosen_reporter(as_json=as_json, quiet=True)

    def work() -> ExitCode:
        paths = [existing(file) for file in files]
        clean = True
        with chosen_server(server, key, reporter, NO_SPEECH_ENGINES) as (client, _):
            for path in paths:
                fields = {"profile": profile, "language": language}
                report = _sent_patiently(client, "/api/qc", path, fields, reporter)
                clean &= report["conforming"] == report["cues"]
                _print_report(path, report, as_json=as_json)
        return ExitCode.DONE if clean else ExitCode.FINDINGS

    return exit_of(work, reporter)


def _print_report(path: Path, report: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"event": "report", "path": str(path), **report}), flush=True)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    obeyed = f"{report['conforming']} of {report['cues']} cues obey {report['profile']}"
    title = f"{plain(str(path))}: {obeyed}"
    table = Table("rule", "cues", "limit", "first", title=Text(title), title_justify="left")
    for rule in report["rules"]:
        faults = rule.get("faults") or []
        if faults:
            limit = f"{rule.get('limit', '')} {rule.get('unit', '')}".strip()
            first = ", ".join(str(fault["cue"]) for fault in faults[:5])
            table.add_row(str(rule["rule"]), str(len(faults)), limit, first)
    Console().print(table if table.row_count else Text(title))


def relayout_file(file: str, profile: str, kind: str, work: FileWork) -> ExitCode:
    """Write a file's subtitles by another profile."""
    reporter = work.reporter()

    def done() -> ExitCode:
        path = existing(file)
        [(name, ending)] = endings(kind or path.suffix.removeprefix(".")).items()
        target = work.place(path.with_name(f"{path.stem}.{profile}.{ending}"))
        with chosen_server(work.server, work.key, reporter, NO_SPEECH_ENGINES) as (client, _):
            fields = {"profile": profile, "formats": [name]}
            answer = _sent_patiently(client, "/api/relayout", path, fields, reporter)
        _write_answer(answer, name, file, target, work, reporter)
        return ExitCode.DONE

    return exit_of(done, reporter)


def align_file(
    text: str, media: str, fields: Mapping[str, str], kind: str, work: FileWork
) -> ExitCode:
    """Write a text as subtitles with the times at which it is said."""
    reporter = work.reporter()

    def done() -> ExitCode:
        spoken, recording = existing(text), existing(media)
        [(name, ending)] = endings(kind).items()
        language = f".{fields['source_lang']}" if fields.get("source_lang") else ""
        target = work.place(recording.with_name(f"{recording.stem}{language}.{ending}"))
        files: dict[str, Path] = {}
        asked: dict[str, Any] = {**fields, "formats": [name]}
        if spoken.suffix.lower() in TEXT_ENDINGS:
            asked["text"] = _text_of(spoken)
        else:
            files["captions"] = spoken
        with chosen_server(work.server, work.key, reporter) as (client, own):
            together = {**files, "file": recording}
            with remote_work(client, together, asked, media, reporter, own=own) as remote:
                work.check_free(target)  # of what another run has written meanwhile
                answer = remote.answer(
                    lambda: _aligned(client, remote, recording, files, asked, own=own)
                )
                _write_answer(answer, name, media, target, work, reporter)
                remote.done()
        return ExitCode.DONE

    return exit_of(done, reporter, GOES_ON)


def _aligned(
    client: ServerClient,
    remote: RemoteWork,
    recording: Path,
    files: Mapping[str, Path],
    fields: Mapping[str, Any],
    *,
    own: bool,
) -> dict[str, Any]:
    """Return the answer to a request that aligns; a large recording is uploaded ahead of it.

    Its words are in the server's cache as they are transcribed, so a second request goes on there.
    """
    if own or recording.stat().st_size <= PART_BYTES:
        return sent(client, "/api/align", {**files, "file": recording}, fields)
    upload = remote.uploaded("file", recording)
    return sent(client, "/api/align", files, {**fields, "upload_id": upload})


def _sent_patiently(
    client: ServerClient,
    route: str,
    path: Path,
    fields: Mapping[str, Any],
    reporter: JobReporter,
) -> dict[str, Any]:
    """Return the answer about a file; it is sent again where the connection was cut."""
    return patient_answer(
        client, str(path), reporter, lambda: sent(client, route, {"file": path}, fields)
    )


def _text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommandError(
            f"{path} is no text in UTF-8: {error.reason}", ExitCode.NO_INPUT
        ) from None


def _write_answer(
    answer: dict[str, Any],
    name: str,
    source: str,
    target: Path,
    work: FileWork,
    reporter: JobReporter,
) -> None:
    for notice in answer.get("notices", ()):
        reporter.notice(str(notice["code"]), str(notice["message"]))
    text = str(answer["formats"][name])
    is_binary = name in answer.get("formats_base64", ())
    content = base64.b64decode(text) if is_binary else text.encode()
    if work.output == TO_PIPE:
        write_stdout(content)
        return
    write_whole(target, content, force=work.force)
    reporter.written(source, target, answer)
