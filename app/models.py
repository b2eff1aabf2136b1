"""Whisper models on this machine: ``python -m app.models list|fetch|verify|path``."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Mapping, Sequence

import structlog

from app.domain.errors import EngineLoadError
from app.gpu.models.download_progress import progress_bar
from app.gpu.models.hub import searched_folders
from app.gpu.models.inventory import Inventory, Verification
from app.gpu.models.pinned_models import PINNED, PinnedModel
from app.gpu.models.whisper_models import about_bytes, size_names, whisper_model
from app.settings import SettingsError, read_settings
from app.system.interrupts import keyboard_interrupts

_PROGRAM = "python -m app.models"
_BY_SIGNAL = 128
"""What shells add to a signal's number for the exit status of a program that it ended."""


def run(
    pins: Mapping[str, PinnedModel] = PINNED,
    arguments: Sequence[str] | None = None,
    program: str = _PROGRAM,
) -> int:
    """Run the command of this process and return its exit status.

    Args:
        pins: known models by hub id.
        arguments: of the command; those of the process unless given.
        program: what its help calls it.
    """
    # Standard output is for what was asked for.
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    # What a fetch has begun is removed on the way out.
    with keyboard_interrupts() as came:
        try:
            return main(sys.argv[1:] if arguments is None else arguments, pins, program)
        except KeyboardInterrupt:
            terminated = signal.SIGTERM in came
            print("terminated" if terminated else "interrupted", file=sys.stderr)
            return _BY_SIGNAL + (signal.SIGTERM if terminated else signal.SIGINT)


def main(
    arguments: Sequence[str],
    pins: Mapping[str, PinnedModel] = PINNED,
    program: str = _PROGRAM,
) -> int:
    """Run one command and return its exit status.

    Args:
        arguments: of the command line.
        pins: known models by hub id.
        program: what its help calls it.
    """
    chosen = _parser(program).parse_args(arguments)
    try:
        inventory = Inventory(read_settings().models, pins)
    except SettingsError as error:
        print(f"error: these settings are wrong\n{error}", file=sys.stderr)
        return 2
    try:
        match chosen.command:
            case "fetch":
                return _fetch(inventory, chosen.name)
            case "verify":
                return _verify(inventory, chosen.name)
            case "path":
                return _path(inventory, chosen.name)
            case _:
                return _list(inventory)
    except EngineLoadError as error:
        print(f"error: {error.message}", file=sys.stderr)
        return 1


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=program, description="Whisper models on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="show the known models and where each lies")
    name = "anything that WHISPER_MODEL takes: a size name, a hub id, a folder"
    fetch = commands.add_parser("fetch", help="download a model unless it is here")
    fetch.add_argument("name", help=name)
    verify = commands.add_parser("verify", help="compare files with their published checksums")
    verify.add_argument("name", nargs="?", help=f"{name}; every model that is here unless given")
    path = commands.add_parser("path", help="print the folder of a model")
    path.add_argument("name", help=name)
    return parser


def _list(inventory: Inventory) -> int:
    for name in size_names():
        place = _place(inventory, name)
        print(f"{name:18} {about_bytes(name) // 1_000_000:5} MB  {place}")
    return 0


def _place(inventory: Inventory, name: str) -> str:
    try:
        return str(inventory.find(name) or "not here")
    except EngineLoadError as error:
        return error.message


def _fetch(inventory: Inventory, name: str) -> int:
    if inventory.find(name) is None:
        print(f"Fetching Whisper model {name}", file=sys.stderr, flush=True)
    print(inventory.fetch(name, progress_bar))
    return 0


def _verify(inventory: Inventory, wanted: str | None) -> int:
    if wanted is not None:
        result = inventory.verify(wanted)
        return _absent(inventory, wanted) if result is None else _report(wanted, result)
    status = 0
    for name in size_names():
        if (result := inventory.verify(name)) is not None:
            status |= _report(name, result)
    return status


def _report(name: str, result: Verification) -> int:
    for wrong in result.wrong:
        print(f"{name}: {wrong}")
    if result.wrong:
        return 1
    known = f"{result.checked} files as published" if result.checked else "no checksum is known"
    others = f"; not checked: {', '.join(result.unknown)}" if result.unknown else ""
    print(f"{name}: {known}{others}")
    return 0


def _path(inventory: Inventory, name: str) -> int:
    folder = inventory.find(name)
    if folder is None:
        return _absent(inventory, name)
    print(folder)
    return 0


def _absent(inventory: Inventory, name: str) -> int:
    model = whisper_model(name, inventory.pins)
    print(f"{name} is not on this machine; looked for in:", file=sys.stderr)
    for folder in searched_folders(inventory.settings, model):
        print(f"  {folder}", file=sys.stderr)
    print(f"`{model.command}` downloads it", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(run())
