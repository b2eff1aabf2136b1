"""`cuestream config`: the settings, and where each comes from."""

from __future__ import annotations

import json

from app.cli.command_context import chosen_reporter, exit_of
from app.cli.exit_codes import ExitCode
from app.settings import read_settings
from app.settings.setting_sources import SettingSource, setting_sources


def show_settings(*, as_json: bool, everything: bool) -> ExitCode:
    """Print the settings that are set, or all; return the exit code."""
    reporter = chosen_reporter(as_json=as_json, quiet=True)

    def work() -> ExitCode:
        rows = setting_sources(read_settings())
        shown = [row for row in rows if everything or row.source != "default"]
        if as_json:
            print(json.dumps({"event": "settings", "settings": [_plain(row) for row in shown]}))
        else:
            _print_table(shown)
        return ExitCode.DONE

    return exit_of(work, reporter)


def _plain(row: SettingSource) -> dict[str, str]:
    return {"name": row.name, "value": row.value, "source": row.source}


def _print_table(rows: list[SettingSource]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not rows:
        console.print("Nothing is set; `cuestream config --all` shows the defaults.")
        return
    table = Table("setting", "value", "source")
    for row in rows:
        table.add_row(row.name, Text(row.value), row.source)
    console.print(table)
