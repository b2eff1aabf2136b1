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

from app.cli.command_context import chosen_reporter, chosen_server, exit_of
from app.cli.exit_codes import CommandError, ExitCode
from app.cli.file_writing import TO_PIPE, check_pipe, write_stdout, write_whole
from app.cli.job_reporter import JobReporter
from app.cli.own_server import NO_SPEECH_ENGINES
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
        quiet: whether errors alone are told.
    """

    output: str
    force: bool
    server: str
    key: str
    as_json: bool
    quiet: bool

    def reporter(self) -> JobReporter:
        """Return who is told."""
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
        if path.exists() and not self.force:
            raise CommandError(f"{path} is there already; --force overwrites it", ExitCode.EXISTS)
        return path


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
    """Send files with fields, those that are empty left out; return the answer."""
    with ExitStack() as stack:
        parts = {
            name: (sendable_name(path), stack.enter_context(path.open("rb")))
            for name, path in files.items()
        }
        data = form_fields({name: value for name, value in fields.items() if value != ""})
        return client.post(route, files=parts, data=data)


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
                report = sent(client, "/api/qc", {"file": path}, fields)
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
            fields = {"profile": profile, "formats": name}
            answer = sent(client, "/api/relayout", {"file": path}, fields)
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
        files, asked = {"file": recording}, {**fields, "formats": name}
        if spoken.suffix.lower() in TEXT_ENDINGS:
            asked["text"] = _text_of(spoken)
        else:
            files["captions"] = spoken
        with chosen_server(work.server, work.key, reporter) as (client, _):
            answer = sent(client, "/api/align", files, asked)
        _write_answer(answer, name, media, target, work, reporter)
        return ExitCode.DONE

    return exit_of(done, reporter)


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
