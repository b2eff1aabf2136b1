"""Progress of a download, by the bytes that have arrived on disk."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from tqdm import tqdm

_BAR_S = 0.2
_LINE_S = 5.0


@contextmanager
def progress_bar(folder: Path, total_bytes: int) -> Iterator[None]:
    """Show how much of a download has arrived: a bar on a terminal, else a line now and then.

    The folder is measured, so that it does not matter which program writes to it.

    Args:
        folder: that the download is written to; it may not exist yet.
        total_bytes: length of the download; 0 where that is not known.
    """
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    before = stored_bytes(folder)
    done = threading.Event()
    thread = threading.Thread(
        target=_show,
        args=(lambda: max(0, stored_bytes(folder) - before), total_bytes, done, sys.stderr),
        daemon=True,
    )
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _show(
    arrived_bytes: Callable[[], int], total_bytes: int, done: threading.Event, out: TextIO
) -> None:
    if not out.isatty():
        while not done.wait(_LINE_S):
            out.write(f"    {_in_megabytes(arrived_bytes(), total_bytes)}\n")
            out.flush()
        return
    with tqdm(total=total_bytes or None, unit="B", unit_scale=True, leave=False, file=out) as bar:
        while not done.wait(_BAR_S):
            arrived = arrived_bytes()
            bar.n = min(arrived, total_bytes) if total_bytes else arrived
            bar.refresh()


def _in_megabytes(arrived_bytes: int, total_bytes: int) -> str:
    megabytes = arrived_bytes // 1_000_000
    if not total_bytes:
        return f"{megabytes} MB"
    total = total_bytes // 1_000_000
    return f"{min(megabytes, total)} of {total} MB"


def stored_bytes(folder: Path) -> int:
    """Return the length of all files in a folder; files that vanish meanwhile count nothing."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total
