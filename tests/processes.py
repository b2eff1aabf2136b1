"""The child processes that a test itself has started."""

import psutil

from tests.server import ServerProcess


def own_children() -> list[psutil.Process]:
    """Return all descendants but the servers that tests share, and what those run."""
    found = []
    for child in psutil.Process().children():
        if child.pid in ServerProcess.started:
            continue
        found.append(child)
        try:
            found += child.children(recursive=True)
        except psutil.NoSuchProcess:
            continue
    return found
