"""Behind nginx with Debian's own configuration: what gateways do to answers that take long.

Its times are shortened together with ours. Towards us it speaks HTTP/1.0, as it does by default.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.api_requests import SSE
from tests.chat_behaviours import Call, Reply
from tests.chat_server import ChatServer, shout
from tests.clients.conftest import Gated
from tests.conftest import write_wav
from tests.server import Frames, free_port, iter_frames, read_frame

NGINX = Path("/usr/sbin/nginx")
CONFIGURATION = Path("/etc/nginx/nginx.conf")

pytestmark = pytest.mark.skipif(not NGINX.exists(), reason="nginx is not installed")

PATIENCE_S = 4
"""What stands for nginx's minute; the server's first byte comes after one second, not forty."""

SITE = """
    server {{
        listen 127.0.0.1:{plain};
        listen 127.0.0.1:{secure} ssl;
        ssl_certificate {folder}/site.crt;
        ssl_certificate_key {folder}/site.key;
        location / {{
            proxy_pass http://127.0.0.1:{upstream};
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_read_timeout {patience_s}s;
        }}
    }}
    server {{
        listen 127.0.0.1:{hasty};
        location / {{
            proxy_pass http://127.0.0.1:{upstream};
            proxy_read_timeout 300ms;
        }}
    }}
"""


class Nginx:
    """A running nginx.

    Attributes:
        plain: address by HTTP.
        secure: the same by HTTPS, with a certificate of its own making.
        hasty: address of one that waits less than the server's first byte takes.
    """

    def __init__(self, folder: Path, upstream: int) -> None:
        ports = {name: free_port() for name in ("plain", "secure", "hasty")}
        self.plain = f"http://127.0.0.1:{ports['plain']}"
        self.secure = f"https://127.0.0.1:{ports['secure']}"
        self.hasty = f"http://127.0.0.1:{ports['hasty']}"
        make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        make += ["-subj", "/CN=127.0.0.1", "-keyout", f"{folder}/site.key"]
        subprocess.run([*make, "-out", f"{folder}/site.crt"], check=True, capture_output=True)
        site = SITE.format(folder=folder, upstream=upstream, patience_s=PATIENCE_S, **ports)
        text = CONFIGURATION.read_text().replace("include /etc/nginx/sites-enabled/*;", site)
        assert site in text, "Debian's own configuration has another form"
        for path in ("/run/nginx.pid", "/var/log/nginx/error.log", "/var/log/nginx/access.log"):
            text = text.replace(path, f"{folder}/{Path(path).name}")
        written = folder / "nginx.conf"
        written.write_text(text)
        command = ["setpriv", "--pdeathsig", "TERM", "--", str(NGINX), "-c", str(written)]
        command += ["-e", f"{folder}/error.log", "-g", "daemon off;"]
        self._process = subprocess.Popen(command)
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self._process.poll() is None, "nginx did not start"
            try:
                httpx.get(f"{self.plain}/ping", trust_env=False)
            except httpx.HTTPError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("nginx never answered")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)


@pytest.fixture(scope="module")
def nginx(gated: Gated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    running = Nginx(tmp_path_factory.mktemp("nginx"), gated.server.port)
    yield running
    running.stop()


@pytest.fixture
def talk(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Ten loud seconds that no other test sends."""
    seed = sum(request.node.name.encode())
    path = tmp_path / "talk.wav"
    noise = np.random.default_rng(seed).uniform(0.3, 0.5, 160_000).astype(np.float32)
    write_wav(path, noise)
    return path


def post(base: str, path: Path, route: str = "/api/process", **options: Any) -> httpx.Response:
    files = {"file": (path.name, path.read_bytes())}
    return httpx.post(base + route, files=files, timeout=120, trust_env=False, **options)


def test_a_json_answer_that_takes_longer_than_the_proxy_waits_arrives(
    nginx: Nginx, gated: Gated, talk: Path
) -> None:
    gated.close()
    with ThreadPoolExecutor(2) as pool:
        patient = pool.submit(post, nginx.plain, talk)
        hasty = pool.submit(post, nginx.hasty, talk)
        assert hasty.result().status_code == 504, "a silent answer is cut, so the limit is real"
        time.sleep(PATIENCE_S + 1.5)
        assert not patient.done()
        gated.open()
        answer = patient.result()
    assert answer.status_code == 200
    assert answer.content.startswith(b" ")
    assert {cue["speaker"] for cue in answer.json()["subtitles"]} <= {"SPEAKER_00", "SPEAKER_01"}


def test_lines_that_a_slow_model_translates_arrive_as_well(nginx: Nginx) -> None:
    def slow(call: Call, reply: Reply) -> Reply:
        time.sleep(PATIENCE_S + 1.5)
        return reply

    text = "Where do you want to go?"
    with ChatServer() as model:
        model.behaviour = slow
        body = {"subtitles": [{"text": text}], "target_lang": "es", "model": "m"}
        body |= {"api_key": "k", "api_url": model.url}
        answer = httpx.post(f"{nginx.plain}/api/translate", json=body, timeout=120, trust_env=False)
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(b" ")
    assert answer.json()["translations"] == [shout(text, "(es)")]


def test_events_pass_as_they_come(nginx: Nginx, gated: Gated, talk: Path) -> None:
    gated.close()
    frames = Frames()
    files = {"file": (talk.name, talk.read_bytes())}
    with (
        httpx.Client(timeout=120, trust_env=False) as client,
        client.stream("POST", f"{nginx.plain}/api/stream", files=files, headers=SSE) as response,
    ):
        assert response.headers["content-type"].startswith("text/event-stream")
        events = iter_frames(response)
        while not frames.batches:
            read_frame(frames, next(events))
        gated.open()
        for raw in events:
            read_frame(frames, raw)
    assert frames.result is not None
    assert len(frames.result["subtitles"]) == len(frames.cues)


def test_nothing_is_sent_in_chunks_to_a_client_of_http_1_0(gated: Gated) -> None:
    """Which nginx is; it would pass the sizes of chunks on as part of the body."""
    command = ["curl", "--http1.0", "-sS", "-D", "-", f"{gated.server.url}/api/version"]
    head = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "transfer-encoding" not in head.lower()


@pytest.mark.parametrize("route", ["/ping", "/health"])
def test_checks_are_answered_to_head(nginx: Nginx, route: str) -> None:
    answer = httpx.head(nginx.plain + route, trust_env=False)
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("route", ["/ping/", "/health/", "/api/version/", "/docs/"])
def test_a_slash_at_the_end_leads_nobody_out_of_https(nginx: Nginx, route: str) -> None:
    answer = httpx.get(nginx.secure + route, verify=False, trust_env=False)
    assert answer.status_code == 200
    assert "location" not in answer.headers


def test_a_form_is_taken_behind_a_slash_as_well(nginx: Nginx, gated: Gated, talk: Path) -> None:
    gated.open()
    answer = post(nginx.secure, talk, "/api/process/", verify=False)
    assert (answer.status_code, answer.history) == (200, [])
    assert answer.json()["subtitles"]
