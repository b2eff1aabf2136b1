"""Commands of guides that no test of their subject runs, and that no guide is forgotten."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
import typer
import yaml

from app.cli.main_command import cli
from bench.simulation.__main__ import main as simulate
from tests.conftest import StartServer
from tests.media_server import MediaServer
from tests.packaging.documented import (
    ELSEWHERE,
    RUNS,
    Block,
    GuideShell,
    Ran,
    is_elsewhere,
    is_run,
    run_blocks,
    shell_blocks,
    without_elsewhere,
)
from tests.postgres import PostgresServer
from tests.server import DEAF, ROOT, ServerProcess, free_port
from tests.supabase import database_without_schema

DOCS = ROOT / "docs"
CLIP = ROOT / "samples" / "voicemail.mp4"
LIST_PLUGINS = ROOT / "tests" / "clients" / "site_plugins"
CAPTIONS = "1\n00:00:01,000 --> 00:00:02,500\nWhere is the house?\n"
BODY = {"captions": CAPTIONS, "captions_lang": "en"}

GUIDES = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])
NAMES = [str(path.relative_to(ROOT)) for path in GUIDES]


def commands_in(block: Block) -> list[list[str]]:
    """Return the words of each command that stands on lines of its own."""
    lines = joined(block.text).splitlines()
    return [shlex.split(line, comments=True) for line in lines if _is_simple(line)]


def _is_simple(line: str) -> bool:
    return is_elsewhere(line) or line.startswith("cuestream ")


@pytest.mark.parametrize("guide", NAMES)
def test_every_command_of_a_guide_is_run_by_a_test(guide: str) -> None:
    runs = [run for run in RUNS if run.guide == guide]
    blocks = shell_blocks(guide)
    for run in runs:
        assert any(is_run(run, block) for block in blocks), f"{run} runs nothing"
        assert f'run_blocks("{guide}", __file__)' in (ROOT / run.test).read_text(), run
    for block in blocks:
        if not any(is_run(run, block) for run in runs):
            left = without_elsewhere(Block(block.line, block.kind, joined(block.text))).text
            commands = [line for line in left.splitlines() if line and not line.startswith("#")]
            assert commands == [], f"{guide}:{block.line}: no test runs this"


def test_what_is_run_elsewhere_has_a_test() -> None:
    assert [test for test in ELSEWHERE.values() if not (ROOT / test).exists()] == []


def joined(text: str) -> str:
    """Return commands with each on one line."""
    return re.sub(r"\\\n\s*", " ", text)


@pytest.mark.parametrize("guide", NAMES)
def test_words_of_commands_name_what_is_there(guide: str) -> None:
    for block in shell_blocks(guide):
        for words in commands_in(block):
            check_words(words)


def settings_named() -> set[str]:
    """Return the variables of all settings."""
    from scripts.settings_table import env_names, fields

    return {variable for group, n, field in fields() for variable in env_names(group, n, field)}


def without_settings(words: Sequence[str]) -> Sequence[str]:
    """Return a command without the settings ahead of it, which have to be settings."""
    while re.match(r"[A-Z_]+=", words[0]):
        assert words[0].partition("=")[0] in settings_named(), words
        words = words[1:]
    return words


def check_words(words: Sequence[str]) -> None:
    """Check a command that is not run here, or that a subject's test runs in another way."""
    match without_settings(words):
        case ["pipx", "install", target]:
            extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
            known = [f".[{name}]" for name in extras["optional-dependencies"]]
            assert target in [".", *known], words
        case ["docker", "compose", "up", *rest]:
            services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
            assert {word for word in rest if not word.startswith("-")} <= set(services)
        case ["make", *rest]:
            targets = [word for word in rest if word != "&"]
            subprocess.run(["make", "-n", *targets], cwd=ROOT, check=True, capture_output=True)
        case ["docker", "build", *rest]:
            text = (ROOT / rest[rest.index("-f") + 1]).read_text()
            for name, value in pairwise(rest):
                if name == "--build-arg":
                    assert f"\nARG {value.partition('=')[0]}=" in text, value
        case ["docker", "exec", _, program, *_] | [program] if program.startswith("scripts/"):
            assert (ROOT / program).exists()
        case ["cuestream", *rest]:
            check_arguments(rest)
        case ["cp", source, _]:
            assert (ROOT / source).exists(), source
        case _:
            assert words[:2] == ["docker", "push"] or (
                words[0] in {"supabase", "scripts/update-ytdlp.sh"}
            ), words


def check_arguments(arguments: Sequence[str]) -> None:
    """Check that the command takes arguments, without doing anything."""
    before, group = [], typer.main.get_command(cli)
    for word in arguments:
        if word in {"|", "||", ">", "&&"}:
            break
        before.append(word)
    context = group.make_context("cuestream", list(before))
    assert isinstance(group, typer.core.TyperGroup)
    name, command, rest = group.resolve_command(context, [*context._protected_args, *context.args])
    assert command is not None
    command.make_context(name, rest, parent=context)


def prepared(folder: Path) -> Path:
    """Return a folder with the files that guides name."""
    folder.mkdir()
    clip = ["ffmpeg", "-v", "error", "-t", "6", "-i", str(CLIP), "-c", "copy"]
    subprocess.run([*clip, "talk.mp4"], cwd=folder, check=True)
    subprocess.run([*clip, "film.mkv"], cwd=folder, check=True)
    for name in ("talk.srt", "talk.es.srt"):
        (folder / name).write_text(CAPTIONS)
    return folder


