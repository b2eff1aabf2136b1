"""No caller holds every place, and a start in a shared folder is refused."""

import stat
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.conftest import StartServer
from tests.media_server import MediaServer
from tests.server import ServerProcess

PATIENT = {"ALLOW_PRIVATE_URLS": "true", "FETCH_READ_S": "300", "JOB_GRACE_S": "300"}


@pytest.fixture(scope="module")
def shared(start_server: StartServer) -> ServerProcess:
    return start_server(MAX_JOBS="4", MAX_JOBS_PER_CALLER="2", TRUSTED_PROXIES="1", **PATIENT)


def test_one_caller_does_not_hold_every_place(
    shared: ServerProcess, site: MediaServer, dialogue: Path
) -> None:
    endless = site.add(dialogue).replace(dialogue.name, f"stall/{dialogue.name}")

    with ExitStack() as held:

        def request(caller: str, number: int) -> httpx.Response:
            """Open a stream, which is followed until all is done; an error is read at once."""
            client = held.enter_context(shared.client())
            forwarded = {"X-Forwarded-For": f"198.51.100.99, {caller}"}
            body = {"url": f"{endless}?n={number}"}
            stream = client.stream("POST", "/api/stream", json=body, headers=forwarded)
            answer = held.enter_context(stream)
            if answer.status_code != 200:
                answer.read()
            return answer

        _check_shares(request)


def _check_shares(request: Callable[[str, int], httpx.Response]) -> None:
    answers = [request("192.0.2.1", number) for number in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    refused = answers[-1].json()
    assert refused["code"] == "overloaded"
    assert "one caller's share" in refused["error"]
    # A running job of an equal request takes no place, and others have theirs.
    assert request("192.0.2.1", 0).status_code == 200
    assert request("192.0.2.2", 10).status_code == 200
    assert request("192.0.2.3", 11).status_code == 200
    assert "places are taken" in request("192.0.2.4", 12).json()["error"]


def test_what_the_server_writes_is_its_own(shared: ServerProcess) -> None:
    home = shared.folder / "cuestream-work"
    written = [home, *home.rglob("*")]
    assert len(written) > 1
    for path in written:
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path
