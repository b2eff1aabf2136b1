"""Cache keys of engines; see `app.gpu.protocols.Engine`."""

from __future__ import annotations

import json
from collections.abc import Set
from importlib.metadata import version

from app.settings import Group


def cache_key(*parts: str) -> str:
    """Return the cache key of an engine.

    Args:
        parts: what runs it, precision, identity of the files, and the settings that it reads.
    """
    return ", ".join(parts)


def package(name: str) -> str:
    """Return an installed package with its version."""
    return f"{name} {version(name)}"


def settings_part(group: Group, *, exclude: Set[str]) -> str:
    """Return the settings of an engine as a part of its cache key.

    Args:
        group: the engine's settings; a field that is added later changes the key.
        exclude: fields that leave the output alone, or that another part of the key says better,
            such as the name of a model.
    """
    chosen = group.model_dump(mode="json", exclude=set(exclude))
    return json.dumps(chosen, sort_keys=True, separators=(",", ":"))
