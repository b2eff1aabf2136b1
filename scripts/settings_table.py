"""Write the README's table of settings from the settings themselves.

Run as ``python -m scripts.settings_table`` after changing a setting; with ``--check`` it only
says whether the table is current.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo

from app.settings import Group, Settings

README = Path(__file__).resolve().parents[1] / "README.md"
_BEGIN = "<!-- settings: begin -->"
_END = "<!-- settings: end -->"


def env_names(group: type[Group], name: str, field: FieldInfo) -> list[str]:
    """Return the environment variables that set a field, the preferred one first."""
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        return [str(choice) for choice in alias.choices]
    return [f"{group.model_config.get('env_prefix', '')}{name}".upper()]


def fields() -> Iterator[tuple[type[Group], str, FieldInfo]]:
    """Yield every setting with its group."""
    for group_field in Settings.model_fields.values():
        group = group_field.annotation
        assert isinstance(group, type)
        assert issubclass(group, Group)
        for name, field in group.model_fields.items():
            yield group, name, field


def table() -> str:
    """Return the table, one heading a group."""
    lines: list[str] = []
    previous: type[Group] | None = None
    for group, name, field in fields():
        if group is not previous:
            heading = (group.__doc__ or "").strip().splitlines()[0].rstrip(".")
            lines += ["", f"**{heading}**", "", "| variable | default | what it does |"]
            lines += ["| --- | --- | --- |"]
            previous = group
        names = ", ".join(f"`{n}`" for n in env_names(group, name, field))
        text = " ".join((field.description or "").split()).replace("|", "\\|")
        lines.append(f"| {names} | {_shown(field.default)} | {text} |")
    return "\n".join(lines).strip()


def _shown(default: object) -> str:
    if default is None or default in ("", ()) or isinstance(default, SecretStr):
        return "–"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, tuple):
        return f"`{','.join(str(part) for part in default)}`"
    return f"`{default}`"


def main() -> int:
    """Rewrite the table, or check it."""
    text = README.read_text()
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    current = f"{before}{_BEGIN}\n{table()}\n{_END}{after}"
    if "--check" in sys.argv:
        return 0 if current == text else 1
    README.write_text(current)
    return 0


if __name__ == "__main__":
    sys.exit(main())
