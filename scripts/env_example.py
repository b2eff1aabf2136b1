"""Write `.env.example` from the settings themselves.

Run by `make settings` after changing a setting; with ``--check`` it only says whether the file is
current.
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from app.settings import Group
from scripts.settings_table import env_names, fields

EXAMPLE = Path(__file__).resolve().parents[1] / ".env.example"
_WIDTH = 98
_HEAD = """\
Every setting of Cuestream. Copy this file to .env, remove the # before what you want to change.
Nothing has to be set; variables of the environment win over .env. Made by `make settings`.\
"""


def example() -> str:
    """Return the file: a heading for each group, a comment and a line for each setting."""
    parts = [_commented(_HEAD)]
    previous: type[Group] | None = None
    for group, name, field in fields():
        if group is not previous:
            heading = (group.__doc__ or "").strip().splitlines()[0].rstrip(".")
            parts.append(f"# ---- {heading} ----")
            previous = group
        parts.append(_entry(group, name, field))
    return "\n\n".join(parts) + "\n"


def _entry(group: type[Group], name: str, field: FieldInfo) -> str:
    preferred, *others = env_names(group, name, field)
    text = " ".join((field.description or "").split())
    if choices := _choices(field):
        text += f" One of: {', '.join(choices)}."
    if others:
        text += f" Also read as: {', '.join(others)}."
    return f"{_commented(text)}\n#{preferred}={_written(field.default)}"


def _commented(text: str) -> str:
    wrapped = [line for part in text.splitlines() for line in textwrap.wrap(part, _WIDTH)]
    return "\n".join(f"# {line}" for line in wrapped)


def _choices(field: FieldInfo) -> list[str]:
    kinds = (field.annotation, *get_args(field.annotation))
    return [str(arg) for kind in kinds if get_origin(kind) is Literal for arg in get_args(kind)]


def _written(default: object) -> str:
    if default is None or isinstance(default, SecretStr):
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return ",".join(str(part) for part in default)
    return str(default)


def main() -> int:
    """Rewrite the file, or check it."""
    if "--check" in sys.argv:
        return 0 if EXAMPLE.read_text(encoding="utf-8") == example() else 1
    EXAMPLE.write_text(example(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
