"""Demonstration: a clip goes to the real server, live subtitles come back.

Run by `make demo`. Shows progress and every cue in both languages as it arrives, and writes the
subtitle files. Exits with 1 and the reason when anything fails.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import httpx

from scripts.demo_server import ROOT, DemoError, DemoServer, demo_server

CLIP = ROOT / "samples" / "two-voices.mp4"
FORMATS = ("srt", "vtt", "ass")
TARGET = "es"
_READY_S = 120


class TerminalOutput:
    """Prints lines, and on a terminal a status line below them that changes."""

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()
        self._status = ""

    def line(self, text: str = "", style: str = "") -> None:
        """Print a line above the status."""
        self._wipe()
        styled = f"\033[{style}m{text}\033[0m" if self._terminal and style else text
        print(styled, flush=True)
        self._draw()

    def status(self, text: str) -> None:
        """Change the status; where it cannot change in place, print it when it is new."""
        if text == self._status:
            return
        self._wipe()
        self._status = text
        if self._terminal:
            self._draw()
        else:
            print(f"  {text}", flush=True)

    def done(self) -> None:
        """Remove the status."""
        self._wipe()
        self._status = ""

    def _wipe(self) -> None:
        if self._terminal:
            print("\r\033[K", end="")

    def _draw(self) -> None:
        if self._terminal and self._status:
            width = shutil.get_terminal_size().columns - 3
            print(f"  \033[2m{self._status[:width]}\033[0m", end="", flush=True)


def main() -> int:
    """Run the demonstration; return the exit code."""
    parser = argparse.ArgumentParser(prog="make demo", description="Subtitle the sample.")
    parser.add_argument("--out", type=Path, default=ROOT / "out", help="folder for the files")
    out: Path = parser.parse_args().out.resolve()
    signal.signal(signal.SIGTERM, _leave)
    out.mkdir(parents=True, exist_ok=True)
    terminal = TerminalOutput()
    try:
        with demo_server(out) as server:
            show(server, out, terminal)
    except DemoError as error:
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


def _leave(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def show(server: DemoServer, out: Path, terminal: TerminalOutput) -> None:
    """Send the clip, show what comes back, write the files and say where they are."""
    terminal.line(f"Starting the server on port {server.port} with the embedded engines ...")
    ready_s = server.wait_ready(_READY_S)
    terminal.line(f"Ready after {ready_s:.1f} s. Sending {CLIP.relative_to(ROOT)} to /api/stream")
    terminal.line()
    started_s = time.monotonic()
    first_cue_s: float | None = None
    result: dict[str, Any] | None = None
    for event in stream(server):
        if "error" in event:
            raise DemoError(f"{event['error']} (code {event.get('code')})")
        if "result" in event:
            result = event["result"]
        elif event.get("stage") == "subtitles":
            first_cue_s = first_cue_s or time.monotonic() - started_s
            for cue in event["subtitles"]:
                show_cue(cue, terminal)
        elif "stage" in event:
            terminal.status(f"{event.get('percent', 0):3d} %  {event['message']}")
    terminal.done()
    if result is None or first_cue_s is None:
        raise DemoError("the stream ended without a result")
    show_figures(result, first_cue_s, time.monotonic() - started_s, terminal)
    show_files(write_files(result, out), terminal)


def stream(server: DemoServer) -> Iterator[dict[str, Any]]:
    """Yield the data of every event that the server sends for the clip."""
    fields = {"target_lang": TARGET, "formats": ",".join(FORMATS)}
    with (
        CLIP.open("rb") as clip,
        server.client() as client,
        client.stream(
            "POST",
            "/api/stream",
            files={"file": (CLIP.name, clip, "video/mp4")},
            data=fields,
            headers={"Accept": "text/event-stream"},
        ) as response,
    ):
        if response.is_error:
            raise DemoError(f"HTTP {response.status_code}: {response.read().decode()[:500]}")
        for line in response.iter_lines():
            if line.startswith("data:"):
                yield json.loads(line.removeprefix("data:"))


def show_cue(cue: dict[str, Any], terminal: TerminalOutput) -> None:
    """Print a cue in both languages."""
    span = f"{clock(cue['start'])} - {clock(cue['end'])}"
    terminal.line(f"  {span}  {cue['text']}")
    terminal.line(f"  {'':{len(span)}}  {cue['translatedText']}", style="1;32")


def clock(ms: int) -> str:
    """Return a time as minutes, seconds and tenths."""
    return f"{ms // 60_000:02d}:{ms // 1000 % 60:02d}.{ms // 100 % 10}"


def write_files(result: dict[str, Any], out: Path) -> list[str]:
    """Write the subtitle files that came with the result; return their names, seen from here."""
    names = []
    for name in FORMATS:
        path = out / f"demo.{name}"
        path.write_text(result["formats"][name], encoding="utf-8")
        names.append(str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path))
    return names


def show_figures(
    result: dict[str, Any], first_cue_s: float, total_s: float, terminal: TerminalOutput
) -> None:
    """Say how long it took."""
    audio_s = result["duration_ms"] / 1000
    terminal.line()
    terminal.line(
        f"{len(result['subtitles'])} cues for {audio_s:.1f} s of audio in {total_s:.1f} s; "
        f"the first one came after {first_cue_s:.1f} s."
    )
    terminal.line()


def show_files(names: list[str], terminal: TerminalOutput) -> None:
    """Say where the files are, how to see them and how to do the same by hand."""
    clip = shlex.quote(str(CLIP.relative_to(ROOT)))
    srt, _, ass = (shlex.quote(name) for name in names)
    terminal.line("Files:")
    for name in names:
        terminal.line(f"  {name}", style="1")
    terminal.line("See them on the video:")
    terminal.line(f"  ffplay -vf subtitles={ass} {clip}")
    terminal.line(f"  mpv --sub-file={srt} {clip}")
    terminal.line("Do the same by hand:")
    terminal.line("  make serve")
    terminal.line(
        f"  curl -N -F file=@{clip} -F target_lang={TARGET} http://localhost:5001/api/stream"
    )


if __name__ == "__main__":
    sys.exit(main())
