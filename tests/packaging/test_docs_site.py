"""The docs site: built strictly and without a network, and the commands of its guides."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.exit_codes import ExitCode
from tests.packaging.documented import Block, GuideShell, blocks_of
from tests.server import ROOT, ServerProcess

DOCS = ROOT / "docs"
GUIDES = ("start-cpu.md", "start-gpu.md", "terminal.md")
NOT_HERE = ("make serve", "pipx install", "docker compose")
"""Commands that install things, run for ever or need a GPU: their syntax alone is checked."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_site_is_built_and_loads_nothing_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > len(list(DOCS.glob("*.md")))
    loaded = re.compile(r'<(?:script|img|link rel="stylesheet")[^>]+(?:src|href)="(https?:[^"]+)')
    for page in pages:
        assert loaded.findall(page.read_text("utf-8")) == [], page


def test_every_route_and_error_stands_on_its_page(site: Path) -> None:
    from tests.packaging.test_docs import codes, routes

    reference = (site / "api-reference.html").read_text("utf-8")
    for route in routes():
        assert route.replace("&", "&amp;") in reference
    errors = (site / "errors.html").read_text("utf-8")
    for code, status in codes():
        assert re.search(rf"<code>{code}</code></td>\s*<td>{status}<", errors), code


def test_exit_codes_are_those_of_the_page() -> None:
    table = (DOCS / "terminal.md").read_text().partition("## Exit codes")[2]
    rows = re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE)
    named = {int(code) for row in rows for code in row.split(", ")}
    assert named == set(map(int, ExitCode))


def runnable(block: Block) -> Block:
    """Return a block without the commands that cannot be run here, which have to be commands."""
    lines = [line for line in block.text.splitlines() if not line.startswith(NOT_HERE)]
    return Block(block.line, block.kind, "\n".join(lines))


def test_every_command_of_the_guides_works(server: ServerProcess, tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    command = programs / "cuestream"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m app "$@"\n')
    command.chmod(0o755)
    folder = tmp_path / "here"
    (folder / "talks").mkdir(parents=True)
    (folder / "samples").mkdir()
    clip = ["ffmpeg", "-v", "error", "-ss", "15", "-t", "4"]
    clip += ["-i", str(ROOT / "samples" / "voicemail.mp4"), "-c:v", "copy", "talk.mp4"]
    subprocess.run(clip, cwd=folder, check=True)
    shutil.copy(folder / "talk.mp4", folder / "talks" / "talk.mp4")
    shutil.copy(folder / "talk.mp4", folder / "samples" / "voicemail.mp4")
    variables = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "CUESTREAM_SERVER": server.url,
        "CUESTREAM_STATE_DIR": str(tmp_path / "state"),
        "TRANSLATION_PROVIDER": "embedded",
    }
    shell = GuideShell(folder, {"localhost:5001": f"127.0.0.1:{server.port}"}, variables)
    guides = [blocks_of(DOCS / name) for name in GUIDES]
    blocks = [runnable(b) for guide in reversed(guides) for b in guide if b.kind == "bash"]
    made = folder / "samples" / "voicemail.es.srt"
    cleared = Block(0, "bash", "rm -f samples/*.srt")
    steps = [part for block in blocks if block.text.strip() for part in (block, cleared)]
    shell.run(steps)
    assert not made.exists()
    assert "-->" in (folder / "talk.es.srt").read_text()
    assert (folder / "talk.es.shorts.srt").exists()
