"""Pictures of the documentation: one of them with a real server, and what terminals show."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from scripts.docs_pictures import GROUPS, PICTURES, Pictures
from scripts.local_server import LocalServer
from scripts.terminal_picture import TerminalScreen, pictured_command, screen_svg
from tests.clients.browser import chromium
from tests.conftest import StartServer
from tests.server import DEAF, ROOT

KEY = "a-key-for-the-pictures"


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no browser is installed")
def test_the_form_is_pictured(start_server: StartServer, tmp_path: Path) -> None:
    running = start_server(API_KEYS=KEY, **DEAF)
    with subprocess.Popen([sys.executable, "-c", ""]) as ended, chromium() as browser:
        server = LocalServer(ended, running.port, KEY, tmp_path / "log")
        Pictures(browser, server, tmp_path, tmp_path).take({"form"})
    found = tmp_path / "page-new.png"
    assert [path.name for path in tmp_path.glob("*.png")] == [found.name]
    with Image.open(found) as picture:
        assert (picture.format, picture.mode, picture.size) == ("PNG", "P", (1360, 800))
        assert len(picture.getcolors() or ()) > 10, "it is not empty"
    assert found.stat().st_size < 100_000


def test_a_screen_shows_what_rich_leaves_on_it() -> None:
    output = io.StringIO()
    console = Console(file=output, force_terminal=True, width=60, color_system="truecolor")
    with Progress(console=console, auto_refresh=False) as bars:
        for name in ("decoding", "transcribing"):
            bars.add_task(name, total=100)
        for step in range(4):
            console.print(Text(f"line {step}", style="bold"))
            bars.advance(bars.task_ids[1], 10)
            bars.refresh()
        screen = TerminalScreen()
        screen.write(output.getvalue())
    lines = screen.plain.splitlines()
    assert lines[:4] == [f"line {step}" for step in range(4)]
    assert lines[4].startswith("decoding")
    assert lines[5].startswith("transcribing")
    assert " 40%" in lines[5]
    assert len(lines) == 6
    assert "\x1b[1m" in screen.text


def test_a_picture_of_a_terminal_needs_nothing_from_elsewhere() -> None:
    svg = screen_svg([Text("0:00:04  Usted tiene tres mensajes nuevos.")])
    assert "mensajes" in svg
    assert 'url("http' not in svg
    assert "@font-face" not in svg


def test_a_command_that_does_no_work_is_no_picture(tmp_path: Path) -> None:
    environment = {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    with pytest.raises(RuntimeError, match="Usage"):
        pictured_command(("--help",), tmp_path, environment)


def test_the_documentation_has_every_picture() -> None:
    names = ("page-light", "page-dark", "page-phone", "page-new", "page-jobs", "page-server")
    for name in (*names, "editor-light", "editor-dark", "terminal"):
        with Image.open(PICTURES / f"{name}.png") as picture:
            assert picture.format == "PNG"
        assert (PICTURES / f"{name}.png").stat().st_size < 400_000
    assert GROUPS[0] == "terminal", "before anything is cached"
    first = next(
        line for line in (ROOT / "README.md").read_text("utf-8").splitlines() if "![" in line
    )
    assert "docs/pictures/page-light.png" in first
