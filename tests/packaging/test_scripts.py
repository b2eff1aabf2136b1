"""The scripts behind the Makefile, and the paths on which they can only say what is needed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.server import ROOT

SHELL = [*sorted((ROOT / "scripts").glob("*.sh")), ROOT / ".ci" / "run"]
TOOLS = ["bash", "env", "id", "dirname", "cat", "sha256sum", "cut", "mktemp", "rm", "sleep", "tail"]
"""What a script may rely on; everything else is missing in these tests."""


@pytest.mark.parametrize("path", SHELL, ids=lambda path: path.name)
def test_a_script_parses_and_stops_at_the_first_failure(path: Path) -> None:
    subprocess.run(["bash", "-n", path], check=True)
    text = path.read_text()
    if path.name != "progress.sh":
        assert re.search(r"^set -e?uo pipefail$", text, re.MULTILINE)
        assert os.access(path, os.X_OK)
        assert text.startswith("#!/usr/bin/env bash\n")


def test_shellcheck_has_nothing_to_say() -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run(
        [shellcheck, "--external-sources", *SHELL],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


Bare = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def bare() -> Iterator[Bare]:
    """Run a script in a copy of the checkout, as nobody, with few programs."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    for name in ("pyproject.toml", "constraints.txt", "Makefile"):
        shutil.copy(ROOT / name, folder)
    programs = folder / "bin"
    programs.mkdir()
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    as_nobody = user if os.geteuid() == 0 else []

    def run(
        *command: str, programs_there: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        for name in (*TOOLS, *programs_there):
            found = shutil.which(name)
            assert found is not None, name
            (programs / name).unlink(missing_ok=True)
            (programs / name).symlink_to(found)
        return subprocess.run(
            [*as_nobody, "env", "-i", f"PATH={programs}", *command],
            cwd=folder,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    yield run
    shutil.rmtree(folder)


def test_without_root_and_sudo_it_says_what_to_install(bare: Bare) -> None:
    done = bare("scripts/install.sh", "demo", programs_there=("apt-get",))
    assert done.returncode == 1
    assert done.stdout == ""
    command = re.search(r"^    (apt-get update && .*)$", done.stderr, re.MULTILINE)
    assert command is not None
    assert command[1].startswith("apt-get update && apt-get install -y --no-install-recommends ")
    assert command[1].split("recommends ")[1].split() == [
        "python3-venv",
        "ffmpeg",
        "apertium",
        "apertium-eng-spa",
        "espeak-ng",
        "fonts-noto-core",
        "fonts-noto-cjk",
        "fonts-symbola",
    ]


def test_the_tests_need_more(bare: Bare) -> None:
    done = bare("scripts/install.sh", "test", programs_there=("apt-get",))
    assert done.returncode == 1
    for package in ("ffmpeg", "apertium-eng-spa", "flite"):
        assert package in done.stderr


def test_without_apt_it_says_what_is_needed(bare: Bare) -> None:
    done = bare("scripts/install.sh", "demo")
    assert done.returncode == 1
    assert "this machine has no apt-get" in done.stderr
    assert "ffmpeg apertium apertium-eng-spa" in done.stderr


def test_only_what_is_missing_is_asked_for(bare: Bare) -> None:
    there = ("apt-get", "ffmpeg", "ffprobe")
    done = bare("scripts/system.sh", "demo", programs_there=there)
    assert done.returncode == 1
    asked = done.stderr.partition("--no-install-recommends ")[2].split()
    assert asked[:4] == ["python3-venv", "apertium", "apertium-eng-spa", "espeak-ng"]
    assert all(package.startswith("fonts-") for package in asked[4:])


def test_apt_gets_to_know_the_proxy_behind_sudo(bare: Bare) -> None:
    stand_ins = r"""
        folder=$(mktemp -d)
        cat >$folder/sudo <<'END'
#!/bin/sh
[ "$2" = true ] && exit 0
shift
exec env -i PATH="$PATH" "$@"
END
        cat >$folder/apt-get <<'END'
#!/bin/sh
echo "apt $http_proxy $https_proxy" >&2
exit 1
END
        chmod +x $folder/sudo $folder/apt-get
        export PATH=$folder:$PATH http_proxy=http://p:1 https_proxy=http://p:2
        scripts/system.sh demo
        status=$?
        rm -r $folder
        exit $status
    """
    done = bare("bash", "-c", stand_ins, programs_there=("chmod", "sh", "tr"))
    assert done.returncode == 1
    assert "apt http://p:1 http://p:2" in done.stderr


def test_make_fails_and_starts_nothing_when_packages_are_missing(bare: Bare) -> None:
    done = bare("make", "demo", programs_there=("apt-get", "make"))
    assert done.returncode != 0
    assert "apt-get install" in done.stderr
    assert "Starting the server" not in done.stdout


def test_a_machine_that_has_everything_is_left_alone() -> None:
    done = subprocess.run(
        ["scripts/system.sh", "demo"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("script", ["system.sh", "venv.sh"])
def test_an_unknown_purpose_is_refused(script: str) -> None:
    done = subprocess.run(
        [f"scripts/{script}", "everything"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")


def test_the_python_that_it_finds_can_make_environments(tmp_path: Path) -> None:
    found = subprocess.run(
        ["scripts/python.sh"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    subprocess.run([found, "-m", "venv", tmp_path / "v"], check=True)
    version = subprocess.run(
        [tmp_path / "v" / "bin" / "python", "--version"], capture_output=True, text=True, check=True
    )
    assert re.match(r"Python 3\.1[12]\.", version.stdout)


@pytest.mark.parametrize(
    ("asked", "stamps", "current"),
    [
        ("base", ("base",), True),
        ("base", ("full",), True),
        ("base", (), False),
        ("full", ("base",), False),
        ("gpu", ("full",), True),
        ("docs", ("full",), True),
        ("docs", ("base",), False),
        ("full", ("full",), True),
    ],
)
def test_a_stamp_of_the_same_pins_skips_the_installation(
    tmp_path: Path, asked: str, stamps: tuple[str, ...], current: bool
) -> None:
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    # Stands in for the environment: it says that it has been used.
    python.write_text('#!/bin/sh\n[ "$1" = -c ] && exit 0\necho "$@" >>used\nexit 1\n')
    python.chmod(0o755)
    pins = subprocess.run(
        "cat pyproject.toml constraints.txt scripts/venv.sh | sha256sum | cut -d ' ' -f 1",
        shell=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for stamp in stamps:
        (tmp_path / ".venv" / f".cuestream-{stamp}").write_text(pins)
    command = ["scripts/venv.sh", asked]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is current
    assert (tmp_path / "used").exists() is not current
    if current:
        (tmp_path / "constraints.txt").write_text("other==1\n")
        subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        assert (tmp_path / "used").exists(), "other pins are another installation"


def test_a_failed_step_shows_the_end_of_its_log() -> None:
    script = ". scripts/progress.sh; with_progress 'A step' sh -c 'echo reason; exit 4'; echo on"
    done = subprocess.run(
        ["bash", "-euc", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "==> A step" in done.stdout
    assert "reason" in done.stderr
    assert "A step: failed with exit code 4" in done.stderr
    assert "on" not in done.stdout.splitlines()


def targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text()
    return set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


def test_the_readmes_commands_exist() -> None:
    text = (ROOT / "README.md").read_text()
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE))
    assert {"demo", "test", "serve", "check", "bench", "help"} <= named
    assert named <= targets()


def test_help_is_what_make_says_by_itself_and_names_every_target() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = set(re.findall(r"^  make ([a-z-]+) ", done.stdout, re.MULTILINE))
    assert listed == targets()


def test_ci_checks_and_tests() -> None:
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert [line for line in lines if line.startswith("make ")] == ["make check", "make test"]
