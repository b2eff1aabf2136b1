"""What is wrong with the variables that settings are read from, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import AliasChoices, ValidationError

from app.settings.group import Group


def wrong_variables(groups: Sequence[type[Group]]) -> str:
    """Return what is wrong, a line for each variable; values are left out, they may be secrets."""
    return "\n".join(line for group in groups for line in _lines(group))


def _lines(group: type[Group]) -> Iterator[str]:
    try:
        group()
    except ValidationError as error:
        yield from _problems(error, group)


def _problems(error: ValidationError, group: type[Group]) -> Iterator[str]:
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        name, *places = problem["loc"] or ("",)
        where = "".join(f", item {place}" for place in places if isinstance(place, int))
        yield f"{_variable(str(name), group)}{where}: {problem['msg']}"


def _variable(name: str, group: type[Group]) -> str:
    """Return the environment variable of a field, or of an alias of it."""
    field = group.model_fields.get(name)
    if field is None:
        return name.upper()
    if isinstance(field.validation_alias, AliasChoices):
        return str(field.validation_alias.choices[0])
    return f"{group.model_config.get('env_prefix', '')}{name}".upper()
