"""Optional packages of the engines."""

from __future__ import annotations

from importlib.util import find_spec


def installed(package: str) -> bool:
    """Whether a package can be imported; it is not imported.

    Args:
        package: name of a top-level module.
    """
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):
        return False
