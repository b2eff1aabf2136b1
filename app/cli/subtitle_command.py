"""`cuestream FILE`: the whole run, with its server."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.cli.command_context import (
    GOES_ON,
    chosen_reporter,
    chosen_server,
    exit_of,
    terminal_settings,
)
from app.cli.exit_codes import CommandError, ExitCode, combined
from app.cli.file_writing import TO_PIPE, check_pipe
from app.cli.folder_watch import FolderWatch
from app.cli.inputs import gathered, is_text
from app.cli.job_memory import JobMemory
from app.cli.job_reporter import JobReporter
from app.cli.subtitle_run import SubtitleOptions, SubtitleRun
from app.domain.errors import CuestreamError
from app.domain.language import parse_target


@dataclass(frozen=True, slots=True)
class SubtitleArguments:
    """The command line, as it was written."""

    inputs: Sequence[str]
    to: str
    spoken: str
    formats: str
    profile: str
    speakers: bool
    fields: Sequence[str]
    output: str
    force: bool
    live: bool
    watch: str
    settle_s: float
    server: str
    key: str
    as_json: bool
    quiet: bool


def subtitle_all(given: SubtitleArguments) -> ExitCode:
    """Subtitle everything that is named; return the exit code."""
    reporter = chosen_reporter(as_json=given.as_json, quiet=given.quiet, live=given.live)
    return exit_of(lambda: _run(given, reporter), reporter, GOES_ON)


def _run(given: SubtitleArguments, reporter: JobReporter) -> ExitCode:
    options = _options(given)
    if not given.inputs and not given.watch:
        raise CommandError(
            "no input is named",
            ExitCode.USAGE,
            advice="name files, folders or addresses, - for standard input, or --watch FOLDER",
        )
    folder = Path(given.watch).expanduser() if given.watch else None
    if folder is not None and not folder.is_dir():
        raise CommandError(f"--watch: {given.watch} is no folder", ExitCode.NO_INPUT)
    with tempfile.TemporaryDirectory(prefix="cuestream-input-") as spool:
        items = gathered(given.inputs, Path(spool))
        if options.output and not _may_be_folder(options.output):
            _check_single(len(items) * len(options.targets) * len(options.formats), folder)
        with chosen_server(given.server, given.key, reporter) as (client, own):
            memory = JobMemory(terminal_settings().state_folder, reporter.notice)
            run = SubtitleRun(client, options, reporter, memory, own=own)
            codes = [run.work_on(item) for item in items]
            if folder is not None:
                codes.append(_watch(FolderWatch(folder, given.settle_s, reporter.notice), run))
        return combined(codes)


def _watch(folder: FolderWatch, run: SubtitleRun) -> ExitCode:
    """Work on new files until an interrupt, or until the server refuses the key."""
    for item in folder.items():
        code = run.work_on(item)
        if code is ExitCode.KEY:
            return code
        if code in (ExitCode.UNREACHABLE, ExitCode.TRY_LATER):
            folder.again(item)
    return ExitCode.DONE


def _may_be_folder(output: str) -> bool:
    return output == TO_PIPE or output.endswith("/") or Path(output).expanduser().is_dir()


def _check_single(files: int, folder: Path | None) -> None:
    if files > 1 or folder is not None:
        raise CommandError(
            "--output names one file and several would be written; name a folder, such as out/",
            ExitCode.USAGE,
        )


def _options(given: SubtitleArguments) -> SubtitleOptions:
    """Return the options, checked as far as that takes no server.

    Raises:
        CommandError: a language, a format or a field is none.
    """
    try:
        named = [text.strip() for text in given.to.split(",") if text.strip()]
        targets = [parse_target(text) for text in named or [""]]
        spoken = parse_target(given.spoken)
    except CuestreamError as error:
        raise CommandError(error.message, ExitCode.USAGE, error.code) from None
    fields: dict[str, Any] = named_fields(given.fields)
    if spoken is not None:
        fields["source_lang"] = spoken.tag
    if given.profile:
        fields["profile"] = given.profile
    if given.speakers:
        fields["diarize"] = True
    output = given.output or (TO_PIPE if list(given.inputs) == ["-"] else "")
    if output == TO_PIPE:
        check_pipe(as_json=given.as_json)
    tags = list(dict.fromkeys(target.tag if target else "" for target in targets))
    return SubtitleOptions(endings(given.formats), tags, output, given.force, fields)


def named_fields(texts: Sequence[str], option: str = "--field") -> dict[str, str]:
    """Return what ``NAME=VALUE`` says.

    Args:
        texts: as they were given.
        option: that gave them.

    Raises:
        CommandError: one says nothing.
    """
    return dict(_named(text, option) for text in texts)


def _named(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name or not is_text(text):
        raise CommandError(f"{option} {text!r} is not NAME=VALUE", ExitCode.USAGE)
    return name, value


def endings(formats: str) -> dict[str, str]:
    """Return the formats that a list names, and what the names of their files end in.

    Raises:
        CommandError: one is none.
    """
    from app.services.render.formats import check_format

    try:
        found = [check_format(name.strip().lower()) for name in formats.split(",") if name.strip()]
    except CuestreamError as error:
        raise CommandError(error.message, ExitCode.USAGE, error.code) from None
    if not found:
        raise CommandError("--format names no format", ExitCode.USAGE)
    return {kind.name: ".".join(kind.name_parts) for kind in found}