def job_of(server: ServerProcess) -> str:
    with server.client() as client:
        return client.post("/api/process", json=BODY).headers["X-Job-Id"]


def assert_answered(ran: Sequence[Ran]) -> None:
    requests = [status for one in ran for status in one.statuses]
    assert requests
    assert [request for request in requests if request[0] != 200] == [], ran


def test_media_operations_answer(server: ServerProcess, site: MediaServer, tmp_path: Path) -> None:
    folder = prepared(tmp_path / "here")
    for name in ("talk.mp4", "talk.srt", "talk.es.srt"):
        site.add(folder / name)
    replaced = {"https://example.com": site.url, "JOB_ID": job_of(server)}
    hosts = {"localhost:5001": f"127.0.0.1:{server.port}"}
    ran = GuideShell(folder, hosts, replaced=replaced).run(run_blocks("docs/media.md", __file__))
    assert_answered(ran)
    assert sum(len(one.statuses) for one in ran) == 5


@pytest.fixture(scope="module")
def lister(start_server: StartServer) -> ServerProcess:
    return start_server(**DEAF, ALLOW_PRIVATE_URLS="true", PYTHONPATH=str(LIST_PLUGINS))


def test_sites_are_listed(lister: ServerProcess, site: MediaServer, tmp_path: Path) -> None:
    folder = prepared(tmp_path / "here")
    video = {"id": "v", "url": f"{site.url}/talk.mp4", "title": "A talk", "_type": "url"}
    (folder / "list-guide.json").write_text(json.dumps({"title": "Talks", "entries": [video]}))
    replaced = {"https://www.youtube.com/@SomeChannel/videos": site.add(folder / "list-guide.json")}
    blocks = [without_elsewhere(block) for block in run_blocks("docs/sites.md", __file__)]
    hosts = {"localhost:5001": f"127.0.0.1:{lister.port}"}
    ran = GuideShell(folder, hosts, replaced=replaced).run(blocks)
    assert_answered(ran)
    assert "A talk" in ran[0].output
    assert json.loads(ran[-1].output)["yt_dlp"]


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    app = "tests.queue_app:application()"
    running = ServerProcess(tmp_path_factory.mktemp("queue"), {**DEAF}, app)
    running.wait_ready()
    yield running
    running.stop()


def test_jobs_of_a_queue_are_sent_and_followed(queue: ServerProcess, tmp_path: Path) -> None:
    base = f"{queue.url}/v2/endpoint"
    with queue.client() as client:
        job_id = client.post(f"{base}/run", json={"input": BODY}).json()["id"]
    blocks = run_blocks("docs/queue-worker.md", __file__)
    [block] = [b for b in blocks if "/status/" in b.text]
    replaced = {"https://api.runpod.ai/v2/ENDPOINT_ID": base, "JOB_ID": job_id}
    assert_answered(GuideShell(tmp_path, {}, replaced=replaced).run([block]))


def test_the_workers_trials_work(tmp_path: Path) -> None:
    blocks = run_blocks("docs/queue-worker.md", __file__)
    [block] = [b for b in blocks if "--rp_serve_api" in b.text]
    port = str(free_port())
    served = f"--rp_serve_api --rp_api_port {port} & worker=$!\nuntil curl http://127.0.0.1:{port}/"
    replaced = {
        "--rp_serve_api --rp_api_port 8000": f"{served}; do sleep 0.5; done",
        "localhost:8000": f"127.0.0.1:{port}",
    }
    variables = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        **DEAF,
    }
    shell = GuideShell(tmp_path, {}, variables, replaced)
    [trial, _] = shell.run([block, Block(0, "sh", "kill $worker")])
    assert trial.statuses[-1][0] == 200
    assert '"COMPLETED"' in trial.output
    assert "yt_dlp" in trial.output + trial.errors


@pytest.mark.skipif(shutil.which("psql") is None, reason="psql is not installed")
def test_the_schema_is_made_as_the_guide_says(postgres: PostgresServer, tmp_path: Path) -> None:
    [block] = run_blocks("docs/supabase.md", __file__)
    (tmp_path / "docs").symlink_to(DOCS)
    shell = GuideShell(tmp_path, {}, {"DATABASE_URL": database_without_schema(postgres)})
    [ran] = shell.run([block])
    assert "ERROR" not in ran.errors


def test_plex_settings_are_settings() -> None:
    [block] = run_blocks("docs/clients/plex.md", __file__)
    named = set(re.findall(r"^([A-Z_]+)=", block.text, re.MULTILINE))
    assert named
    assert named <= settings_named()


def test_simulations_of_the_guide_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As they stand, but for a few viewers."""
    monkeypatch.chdir(tmp_path)
    [block] = run_blocks("docs/scaling.md", __file__)
    lines = commands_in(block)
    assert lines
    for words in lines:
        given = shlex.split(words[2].removeprefix("ARGS="))
        monkeypatch.setattr(sys, "argv", ["simulation", *given, "--viewers", "20"])
        assert simulate() == 0
        assert capsys.readouterr().out.startswith("20 viewers")
    assert (tmp_path / "workers.svg").exists()
