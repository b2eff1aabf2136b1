"""The base class of settings groups."""

from __future__ import annotations

from pydantic import AliasChoices
from pydantic_settings import BaseSettings, SettingsConfigDict


class Group(BaseSettings):
    """The settings of one subject."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        use_attribute_docstrings=True,
        populate_by_name=True,
        env_ignore_empty=True,
        env_file=".env",
    )


def config(prefix: str = "") -> SettingsConfigDict:
    """Return a group's configuration.

    Args:
        prefix: of the group's variables.
    """
    return SettingsConfigDict(**{**Group.model_config, "env_prefix": prefix})


def names(*variables: str) -> AliasChoices:
    """Return the variables that set a field, the preferred one first."""
    return AliasChoices(*variables)


def variables_of(group: type[Group], name: str) -> list[str]:
    """Return the environment variables that set a field, the preferred one first.

    Args:
        group: class that has the field.
        name: of the field.
    """
    alias = group.model_fields[name].validation_alias
    if isinstance(alias, AliasChoices):
        return [str(choice) for choice in alias.choices]
    return [f"{group.model_config.get('env_prefix', '')}{name}".upper()]


def listed(value: object) -> object:
    """Split a text at its commas; any other value is returned as it is."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value
