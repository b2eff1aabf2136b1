"""The number of files and sockets that this process may have open."""

from __future__ import annotations

import resource

_ENDLESS = 2**20
"""Returned where there is no limit."""


def raise_file_limit() -> int:
    """Raise the soft limit to the hard one, and return it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return _ENDLESS if hard == resource.RLIM_INFINITY else hard
