"""What the tests share: speech, media and real servers."""

from __future__ import annotations

import gc
import importlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

# Two libraries that each take every core wait for one another in busy loops: a test that shares
# the machine with a server's engines would take a hundred times as long. Ahead of what reads it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
import structlog
from hypothesis import settings
from numpy.typing import NDArray

from tests.media_server import MediaServer, media_server
from tests.postgres import PostgresServer
from tests.server import ServerProcess
from tests.slow_files import LONGEST_FIRST

# An example that a busy machine runs slowly has found nothing.
settings.register_profile("untimed", settings.default, deadline=None)
settings.load_profile("untimed")

ROOT = Path(__file__).resolve().parents[1]


class Speech:
    """Makes speech with flite; each sentence once for all that share the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def wav(self, text: str, voice: str = "slt") -> Path:
        """Return a 16 kHz mono WAV of the sentence."""
        path = self._folder / f"{sha256(f'{voice} {text}'.encode()).hexdigest()}.wav"
        if not path.exists():
            own = path.with_suffix(f".{os.getpid()}.wav")
            subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(own)], check=True)
            own.replace(path)
        return path

    def samples(self, text: str, voice: str = "slt") -> NDArray[np.float32]:
        """Return the sentence's samples."""
        return read_samples(self.wav(text, voice))


def read_samples(path: Path) -> NDArray[np.float32]:
    """Decode any media to mono float32 at 16 kHz, all at once."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-ac", "1", "-ar", "16000", "-f", "s16le"]
    pcm = subprocess.run([*command, "-"], check=True, capture_output=True).stdout
    return np.frombuffer(pcm, "<i2").astype(np.float32) / 32768


@pytest.fixture(autouse=True)
def _own_configuration_of_logs() -> Iterator[None]:
    """Undo what a test that runs a command in this process configures."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Speech:
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    return Speech(shared / "speech")


@pytest.fixture(scope="session")
def dialogue(speech: Speech, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """About 17 s of two voices with pauses, as WAV."""
    sentences = [
        ("We measure the height of the river every morning.", "rms"),
        ("The water came up very fast last night.", "slt"),
        ("Please tell the people near the bridge.", "rms"),
        ("I will call them before the sun goes down.", "slt"),
        ("Thank you for your help with this work.", "rms"),
    ]
    pause = np.zeros(9600, np.float32)
    parts = [pause]
    for text, voice in sentences:
        parts += [speech.samples(text, voice), pause]
    path = tmp_path_factory.mktemp("dialogue") / "dialogue.wav"
    write_wav(path, np.concatenate(parts))
    return path


def write_wav(path: Path, samples: NDArray[np.float32]) -> None:
    """Write 16-bit mono 16 kHz."""
    command = ["ffmpeg", "-v", "error", "-y", "-f", "s16le", "-ac", "1", "-ar", "16000", "-i", "-"]
    pcm = (samples * 32767).astype("<i2").tobytes()
    subprocess.run([*command, str(path)], input=pcm, check=True)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Import a share of the test modules in each worker, before all of them collect all modules.

    The first import of a module rewrites its assertions and stores the outcome for the others; in
    step, every worker would rewrite every module.
    """
    gc.disable()  # until all tests are there: hardly anything goes before
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers == 1 or session.config.args != session.config.getini("testpaths"):
        return
    for path in sorted((ROOT / "tests").rglob("test_*.py"))[int(worker) :: workers]:
        if str(path.parent) not in sys.path:
            sys.path.insert(0, str(path.parent))
        # What cannot be imported is told, or skipped, when it is collected.
        with suppress(Exception, pytest.skip.Exception):
            importlib.import_module(path.stem)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the files that take longest first, then those with the most tests.

    A worker that began with a long one last would go on alone when the others have ended.
    """
    paths = [item.path.relative_to(ROOT).as_posix() for item in items]
    tests = Counter(paths)
    rank = {path: place for place, path in enumerate(LONGEST_FIRST)}
    files = {path: (rank.get(path, len(rank)), -tests[path]) for path in dict.fromkeys(paths)}
    order = sorted(range(len(items)), key=lambda place: files[paths[place]])
    items[:] = [items[place] for place in order]


def pytest_collection_finish() -> None:
    """Leave modules and tests out of all later collections of garbage: they stay to the end."""
    gc.collect()
    gc.freeze()
    gc.enable()


StartServer = Callable[..., ServerProcess]


@pytest.fixture(scope="module")
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartServer]:
    """Start real servers with settings of their own; all are stopped at the module's end."""
    started: list[ServerProcess] = []

    def start(*, ready: bool = True, **settings: str) -> ServerProcess:
        server = ServerProcess(tmp_path_factory.mktemp("server"), settings)
        started.append(server)
        if ready:
            server.wait_ready()
        return server

    yield start
    if started:
        with ThreadPoolExecutor(len(started)) as pool:
            list(pool.map(ServerProcess.stop, started))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One real server, shared by all tests that leave it as it is."""
    process = ServerProcess(tmp_path_factory.mktemp("server"), {"ALLOW_PRIVATE_URLS": "true"})
    process.wait_ready()
    yield process
    process.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One real PostgreSQL server; tests make databases of their own in it."""
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def database_url(postgres: PostgresServer) -> Iterator[str]:
    """The address of an empty database, which is dropped afterwards."""
    url = postgres.create_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture(scope="session")
def site() -> Iterator[MediaServer]:
    """A local media site that serves whatever a test adds."""
    with media_server() as running:
        yield running


@pytest.fixture(scope="session")
def long_talk(speech: Speech, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three minutes of speech with pauses, as WAV: enough to keep an engine busy for a while.

    No sentence comes twice in one voice: a repeated one is a loop to Whisper, decoded again.
    """
    known = json.loads((ROOT / "fixtures" / "sentences.json").read_text("utf-8"))
    texts = [each["text"] for each in known if each["language"] == "en"]
    pause = np.zeros(12_800, np.float32)
    parts: list[NDArray[np.float32]] = []
    for text, voice in [(text, voice) for voice in ("slt", "rms") for text in texts]:
        if sum(map(len, parts)) < 180 * 16_000:
            parts += [speech.samples(text, voice), pause]
    talk = np.concatenate(parts)[: 180 * 16_000]
    noise = np.random.default_rng(5).normal(0, 1e-4, len(talk)).astype(np.float32)
    path = tmp_path_factory.mktemp("long") / "long.wav"
    write_wav(path, talk + noise)
    return path


@pytest.fixture(scope="session")
def brief_talk(long_talk: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 90 s of `long_talk`, for a job that has some windows and is followed to its end."""
    path = tmp_path_factory.mktemp("brief") / "brief.wav"
    write_wav(path, read_samples(long_talk)[: 90 * 16_000])
    return path
