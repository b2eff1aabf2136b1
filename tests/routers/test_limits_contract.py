"""Rate limits through the server; numbers are those of the extension's contract."""

from __future__ import annotations

import httpx
import pytest

from tests.conftest import StartServer
from tests.routers.test_errors_contract import assert_error
from tests.server import ServerProcess

SPEAK = "/api/tts/speak"


@pytest.fixture(scope="module")
def guarded(start_server: StartServer) -> ServerProcess:
    """A server with two keys that lets each ask three times, and does not speak."""
    server = start_server(
        ready=False,
        RATE_LIMITS_ENABLED="true",
        RATE_LIMIT_PROCESS="3/hour",
        API_KEYS="alpha,beta",
        TTS_OPEN="false",
        TTS_ENABLED="false",
    )
    server.wait_listening()
    return server


@pytest.fixture(scope="module")
def proxied(start_server: StartServer) -> ServerProcess:
    """A server without keys behind one proxy."""
    server = start_server(
        ready=False,
        RATE_LIMITS_ENABLED="true",
        RATE_LIMIT_TTS_SPEAK="3/hour",
        RATE_LIMIT_FEEDBACK="2/hour",
        TRUSTED_PROXIES="1",
    )
    server.wait_listening()
    return server


def statuses(
    client: httpx.Client, times: int, route: str = "/api/process", **headers: str
) -> list[int]:
    """Ask a number of times for nothing that could be done."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return [client.post(route, json={}, headers=named).status_code for _ in range(times)]


def test_b9_each_key_has_its_own_limit(guarded: ServerProcess) -> None:
    with guarded.client() as client:
        assert statuses(client, 2, X_API_Key="alpha") == [400] * 2
        # Both routes are one group, and the key counts in whichever header it comes.
        assert statuses(client, 1, "/api/stream", Authorization="Bearer alpha") == [400]
        assert statuses(client, 2, X_API_Key="alpha") == [429] * 2
        assert statuses(client, 4, X_API_Key="beta") == [400, 400, 400, 429]
        assert statuses(client, 5, X_API_Key="gamma") == [401] * 5


def test_a_refusal_says_when_to_come_back(guarded: ServerProcess) -> None:
    with guarded.client(headers={"X-API-Key": "beta", "Origin": "https://a.example"}) as client:
        while (answer := client.post("/api/process", json={})).status_code == 400:
            continue
    assert assert_error(answer, 429, "rate_limited") == "Rate limit exceeded"
    body = answer.json()
    assert body["retryable"] is True
    assert 3500 <= body["retry_after"] <= 3600
    assert answer.headers["retry-after"] == str(body["retry_after"])
    assert "3 requests an hour" in body["message"]
    assert "retry-after" in answer.headers["access-control-expose-headers"].lower()


def test_23_what_is_never_limited(guarded: ServerProcess) -> None:
    with guarded.client(headers={"X-API-Key": "alpha"}) as client:
        for path in ("/ping", "/health", "/metrics", "/api/jobs/none", "/api/tts/status"):
            found = {client.get(path).status_code for _ in range(35)}
            assert 429 not in found, path


def test_21_a_server_that_does_not_speak_says_so(guarded: ServerProcess) -> None:
    with guarded.client() as client:
        assert client.get("/api/tts/status").status_code == 401, "TTS_OPEN is false"
        client.headers["X-API-Key"] = "alpha"
        status = client.get("/api/tts/status")
        assert (status.status_code, status.json()["enabled"]) == (200, False)
        for answer in (
            client.get("/api/tts/voices"),
            client.post(SPEAK, json={"text": "Hello"}),
        ):
            assert_error(answer, 503, "speech_unavailable")


def test_b9_callers_without_a_key_are_told_apart_by_address(proxied: ServerProcess) -> None:
    with proxied.client() as client:
        assert statuses(client, 4, SPEAK, X_Forwarded_For="203.0.113.1") == [400, 400, 400, 429]
        assert statuses(client, 1, SPEAK, X_Forwarded_For="203.0.113.2") == [400]
        assert statuses(client, 1, SPEAK) == [400]


def test_b9_nothing_that_a_client_invents_gets_it_another_turn(proxied: ServerProcess) -> None:
    asked = []
    with proxied.client() as client:
        for number in range(8):
            # The proxy adds the last address; the others, and the keys, are made up.
            forwarded = f"198.51.100.{number}, 2001:db8:7:7::{number}"
            bearer = {"X_API_Key": f"key-{number}", "Authorization": f"Bearer key-{number}"}
            asked += statuses(client, 1, SPEAK, X_Forwarded_For=forwarded, **bearer)
    assert asked == [400] * 3 + [429] * 5


def test_feedback_is_kept_and_counted(proxied: ServerProcess) -> None:
    with proxied.client(headers={"X-Forwarded-For": "203.0.113.77"}) as client:
        good = {"video_id": "dQw4w9WgXcQ", "rating": 1, "target_lang": "zh_CN", "extra": 1}
        answer = client.post("/api/feedback", json=good)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert client.post("/api/feedback", json={**good, "rating": -1}).status_code == 200
        assert client.post("/api/feedback", json=good).status_code == 429
        stats = client.get("/api/feedback/stats").json()
    assert stats == {"total": 2, "positive": 1, "negative": 1, "ratio": 0.5}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"rating": 1}, "video_id is required"),
        ({"rating": 1, "video_id": "a/b"}, "Invalid video_id format"),
        ({"rating": 0}, "rating must be 1 or -1"),
        ({}, "rating must be 1 or -1"),
        ({"rating": 1, "segment_index": -1}, "segment_index"),
        ({"rating": 1, "target_lang": "klingonese"}, "Invalid target language"),
        ({"rating": 1, "user_correction": "x" * 5001}, "exceeds maximum length of 5000"),
    ],
)
def test_12_feedback_that_is_wrong_is_refused(
    server: ServerProcess, body: dict[str, object], text: str
) -> None:
    sent = body if text.startswith("video_id") else {"video_id": "dQw4w9WgXcQ", **body}
    with server.client() as client:
        answer = client.post("/api/feedback", json=sent)
    assert answer.status_code == 400
    assert text in answer.json()["error"]
