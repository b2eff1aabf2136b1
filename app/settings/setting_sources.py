"""Where each setting comes from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from dotenv import dotenv_values
from pydantic import SecretStr

from app.settings.group import Group, variables_of

if TYPE_CHECKING:
    from app.settings import Settings

_HIDDEN = "********"


@dataclass(frozen=True, slots=True)
class SettingSource:
    """One setting.

    Attributes:
        name: variable that it was set by, else the preferred one.
        value: as text; secrets and passwords in addresses are hidden.
        source: `environment`, `.env`, `derived` (from other settings) or `default`.
    """

    name: str
    value: str
    source: str


def setting_sources(settings: Settings) -> list[SettingSource]:
    """Return every setting with its value and where that comes from."""
    environment = {name.upper() for name, value in os.environ.items() if value}
    file = {name.upper() for name, value in dotenv_values(".env").items() if value}
    rows: list[SettingSource] = []
    for group, field, value in _fields(settings):
        names = variables_of(type(group), field)
        source, name = _source(names, environment, file)
        if source == "default" and value != type(group).model_fields[field].default:
            source = "derived"
        rows.append(SettingSource(name, _shown(value), source))
    return rows


def _fields(settings: Settings) -> Iterator[tuple[Group, str, object]]:
    for name in type(settings).model_fields:
        group = getattr(settings, name)
        for field in type(group).model_fields:
            yield group, field, getattr(group, field)


def _source(names: list[str], environment: set[str], file: set[str]) -> tuple[str, str]:
    for place, found in (("environment", environment), (".env", file)):
        for name in names:
            if name in found:
                return place, name
    return "default", names[0]


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return _HIDDEN
    if isinstance(value, tuple):
        return ",".join(_shown(part) for part in value)
    text = "" if value is None else str(value)
    return _without_password(text) if "://" in text else text


def _without_password(text: str) -> str:
    """Hide what an address may hold beside its place: a password, and parameters such as keys."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return _HIDDEN
    place = parts.netloc.rpartition("@")
    netloc = f"{_HIDDEN}@{place[2]}" if place[1] else parts.netloc
    return urlunsplit(parts._replace(netloc=netloc, query=_HIDDEN if parts.query else ""))
