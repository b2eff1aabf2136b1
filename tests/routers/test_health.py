"""The health check and what the server tells of itself; numbers are those of RunPod's contract."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from app import __version__
from tests.api_requests import poll_health, stream_file
from tests.conftest import StartServer
from tests.server import DEAF, ServerProcess, free_port


def test_runpod_01_and_02_loading_is_204_without_a_body_and_the_connection_lives(
    start_server: StartServer,
) -> None:
    server = start_server(ready=False)
    server.wait_listening()
    statuses = []
    with socket.create_connection(("127.0.0.1", server.port), 60) as connection:
        reader = connection.makefile("rb")
        while 200 not in statuses:
            connection.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
            status = int(reader.readline().split()[1])
            headers = {}
            while (line := reader.readline().strip()) != b"":
                name, _, value = line.partition(b":")
                headers[name.lower()] = value.strip()
            body = reader.read(int(headers.get(b"content-length", b"0")))
            statuses.append(status)
            if status == 204:
                assert body == b""
            time.sleep(0.01)
    assert statuses[0] == 204, "the port was open only after everything had loaded"
    assert set(statuses) == {204, 200}
    assert statuses == sorted(statuses, reverse=True), "runpod_02: ready never goes back"


def test_runpod_03_a_failed_load_is_503_with_the_reason_and_then_a_failed_exit(
    start_server: StartServer, dialogue: Path, tmp_path: Path
) -> None:
    server = start_server(
        ready=False, WHISPER_MODEL=str(tmp_path / "missing"), LOAD_FAILURE_EXIT_S="8"
    )
    server.wait_listening()
    with server.client() as client:
        deadline = time.monotonic() + 60
        while client.get("/ping").status_code == 204 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert client.get("/ping").status_code == 503
        health = client.get("/health")
        assert health.status_code == 503
        assert health.json()["status"] == "error"
        assert "WHISPER_MODEL" in health.json()["error"]
        [failed] = [e for e in health.json()["engines"] if e["state"] == "failed"]
        assert failed["role"] == "transcriber"
        refused = client.post("/api/process", files={"file": dialogue.read_bytes()})
        assert refused.status_code == 503
        assert refused.json()["code"] == "not_ready"
        assert "WHISPER_MODEL" in refused.json()["error"]
    assert server.wait_exit(60) != 0
    assert "WHISPER_MODEL names a folder that does not exist: missing" in server.log
    assert str(tmp_path) not in server.log


def test_a_server_without_a_decoder_says_so(start_server: StartServer, tmp_path: Path) -> None:
    for name in ("setpriv", "env", "sh"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    server = start_server(ready=False, PATH=str(tmp_path), LOAD_FAILURE_EXIT_S="1")
    assert server.wait_exit(60) != 0
    assert "install ffmpeg" in server.log


def test_an_engine_that_is_not_installed_is_no_silent_fallback(start_server: StartServer) -> None:
    server = start_server(
        ready=False, TRANSLATION_PROVIDER="openai", SERVER_API_KEY="", LOAD_FAILURE_EXIT_S="0"
    )
    server.wait_listening()
    with server.client() as client:
        while client.get("/ping").status_code == 204:
            time.sleep(0.05)
        assert client.get("/ping").status_code == 503
        assert "SERVER_API_KEY" in client.get("/health").json()["error"]


def test_runpod_04_the_port_opens_before_anything_is_loaded(start_server: StartServer) -> None:
    server = start_server(ready=False)
    opened_s = server.wait_listening(60)
    started = time.monotonic()
    with server.client() as client:
        assert client.get("/ping").status_code == 204
    server.wait_ready()
    assert opened_s < time.monotonic() - started, "most of the start came before the port"


def test_runpod_05_one_port_serves_all(server: ServerProcess) -> None:
    with server.client() as client:
        assert client.get("/ping").json() == {"status": "ok"}
        assert client.get("/health").status_code == 200


def test_runpod_06_and_07_a_health_port_and_a_path_of_its_own(start_server: StartServer) -> None:
    port = free_port()
    server = start_server(PORT_HEALTH=str(port), HEALTH_CHECK_PATH="/alive", **DEAF)
    with server.client() as client:
        assert client.get("/alive").status_code == 200
        assert client.get("/ping").status_code == 200
    for path in ("/alive", "/ping"):
        assert httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False).status_code == 200
    assert httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).status_code == 404


def test_runpod_10_the_check_answers_whatever_else_runs(
    start_server: StartServer, long_talk: Path
) -> None:
    server = start_server()
    with ThreadPoolExecutor(3) as pool, server.client() as client:
        jobs = [
            pool.submit(stream_file, server, long_talk, target_lang="es", prompt=str(n))
            for n in range(3)
        ]
        while client.get("/health").json()["jobs"]["running"] < 3:
            time.sleep(0.05)
        poll_health(server, 100)
        assert client.get("/health").json()["jobs"]["running"] == 3, "the checks wait for the work"
        server.stop()
        assert all(job.result().error for job in jobs), "each was told that the server leaves"


def test_version_and_models(server: ServerProcess) -> None:
    with server.client() as client:
        version = client.get("/api/version").json()
        assert version["version"] == __version__
        assert version["features"]["whisper"] is True
        info = client.get("/api/model-info").json()
        assert "apertium" in info["model"]
        roles = {e["role"]: e for e in info["engines"]}
        assert roles["vad"]["name"] == "silero"
        assert roles["transcriber"]["name"] == "whisperx"
        assert roles["transcriber"]["device"] == "cpu"
        assert client.get("/health").json()["gpu"] is None
        states = {role: engine["state"] for role, engine in roles.items()}
        optional = {role: states.pop(role) for role in ("aligner", "diarizer")}
        assert set(states.values()) == {"ready"}
        assert set(optional.values()) == {"disabled"}, "nothing asks for them here"


def test_model_info_of_a_language_model(start_server: StartServer) -> None:
    server = start_server(
        TRANSLATION_PROVIDER="openai",
        SERVER_API_KEY="sk-test",
        SERVER_API_URL="http://127.0.0.1:9/v1",
        SERVER_MODEL="gpt-4o-mini",
        **DEAF,
    )
    with server.client() as client:
        info = client.get("/api/model-info").json()
        assert info["model"] == "gpt-4o-mini"
        assert info["context_size"] == 128_000
        assert info["recommended_batch_tokens"] == 32_000
        assert info["api_url"] == "http://127.0.0.1:9/v1"
        assert client.get("/health").json()["config"]["model"] == "gpt-4o-mini"
    assert "sk-test" not in server.log


def test_metrics_tell_what_happened(server: ServerProcess, dialogue: Path) -> None:
    stream_file(server, dialogue, target_lang="es", force_refresh="true")
    with server.client() as client:
        client.post("/api/process", json={})
        text = client.get("/metrics").text
    for name in (
        'cuestream_jobs_total{outcome="done"}',
        'cuestream_errors_total{code="invalid_request"}',
        'cuestream_stage_seconds_sum{stage="transcribe"}',
        'cuestream_stage_seconds_sum{stage="translate"}',
        "cuestream_first_cue_seconds_count",
        "cuestream_rtf_count",
        "cuestream_audio_seconds_total",
        "cuestream_queue_windows",
        "cuestream_jobs_running",
        "cuestream_streams",
    ):
        value = next(line for line in text.splitlines() if line.startswith(name))
        assert float(value.rsplit(" ", 1)[1]) >= 0
        if "total{" in name or "count" in name:
            assert float(value.rsplit(" ", 1)[1]) > 0, name


@pytest.mark.parametrize("mode", ["pod", "local"])
def test_runpod_35_an_open_pod_warns_loudly(start_server: StartServer, mode: str) -> None:
    server = start_server(MODE=mode, **DEAF)
    assert ("OPEN TO EVERYBODY" in server.log) is (mode == "pod")


def test_a_key_that_nothing_reads_is_told_at_the_start_and_never_shown(
    start_server: StartServer,
) -> None:
    settings = {"SERVER_API_KEY": "sk-never-shown", "REDIS_URL": "redis://user:never-shown@a"}
    server = start_server(**settings, LLM_PROVIDER="embedded", **DEAF)
    assert "SERVER_API_KEY is set and not used: TRANSLATION_PROVIDER is embedded" in server.log
    assert "REDIS_URL is set and not used" in server.log
    assert "never-shown" not in server.log
