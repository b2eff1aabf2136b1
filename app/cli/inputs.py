"""What the command is to work on: files, folders, patterns, addresses, standard input."""

from __future__ import annotations

import glob
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.cli.exit_codes import CommandError, ExitCode

MEDIA_ENDINGS = frozenset(
    [
        "3gp",
        "aac",
        "ac3",
        "aiff",
        "avi",
        "flac",
        "flv",
        "m2ts",
        "m4a",
        "m4b",
        "m4v",
        "mka",
        "mkv",
        "mov",
        "mp2",
        "mp3",
        "mp4",
        "mpeg",
        "mpg",
        "mts",
        "mxf",
        "oga",
        "ogg",
        "ogv",
        "opus",
        "ts",
        "vob",
        "wav",
        "webm",
        "wma",
        "wmv",
    ]
)
"""Endings of files that a folder is searched for."""

_ADDRESS = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class InputItem:
    """One thing to be worked on.

    Attributes:
        name: as people see it.
        path: of a file; None for an address.
        url: address; empty for a file.
        named: whether the user named this very thing rather than its folder.
        from_pipe: whether the file holds what came by standard input.
        below: folder of the file, as seen from the folder that was named; a folder of results has
            the same ones, so that files of one name do not meet there.
    """

    name: str
    path: Path | None = None
    url: str = ""
    named: bool = True
    from_pipe: bool = False
    below: Path = Path()


def gathered(given: Sequence[str], spool: Path) -> list[InputItem]:
    """Return what the arguments name, each once.

    Args:
        given: arguments.
        spool: folder for what comes by standard input.

    Raises:
        CommandError: one names nothing that is there.
    """
    found: dict[str, InputItem] = {}
    for text in given:
        for item in _items(text, spool):
            key = item.url or str(item.path.resolve() if item.path else "")
            found.setdefault(key, item)
    return list(found.values())


def _items(text: str, spool: Path) -> Iterator[InputItem]:
    if text == "-":
        yield _from_pipe(spool)
        return
    if _ADDRESS.match(text):
        if not is_text(text):
            raise CommandError(f"{text!r} is no address", ExitCode.USAGE)
        yield InputItem(text, url=text)
        return
    path = Path(text).expanduser()
    # Unlike the methods of `Path` these are no error for a name that no file can have.
    if os.path.isdir(path):  # noqa: PTH112
        yield from _files_in(path)
    elif os.path.isfile(path):  # noqa: PTH113
        yield InputItem(text, path)
    elif os.path.exists(path):  # noqa: PTH110
        raise CommandError(f"{text} is neither a file nor a folder", ExitCode.NO_INPUT)
    else:
        yield from _matching(text, path)


def _matching(text: str, path: Path) -> Iterator[InputItem]:
    names = sorted(glob.glob(str(path), recursive=True)) if glob.has_magic(text) else []  # noqa: PTH207 - a whole pattern, perhaps absolute
    files = [Path(name) for name in names if os.path.isfile(name)]  # noqa: PTH113
    if not files:
        raise CommandError(f"there is no file {text!r} in {Path.cwd()}", ExitCode.NO_INPUT)
    base = _plain_beginning(path)
    yield from (found_item(file, base) for file in files)


def _files_in(folder: Path) -> Iterator[InputItem]:
    files = media_below(folder)
    if not files:
        raise CommandError(f"{folder} holds no media", ExitCode.NO_INPUT)
    yield from (found_item(path, folder) for path in files)


def found_item(path: Path, folder: Path) -> InputItem:
    """Return the item of a file that was found in a folder or below it."""
    return InputItem(str(path), path, named=False, below=path.parent.relative_to(folder))


def _plain_beginning(pattern: Path) -> Path:
    """Return the folder in which everything is that a pattern matches."""
    plain = (above for above in pattern.parents if not glob.has_magic(str(above)))
    return next(plain, Path())


def is_text(argument: str) -> bool:
    """Whether an argument is text that can be sent; names of files may have any bytes."""
    return argument.encode(errors="replace").decode() == argument


def media_below(folder: Path) -> list[Path]:
    """Return the files of media in a folder and below it, sorted; what vanishes is left out."""
    found = (Path(above) / name for above, _, names in os.walk(folder) for name in names)
    return sorted(path for path in found if is_media(path))


def is_media(path: Path) -> bool:
    """Whether a path is a file with an ending of media that is neither hidden nor in the making."""
    named = path.suffix.lower().removeprefix(".") in MEDIA_ENDINGS
    # Unlike the method of `Path` it is no error where nobody may look, or a network share is away.
    return named and not path.name.startswith(".") and os.path.isfile(path)  # noqa: PTH113


def _from_pipe(spool: Path) -> InputItem:
    """Keep standard input in a file: a request names the size of what it sends."""
    path = spool / "stdin"
    with path.open("wb") as file:
        while part := sys.stdin.buffer.read(2**20):
            file.write(part)
    if not path.stat().st_size:
        raise CommandError("nothing came by standard input", ExitCode.NO_INPUT)
    return InputItem("standard input", path, from_pipe=True)
