"""Subtitle one file: `make subtitles FILE=talk.mp4 [TO=es] [FORMAT=srt] [FORCE=1]`.

Runs a server of its own with the settings of the environment and of `.env`, shows progress, and
writes the subtitles beside the file. Exits with 1 and the reason when anything fails.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from app.domain.errors import CuestreamError
from app.domain.language import Language, parse_target
from app.services.render.formats import SubtitleFormat, check_format
from app.settings import whole_environment
from app.system.interrupts import keyboard_interrupts
from scripts.demo_terminal import TerminalOutput
from scripts.local_server import ROOT, LocalServer, LocalServerError, RefusedError, local_server

_READY_S = 900
"""A model may have to be downloaded, and read from a slow disk."""

_MAX_UPLOAD_MB = 2**20
"""The file is on this machine already, so its size is no reason to refuse it."""

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)

_ADVICE = {
    "invalid_language": "A language model translates all languages: add "
    "TRANSLATION_PROVIDER=openai SERVER_API_KEY=... (README.md names the others).",
    "media_too_long": "MAX_DURATION_S=... allows longer media.",
    "translation_auth": "SERVER_API_KEY is not a key of the provider in TRANSLATION_PROVIDER.",
}
"""What helps against errors of some codes."""


class RequestError(Exception):
    """What was asked for cannot be done; the text is the reason."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be done.

    Attributes:
        file: media or captions.
        target: language of the subtitles; None for the spoken one.
        kind: format of the subtitles.
        output: where they go.
        force: whether what is there may be overwritten.
    """

    file: Path
    target: Language | None
    kind: SubtitleFormat
    output: Path
    force: bool


def main() -> int:
    """Subtitle the file that the arguments name; return the exit code."""
    terminal = TerminalOutput()
    try:
        with keyboard_interrupts():
            request = checked(_arguments())
            subtitle(request, terminal)
    except (RequestError, LocalServerError) as error:
        terminal.done()
        print(f"error: {error}", file=sys.stderr)
        if isinstance(error, RefusedError) and error.code in _ADVICE:
            print(_ADVICE[error.code], file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        terminal.done()
        print("stopped; nothing was written", file=sys.stderr)
        return 130
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make subtitles", description="Subtitle one file.")
    parser.add_argument("--file", required=True, help="media, or captions to translate")
    parser.add_argument("--to", default="", help="language to translate into, such as es")
    parser.add_argument("--format", default="", help="srt unless given")
    parser.add_argument("--force", action="store_true", help="overwrite what is there")
    return parser.parse_args()


def checked(given: argparse.Namespace) -> Request:
    """Return what is to be done, checked as far as that takes no server.

    Raises:
        RequestError: a file, language or format that is none, or an output that is there already.
    """
    file = Path(given.file).expanduser()
    kind, target = _format(given.format), _target(given.to)
    middle = f".{target.tag}" if target else ""
    output = file.with_name(f"{file.stem}{middle}.{kind.extension}")
    try:
        _check_file(file)
        _check_output(output, file, force=given.force)
    except OSError as error:
        raise RequestError(f"{error.filename}: {error.strerror}") from None
    return Request(file, target, kind, output, given.force)


def _format(text: str) -> SubtitleFormat:
    try:
        return check_format(text.strip().lower() or "srt")
    except CuestreamError as error:
        raise RequestError(f"FORMAT: {error.message}") from None


def _target(text: str) -> Language | None:
    try:
        return parse_target(text)
    except CuestreamError:
        raise RequestError(
            f"TO: {text!r} is not the code of a language; write es for Spanish, pt-BR, zh-TW ..."
        ) from None


def _check_file(file: Path) -> None:
    if not file.exists():
        raise RequestError(f"FILE: there is no file {str(file)!r} in {Path.cwd()}")
    if not file.is_file():
        raise RequestError(f"FILE: {str(file)!r} is not a file")
    with file.open("rb") as readable:
        readable.read(1)


def _check_output(output: Path, file: Path, *, force: bool) -> None:
    if os.path.lexists(output):
        if output.exists() and output.samefile(file):
            raise RequestError(f"the subtitles would overwrite {file} itself; set TO or FORMAT")
        if output.is_dir():
            raise RequestError(f"{output} is a folder")
        if not force:
            raise RequestError(f"{output} is there already; FORCE=1 overwrites it")
    if not os.access(output.parent, os.W_OK | os.X_OK):
        raise RequestError(f"no file can be written into {output.parent.resolve()}")


def subtitle(request: Request, terminal: TerminalOutput) -> None:
    """Have the file subtitled and write what comes.

    Raises:
        LocalServerError: the server cannot be started, or refuses the file.
        RequestError: the subtitles cannot be written.
    """
    spoken = "as spoken" if request.target is None else f"in {request.target.english_name}"
    terminal.line(f"{request.file}: subtitles {spoken}, to {request.output}")
    with tempfile.TemporaryDirectory(prefix="cuestream-log-") as folder:
        environment = whole_environment() | {"MAX_UPLOAD_MB": str(_MAX_UPLOAD_MB)}
        with local_server(environment, ROOT, Path(folder) / "server.log") as server:
            terminal.status("Loading the engines")
            server.wait_ready(_READY_S)
            started_s = time.monotonic()
            try:
                result = _result(server, request, terminal)
            except httpx.HTTPError as error:
                tail = server.log_tail()
                raise LocalServerError(f"the server is gone: {error!r}\n{tail}") from None
    _write(request, result["formats"][request.kind.name])
    terminal.done()
    _report(request, result, time.monotonic() - started_s, terminal)


def _result(server: LocalServer, request: Request, terminal: TerminalOutput) -> dict[str, Any]:
    """Send the file and show progress; return the result."""
    fields = {"formats": request.kind.name}
    if request.target is not None:
        fields["target_lang"] = request.target.tag
    result: dict[str, Any] = {}
    for event in server.events(request.file, fields):
        if "result" in event:
            result = event["result"]
        elif "percent" in event:
            left = f", {event['eta']} left" if event.get("eta") else ""
            terminal.status(f"{event['percent']:3d} %  {event['message']}{left}")
    return result


def _report(
    request: Request, result: dict[str, Any], elapsed_s: float, terminal: TerminalOutput
) -> None:
    for notice in result.get("notices", ()):
        terminal.line(f"note: {notice['message']}")
    count, audio_s = len(result["subtitles"]), result["duration_ms"] / 1000
    cues = f"{count} cue{'' if count == 1 else 's'}"
    language = result["target_lang"] or result["language"]
    terminal.line(
        f"{request.output}: {cues} in {language}, {audio_s:.1f} s in {elapsed_s:.1f} s",
        style="1",
    )


def _write(request: Request, text: str) -> None:
    """Write the subtitles at once, so that nobody sees a part of them.

    Raises:
        RequestError: they cannot be written, or another program was faster.
    """
    output = request.output
    try:
        number, name = tempfile.mkstemp(prefix=".cuestream-", dir=output.parent)
        temporary = Path(name)
        try:
            with os.fdopen(number, "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(0o666 & ~_umask())
            _put(temporary, output, force=request.force)
        finally:
            temporary.unlink(missing_ok=True)
    except FileExistsError:
        raise RequestError(f"{output} appeared meanwhile; FORCE=1 overwrites it") from None
    except OSError as error:
        raise RequestError(f"{output} cannot be written: {error.strerror}") from None


def _put(temporary: Path, output: Path, *, force: bool) -> None:
    """Give a file its name; without force, only where the name is free."""
    if not force:
        try:
            output.hardlink_to(temporary)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            # No links on this file system: the name is taken first, then given to the file.
            output.touch(exist_ok=False)
        else:
            return
    temporary.replace(output)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


if __name__ == "__main__":
    sys.exit(main())
