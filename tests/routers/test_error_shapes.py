"""Errors in the shape of their path: a foreign family of routes is one row."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from pydantic import BaseModel

from app.domain.errors import (
    IdempotencyConflictError,
    JobNotFoundError,
    NotReadyError,
    OverloadedError,
    PayloadTooLargeError,
    RateLimitedError,
    TimedOutError,
    UnauthorizedError,
    UnreadableMediaError,
    UpgradeRequiredError,
)
from app.main import create_app
from app.routers import error_responses
from app.routers.error_shapes import ErrorShape, HttpError
from app.settings import Settings


class Metrics:
    """Counts errors as the real ones do."""

    def __init__(self) -> None:
        self.codes: list[str] = []

    def error(self, code: str) -> None:
        self.codes.append(code)


class Services:
    """The services that error handlers use."""

    def __init__(self) -> None:
        self.metrics = Metrics()


class SpeechBody(BaseModel):
    """A body of the foreign routes."""

    model: str


def envelope(error: HttpError) -> dict[str, object]:
    """Return an error as the foreign clients expect it."""
    return {"error": {"message": error.text, "type": "api_error", "code": error.code}}


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """The application with a second family of routes, whose errors have another shape."""
    row = ErrorShape("/v1/", envelope, {"X-Shape": "foreign"})
    shapes = (row, *error_responses.ERROR_SHAPES)
    monkeypatch.setattr(error_responses, "ERROR_SHAPES", shapes)
    app = create_app(Settings())
    app.state.services = Services()

    @app.post("/v1/speech")
    @app.post("/api/own")
    async def speech(body: SpeechBody) -> dict[str, str]:
        return {"model": body.model}

    @app.get("/v1/closed")
    @app.get("/api/closed")
    async def closed(request: Request) -> None:
        raise UnauthorizedError("A valid API key is required")

    @app.get("/v1/defect")
    @app.get("/api/defect")
    async def defect() -> None:
        raise ZeroDivisionError

    return app


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app, raise_server_exceptions=False)


CASES = [
    ("GET", "closed", None, 401, "unauthorized", "A valid API key is required"),
    ("GET", "nothing", None, 404, "not_found", "Not found"),
    ("GET", "defect", None, 500, "internal", "Internal server error"),
]
BODIES = [
    (b"{", "invalid_request", "Invalid JSON in request body"),
    (b"", "invalid_request", "Invalid JSON in request body"),
    (b"\xff\xfe", "invalid_request", "Invalid JSON in request body"),
    (b"[" * 100_000, "invalid_request", "Invalid JSON in request body"),
    (b"null", "invalid_request", "The request body must be a JSON object"),
    (b"[1]", "invalid_request", "The request body must be a JSON object"),
    (b"{}", "invalid_field", "model: Field required"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "code", "text"), CASES)
def test_every_error_comes_in_the_shape_of_its_path(
    client: TestClient, method: str, path: str, body: Any, status: int, code: str, text: str
) -> None:
    foreign = client.request(method, f"/v1/{path}")
    assert foreign.status_code == status
    assert foreign.json() == {"error": {"message": text, "type": "api_error", "code": code}}
    assert foreign.headers["X-Shape"] == "foreign"
    own = client.request(method, f"/api/{path}")
    assert own.status_code == status
    assert (own.json()["error"], own.json()["code"]) == (text, code)
    assert "X-Shape" not in own.headers


@pytest.mark.parametrize(("content", "code", "text"), BODIES)
def test_a_wrong_body_too(client: TestClient, content: bytes, code: str, text: str) -> None:
    foreign = client.post("/v1/speech", content=content)
    assert foreign.status_code == 400
    assert foreign.json() == {"error": {"message": text, "type": "api_error", "code": code}}
    own = client.post("/api/own", content=content)
    assert own.json() == {"error": text, "code": code, "retryable": False}


def test_a_body_over_the_limit_too(client: TestClient, app: FastAPI) -> None:
    pieces = [b" " * 2**20] * 11
    for content in (b"".join(pieces), iter(pieces)):
        foreign = client.post("/v1/speech", content=content)
        assert (foreign.status_code, foreign.json()["error"]["code"]) == (413, "payload_too_large")
        assert foreign.headers["Connection"] == "close"
    assert app.state.services.metrics.codes == [PayloadTooLargeError.code] * 2


def test_headers_of_an_error_stay(client: TestClient) -> None:
    assert client.get("/v1/closed").headers["WWW-Authenticate"] == "Bearer"
    assert client.get("/v1/speech").headers["Allow"] == "POST"


def test_uploads_name_their_protocol_in_errors(client: TestClient) -> None:
    answer = client.post("/api/uploads", headers={"Tus-Resumable": "0.2.2"})
    assert answer.status_code == 412
    assert answer.json()["code"] == "upload_version"
    assert answer.headers["Tus-Resumable"] == answer.headers["Tus-Version"] == "1.0.0"


RAISED = [
    (UnauthorizedError("No key"), 401, "invalid_api_key"),
    (UpgradeRequiredError("Not in this tier"), 403, UpgradeRequiredError.code),
    (JobNotFoundError("No such job"), 404, "job_not_found"),
    (PayloadTooLargeError(7), 413, "payload_too_large"),
    (UnreadableMediaError("No media"), 400, "media_unreadable"),
    (IdempotencyConflictError("Another body"), 400, "idempotency_conflict"),
    (RateLimitedError("Slower", 3), 429, "rate_limited"),
    (OverloadedError("Full", 3), 429, "overloaded"),
    (NotReadyError("Loading", 3), 503, "not_ready"),
    (TimedOutError("Too long"), 504, "timed_out"),
    (ZeroDivisionError("secret"), 500, "internal"),
]


@pytest.mark.parametrize(("error", "status", "code"), RAISED, ids=lambda value: str(value))
def test_every_error_of_v1_is_openai_s_envelope(error: Exception, status: int, code: str) -> None:
    app = create_app(Settings())
    app.state.services = Services()

    @app.get("/v1/raising")
    async def raising() -> None:
        raise error

    answer = TestClient(app, raise_server_exceptions=False).get("/v1/raising")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert answer.json().keys() == {"error"}
    shown = answer.json()["error"]
    assert shown.keys() == {"message", "type", "param", "code"}
    assert (shown["code"], bool(shown["message"]), "secret" in answer.text) == (code, True, False)
    retried = status == 429 or status >= 500
    assert ("x-should-retry" in answer.headers) == retried
    if status in (429, 503):
        assert answer.headers["retry-after"] == "3"
        assert answer.headers["x-should-retry"] == "true"
