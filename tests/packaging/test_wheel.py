"""The wheel: everything of the program is in it, and it runs where no checkout is."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.server import ROOT

_ABOUT = """
from importlib.metadata import distribution
from app.cli.own_server import gunicorn_configuration
print(distribution("cuestream").entry_points["cuestream"].value, gunicorn_configuration())
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [path] = folder.glob("*.whl")
    return path


def test_it_holds_every_file_of_the_program_and_nothing_of_the_tests(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    files = {path for path in (ROOT / "app").rglob("*") if path.is_file()}
    own = {str(path.relative_to(ROOT)) for path in files if "__pycache__" not in path.parts}
    assert {name for name in names if name.startswith("app/")} == own
    rest = {name.partition("/")[0] for name in names - own}
    assert "cuestream_gunicorn.conf.py" in rest
    assert all(name.startswith("cuestream") for name in rest), rest


def test_it_finds_itself_without_a_checkout(wheel: Path, tmp_path: Path) -> None:
    unpacked, away = tmp_path / "site-packages", tmp_path / "away"
    zipfile.ZipFile(wheel).extractall(unpacked)
    (away / "app").mkdir(parents=True)
    (away / "app" / "__init__.py").write_text("raise SystemExit('somebody else')")
    environment = {"PYTHONPATH": str(unpacked), "PATH": "/usr/bin:/bin"}

    def said(*arguments: str) -> str:
        command = [sys.executable, "-P", *arguments]
        done = subprocess.run(
            command, cwd=away, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    configuration = unpacked / "cuestream_gunicorn.conf.py"
    assert said("-c", _ABOUT) == f"app.cli.main_command:main {configuration}"
    assert configuration.read_bytes() == (ROOT / "gunicorn.conf.py").read_bytes()
    assert "subtitle" in said("-m", "app", "--help")
