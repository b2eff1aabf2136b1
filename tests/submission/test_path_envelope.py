"""Calls of our own routes: their time limits, with an application of the tests."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.container import Services
from app.domain.errors import NotReadyError, OutputTooLargeError, TimedOutError
from app.settings import Settings
from app.submission.envelopes import path_envelope
from app.submission.envelopes.envelope import EnvelopeJob
from app.submission.envelopes.envelope_table import envelope_of
from app.submission.envelopes.route_caller import SCOPE_KEY, RouteCaller


class Loading:
    """A server whose models never load, or could not be."""

    def __init__(self, failure: str | None = None) -> None:
        self.failure = failure

    async def wait(self) -> None:
        if self.failure is not None:
            raise NotReadyError(self.failure, retry_after_s=1)
        await asyncio.Event().wait()


class Ready:
    async def wait(self) -> None:
        pass


def job(readiness: object, routes: Any, **fields: Any) -> EnvelopeJob:
    services = cast("Services", SimpleNamespace(readiness=readiness, settings=Settings()))
    return EnvelopeJob("id", fields, services, key=2, holder="key 2", routes=routes)


async def _drip(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    """Answer a byte now and then, for ever."""
    assert scope[SCOPE_KEY] == RouteCaller(2, "key 2")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while True:
        await send({"type": "http.response.body", "body": b".", "more_body": True})
        await asyncio.sleep(0.01)


async def test_voicebox_12_a_server_that_does_not_get_ready_is_named_with_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(path_envelope, "READY_S", 0.05)
    with pytest.raises(NotReadyError, match="did not become ready within"):
        await path_envelope.call_route(job(Loading(), _drip, path="/x"))
    monkeypatch.setattr(path_envelope, "READY_S", 300.0)
    with pytest.raises(NotReadyError, match="no such model"):
        await path_envelope.call_route(job(Loading("no such model"), _drip, path="/x"))


async def test_voicebox_13_the_limit_is_of_the_whole_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(path_envelope, "REQUEST_S", 0.2)
    with pytest.raises(TimedOutError, match="timed out"):
        await path_envelope.call_route(job(Ready(), _drip, path="/x"))


async def test_voicebox_15_a_stream_without_end_is_cut_at_the_limit_of_bytes() -> None:
    async def flood(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": bytes(2**20), "more_body": True})

    with pytest.raises(OutputTooLargeError):
        await path_envelope.call_route(job(Ready(), flood, path="/x"))


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"queue": None}, "batch"),
        ({"jobs": [], "audio": "x"}, "batch"),
        ({"audio": "x", "path": "/x"}, "audio"),
        ({"operation": "caption", "path": "/x"}, "media"),
        ({"path": "/x", "url": "https://example.com"}, "route"),
        ({"path": None, "video_id": "x"}, "subtitles"),
        ({"path": None}, "route"),
        ({"captions": "x", "audio_track": 1}, "subtitles"),
        ({}, "subtitles"),
    ],
)
def test_the_keys_of_an_input_tell_its_kind(fields: Any, kind: str) -> None:
    assert envelope_of(fields).kind == kind
