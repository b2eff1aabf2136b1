"""What OpenAI's routes refuse, and how; numbers are those of the clients' contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from tests.clients.openai_calls import (
    KEY,
    TEXT,
    create,
    node,
    post,
)
from tests.server import ServerProcess


def test_6_chunked_uploads_are_bounded_while_they_come(
    openai_worker: ServerProcess, openai_locked: ServerProcess, tmp_path: Path
) -> None:
    [line] = node(openai_worker, tmp_path, "json")
    assert line["value"]["text"] == TEXT
    sent = 0

    def body() -> Iterator[bytes]:
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(64):
            sent += 1
            yield bytes(2**18)

    headers = {"Content-Type": "multipart/form-data; boundary=b", "X-API-Key": KEY}
    with openai_locked.client(headers=headers) as client:
        answer = client.post("/v1/audio/transcriptions", content=body())
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "payload_too_large"
    assert answer.json()["error"]["param"] == "file"


def test_13_a_corrupt_file_is_a_bad_request(openai_worker: ServerProcess) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        create(openai_worker, b"no sound at all")
    assert caught.value.param == "file"
    assert caught.value.code == "media_unreadable"
    assert "/" not in caught.value.body["message"]  # type: ignore[index]
    with pytest.raises(openai.BadRequestError):
        create(openai_worker, b"no sound at all", stream=True)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"response_format": "foo"}, "response_format"),
        ({"temperature": "x"}, "temperature"),
        ({"temperature": "nan"}, "temperature"),
        ({"language": "no language"}, "language"),
        ({"languages[]": "q"}, "languages"),
        ({"stream": "perhaps"}, "stream"),
        ({"include[]": "everything"}, "include"),
        ({"timestamp_granularities[]": "letter"}, "timestamp_granularities"),
        ({"chunking_strategy": "random"}, "chunking_strategy"),
        ({"chunking_strategy": "{"}, "chunking_strategy"),
        ({"chunking_strategy[threshold]": "5"}, "chunking_strategy[threshold]"),
    ],
)
def test_17_bad_parameters_are_refused_ahead_of_decoding(
    openai_worker: ServerProcess, fields: dict[str, str], param: str
) -> None:
    answer = post(openai_worker, b"no sound", **fields)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


def test_45_get_of_a_post_route(openai_worker: ServerProcess, openai_locked: ServerProcess) -> None:
    with openai_worker.client() as client:
        answer = client.get("/v1/audio/transcriptions")
        assert answer.status_code == 405
        assert answer.json()["error"]["message"]
        unknown = client.get("/v1/no/such")
        assert unknown.status_code == 404
        assert unknown.json()["error"]["type"] == "invalid_request_error"
    for key, status in ((KEY, 405), ("wrong", 401), ("undefined", 401)):
        headers = {"Authorization": f"Bearer {key}"}
        with openai_locked.client(headers=headers) as client:
            asked = client.get("/v1/audio/transcriptions")
        assert asked.status_code == status
        assert asked.json()["error"]["message"]
