"""Write `docs/settings.md` from the settings themselves.

Run by `make settings` after changing a setting; with ``--check`` it only says whether the page is
current.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from app.settings import OTHER_NAMES, Group, Settings
from app.settings.group import variables_of

PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"
_HEAD = """\
# Settings

Every setting is an environment variable, or the same name in a file `.env` in the folder that the
server is started from; the environment goes first. Nothing has to be set. `.env.example` is a
template with every default.

A setting is a field of a group in `app/settings`, and the text under the field is the text here:
`make settings` writes this page and `.env.example` again.
"""


_OTHER_HEAD = """\
## Names of other systems

What the variables of the systems before this one mean here. Those that mean the same are read, and
stand above beside ours. The others do nothing; the server says so by name at the start when one of
them is set, as it does of settings of an engine or a provider that is not chosen.

| variable | instead |
| --- | --- |"""


def env_names(group: type[Group], name: str, field: FieldInfo) -> list[str]:
    """Return the environment variables that set a field, the preferred one first."""
    del field
    return variables_of(group, name)


def fields() -> Iterator[tuple[type[Group], str, FieldInfo]]:
    """Yield every setting with its group."""
    for group_field in Settings.model_fields.values():
        group = group_field.annotation
        assert isinstance(group, type)
        assert issubclass(group, Group)
        for name, field in group.model_fields.items():
            yield group, name, field


def page() -> str:
    """Return the whole page."""
    return f"{_HEAD}\n{tables()}\n\n{_OTHER_HEAD}\n{other_names()}\n"


def tables() -> str:
    """Return a table of settings for each group, below the group's heading."""
    lines: list[str] = []
    previous: type[Group] | None = None
    for group, name, field in fields():
        if group is not previous:
            heading = (group.__doc__ or "").strip().splitlines()[0].rstrip(".")
            lines += ["", f"## {heading}", "", "| variable | default | what it does |"]
            lines += ["| --- | --- | --- |"]
            previous = group
        names = ", ".join(f"`{n}`" for n in env_names(group, name, field))
        text = " ".join((field.description or "").split()).replace("|", "\\|")
        lines.append(f"| {names} | {_written_default(field.default)} | {text} |")
    return "\n".join(lines).strip()


def other_names() -> str:
    """Return the rows of variables that nothing reads."""
    read = {variable for group, n, field in fields() for variable in env_names(group, n, field)}
    rows = ((name, OTHER_NAMES[name]) for name in sorted(OTHER_NAMES.keys() - read))
    return "\n".join(f"| `{name}` | {text} |" for name, text in rows)


def _written_default(default: object) -> str:
    if default is None or default in ("", ()) or isinstance(default, SecretStr):
        return "–"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, tuple):
        return f"`{','.join(str(part) for part in default)}`"
    return f"`{default}`"


def main() -> int:
    """Rewrite the page, or check it."""
    if "--check" in sys.argv:
        return 0 if PAGE.read_text(encoding="utf-8") == page() else 1
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
