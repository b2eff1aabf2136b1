"""What the tests with real client programs share: a server that knows YouTube's stand-in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.clients.browser import chromium
from tests.clients.extension_client import HERE
from tests.clients.openai_calls import APP, KEY
from tests.media_server import MediaServer
from tests.server import ServerProcess

AddVideo = Callable[[Path, str], str]


@pytest.fixture(scope="session")
def youtube_settings(site: MediaServer) -> dict[str, str]:
    """Settings of a server whose yt-dlp finds YouTube's stand-in."""
    return {
        "ALLOW_PRIVATE_URLS": "true",
        "PYTHONPATH": str(HERE / "site_plugins"),
        "STANDIN_SITE": site.url,
    }


@pytest.fixture(scope="session")
def youtube(
    tmp_path_factory: pytest.TempPathFactory, youtube_settings: dict[str, str]
) -> Iterator[ServerProcess]:
    """Such a server, quick to show signs of life."""
    quick = {"COMMENT_S": "0.4", "HEARTBEAT_S": "0.8", "FETCH_READ_S": "3", "JOB_GRACE_S": "2"}
    server = ServerProcess(tmp_path_factory.mktemp("youtube"), youtube_settings | quick)
    server.wait_ready()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def add_video(tmp_path_factory: pytest.TempPathFactory, site: MediaServer) -> AddVideo:
    """Put a recording on the stand-in under a video's id; return the id."""
    folder = tmp_path_factory.mktemp("videos")

    def add(source: Path, video_id: str) -> str:
        path = folder / f"{video_id}.wav"
        path.write_bytes(source.read_bytes())
        site.add(path)
        return video_id

    return add


@dataclass(frozen=True, slots=True)
class Gated:
    """A server that tells speakers apart, who are known once the gate is open.

    What it is asked for by default takes as long as a test likes, while its cues come at once.
    """

    server: ServerProcess
    gate: Path

    def close(self) -> None:
        self.gate.unlink(missing_ok=True)

    def open(self) -> None:
        self.gate.touch()


@pytest.fixture(scope="session")
def gated(
    tmp_path_factory: pytest.TempPathFactory, youtube_settings: dict[str, str]
) -> Iterator[Gated]:
    folder = tmp_path_factory.mktemp("speakers")
    gate = folder / "gate"
    settings = {"ENABLE_DIARIZATION": "true", "ASR_SELF_TEST": "false", "SPEAKERS_GATE": str(gate)}
    settings |= {"SYNC_KEEPALIVE_AFTER_S": "1", "BATCH_S": "0.1"}
    app = "tests.clients.speaking_engines:application()"
    server = ServerProcess(folder, youtube_settings | settings, app)
    server.wait_ready()
    yield Gated(server, gate)
    gate.touch()
    server.stop()


@pytest.fixture(scope="session")
def openai_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server without keys whose engines take no time and tell speakers apart."""
    settings = {"DIARIZATION_ENABLED": "true", "SYNC_KEEPALIVE_AFTER_S": "40"}
    settings |= {"MAX_UPLOAD_MB": "25"}
    server = ServerProcess(tmp_path_factory.mktemp("openai"), settings, APP)
    server.wait_ready()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def openai_locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Such a server with a key and a single place."""
    settings = {"API_KEYS": KEY, "MAX_JOBS": "1", "MAX_UPLOAD_MB": "1"}
    server = ServerProcess(tmp_path_factory.mktemp("locked"), settings, APP)
    server.wait_ready()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for the tests of one file; none is kept longer, since its driver holds a loop."""
    with chromium() as found:
        yield found
