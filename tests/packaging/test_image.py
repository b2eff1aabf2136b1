"""The images: their files by the linter, by their text, and against what is installed here."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from dockerfile_parse import DockerfileParser

from app.settings import child_environment
from tests.server import ROOT, ServerProcess, free_port

DOCKERFILES = {"server": ROOT / "Dockerfile.server", "worker": ROOT / "Dockerfile.worker"}
COMMANDS = {
    "server": '["python", "-m", "gunicorn", "-c", "gunicorn.conf.py"]',
    "worker": '["python", "-u", "-m", "app.worker"]',
}
SITE_PACKAGES = "/opt/venv/lib/python3.11/site-packages"


def steps_of(image: str) -> list[tuple[str, str]]:
    """Return every instruction with its arguments, continuation lines joined."""
    parser = DockerfileParser(fileobj=DOCKERFILES[image].open("rb"))
    return [(step["instruction"], step["value"]) for step in parser.structure]


@pytest.fixture(scope="module", params=list(DOCKERFILES))
def image(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def steps(image: str) -> list[tuple[str, str]]:
    return steps_of(image)


def values(steps: list[tuple[str, str]], instruction: str) -> list[str]:
    return [value for name, value in steps if name == instruction]


def shell_of(run: str) -> str:
    """Return a RUN step without its mounts."""
    return re.sub(r"--mount=\S+\s*", "", run).strip()


def test_the_linter_has_nothing_to_say(image: str) -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [hadolint, DOCKERFILES[image]], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_every_image_is_pinned_by_a_version(steps: list[tuple[str, str]]) -> None:
    for value in values(steps, "FROM"):
        image = value.split()[0]
        assert re.search(r":\d+(\.\d+)+", image), f"{image} is not pinned"


def test_the_base_is_cuda_12_like_the_wheels(steps: list[tuple[str, str]]) -> None:
    base = values(steps, "FROM")[-1]
    version = re.fullmatch(r"nvidia/cuda:(\d+\.\d+)\.\d+-base-ubuntu24\.04", base)
    assert version is not None
    assert f"nvidia-cuda-runtime-cu12=={version[1]}." in (ROOT / "constraints.txt").read_text()


def test_runpod_38_process_one_gets_the_signals(image: str, steps: list[tuple[str, str]]) -> None:
    (command,) = values(steps, "CMD")
    assert command == COMMANDS[image]
    assert "ENTRYPOINT" not in dict(steps)
    assert "-m" in command, "an entry point's first line would name a path"


def test_it_does_not_run_as_root(steps: list[tuple[str, str]]) -> None:
    names = [name for name, _ in steps]
    assert names.index("USER") > max(i for i, name in enumerate(names) if name in {"RUN", "COPY"})
    assert int(values(steps, "USER")[-1].split(":")[0]) >= 1000


def test_no_secret_is_in_a_variable_or_an_argument(steps: list[tuple[str, str]]) -> None:
    named = " ".join(values(steps, "ENV") + values(steps, "ARG"))
    assert not re.search(r"TOKEN|KEY|SECRET|PASSWORD", named)
    assert any("--mount=type=secret,id=HF_TOKEN" in run for run in values(steps, "RUN"))


def test_no_package_list_or_cache_stays_in_a_layer(steps: list[tuple[str, str]]) -> None:
    for run in values(steps, "RUN"):
        if "apt-get" in run:
            assert "--no-install-recommends" in run
            assert "rm -rf /var/lib/apt/lists/*" in run
        if "uv pip" in run:
            assert "--mount=type=cache,target=/root/.cache/uv" in run


def test_every_shell_step_parses(steps: list[tuple[str, str]]) -> None:
    runs = values(steps, "RUN")
    assert len(runs) >= 4
    for run in runs:
        done = subprocess.run(
            ["bash", "-n", "-c", shell_of(run)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (run, done.stderr)


def test_its_debian_packages_are_those_that_the_demo_installs(
    steps: list[tuple[str, str]],
) -> None:
    install = next(run for run in values(steps, "RUN") if "apt-get install" in run)
    words = shell_of(install).partition("--no-install-recommends")[2].partition("&&")[0].split()
    script = (ROOT / "scripts" / "system.sh").read_text()
    demo = re.search(r"demo \| serve\) echo (.*) ;;", script)
    assert demo is not None
    assert set(words) == {*demo[1].split(), "ca-certificates"}


def copied(steps: list[tuple[str, str]]) -> list[str]:
    """Return everything that the build takes from the checkout."""
    sources = [word for value in values(steps, "COPY") for word in value.split()[:-1]]
    for run in values(steps, "RUN"):
        sources += re.findall(r"type=bind,source=([^,\s]+)", run)
    return sources


def test_what_it_copies_exists_and_is_sent_to_the_builder(steps: list[tuple[str, str]]) -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines, "everything is left out but what is named"
    sent = [line[1:] for line in lines if line.startswith("!")]
    sources = copied(steps)
    assert {"app", "pyproject.toml", "constraints.txt"} <= set(sources)
    for source in sources:
        assert (ROOT / source).exists(), source
        assert any(fnmatch(source, pattern) for pattern in sent), source
    taken = {source for image in DOCKERFILES for source in copied(steps_of(image))}
    assert set(sent) == taken, "nothing is sent for nothing"


def test_its_installation_resolves_to_what_is_installed_here(steps: list[tuple[str, str]]) -> None:
    install = next(run for run in values(steps, "RUN") if "uv pip install" in run)
    arguments = shell_of(install).partition("uv pip install ")[2].split()
    command = [sys.executable, "-m", "uv", "pip", "install", "--offline", "--dry-run"]
    if shutil.which("uv") and not _has_uv():
        command[:3] = ["uv"]
    done = subprocess.run(
        [*command, "--python", sys.executable, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Would make no changes" in done.stderr


def _has_uv() -> bool:
    probe = [sys.executable, "-m", "uv", "--version"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def test_its_python_is_one_that_the_project_accepts(steps: list[tuple[str, str]]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == ">=3.11,<3.13"
    assert any("--python 3.11" in run for run in values(steps, "RUN"))


def test_its_uv_is_the_pinned_one(steps: list[tuple[str, str]]) -> None:
    pinned = re.search(r"^uv==(.*)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert pinned is not None
    assert f"ghcr.io/astral-sh/uv:{pinned[1]} AS uv" in values(steps, "FROM")


@pytest.mark.gpu
def test_the_cuda_libraries_lie_where_it_says(steps: list[tuple[str, str]]) -> None:
    path = re.search(r"LD_LIBRARY_PATH=(\S+)", " ".join(values(steps, "ENV")))
    assert path is not None
    folders = [folder for folder in path[1].split(":") if folder.startswith(SITE_PACKAGES)]
    here = Path(sys.prefix) / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    found = [
        library.name
        for folder in folders
        for library in (here / "site-packages" / Path(folder).relative_to(SITE_PACKAGES)).iterdir()
    ]
    assert "libcublas.so.12" in found
    assert "libcudnn.so.9" in found


def check_health(port: int, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {**child_environment(), "HOST": "0.0.0.0", "PORT": str(port), **settings}
    return subprocess.run(
        [sys.executable, "-m", "scripts.healthcheck"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_runpod_33_the_workers_image_keeps_the_log_free_of_transcripts() -> None:
    variables = " ".join(values(steps_of("worker"), "ENV")).split()
    assert {"RUNPOD_LOG_LEVEL=INFO", "MODE=queue"} <= set(variables)
    assert {"EXPOSE", "HEALTHCHECK"}.isdisjoint(name for name, _ in steps_of("worker"))


def test_both_images_are_alike_up_to_the_packages() -> None:
    server, worker = (
        [step for step in steps_of(image) if step[0] != "COMMENT"] for image in DOCKERFILES
    )
    packages = next(n for n, (_, value) in enumerate(server) if "uv pip install" in value)
    assert server[:packages] == worker[:packages]
    assert worker[packages][1].replace(" --extra worker", "") == server[packages][1]


def test_the_health_check_is_the_one_that_is_tested_here() -> None:
    (check,) = values(steps_of("server"), "HEALTHCHECK")
    assert 'CMD ["python", "-m", "scripts.healthcheck"]' in check
    assert "--start-period=" in check


def test_a_ready_server_is_healthy(server: ServerProcess) -> None:
    assert check_health(server.port).returncode == 0


def test_nobody_there_is_unhealthy() -> None:
    done = check_health(free_port())
    assert done.returncode == 1
    assert "no answer" in done.stdout


@pytest.mark.parametrize(("status", "said"), [(204, "starting"), (503, "reason")])
def test_a_server_that_loads_or_failed_is_not_healthy(status: int, said: str) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            if status != 204:
                self.wfile.write(b"reason")

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as http:
        Thread(target=http.serve_forever, daemon=True).start()
        done = check_health(1, PORT_HEALTH=str(http.server_port))
        http.shutdown()
    assert done.returncode == 1
    assert said in done.stdout
