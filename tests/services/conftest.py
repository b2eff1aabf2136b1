"""Media, servers and leak checks for the tests of the sources."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import psutil
import pytest

from app.services.net.name_service import system_resolver
from app.services.sources.opener import MediaOpener
from app.settings import JobSettings, Settings, SourceSettings
from app.system.workdir import WorkDir
from tests.processes import own_children
from tests.services.loopback import LoopbackServer

Make = Callable[..., Path]


@pytest.fixture(scope="session")
def make_media(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Run ffmpeg with the given arguments on a new file of the given name."""
    folder = tmp_path_factory.mktemp("media")

    def make(name: str, *arguments: str) -> Path:
        path = folder / name
        command = ["ffmpeg", "-v", "error", "-y", *arguments, str(path)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        return path

    return make


@pytest.fixture(scope="session")
def tone_wav(make_media: Make) -> Path:
    """20 s of a tone."""
    return make_media("tone.wav", "-f", "lavfi", "-i", "sine=440:duration=20", "-ar", "44100")


@pytest.fixture(scope="session")
def video_mp4(make_media: Make, tone_wav: Path) -> Path:
    """20 s of picture and tone, index at the end, as cameras write it."""
    picture = "testsrc=size=160x120:rate=10:duration=20"
    codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"]
    return make_media("video.mp4", "-f", "lavfi", "-i", picture, "-i", str(tone_wav), *codecs)


@pytest.fixture
async def web() -> AsyncIterator[LoopbackServer]:
    """A loopback server without routes yet."""
    web = LoopbackServer()
    server = await asyncio.start_server(web.accept, "127.0.0.1", 0)
    web.port = server.sockets[0].getsockname()[1]
    yield web
    server.close()
    await web.hang_up()


@pytest.fixture
def workdir(tmp_path: Path) -> Iterator[WorkDir]:
    with WorkDir.open(tmp_path / "work") as workdir:
        yield workdir


OpenerFactory = Callable[..., MediaOpener]


@pytest.fixture
def opener_with(workdir: WorkDir) -> OpenerFactory:
    """Make an opener; arguments are settings of jobs and sources."""

    def make(**given: object) -> MediaOpener:
        jobs = {k: given.pop(k) for k in ("max_duration_s",) if k in given}
        # MAX_DURATION_S is the field's only name outside Python code.
        job_settings = JobSettings.model_validate({k.upper(): v for k, v in jobs.items()})
        sources = SourceSettings.model_validate(given)
        return MediaOpener(Settings(jobs=job_settings, sources=sources), workdir)

    return make


@pytest.fixture
def opener(opener_with: OpenerFactory) -> MediaOpener:
    return opener_with(allow_private_urls=True)


@pytest.fixture
async def leaves_nothing(workdir: WorkDir) -> AsyncIterator[None]:
    """Fail a test that leaves a process, an open file or socket, or a temporary file."""
    await system_resolver("localhost", 80)  # its sockets stay open for as long as its loop
    me = psutil.Process()

    def handles() -> int:
        # The event loop's own pipes and a resolver thread are there from the start.
        return me.num_fds()

    before = handles()
    yield
    deadline = asyncio.get_running_loop().time() + 60
    while asyncio.get_running_loop().time() < deadline:
        left = [path for path in workdir.path.iterdir() if path.name != ".cuestream-work"]
        if not own_children() and handles() <= before and not left:
            return
        await asyncio.sleep(0.05)
    assert not own_children()
    assert not left
    assert handles() <= before
