"""Demonstration: a clip in two languages goes to the real server, live subtitles come back.

Run by `make demo`. Subtitles the clip once in each of its languages, shows progress and every cue
as it arrives, writes the subtitle files and compares what was heard with what is said. Exits with 1
and the reason when anything fails.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from app.settings import child_environment
from app.system.interrupts import keyboard_interrupts
from scripts.demo_report import (
    CLIP,
    FORMATS,
    LANGUAGES,
    Subtitled,
    show_figures,
    show_files,
    write_files,
)
from scripts.demo_terminal import TerminalOutput
from scripts.local_server import ROOT, LocalServer, LocalServerError, local_server

_READY_S = 600
"""Models may have to be downloaded first."""

_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "OMP_NUM_THREADS")


def main() -> int:
    """Run the demonstration; return the exit code."""
    parser = argparse.ArgumentParser(prog="make demo", description="Subtitle the sample.")
    parser.add_argument("--out", type=Path, default=ROOT / "out", help="folder for the files")
    out: Path = parser.parse_args().out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    terminal = TerminalOutput()
    try:
        with keyboard_interrupts(), demo_server(out) as server:
            show(server, out, terminal)
    except LocalServerError as error:
        terminal.done()
        print(f"error: {error}", file=sys.stderr)
        return 1
    except httpx.HTTPError as error:
        terminal.done()
        tail = server.log_tail()
        print(f"error: the server could not be reached: {error!r}\n{tail}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        terminal.done()
        print("stopped", file=sys.stderr)
        return 130
    return 0


@contextmanager
def demo_server(folder: Path) -> Iterator[LocalServer]:
    """Run a server with the embedded engines; its cache is removed with it.

    It runs in ``folder`` and with an environment of its own, so that neither the caller's
    variables nor a file `.env` change what is shown.
    """
    here = child_environment()
    environment = {name: here[name] for name in _KEPT if name in here}
    with (
        TemporaryDirectory(prefix="cuestream-demo-") as cache,
        local_server(
            {**environment, "CACHE_DIR": cache}, folder, folder / "demo-server.log"
        ) as server,
    ):
        yield server


def show(server: LocalServer, out: Path, terminal: TerminalOutput) -> None:
    """Send the clip for each language, show what comes back and say where the files are."""
    terminal.line(f"Starting the server on port {server.port} ...")
    terminal.status("Loading the engines")
    ready_s = server.wait_ready(_READY_S)
    terminal.done()
    terminal.line(f"Ready after {ready_s:.1f} s.")
    finished = [subtitle(server, target, terminal) for target in LANGUAGES]
    terminal.line()
    for job in finished:
        show_figures(job, terminal)
    show_files([write_files(job, out) for job in finished], terminal)


def subtitle(server: LocalServer, target: str, terminal: TerminalOutput) -> Subtitled:
    """Have the clip subtitled in one language and show every cue as it arrives."""
    clip = CLIP.relative_to(ROOT)
    terminal.line()
    terminal.line(f"{clip} with subtitles in {LANGUAGES[target]}", style="1")
    terminal.line()
    started_s = time.monotonic()
    first_cue_s: float | None = None
    fields = {"target_lang": target, "formats": ",".join(FORMATS)}
    for event in server.events(CLIP, fields):
        if "result" in event:
            terminal.done()
            if first_cue_s is None:
                raise LocalServerError("the result came without a cue before it")
            return Subtitled(target, event["result"], first_cue_s, time.monotonic() - started_s)
        if event.get("stage") == "subtitles":
            first_cue_s = first_cue_s or time.monotonic() - started_s
            for cue in event["subtitles"]:
                show_cue(cue, target, terminal)
        elif "stage" in event:
            terminal.status(f"{event.get('percent', 0):3d} %  {event['message']}")
    raise LocalServerError("the stream ended without a result")


def show_cue(cue: dict[str, Any], target: str, terminal: TerminalOutput) -> None:
    """Print what was heard and, where that is another language, its translation."""
    span = f"{clock(cue['start'])} - {clock(cue['end'])}"
    spoken = cue["language"].partition("-")[0]
    terminal.line(f"  {span}  {spoken}  {cue['text']}")
    if spoken != target:
        terminal.line(f"  {'':{len(span)}}  {target}  {cue['translatedText']}", style="1;32")


def clock(ms: int) -> str:
    """Return a time as minutes, seconds and tenths."""
    return f"{ms // 60_000:02d}:{ms // 1000 % 60:02d}.{ms // 100 % 10}"


if __name__ == "__main__":
    sys.exit(main())
