"""The docs site: built strictly and without a network, and the commands of its guides."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from app.cli.exit_codes import ExitCode
from app.domain.error_advice import ADVICE
from tests.packaging.documented import Block, GuideShell, blocks_of
from tests.server import ROOT, ServerProcess

DOCS = ROOT / "docs"
GUIDES = ("start-cpu.md", "start-gpu.md", "terminal.md")
NOT_HERE = ("make ", "pipx install", "docker compose")
"""Commands that install things, run for ever or need a GPU: `checked` looks at their syntax."""


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


def test_every_error_of_a_caller_has_advice_that_names_real_settings() -> None:
    from scripts.settings_table import env_names, fields
    from tests.packaging.test_docs import codes

    assert {code for code, status in codes() if status < 500} <= set(ADVICE)
    ours = {variable for group, n, field in fields() for variable in env_names(group, n, field)}
    for code, advice in ADVICE.items():
        named = set(re.findall(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b", advice))
        assert named - {"CUESTREAM_API_KEY"} <= ours, code
        for page in re.findall(r"\b(?:docs|scripts)/[\w.-]+\w", advice):
            assert (ROOT / page).exists(), code


def test_exit_codes_are_those_of_the_page() -> None:
    table = (DOCS / "terminal.md").read_text().partition("## Exit codes")[2]
    rows = re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE)
    named = {int(code) for row in rows for code in row.split(", ")}
    assert named == set(map(int, ExitCode))


def checked(line: str) -> None:
    """Assert that a command which cannot be run here names what is there."""
    words = shlex.split(line, comments=True)
    if words[0] == "make":
        done = subprocess.run(["make", "-n", *words[1:]], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    elif words[:2] == ["pipx", "install"]:
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        known = [f".[{name}]" for name in extras["optional-dependencies"]]
        assert words[2:] in [["."], *([name] for name in known)], line
    else:
        assert words[:3] == ["docker", "compose", "up"], line
        services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
        assert {word for word in words[3:] if not word.startswith("-")} <= set(services)


def test_commands_that_are_not_run_have_the_right_syntax() -> None:
    lines = [
        line
        for name in GUIDES
        for block in blocks_of(DOCS / name)
        if block.kind == "bash"
        for line in block.text.splitlines()
        if line.startswith(NOT_HERE)
    ]
    assert lines
    for line in lines:
        checked(line)


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
