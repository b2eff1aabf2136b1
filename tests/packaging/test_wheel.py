"""The wheel: everything of the program is in it, and it runs where no checkout is."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
import time
import venv
import zipfile
from pathlib import Path

import httpx
import pytest

from app.cli.own_server import gunicorn_configuration
from tests.server import DEAF, ROOT, WHISPER, free_port, inherited


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


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command as pipx and uv install it: in an environment that knows no checkout.

    What it depends on is that of this environment; an index is asked for nothing.
    """
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, symlinks=True, with_pip=False)
    [packages] = folder.glob("lib/*/site-packages")
    (packages / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    uv = [str(Path(sys.executable).parent / "uv"), "pip", "install", "--offline", "--no-deps"]
    python = folder / "bin" / "python"
    subprocess.run([*uv, "--quiet", "--python", str(python), str(wheel)], check=True)
    return folder / "bin" / "cuestream"


@pytest.fixture(scope="module")
def away(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of somebody who has an `app` of his own."""
    folder = tmp_path_factory.mktemp("away")
    (folder / "app").mkdir()
    (folder / "app" / "__init__.py").write_text("raise SystemExit('somebody else')")
    clip = ["ffmpeg", "-v", "error", "-t", "6", "-i", str(ROOT / "samples" / "voicemail.mp4")]
    subprocess.run([*clip, "-c", "copy", "talk.mp4"], cwd=folder, check=True)
    return folder


def environment(away: Path) -> dict[str, str]:
    """Return the environment of the installed command, in which no checkout is named."""
    state = {"CUESTREAM_STATE_DIR": str(away / "state"), "CACHE_DIR": str(away / "cache")}
    given = {name: text for name, text in inherited().items() if name != "PYTHONPATH"}
    return {**given, **WHISPER, **state}


def output(away: Path, *words: str | Path, codes: tuple[int, ...] = (0,)) -> str:
    """Run a command in that folder and return what it prints."""
    done = subprocess.run(
        words,
        cwd=away,
        env=environment(away),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in codes, done.stdout + done.stderr
    return done.stdout


def test_the_command_is_the_wheels(command: Path, away: Path) -> None:
    for words in ([command], [command.with_name("python"), "-P", "-m", "app"]):
        assert "Without a command" in output(away, *words, "--help")
    script = (
        "import app, app.cli.own_server as own; print(app.__file__, own.gunicorn_configuration())"
    )
    module, configuration = output(away, command.with_name("python"), "-P", "-c", script).split()
    assert command.parents[1] in Path(module).parents
    assert Path(configuration).name == "cuestream_gunicorn.conf.py"
    assert Path(configuration).read_bytes() == (ROOT / "gunicorn.conf.py").read_bytes()
    assert gunicorn_configuration() == ROOT / "gunicorn.conf.py", "a checkout has its own"


def test_the_installed_doctor_finds_what_is_installed(command: Path, away: Path) -> None:
    told = output(away, command, "doctor", "--json", "--no-calls", codes=(0, 8))
    checks = {each["name"]: each for each in map(json.loads, told.splitlines()[:-1])}
    assert checks["ffmpeg"]["state"] == checks["model"]["state"] == "ok"


def test_the_installed_command_subtitles_with_a_server_of_its_own(
    command: Path, away: Path
) -> None:
    told = output(away, command, "talk.mp4", "--from", "en", "--to", "es", "--json")
    kinds = [json.loads(line)["event"] for line in told.splitlines()]
    assert kinds[0] == "waiting"
    assert {"begun", "job", "cues", "written"} <= set(kinds)
    assert "-->" in (away / "talk.es.srt").read_text()
    assert list((away / "state" / "jobs").iterdir())


def test_the_installed_server_serves_the_page_until_it_is_ended(command: Path, away: Path) -> None:
    port = free_port()
    serve = [command, "serve", "--host", "127.0.0.1", "--port", str(port)]
    with (away / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            serve, cwd=away, env={**environment(away), **DEAF}, stdout=log, stderr=log
        )
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60
        ) as client:
            while (status := answered(client)) != 200:
                assert process.poll() is None, (away / "serve.log").read_text()
                assert status in (None, 204), status
                time.sleep(0.1)
            page = client.get("/").text
            [script] = re.findall(r'<script type="module" src="([^"]+)"', page)
            assert client.get(f"/{script.lstrip('/')}").status_code == 200
    finally:
        process.terminate()
    assert process.wait(60) == 0


def answered(client: httpx.Client) -> int | None:
    """Return the status of `/ping`; None where nobody listens yet."""
    try:
        return client.get("/ping").status_code
    except httpx.TransportError:
        return None
