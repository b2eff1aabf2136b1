"""The docs site: built strictly and without a network, and the commands of its guides."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.exit_codes import ExitCode
from app.domain.error_advice import ADVICE
from tests.packaging.documented import Block, GuideShell, run_blocks, without_elsewhere
from tests.server import ROOT, ServerProcess

DOCS = ROOT / "docs"


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


def test_events_are_those_of_the_page() -> None:
    page = (DOCS / "terminal.md").read_text().partition("## Events")[2]
    sources = "".join(path.read_text() for path in (ROOT / "app" / "cli").glob("*.py"))
    written = set(re.findall(r'(?:_write\(|"event": )"(\w+)"', sources))
    assert {"cues", "live", "report", "ended"} <= written
    assert [event for event in sorted(written) if f"`{event}`" not in page] == []


COMMAND = """#!/bin/sh
case " $* " in *" --watch "*)
    {python} -P -m app "$@" & running=$!
    until ls "$2"*.es.srt; do kill -0 $running || exit 1; sleep 0.1; done
    kill -TERM $running; wait $running; test $? = 143; exit
esac
exec {python} -P -m app "$@"
"""
"""`cuestream`; a watch, which has no end, is ended once it has written something."""


def test_every_command_of_the_guides_works(server: ServerProcess, tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    command = programs / "cuestream"
    command.write_text(COMMAND.format(python=sys.executable))
    command.chmod(0o755)
    folder = tmp_path / "here"
    for name in ("talks", "recordings", "samples"):
        (folder / name).mkdir(parents=True)
    clip = ["ffmpeg", "-v", "error", "-ss", "15", "-t", "4"]
    clip += ["-i", str(ROOT / "samples" / "voicemail.mp4"), "-c:v", "copy", "talk.mp4"]
    subprocess.run(clip, cwd=folder, check=True)
    shutil.copy(folder / "talk.mp4", folder / "talks" / "talk.mp4")
    shutil.copy(folder / "talk.mp4", folder / "recordings" / "talk.mp4")
    shutil.copy(folder / "talk.mp4", folder / "samples" / "voicemail.mp4")
    variables = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "CUESTREAM_SERVER": server.url,
        "CUESTREAM_STATE_DIR": str(tmp_path / "state"),
        "TRANSLATION_PROVIDER": "embedded",
    }
    hosts = {"localhost:5001": f"127.0.0.1:{server.port}"}
    # This server's translator knows English and Spanish.
    replaced = {"https://subtitles.example.com": server.url, "--to de": "--to es"}
    shell = GuideShell(folder, hosts, variables, replaced)
    blocks = [
        without_elsewhere(block)
        for block in (
            *run_blocks("docs/terminal.md", __file__),
            *run_blocks("docs/start-gpu.md", __file__),
            *run_blocks("docs/start-cpu.md", __file__),
            *run_blocks("README.md", __file__),
        )
    ]
    made = folder / "samples" / "voicemail.es.srt"
    cleared = Block(0, "bash", "rm -f samples/*.srt")
    steps = [part for block in blocks if block.text.strip() for part in (block, cleared)]
    steps.insert(
        -2, Block(0, "bash", "rm talk.es.srt talk.es.vtt")
    )  # the README's block begins anew
    shell.run(steps)
    assert not made.exists()
    for name in ("talk.es.srt", "talk.es.vtt", "recordings/talk.es.srt"):
        assert "-->" in (folder / name).read_text(), name
    assert (folder / "talk.es.shorts.srt").exists()
